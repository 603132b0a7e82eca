internal import YAML

/// Reads collectors of pg_exporter (https://github.com/pgsty/pg_exporter, `config/`): branches by name, several of which can share the beginning of
/// their metrics' names, for several versions.
struct PgExporterReader {
    static let keys = [
        "name", "desc", "query", "predicate_queries", "tags", "ttl", "timeout", "priority", "min_version", "max_version", "fatal",
        "skip",
        "metrics",
    ]
    /// Words that postgres_exporter does not have.
    static let ownKeys = Set(keys).subtracting(["query", "metrics"])
    static let columnKeys = ["name", "usage", "rename", "bucket", "scale", "default", "description"]
    static let ownColumnKeys: Set<String> = ["name", "rename", "bucket", "scale", "default"]

    /// What the exporter gives a query that says nothing.
    static let timeout = Duration.milliseconds(100)
    /// Where the exporter sets no limit at all.
    static let timeoutMax = Duration.seconds(30)

    let warnings: YAMLReport

    func read(_ root: YAMLReader) -> [CustomCollector] {
        (root.entries() ?? []).compactMap(collector)
    }

    private func collector(_ key: YAMLReader, _ branch: String, _ value: YAMLReader) -> CustomCollector? {
        guard let fields = CollectorParts.fields(value, PgExporterReader.keys, warnings) else { return nil }
        let name = fields["name"].flatMap { $0.nonEmptyString() } ?? branch
        if !isMetricName(name) {
            (fields["name"] ?? key).fail(
                "'\(name)' is no beginning of a metric's name (letters, digits, _ and :, no digit first)")
        }
        let tags = (fields["tags"]?.list { reader in reader.nonEmptyString().map { (reader, $0) } } ?? [])
        let isPooler = tags.contains { $0.1 == "pgbouncer" }
        // What is meant for a pooler's console is never put to Postgres.
        let sql = CollectorParts.sql(fields["query"], key)
        var columns: [(CustomColumn, YAMLReader)] = []
        if let metrics = fields["metrics"] {
            columns = CollectorParts.columns(metrics) { name, fields in column(name, fields).map { ($0, name) } }
        }
        CollectorParts.check(name, columns)
        var conditions: [Condition] = []
        if let range = versions(fields) { conditions.append(.version(range)) }
        for (reader, tag) in tags { if let condition = condition(tag, reader) { conditions.append(condition) } }
        conditions += (fields["predicate_queries"]?.elements() ?? []).enumerated().compactMap { place, reader in
            predicate(reader, "\(branch).\(place)")
        }
        let interval = fields["ttl"].flatMap(CollectorParts.number).flatMap { seconds($0, fields["ttl"]) }
        let timeout = fields["timeout"].flatMap(CollectorParts.number)
        let skips = fields["skip"].flatMap { $0.bool() } ?? false
        if let fatal = fields["fatal"], fatal.bool() == true {
            YAMLReader(fatal.node, warnings).fail(
                "'fatal' is not used: pg_up says whether the server answers, and a failure of a collector is its own")
        }
        guard let sql else { return nil }
        var collector = CustomCollector(
            format: .pgExporter, name: name, branch: branch, file: key.report.file, line: key.node.line, sql: sql,
            columns: columns.map(\.0))
        collector.help = fields["desc"]?.string() ?? ""
        collector.placement = tags.contains { $0.1 == "cluster" } || isPooler ? .server : .database
        collector.conditions = conditions
        collector.interval = interval ?? .zero
        collector.timeout = limit(timeout)
        collector.isOn = !skips
        return collector
    }

    private func limit(_ seconds: Double?) -> Duration {
        guard let seconds, seconds != 0 else { return PgExporterReader.timeout }
        return seconds < 0 ? PgExporterReader.timeoutMax : min(.seconds(seconds), PgExporterReader.timeoutMax)
    }

    private func seconds(_ number: Double, _ reader: YAMLReader?) -> Duration? {
        guard number >= 0, number <= 31_536_000 else {
            reader?.fail("expected seconds, from 0 to a year, not \(number)")
            return nil
        }
        return .seconds(number)
    }

    /// `[min, max)`; zero means no bound.
    private func versions(_ fields: [String: YAMLReader]) -> Range<Int>? {
        let least = fields["min_version"].flatMap { $0.int(in: 0...9_999_999) } ?? 0
        let bound = fields["max_version"].flatMap { $0.int(in: 0...9_999_999) } ?? 0
        guard least != 0 || bound != 0 else { return nil }
        let end = bound == 0 ? Int.max : bound
        guard least < end else {
            fields["max_version"]?.fail("max_version is not included and must lie above min_version, \(least)")
            return nil
        }
        return least..<end
    }

    private func condition(_ tag: String, _ reader: YAMLReader) -> Condition? {
        let parts = tag.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let rest = parts.count == 2 ? String(parts[1]) : ""
        if parts.count == 2, rest.isEmpty {
            reader.fail("the tag '\(tag)' has nothing behind its colon")
            return nil
        }
        switch (parts.first, parts.count) {
        case ("extension", 2): return .extension(rest)
        case ("schema", 2): return .schema(rest)
        case ("dbname", 2): return .database(rest)
        case ("username", 2): return .user(rest)
        case ("not", 2): return .not(.tag(rest))
        default: break
        }
        switch tag {
        case "cluster": return nil
        case "primary", "master", "leader": return .primary
        case "standby", "replica", "slave": return .standby
        default: return .tag(tag)
        }
    }

    private func predicate(_ reader: YAMLReader, _ fallback: String) -> Condition? {
        guard let fields = CollectorParts.fields(reader, ["name", "predicate_query", "ttl"], warnings) else { return nil }
        guard let text = fields["predicate_query"] else {
            reader.fail("'predicate_query' is missing")
            return nil
        }
        guard let sql = CollectorParts.sql(text, reader) else { return nil }
        let interval = fields["ttl"].flatMap(CollectorParts.number).flatMap { seconds($0, fields["ttl"]) }
        return .predicate(
            Predicate(name: fields["name"]?.string() ?? fallback, sql: sql.statement(), interval: interval ?? .zero))
    }

    private func column(_ key: YAMLReader, _ value: YAMLReader) -> CustomColumn? {
        guard let written = key.nonEmptyString(), let fields = CollectorParts.fields(value, PgExporterReader.columnKeys, warnings)
        else {
            return nil
        }
        let name = fields["name"].flatMap { $0.nonEmptyString() } ?? written
        guard let usage = fields["usage"] else {
            key.fail("the column '\(name)' has no 'usage'; known: LABEL, GAUGE, COUNTER, HISTOGRAM, DISCARD")
            return nil
        }
        let known: [(String, CustomColumn.Usage)] = [
            ("LABEL", .label), ("GAUGE", .gauge), ("COUNTER", .counter), ("HISTOGRAM", .snapshot([])), ("DISCARD", .discard),
        ]
        guard var kind = choice(usage, known) else { return nil }
        if case .snapshot = kind {
            guard let bucket = fields["bucket"] else {
                key.fail("a HISTOGRAM needs 'bucket', its upper bounds, for example [1, 10, 100]")
                return nil
            }
            guard let bounds = CollectorParts.bounds(bucket) else { return nil }
            kind = .snapshot(bounds)
        }
        var column = CustomColumn(name, kind)
        if let alias = fields["rename"]?.string(), !alias.isEmpty { column.alias = alias }
        column.help = fields["description"]?.string() ?? ""
        column.scale = fields["scale"].flatMap(CollectorParts.number) ?? 1
        column.missing = fields["default"].flatMap(CollectorParts.number)
        return column
    }
}
