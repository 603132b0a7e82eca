extension PostgresCollectorSwitch {
    /// All that is shipped, in the order in which it is asked: what postgres_exporter's users have, then what is there beyond.
    static let all = exporter + beyond
}
