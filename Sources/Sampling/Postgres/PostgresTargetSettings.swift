internal import MetricsModel

/// What is asked of a Postgres target.
public struct PostgresTargetSettings: Sendable {
    /// Collectors switched on or off by name; those not named keep their defaults.
    public var collectors: [String: Bool]
    /// A query that runs for longer is slow.
    public var slowQuery: Duration
    /// How many of the largest tables have series.
    public var largestTables: Int
    public var statements: StatementSettings
    public var databases: DatabaseSelection
    public var limits: SeriesLimits
    /// For how long measured sizes are used again.
    public var sizesInterval: Duration
    /// The configured ones, and the shipped ones whose names they do not take.
    let queries: [BusinessQuery]
    /// Collectors of the user's own.
    var custom: [PostgresCollectorSwitch] = []

    public init(
        collectors: [String: Bool] = [:], slowQuery: Duration = .milliseconds(100), largestTables: Int = 20,
        statements: StatementSettings = StatementSettings(), queries: [BusinessQuery] = [],
        databases: DatabaseSelection = DatabaseSelection(),
        limits: SeriesLimits = SeriesLimits(), sizesInterval: Duration = .seconds(60)
    ) {
        self.collectors = collectors
        self.slowQuery = slowQuery
        self.largestTables = largestTables
        self.statements = statements
        self.databases = databases
        self.limits = limits
        self.sizesInterval = sizesInterval
        let names = Set(queries.map(\.family.name))
        self.queries = BusinessQuery.shipped.filter { !names.contains($0.family.name) } + queries
    }

    func isOn(_ collector: PostgresCollectorSwitch) -> Bool { collectors[collector.name] ?? collector.isOn }
}

/// How many series a target may have: a bound on what a server with a hundred thousand tables, or a client that invents names, does
/// to a scrape and to whatever reads it. What is beyond goes into remainders.
public struct SeriesLimits: Sendable, Equatable {
    public let perCollector: Int
    public let perTarget: Int

    public init(perCollector: Int = 200_000, perTarget: Int = 500_000) {
        self.perCollector = max(1, perCollector)
        self.perTarget = max(1, perTarget)
    }
}
