internal import YAML

/// Reads collectors of Vitals' own format: a list under `collectors`. Nothing that it does not know is passed over.
struct VitalsCollectorReader {
    static let timeout = Duration.seconds(1)

    private static let usages: [(String, CustomColumn.Usage)] = [
        ("label", .label), ("gauge", .gauge), ("counter", .counter), ("histogram", .histogram), ("duration", .duration),
        ("discard", .discard),
    ]

    func read(_ root: YAMLReader) -> [CustomCollector] {
        guard let fields = root.fields(["collectors"]) else { return [] }
        var names: [String: Int] = [:]
        return (fields["collectors"]?.elements() ?? []).compactMap { reader in
            let collector = collector(reader)
            if let collector {
                if let first = names[collector.name] {
                    reader.fail("there is a collector '\(collector.name)' in line \(first) already")
                }
                names[collector.name] = reader.node.line
            }
            return collector
        }
    }

    private func collector(_ reader: YAMLReader) -> CustomCollector? {
        let keys = [
            "name", "description", "query", "scope", "ttl", "timeout", "version", "tags", "predicate", "enabled", "columns",
        ]
        guard let fields = reader.fields(keys) else { return nil }
        let name = fields.required("name")?.nonEmptyString()
        if let name, !isMetricName(name) {
            fields["name"]?.fail("'\(name)' is no beginning of a metric's name (letters, digits, _ and :, no digit first)")
        }
        let sql = CollectorParts.sql(fields["query"], reader)
        let columns: [(CustomColumn, YAMLReader)] = (fields.required("columns")?.entries() ?? []).compactMap { key, name, value in
            column(name, key, value).map { ($0, key) }
        }
        if let name { CollectorParts.check(name, columns) }
        if !columns.isEmpty, !columns.contains(where: { $0.0.isMetric }) {
            fields["columns"]?.fail("no column is a gauge, a counter, a histogram or a duration; there would be no series")
        }
        var conditions: [Condition] = []
        if let range = fields["version"].flatMap(CollectorParts.versions) { conditions.append(range) }
        conditions += fields["tags"]?.list { reader in reader.nonEmptyString().flatMap { condition($0, reader) } } ?? []
        if let predicate = fields["predicate"] { conditions += predicates(predicate, name ?? "") }
        let scope = fields["scope"]?.choice([
            ("server", CustomCollector.Placement.server), ("database", CustomCollector.Placement.database),
        ])
        let timeout = fields["timeout"].flatMap { $0.duration() }
        if let timeout, timeout <= .zero || timeout > PgExporterReader.timeoutMax {
            fields["timeout"]?.fail("expected a duration above 0 and of at most 30s")
        }
        let interval = fields["ttl"].flatMap { $0.duration() }
        let isOn = fields["enabled"].flatMap { $0.bool() } ?? true
        guard let name, let sql else { return nil }
        var collector = CustomCollector(
            format: .vitals, name: name, branch: name, file: reader.report.file, line: reader.node.line, sql: sql,
            columns: columns.map(\.0))
        collector.help = fields["description"]?.string() ?? ""
        collector.placement = scope ?? .server
        collector.conditions = conditions
        collector.interval = interval ?? .zero
        collector.timeout = timeout ?? VitalsCollectorReader.timeout
        collector.isOn = isOn
        return collector
    }

    /// `primary`, `standby`, `database:NAME`, `extension:NAME`, `schema:NAME`, `relation:NAME`, `user:NAME`, `monitor`, `superuser`, and `not:` before
    /// each.
    private func condition(_ tag: String, _ reader: YAMLReader) -> Condition? {
        let parts = tag.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let word = parts.first ?? ""
        guard parts.count == 2, let rest = parts.last else {
            switch tag {
            case "primary": return .primary
            case "standby": return .standby
            case "monitor": return .monitor
            case "superuser": return .superuser
            default: return unknown(tag, reader)
            }
        }
        guard !rest.isEmpty else {
            reader.fail("the tag '\(tag)' has nothing behind its colon")
            return nil
        }
        switch word {
        case "database": return .database(rest)
        case "extension": return .extension(rest)
        case "schema": return .schema(rest)
        case "relation": return .relation(rest)
        case "user": return .user(rest)
        case "not": return condition(rest, reader).map { .not($0) }
        default: return unknown(tag, reader)
        }
    }

    private func unknown(_ tag: String, _ reader: YAMLReader) -> Condition? {
        let known = [
            "primary", "standby", "database:NAME", "extension:NAME", "schema:NAME", "relation:NAME", "user:NAME", "monitor",
            "superuser",
            "not:TAG",
        ]
        reader.fail("unknown tag '\(tag.prefix(60))'; " + YAMLReader.hint(tag, known))
        return nil
    }

    /// One query, or a list of queries or of mappings with `query`, `name` and `ttl`.
    private func predicates(_ reader: YAMLReader, _ collector: String) -> [Condition] {
        let all: [YAMLReader] = if case .sequence = reader.node.content { reader.elements() ?? [] } else { [reader] }
        return all.enumerated().compactMap { place, reader in
            var fields: YAMLFields?
            if case .mapping = reader.node.content {
                guard let read = reader.fields(["name", "query", "ttl"]) else { return nil }
                fields = read
            }
            guard let sql = CollectorParts.sql(fields == nil ? reader : fields?["query"], reader) else { return nil }
            return .predicate(
                Predicate(
                    name: fields?["name"]?.string() ?? "\(collector).\(place)", sql: sql.statement(),
                    interval: fields?["ttl"]?.duration() ?? .zero))
        }
    }

    /// `NAME: gauge`, or a mapping.
    private func column(_ name: String, _ key: YAMLReader, _ value: YAMLReader) -> CustomColumn? {
        guard !name.isEmpty else {
            key.fail("a column has a name")
            return nil
        }
        if case .scalar = value.node.content { return choice(value, VitalsCollectorReader.usages).map { CustomColumn(name, $0) } }
        guard let fields = value.fields(["usage", "rename", "description", "scale", "default", "buckets", "mapping"]) else {
            return nil
        }
        var usage = fields.required("usage").flatMap { choice($0, VitalsCollectorReader.usages) }
        if let buckets = fields["buckets"] {
            if usage == .histogram {
                usage = CollectorParts.bounds(buckets).map { .snapshot($0) }
            } else {
                buckets.fail("only a histogram has buckets")
            }
        }
        if let mapping = fields["mapping"] {
            if usage == .gauge {
                var numbers: [String: Double] = [:]
                for entry in mapping.entries() ?? [] { numbers[entry.name] = CollectorParts.number(entry.value) }
                usage = .mapped(numbers)
            } else {
                mapping.fail("only a gauge has a mapping from texts to numbers")
            }
        }
        guard let usage else { return nil }
        var column = CustomColumn(name, usage)
        if let alias = fields["rename"]?.nonEmptyString() { column.alias = alias }
        column.help = fields["description"]?.string() ?? ""
        column.scale = fields["scale"].flatMap(CollectorParts.number) ?? 1
        column.missing = fields["default"].flatMap(CollectorParts.number)
        return column
    }
}
