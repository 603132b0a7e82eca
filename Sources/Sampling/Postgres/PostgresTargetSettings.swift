internal import MetricsModel

/// What is asked of a Postgres target.
public struct PostgresTargetSettings: Sendable {
    /// Collectors switched on or off by name; those not named are on.
    public let collectors: [String: Bool]
    /// A query that runs for longer is slow.
    public let slowQuery: Duration
    /// How many of the largest tables have series.
    public let largestTables: Int
    /// How many statements by total time, and as many by mean time, have series.
    public let topStatements: Int
    /// The configured ones, and the shipped ones whose names they do not take.
    let queries: [BusinessQuery]

    public init(
        collectors: [String: Bool] = [:], slowQuery: Duration = .milliseconds(100), largestTables: Int = 20,
        topStatements: Int = 20, queries: [BusinessQuery] = []
    ) {
        self.collectors = collectors
        self.slowQuery = slowQuery
        self.largestTables = largestTables
        self.topStatements = topStatements
        let names = Set(queries.map(\.family.name))
        self.queries = BusinessQuery.shipped.filter { !names.contains($0.family.name) } + queries
    }

    func isOn(_ collector: String) -> Bool { collectors[collector] ?? true }
}
