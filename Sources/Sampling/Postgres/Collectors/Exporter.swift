extension PostgresCollectorSwitch {
    /// Under postgres_exporter's names, with its defaults.
    static let exporter: [PostgresCollectorSwitch] = []
}
