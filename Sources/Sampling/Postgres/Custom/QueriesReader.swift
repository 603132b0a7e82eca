internal import YAML

/// Reads a `queries.yaml` of postgres_exporter (https://github.com/prometheus-community/postgres_exporter, README: "Adding new metrics via a
/// config file"): queries by name, which is the beginning of their metrics' names.
struct QueriesReader {
    static let keys = ["query", "metrics", "master", "cache_seconds", "runonserver"]
    /// Words that pg_exporter does not have.
    static let ownKeys: Set<String> = ["master", "cache_seconds", "runonserver"]
    static let columnKeys = ["usage", "description", "metric_mapping", "supported_versions", "pg_version"]
    static let ownColumnKeys: Set<String> = ["metric_mapping", "supported_versions", "pg_version"]

    let warnings: YAMLReport

    func read(_ root: YAMLReader) -> [CustomCollector] {
        (root.entries() ?? []).compactMap(collector)
    }

    private func collector(_ key: YAMLReader, _ name: String, _ value: YAMLReader) -> CustomCollector? {
        guard let fields = CollectorParts.fields(value, QueriesReader.keys, warnings) else { return nil }
        if !isMetricName(name) {
            key.fail("'\(name)' is no beginning of a metric's name (letters, digits, _ and :, no digit first)")
        }
        let sql = CollectorParts.sql(fields["query"], key)
        var columns: [(CustomColumn, YAMLReader)] = []
        var conditions: [Condition] = []
        if let metrics = fields["metrics"] {
            for column in CollectorParts.columns(metrics, { name, fields in column(name, fields).map { ($0, name) } }) {
                columns.append(column)
            }
        }
        CollectorParts.check(name, columns)
        if let range = fields["runonserver"].flatMap(CollectorParts.versions) { conditions.append(range) }
        let seconds = fields["cache_seconds"].flatMap { $0.int(in: 0...31_536_000) } ?? 0
        let isMaster = fields["master"].flatMap { $0.bool() } ?? false
        guard let sql else { return nil }
        var collector = CustomCollector(
            format: .queries, name: name, branch: name, file: key.report.file, line: key.node.line, sql: sql,
            columns: columns.map(\.0))
        collector.placement = isMaster ? .server : .discovered
        collector.conditions = conditions
        collector.interval = .seconds(seconds)
        return collector
    }

    private func column(_ key: YAMLReader, _ value: YAMLReader) -> CustomColumn? {
        guard let name = key.nonEmptyString(), let fields = CollectorParts.fields(value, QueriesReader.columnKeys, warnings)
        else { return nil }
        guard let usage = fields["usage"] else {
            key.fail(
                "the column '\(name)' has no 'usage'; known: LABEL, GAUGE, COUNTER, HISTOGRAM, MAPPEDMETRIC, DURATION, DISCARD")
            return nil
        }
        guard let usage = self.usage(usage, fields["metric_mapping"], key) else { return nil }
        var column = CustomColumn(name, usage)
        column.help = fields["description"]?.string() ?? ""
        for word in ["supported_versions", "pg_version"] {
            // The exporter itself passes over it in a user's file: a column that a version lacks is not in the answer.
            if let place = fields[word] { _ = CollectorParts.versions(place) }
        }
        return column
    }

    private func usage(_ reader: YAMLReader, _ mapping: YAMLReader?, _ key: YAMLReader) -> CustomColumn.Usage? {
        let known: [(String, CustomColumn.Usage)] = [
            ("LABEL", .label), ("GAUGE", .gauge), ("COUNTER", .counter), ("HISTOGRAM", .histogram),
            ("MAPPEDMETRIC", .mapped([:])),
            ("DURATION", .duration), ("DISCARD", .discard),
        ]
        guard let usage = choice(reader, known) else { return nil }
        guard case .mapped = usage else { return usage }
        guard let mapping else {
            key.fail("a MAPPEDMETRIC needs 'metric_mapping', for example {on: 1, off: 0}")
            return nil
        }
        var numbers: [String: Double] = [:]
        for entry in mapping.entries() ?? [] { numbers[entry.name] = CollectorParts.number(entry.value) }
        return .mapped(numbers)
    }
}

/// One of the words, in whatever case.
func choice<Value>(_ reader: YAMLReader, _ known: [(String, Value)]) -> Value? {
    guard let text = reader.string() else { return nil }
    if let found = known.first(where: { $0.0.lowercased() == text.lowercased() }) { return found.1 }
    let names = known.map(\.0)
    let isUpper = names.first.map { $0 == $0.uppercased() } ?? false
    reader.fail(
        "unknown usage '\(text.prefix(40))'; " + YAMLReader.hint(isUpper ? text.uppercased() : text.lowercased(), names))
    return nil
}
