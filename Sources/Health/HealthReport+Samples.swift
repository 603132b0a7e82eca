public import MetricsModel

extension Family {
    /// The state of every component as one series per word, 1 on the one that holds.
    public static let healthStatus = Family(
        "vitals_health_status", .gauge, labels: ["component", "status"],
        help: "1 on the status that the component's last background check found, 0 on the others. Source: Vitals' health checks.")
}

extension HealthReport {
    /// Adds `vitals_health_status` of every component.
    public func add(to sample: inout SampleBuilder) {
        for component in components {
            for status in HealthStatus.allCases {
                sample.add(.healthStatus, [component.name, status.rawValue], component.status == status ? 1 : 0)
            }
        }
    }
}
