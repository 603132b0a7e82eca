import MetricsModel
import YAML

/// Reads the configuration file. Every finding is reported at once, with its line and what would be right.
struct ConfigurationFile {
    let environment: Environment
    let secrets: Secrets

    /// Throws all findings of the file. `${NAME}` in a value is the environment variable NAME.
    func read(_ path: String) throws(Findings) -> Configuration {
        let text: String
        do {
            text = try readFile(path)
        } catch {
            throw Findings(all: [Finding("--config.file", "\(error)")])
        }
        let report = YAMLReport(file: path)
        // A finding may quote a value; one that came out of the environment stays there.
        let expansions = Secrets()
        var configuration = Configuration()
        if let reader = report.read(text.utf8) {
            read(expandingVariables(of: reader, report, into: expansions), of: path, into: &configuration)
        }
        guard report.findings.isEmpty else {
            // Which collectors the user's own files bring is not known when the file that names them can't be read whole.
            let hasOwnCollectors =
                !configuration.collectorFiles.isEmpty
                || configuration.targets.contains { !$0.postgres.collectorFiles.isEmpty }
            throw Findings(
                all: report.findings.sorted().map {
                    Finding($0.file, line: $0.line, column: $0.column, expansions.redacting(secrets.redacting($0.message)))
                } + (hasOwnCollectors ? [] : configuration.unknownCollectors.map(\.finding)))
        }
        return configuration
    }

    private func expandingVariables(
        of reader: YAMLReader, _ report: YAMLReport, into expansions: Secrets
    ) -> YAMLReader {
        let node = reader.node.mappingScalars { scalar, line, column -> String in
            var missing: [String] = []
            let text = environment.expanding(scalar.text, missing: &missing)
            if text != scalar.text { expansions.add(text) }
            for message in missing { report.add(message, line: line, column: column) }
            return text
        }
        return YAMLReader(node, report)
    }

    private func read(_ root: YAMLReader, of path: String, into configuration: inout Configuration) {
        let keys = [
            "targets", "sample", "rule_files", "collector_files", "records", "alerting", "queues", "queries", "statements",
            "thresholds",
        ]
        guard let root = root.fields(keys) else { return }
        if let targets = root["targets"]?.fields(TargetConfiguration.Kind.allCases.map(\.rawValue)) {
            configuration.targets = TargetConfiguration.Kind.allCases.flatMap { kind in
                targets[kind.rawValue]?.list { target($0, kind, path, &configuration.unknownCollectors) } ?? []
            }
            reportSameNames(targets, configuration.targets)
        }
        if let sample = root["sample"]?.fields(["interval", "max_age"]) {
            set(&configuration.sample.interval, sample["interval"], positive)
            set(&configuration.sample.maxAge, sample["max_age"]) { $0.duration() }
        }
        configuration.ruleFiles = root["rule_files"]?.list { $0.nonEmptyString() } ?? []
        configuration.collectorFiles = patterns(root["collector_files"], folder: folder(of: path))
        if let records = root["records"]?.fields(["interval", "retention", "target"]) {
            set(&configuration.records.interval, records["interval"], positive)
            set(&configuration.records.retention, records["retention"], positive)
            configuration.records.target = records["target"]?.nonEmptyString()
        }
        if let alerting = root["alerting"] { read(alerting, into: &configuration.alerting) }
        configuration.queues = root["queues"]?.list(queue) ?? []
        configuration.queries = root["queries"]?.list(query) ?? []
        if let statements = root["statements"]?.fields(["text", "query_label", "text_memory_bytes"]) {
            set(&configuration.statements.text, statements["text"]) { $0.bool() }
            set(&configuration.statements.queryLabel, statements["query_label"]) { $0.bool() }
            set(&configuration.statements.textMemoryBytes, statements["text_memory_bytes"]) { $0.int(in: 1 << 20...1 << 30) }
        }
        if let thresholds = root["thresholds"] { read(thresholds, into: &configuration.thresholds) }
    }

    // MARK: - Targets

    private func target(
        _ reader: YAMLReader, _ kind: TargetConfiguration.Kind, _ path: String,
        _ unknown: inout [(name: String, finding: Finding)]
    ) -> TargetConfiguration? {
        let own = kind == .postgres ? ConfigurationFile.postgresKeys : []
        guard let fields = reader.fields(["name", "url", "url_file", "labels", "collectors"] + own) else { return nil }
        let name = fields.required("name")?.nonEmptyString()
        let url = secret(fields, "url")
        guard let name, let url else { return nil }
        secrets.add(passwordInAddress(url))
        var target = TargetConfiguration(kind: kind, name: name, url: url)
        target.labels = fields["labels"].map(labels) ?? .empty
        for (key, collector, state) in fields["collectors"]?.entries() ?? [] {
            if !knownCollectors(kind).contains(collector) {
                let message = "there is no collector '\(collector)'; known: \(knownCollectors(kind).joined(separator: ", "))"
                unknown.append((collector, Finding(path, line: key.node.line, column: key.node.column, message)))
            }
            if let on = state.bool() { target.collectors[collector] = on }
        }
        if kind == .postgres { target.postgres = postgres(fields, folder: folder(of: path)) }
        return target
    }

