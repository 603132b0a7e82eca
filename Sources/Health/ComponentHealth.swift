/// The three words of `/api/health` (catalogue H1), from best to worst.
public enum HealthStatus: String, Sendable, CaseIterable, Comparable {
    case healthy, degraded, unhealthy

    public static func < (a: HealthStatus, b: HealthStatus) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .healthy: 0
        case .degraded: 1
        case .unhealthy: 2
        }
    }

    /// The status of a whole: the worst of its parts, healthy when there are none (H1).
    public static func overall(_ parts: some Sequence<HealthStatus>) -> HealthStatus {
        parts.max() ?? .healthy
    }
}

/// What the last check of a component found. One internal state; every endpoint says it in its own words.
public enum CheckState: Sendable, Equatable {
    /// Nothing of this kind is configured: it cannot fail.
    case notConfigured
    /// No check has ended yet.
    case pending
    case passed(message: String?)
    /// It works, but not as it should.
    case degraded(message: String)
    /// No answer within the time allowed.
    case timedOut(after: Duration)
    case failed(message: String)

    /// As `/api/health` says it: a time-out is degraded, an error unhealthy (H1).
    public var status: HealthStatus {
        switch self {
        case .notConfigured, .passed: .healthy
        case .pending, .degraded, .timedOut: .degraded
        case .failed: .unhealthy
        }
    }

    /// Whether the component answers: what `/health` and `/health/ready` ask (H2, H4). A component that hangs does not.
    public var isReachable: Bool {
        switch self {
        case .notConfigured, .passed, .degraded: true
        case .pending, .timedOut, .failed: false
        }
    }

    public var message: String? {
        switch self {
        case .notConfigured: "not configured"
        case .pending: "not checked yet"
        case .passed(let message): message
        case .degraded(let message), .failed(let message): message
        case .timedOut(let limit): "no answer within \(limit.secondsText) s"
        }
    }
}

/// One component and what its last check found.
public struct ComponentHealth: Sendable, Equatable {
    public let name: String
    public let state: CheckState
    /// How long the check took, in milliseconds; 0 when none has ended.
    public let latencyMilliseconds: Double

    public init(name: String, state: CheckState, latencyMilliseconds: Double = 0) {
        self.name = name
        self.state = state
        self.latencyMilliseconds = latencyMilliseconds
    }

    public var status: HealthStatus { state.status }
}

extension Duration {
    /// Seconds as a number.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    var secondsText: String {
        seconds == seconds.rounded() && abs(seconds) < 1e15 ? "\(Int64(seconds))" : "\(seconds)"
    }
}
