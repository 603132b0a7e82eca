/// The state of every component at one instant, from the last background checks.
public struct HealthReport: Sendable, Equatable {
    /// The components that `/api/health` always names, in this order (H1). One without a check is `notConfigured`.
    public static let documentedComponents = ["database", "cache", "storage", "queue"]

    /// Milliseconds since the Unix epoch.
    public let timestamp: Int64
    public let version: String
    /// The documented four first, then the other registered checks in their order; each name once.
    public let components: [ComponentHealth]
    /// The names of the components without which the process is not ready.
    public let critical: Set<String>
    /// True once the process has been told to stop.
    public let isShuttingDown: Bool

    /// Adds the documented components that `components` lacks; of two with one name the first stays.
    public init(
        timestamp: Int64, version: String, components: [ComponentHealth], critical: Set<String> = ["database"],
        isShuttingDown: Bool = false
    ) {
        self.timestamp = timestamp
        self.version = version
        self.critical = critical
        self.isShuttingDown = isShuttingDown
        var kept = Self.documentedComponents.map { name in
            components.first { $0.name == name } ?? ComponentHealth(name: name, state: .notConfigured)
        }
        for component in components where !kept.contains(where: { $0.name == component.name }) {
            kept.append(component)
        }
        self.components = kept
    }

    public subscript(name: String) -> ComponentHealth? {
        components.first { $0.name == name }
    }

    /// Unhealthy if any component is; degraded if any is degraded and none unhealthy; healthy only if all are (H1).
    public var status: HealthStatus {
        .overall(components.lazy.map(\.status))
    }

    /// False while shutting down, and while a critical component cannot be reached (H4).
    public var isReady: Bool {
        !isShuttingDown && components.allSatisfy { !critical.contains($0.name) || $0.state.isReachable }
    }
}
