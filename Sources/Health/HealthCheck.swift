/// What a check that ran to its end says about its component.
public enum CheckVerdict: Sendable, Equatable {
    case healthy(message: String? = nil)
    case degraded(message: String)
    case unhealthy(message: String)

    var state: CheckState {
        switch self {
        case .healthy(let message): .passed(message: message)
        case .degraded(let message): .degraded(message: message)
        case .unhealthy(let message): .failed(message: message)
        }
    }
}

/// A check with a name and a time-out of its own (H5). What it throws becomes the component's message: the error's description must
/// hold no secret.
public struct HealthCheck: Sendable {
    /// After this long a check counts as degraded (H1).
    public static let defaultTimeout: Duration = .seconds(5)

    /// What `/health/ready` makes of an unreachable component.
    public enum Weight: Sendable {
        /// Not ready without it: the database.
        case critical
        case ordinary
    }

    public let name: String
    public let weight: Weight
    public let timeout: Duration
    public let run: @Sendable () async throws -> CheckVerdict

    /// `run` is cancelled at the time-out, and never started a second time while it hangs.
    public init(
        _ name: String, weight: Weight = .ordinary, timeout: Duration = defaultTimeout,
        run: @escaping @Sendable () async throws -> CheckVerdict
    ) {
        self.name = name
        self.weight = weight
        self.timeout = timeout
        self.run = run
    }
}