    /// `KEY`, or the content of the file that `KEY_file` names.
    func secret(_ fields: YAMLFields, _ key: String) -> String? {
        let value: String?
        switch (fields[key], fields[key + "_file"]) {
        case (let text?, nil): value = text.nonEmptyString()
        case (nil, let path?):
            do {
                value = try path.nonEmptyString().map { path throws(Findings) in
                    try secretFile(path, place: key + "_file")
                }
            } catch {
                for finding in error.all { path.fail(finding.message) }
                value = nil
            }
        case (nil, nil):
            fields.reader.fail("'\(key)' or '\(key)_file' is missing")
            value = nil
        case (_?, let path?):
            path.fail("'\(key)' and '\(key)_file' are both there; keep one")
            value = nil
        }
        return value
    }

    private func reportSameNames(_ fields: YAMLFields, _ targets: [TargetConfiguration]) {
        for (place, target) in targets.enumerated() where targets[..<place].contains(where: { $0.name == target.name }) {
            fields.reader.fail("two targets are named '\(target.name)'; a name is a target's identity in logs and labels")
        }
    }

    func labels(_ reader: YAMLReader) -> Labels {
        Labels(
            (reader.entries() ?? []).compactMap { key, name, value in
                if !isLabelName(name) {
                    key.fail("'\(name)' is no label name: letters, digits and _ only, no digit first, no __ in front")
                    return nil
                }
                return value.string().map { Label(name, $0) }
            })
    }

    // MARK: - The rest

    private func queue(_ reader: YAMLReader) -> Configuration.QueueConfiguration? {
        guard let fields = reader.fields(["name", "type", "key", "failed", "active", "db", "target"]),
            let name = fields.required("name")?.nonEmptyString()
        else { return nil }
        return Configuration.QueueConfiguration(
            name: name,
            type: fields["type"]?.choice([("list", "list"), ("stream", "stream"), ("sorted_set", "sorted_set")]) ?? "list",
            key: fields["key"]?.nonEmptyString() ?? name, failedKey: fields["failed"]?.nonEmptyString(),
            activeKey: fields["active"]?.nonEmptyString(), database: fields["db"]?.int(in: 0...65_535) ?? 0,
            target: fields["target"]?.nonEmptyString())
    }

    private func query(_ reader: YAMLReader) -> Configuration.QueryConfiguration? {
        guard let fields = reader.fields(["name", "help", "type", "sql", "labels", "value", "target"]) else { return nil }
        let name = fields.required("name")?.nonEmptyString()
        let sql = fields.required("sql")?.nonEmptyString()
        guard let name, let sql else { return nil }
        guard isMetricName(name) else {
            fields["name"]?.fail("'\(name)' is no metric name: letters, digits, _ and : only, no digit first")
            return nil
        }
        return Configuration.QueryConfiguration(
            name: name, help: fields["help"]?.string() ?? "A query of the configuration.",
            type: fields["type"]?.choice([("gauge", MetricType.gauge), ("counter", .counter)]) ?? .gauge, sql: sql,
            labels: fields["labels"]?.list { $0.nonEmptyString() } ?? [],
            valueColumn: fields["value"]?.nonEmptyString(), target: fields["target"]?.nonEmptyString())
    }

    private func read(_ reader: YAMLReader, into thresholds: inout Configuration.ThresholdConfiguration) {
        let keys = ["slow_query", "largest_tables", "top_statements", "disk_free_ratio", "memory_bytes"]
        guard let fields = reader.fields(keys) else { return }
        set(&thresholds.slowQuery, fields["slow_query"], positive)
        set(&thresholds.largestTables, fields["largest_tables"]) { $0.int(in: 0...10_000) }
        set(&thresholds.topStatements, fields["top_statements"]) { $0.int(in: 0...1_000) }
        set(&thresholds.diskFreeRatio, fields["disk_free_ratio"]) { reader in
            reader.double().flatMap { ratio in
                if (0...1).contains(ratio) { return ratio }
                reader.fail("a ratio lies between 0 and 1, not \(ratio)")
                return nil
            }
        }
        set(&thresholds.memoryBytes, fields["memory_bytes"]) { $0.int(in: 1...Int.max).map(Int64.init) }
    }

    func set<Value>(_ place: inout Value, _ reader: YAMLReader?, _ read: (YAMLReader) -> Value?) {
        if let value = reader.flatMap(read) { place = value }
    }

    func positive(_ reader: YAMLReader) -> Duration? {
        guard let duration = reader.duration() else { return nil }
        guard duration > .zero else {
            reader.fail("a duration longer than 0 is needed, for example 15s")
            return nil
        }
        return duration
    }
}

/// A label name that a user may give: `[a-zA-Z_][a-zA-Z0-9_]*`, without the reserved `__` in front.
func isLabelName(_ name: String) -> Bool {
    !name.hasPrefix("__") && isMetricName(name) && !name.utf8.contains(UInt8(ascii: ":"))
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`
func isMetricName(_ name: String) -> Bool {
    func letter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }
    guard let first = name.utf8.first, letter(first) else { return false }
    return name.utf8.allSatisfy { letter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
}
