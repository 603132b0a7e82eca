public import YAML

/// A file of collectors: of Vitals' own format, a queries.yaml of postgres_exporter, or collectors of pg_exporter. Which one it is, its
/// content tells.
public struct CollectorFile: Sendable {
    /// In the order of the file. Of one with a finding nothing is left.
    public let collectors: [CustomCollector]
    /// What the file says and is not used; the exporters do not complain about it either.
    public let warnings: [YAMLFinding]

    /// Reads a file. What is wrong becomes findings of the report, each at its place.
    public init(_ bytes: some Collection<UInt8>, _ report: YAMLReport) {
        let warnings = YAMLReport(file: report.file)
        guard let root = report.read(bytes) else {
            (collectors, self.warnings) = ([], [])
            return
        }
        switch CollectorFile.recognise(root, report) {
        case .vitals: collectors = VitalsCollectorReader().read(root)
        case .queries: collectors = QueriesReader(warnings: warnings).read(root)
        case .pgExporter: collectors = PgExporterReader(warnings: warnings).read(root)
        case nil: collectors = []
        }
        self.warnings = warnings.findings
    }

    /// Nil with a finding when it is none of them.
    private static func recognise(_ root: YAMLReader, _ report: YAMLReport) -> CustomCollector.Format? {
        guard case .mapping(let entries) = root.node.content else {
            if root.node.isNull { return .vitals }
            root.fail(
                "expected a mapping: 'collectors:' with a list, or the collectors of postgres_exporter or pg_exporter by name")
            return nil
        }
        if let own = entries.first(where: { $0.key == "collectors" }), isOwn(own.value) { return .vitals }
        var marks: [CustomCollector.Format: YAMLEntry] = [:]
        for entry in entries {
            for (format, mark) in self.marks(of: entry) where marks[format] == nil { marks[format] = mark }
        }
        if let queries = marks[.queries], let other = marks[.pgExporter] {
            report.add(
                "'\(other.key)' is a word of pg_exporter's collectors, and '\(queries.key)' in line \(queries.keyLine) one of "
                    + "postgres_exporter's queries.yaml; keep the two in files of their own",
                line: other.keyLine, column: other.keyColumn)
            return nil
        }
        return marks[.pgExporter] == nil ? .queries : .pgExporter
    }

    /// A collector of the exporters could be named `collectors` too; it has a query.
    private static func isOwn(_ node: YAMLNode) -> Bool { node["query"] == nil }

    /// The words in a collector that only one of the formats has.
    private static func marks(of collector: YAMLEntry) -> [(CustomCollector.Format, YAMLEntry)] {
        guard case .mapping(let keys) = collector.value.content else { return [] }
        var found: [(CustomCollector.Format, YAMLEntry)] = []
        for key in keys {
            if QueriesReader.ownKeys.contains(key.key) { found.append((.queries, key)) }
            if PgExporterReader.ownKeys.contains(key.key) { found.append((.pgExporter, key)) }
        }
        guard found.isEmpty, case .sequence(let columns)? = collector.value["metrics"]?.content else { return found }
        for case .mapping(let named) in columns.map(\.content) {
            for column in named {
                guard case .mapping(let keys) = column.value.content else { continue }
                for key in keys {
                    if QueriesReader.ownColumnKeys.contains(key.key) { found.append((.queries, key)) }
                    if PgExporterReader.ownColumnKeys.contains(key.key) { found.append((.pgExporter, key)) }
                }
            }
        }
        return found
    }
}

/// What the formats share.
struct CollectorParts {
    /// The fields of a mapping of an exporter's file. Unknown keys are warnings: the exporters pass over them.
    static func fields(_ reader: YAMLReader, _ known: [String], _ warnings: YAMLReport) -> [String: YAMLReader]? {
        guard let entries = reader.entries() else { return nil }
        var fields: [String: YAMLReader] = [:]
        for entry in entries {
            if !known.contains(entry.name) {
                YAMLReader(entry.key.node, warnings).fail(
                    "the key '\(entry.name)' is not used; " + YAMLReader.hint(entry.name, known))
            }
            if !entry.value.node.isNull { fields[entry.name] = entry.value }
        }
        return fields
    }

    /// The columns of an exporter's file: a list of mappings from a column's name to what becomes of it. A mapping of all of them is
    /// taken too.
    static func columns(
        _ reader: YAMLReader, _ read: (_ name: YAMLReader, _ fields: YAMLReader) -> (CustomColumn, YAMLReader)?
    ) -> [(CustomColumn, YAMLReader)] {
        var entries: [(key: YAMLReader, name: String, value: YAMLReader)] = []
        if case .mapping = reader.node.content {
            entries = reader.entries() ?? []
        } else {
            entries = (reader.list { $0.entries() } ?? []).flatMap { $0 }
        }
        return entries.compactMap { read($0.key, $0.value) }
    }

    static func sql(_ reader: YAMLReader?, _ owner: YAMLReader) -> CollectorSQL? {
        guard let reader else {
            owner.fail("'query' is missing")
            return nil
        }
        guard let text = reader.nonEmptyString() else { return nil }
        do {
            return try CollectorSQL(text)
        } catch {
            reader.fail(error.message)
            return nil
        }
    }

    static func versions(_ reader: YAMLReader) -> Condition? {
        guard let text = reader.string(), !text.isEmpty else { return nil }
        do {
            return .versions(try VersionRanges(text))
        } catch {
            reader.fail(error.message)
            return nil
        }
    }

    /// A number, also one in quotation marks.
    static func number(_ reader: YAMLReader) -> Double? {
        guard let text = reader.string() else { return nil }
        if let number = Double(text), number.isFinite { return number }
        reader.fail("expected a number, found '\(text.prefix(40))'")
        return nil
    }

    /// Upper bounds, finite and ascending.
    static func bounds(_ reader: YAMLReader) -> [Double]? {
        let bounds = reader.list { number($0) } ?? []
        guard !bounds.isEmpty, bounds.count <= 500 else {
            reader.fail("expected a list of 1 to 500 upper bounds, for example [1, 10, 100]")
            return nil
        }
        guard zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else {
            reader.fail("the bounds must rise from each to the next")
            return nil
        }
        return bounds
    }

    /// Whether labels and metrics can be named as they are; each that can't is a finding at the collector or column.
    static func check(_ name: String, _ columns: [(column: CustomColumn, place: YAMLReader)]) {
        var seen: [String: YAMLReader] = [:]
        for (column, place) in columns where column.usage != .discard {
            if column.usage == .label {
                if !isLabelName(column.alias) {
                    place.fail(
                        "'\(column.alias)' is no name of a label (letters, digits and _, no digit first, no __ in front); 'rename' it, or "
                            + "rename the column in the query with AS")
                }
            } else if !isMetricName("\(name)_\(column.alias)") {
                place.fail(
                    "'\(name)_\(column.alias)' is no name of a metric (letters, digits, _ and :, no digit first); 'rename' it, or rename the "
                        + "column in the query with AS")
            }
            let key = (column.usage == .label ? "label " : "metric ") + column.alias
            if let first = seen[key] {
                place.fail("the \(key) is already there in line \(first.node.line)")
            } else {
                seen[key] = place
            }
        }
    }
}
