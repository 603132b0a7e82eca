import ArgumentParser

/// Flags of postgres_exporter that mean the same here. What it has and Vitals has not says what to use.
struct ExporterOptionGroup: ParsableArguments {
    @Option(
        name: .customLong("extend.query-path"),
        help:
            "A file, folder or glob of collectors for every Postgres: postgres_exporter's queries.yaml, pg_exporter's or Vitals' own."
    )
    var queryPaths: [String] = []

    @Flag(
        name: .customLong("disable-default-metrics"), inversion: .prefixedNo,
        help: "Leave out what postgres_exporter has beside its collectors: static and stat_database_conflicts.")
    var disablesDefaults: Bool?

    @Flag(name: .customLong("disable-settings-metrics"), inversion: .prefixedNo, help: "As --no-collector.settings.")
    var disablesSettings: Bool?

    @Flag(
        name: .customLong("auto-discover-databases"), inversion: .prefixedNo,
        help: "Ask the queries of a queries.yaml in every database, not only in that of the address.")
    var discovers: Bool?

    @Option(name: .customLong("include-databases"), help: "Only these databases, separated by commas.")
    var includedDatabases: String?

    @Option(name: .customLong("exclude-databases"), help: "Not these databases, separated by commas.")
    var excludedDatabases: String?

    @Option(name: .customLong("constantLabels"), help: "Labels of every series of a Postgres: name=value, separated by commas.")
    var constantLabels: String?

    @Option(
        name: .customLong("collection-timeout"),
        help: "What a statement of a queries.yaml may take, as a duration of Go, from 1s to 30s. Default: 10s.")
    var collectionTimeout: String?

    @Option(name: .customLong("collector.stat_statements.limit"), help: "How many statements have series of their own.")
    var statementsMax: Int?

    @Flag(
        name: .customLong("collector.stat_statements.include_query"),
        help: "As 'statements: {query_label: true}' of the configuration.")
    var includesQuery = false

    /// What is so without it.
    @Flag(name: .customLong("no-collector.stat_statements.include_query"), help: .hidden)
    var excludesQuery = false

    // MARK: - What is not here

    @Option(name: .customLong("metric-prefix"), help: .hidden)
    var metricPrefix: String?

    @Flag(name: .customLong("wrap-large-counters"), inversion: .prefixedNo, help: .hidden)
    var wrapsCounters: Bool?

    @Option(name: .customLong("collector.stat_statements.query_length"), help: .hidden)
    var queryLength: Int?

    @Option(name: .customLong("collector.stat_statements.exclude_databases"), help: .hidden)
    var statementsWithoutDatabases: String?

    @Option(name: .customLong("collector.stat_statements.exclude_users"), help: .hidden)
    var statementsWithoutUsers: String?

    @Option(name: .customLong("collector.long_running_transactions.threshold"), help: .hidden)
    var longTransaction: String?

    @Flag(name: .customLong("dumpmaps"), help: .hidden)
    var dumpsMaps = false

    @Flag(name: .customLong("web.systemd-socket"), help: .hidden)
    var usesSystemdSocket = false

    /// pg_exporter's.
    @Option(name: .customLong("url"), help: .hidden)
    var url: String?

    @Option(name: .customLong("config"), help: .hidden)
    var config: String?

    @Option(name: .customLong("tag"), help: .hidden)
    var tags: String?

    @Option(name: .customLong("label"), help: .hidden)
    var labels: String?
}
