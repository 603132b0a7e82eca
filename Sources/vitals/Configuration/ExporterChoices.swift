import MetricsModel
import Sampling

/// What the flags and variables of postgres_exporter and pg_exporter say, flags over variables.
struct ExporterChoices {
    private var queryPaths: [String]
    private var disablesDefaults: Bool?
    private var disablesSettings: Bool?
    private var discovers: Bool?
    private var included: [String]
    private var excluded: [String]
    private var labels: [Label] = []
    private var timeout: Duration?
    private var statementsMax: Int?
    private var includesQuery: Bool
    private var tags: [String]
    /// The paths and addresses of the web server, where the variables name them and no flag does.
    private(set) var telemetryPath: String?
    private(set) var listenAddress: String?
    /// What is set and changes nothing here.
    private(set) var warnings: [String] = []

    /// Throws everything that is wrong, with what to use instead of what is not here.
    init(_ options: ExporterOptionGroup, _ environment: Environment) throws(Findings) {
        var findings = ExporterChoices.missing(options, environment)
        func boolean(_ name: String) -> Bool? {
            guard let text = environment[name] else { return nil }
            switch text {
            case "1", "t", "T", "true", "TRUE", "True": return true
            case "0", "f", "F", "false", "FALSE", "False": return false
            default:
                findings.append(Finding(name, "expected true or false, found '\(text)'"))
                return nil
            }
        }
        func list(_ text: String?) -> [String] {
            (text ?? "").split(separator: ",").map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }.filter {
                !$0.isEmpty
            }
        }
        queryPaths = options.queryPaths
        if queryPaths.isEmpty {
            queryPaths = [environment["PG_EXPORTER_EXTEND_QUERY_PATH"], environment["PG_EXPORTER_CONFIG"]].compactMap { $0 }
        }
        disablesDefaults = options.disablesDefaults ?? boolean("PG_EXPORTER_DISABLE_DEFAULT_METRICS")
        disablesSettings = options.disablesSettings ?? boolean("PG_EXPORTER_DISABLE_SETTINGS_METRICS")
        discovers = options.discovers ?? boolean("PG_EXPORTER_AUTO_DISCOVER_DATABASES")
        included = list(
            options.includedDatabases ?? environment["PG_EXPORTER_INCLUDE_DATABASES"]
                ?? environment["PG_EXPORTER_INCLUDE_DATABASE"])
        excluded = list(
            options.excludedDatabases ?? environment["PG_EXPORTER_EXCLUDE_DATABASES"]
                ?? environment["PG_EXPORTER_EXCLUDE_DATABASE"])
        statementsMax = options.statementsMax
        if let most = statementsMax, !(0...1_000).contains(most) {
            findings.append(Finding("--collector.stat_statements.limit", "expected a number from 0 to 1000, not \(most)"))
        }
        includesQuery = options.includesQuery && !options.excludesQuery
        if options.queryLength != nil {
            warnings.append("--collector.stat_statements.query_length changes nothing: a text's beginning has one length")
        }
        tags = list(environment["PG_EXPORTER_TAG"])
        telemetryPath = environment["PG_EXPORTER_WEB_TELEMETRY_PATH"] ?? environment["PG_EXPORTER_TELEMETRY_PATH"]
        listenAddress = environment["PG_EXPORTER_WEB_LISTEN_ADDRESS"]
        for (place, text) in [
            ("--constantLabels", options.constantLabels),
            ("PG_EXPORTER_CONSTANT_LABELS", environment["PG_EXPORTER_CONSTANT_LABELS"]),
            ("PG_EXPORTER_LABEL", environment["PG_EXPORTER_LABEL"]),
        ] where labels.isEmpty {
            for pair in list(text) {
                let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                if parts.count == 2, isLabelName(parts[0]) {
                    labels.append(Label(parts[0], parts[1]))
                } else {
                    findings.append(Finding(place, "'\(pair)' is no label; labels are written like region=eu,tier=gold"))
                }
            }
        }
        for (place, text) in [
            ("--collection-timeout", options.collectionTimeout),
            ("PG_EXPORTER_COLLECTION_TIMEOUT", environment["PG_EXPORTER_COLLECTION_TIMEOUT"]),
        ] where timeout == nil {
            guard let text else { continue }
            if let parsed = GoDuration.duration(text), parsed > .zero {
                // Longer than any scrape waits is no limit; the exporter's own default is a minute.
                timeout = min(parsed, .seconds(30))
            } else {
                findings.append(Finding(place, "'\(text)' is no duration; one is written like 10s or 1m30s"))
            }
        }
        for (name, why) in ExporterChoices.idle where environment[name] != nil {
            warnings.append("\(name) is set and changes nothing: \(why)")
        }
        if options.wrapsCounters == true {
            warnings.append(
                "--wrap-large-counters changes nothing: counters are never wrapped, rate() would take that for a reset")
        }
        guard findings.isEmpty else { throw Findings(all: findings) }
    }

    func apply(to configuration: inout Configuration) {
        configuration.collectorFiles += queryPaths.map { FilePattern(text: $0, folder: ".") }
        if let statementsMax { configuration.thresholds.topStatements = statementsMax }
        if includesQuery { configuration.statements.queryLabel = true }
        for place in configuration.targets.indices where configuration.targets[place].kind == .postgres {
            var target = configuration.targets[place]
            if disablesDefaults == true {
                for name in ["static", "stat_database_conflicts"] where target.collectors[name] == nil {
                    target.collectors[name] = false
                }
            }
            if disablesSettings == true, target.collectors["settings"] == nil { target.collectors["settings"] = false }
            if let discovers { target.postgres.isDiscovering = discovers }
            if let timeout { target.postgres.queriesTimeout = timeout }
            if !included.isEmpty || !excluded.isEmpty {
                let chosen = target.postgres.databases
                target.postgres.databases = DatabaseSelection(
                    include: included.isEmpty ? chosen.include : included.map(exactPattern),
                    exclude: chosen.exclude + excluded.map(exactPattern), connectionsMax: chosen.connectionsMax)
            }
            for label in labels { target.labels = target.labels.setting(label.name, to: label.value) }
            target.postgres.tags.formUnion(tags)
            configuration.targets[place] = target
        }
    }

    /// Variables of the exporters that need no counterpart.
    private static let idle = [
        ("PG_EXPORTER_AUTO_DISCOVERY", "every database is found; --include-databases and --exclude-databases choose among them"),
        ("PG_EXPORTER_DISABLE_CACHE", "an answer is used again for as long as its collector's ttl says"),
        ("PG_EXPORTER_DISABLE_INTRO", "how collectors fare is always told, in a few series"),
        ("PG_EXPORTER_FAIL_FAST", "Vitals starts whether the server is there or not"),
        ("PG_EXPORTER_CONNECT_TIMEOUT", "connections have until the scrape's deadline"),
        ("PG_EXPORTER_NAMESPACE", "the names of pg_exporter's own numbers are not used"),
    ]

    /// What the exporters have and Vitals has not, with what to use.
    private static func missing(_ options: ExporterOptionGroup, _ environment: Environment) -> [Finding] {
        var findings: [Finding] = []
        func refuse(_ isThere: Bool, _ place: String, _ instead: String) {
            if isThere { findings.append(Finding(place, instead)) }
        }
        let prefix =
            "metrics keep their names, which dashboards and rules know; rename them where they are scraped (metric_relabel_configs)"
        refuse((options.metricPrefix ?? "pg") != "pg", "--metric-prefix", prefix)
        refuse((environment["PG_EXPORTER_METRIC_PREFIX"] ?? "pg") != "pg", "PG_EXPORTER_METRIC_PREFIX", prefix)
        refuse(options.dumpsMaps, "--dumpmaps", "use `vitals check config --explain FILE`: it prints what is asked where")
        refuse(options.usesSystemdSocket, "--web.systemd-socket", "not supported; give the address with --web.listen-address")
        let choice =
            "not supported; statements of all databases and users are ranked, and --collector.stat_statements.limit says how many have series"
        refuse(options.statementsWithoutDatabases != nil, "--collector.stat_statements.exclude_databases", choice)
        refuse(options.statementsWithoutUsers != nil, "--collector.stat_statements.exclude_users", choice)
        refuse(
            options.longTransaction != nil, "--collector.long_running_transactions.threshold",
            "not supported; the collector counts open transactions and gives the oldest's age: compare that in the rule")
        refuse(
            options.url != nil, "--url", "set PG_EXPORTER_URL or DATABASE_URL, so that no password is in the list of processes")
        refuse(
            options.config != nil, "--config", "use --extend.query-path for collectors, --config.file for Vitals' configuration")
        refuse(options.tags != nil, "--tag", "set PG_EXPORTER_TAG, or 'tags' of the target in the configuration file")
        refuse(options.labels != nil, "--label", "use --constantLabels, or 'labels' of the target in the configuration file")
        return findings
    }
}

/// A pattern that only this name matches (fnmatch(3)).
private func exactPattern(_ name: String) -> String {
    name.reduce(into: "") { out, character in
        if "*?[\\".contains(character) { out.append("\\") }
        out.append(character)
    }
}
