extension PostgresCollectorSwitch {
    /// What no exporter has.
    static let beyond: [PostgresCollectorSwitch] = []
}
