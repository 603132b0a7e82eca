public import MetricsModel
public import Postgres

/// A metric from the user's own SQL: a row for each label set.
public struct BusinessQuery: Sendable {
    /// A query that answers with more rows is refused: every row is a series.
    static let rowsMax = 1000

    public let family: Family
    let sql: String
    let labels: [String]
    let valueColumn: String?
    /// A table without which the query is not asked. Nil: always asked.
    let relation: String?

    /// `type` is gauge or counter; `labels` are columns of the answer; `valueColumn` nil means the first column that is no label.
    /// Throws `configuration` with what is wrong.
    public init(
        name: String, help: String, type: MetricType, sql: String, labels: [String], valueColumn: String?
    ) throws(PostgresError) {
        try self.init(
            name: name, help: help, type: type, sql: sql, labels: labels, valueColumn: valueColumn, relation: nil)
    }

    init(
        name: String, help: String, type: MetricType, sql: String, labels: [String] = [], valueColumn: String? = nil,
        relation: String?
    ) throws(PostgresError) {
        func check(_ isRight: Bool, _ message: String) throws(PostgresError) {
            guard isRight else { throw PostgresError(.configuration, "query '\(name)': \(message)") }
        }
        try check(BusinessQuery.isName(name, colons: true), "the name is not a metric name ([a-zA-Z_:][a-zA-Z0-9_:]*)")
        try check(type == .gauge || type == .counter, "the type is gauge or counter, not \(type.rawValue)")
        try check(type != .counter || name.hasSuffix("_total"), "a counter's name ends in _total")
        for label in labels {
            try check(
                BusinessQuery.isName(label, colons: false) && !label.hasPrefix("__"), "'\(label)' cannot be the name of a label")
        }
        try check(Set(labels).count == labels.count, "a label is named twice")
        try check(valueColumn.map { !labels.contains($0) } ?? true, "the value's column is also a label")
        var text = Substring(sql)
        while let last = text.last, last.isWhitespace || last == ";" { text.removeLast() }
        try check(!text.isEmpty, "there is no SQL")
        family = Family(name, type, labels: labels, help: help.isEmpty ? "From a configured query." : help)
        // As a subquery it cannot write, has an entry of its own in pg_stat_statements, and an end: a comment may close the text.
        self.sql = "SELECT vitals.* FROM (\n\(text)\n) AS vitals LIMIT \(BusinessQuery.rowsMax + 1)"
        self.labels = labels
        self.valueColumn = valueColumn
        self.relation = relation
    }

    private static func isName(_ text: String, colons: Bool) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool {
            byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
                || colons && byte == UInt8(ascii: ":")
        }
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) }
    }

    /// What every Vitals asks where the tables are. A configured query of the same name takes its place.
    static let shipped: [BusinessQuery] = {
        func query(_ name: String, _ type: MetricType, _ relation: String, _ help: String, _ sql: String) -> BusinessQuery? {
            try? BusinessQuery(name: name, help: help, type: type, sql: sql, relation: relation)
        }
        return [
            query(
                "users_active_total", .gauge, "users", "Active users. From the table users.",
                "SELECT count(*) FROM users WHERE is_active"),
            query(
                "users_created_total", .counter, "users",
                "Users created. Rows of the table users when Vitals started, and its growth since.",
                "SELECT count(*) FROM users"),
            query(
                "api_keys_active_total", .gauge, "api_keys", "Active API keys. From the table api_keys.",
                "SELECT count(*) FROM api_keys WHERE is_active"),
        ].compactMap { $0 }
    }()

    /// Label values and number of each row; a NULL number is no series.
    func points(_ rows: Rows) throws(PostgresError) -> [(labels: [String], value: Double)] {
        guard rows.count <= BusinessQuery.rowsMax else {
            throw PostgresError(.unexpectedValue, "more than \(BusinessQuery.rowsMax) rows")
        }
        guard let column = valueColumn ?? rows.columns.first(where: { !labels.contains($0) }) else {
            throw PostgresError(.unexpectedValue, "no column for the value")
        }
        var points: [(labels: [String], value: Double)] = []
        var seen: Set<[String]> = []
        for row in rows {
            var values: [String] = []
            for label in labels { values.append(try row.string(label) ?? "") }
            guard seen.insert(values).inserted else {
                throw PostgresError(.unexpectedValue, "two rows with the same labels")
            }
            if let value = try row.double(column) { points.append((values, value)) }
        }
        return points
    }
}

/// The business queries of a target, with the counters among them.
struct BusinessCollector: RememberingCollector {
    let name = "business"
    private let queries: [BusinessQuery]
    private var points: [String: [(labels: [String], value: Double)]] = [:]
    private var ratchets: [String: [[String]: Ratchet]] = [:]

    /// A function in a user's query could write.
    private static let limits = StatementLimits(
        statement: Question.dear.statement, lock: Question.dear.lock, isReadOnly: true)

    init(_ queries: [BusinessQuery]) { self.queries = queries }

    private func name(of query: BusinessQuery) -> String { "query \(query.family.name)" }

    func questions(_ context: QuestionContext) -> [Question] {
        queries.map { query in
            Question(
                name, name: name(of: query), when: query.relation.map { [.relation($0)] } ?? [], every: .seconds(30),
                limits: BusinessCollector.limits, preparation: .unprepared, reading: .columns([]), sql: { _ in query.sql })
        }
    }

    var conditions: [Condition] { queries.compactMap { $0.relation.map { .relation($0) } } }

    mutating func take(_ rows: Rows, of question: String) throws(PostgresError) {
        guard let query = queries.first(where: { name(of: $0) == question }) else { return }
        let read = try query.points(rows)
        points[question] = read
        guard query.family.type == .counter else { return }
        for point in read { ratchets[question, default: [:]][point.labels, default: Ratchet()].take(point.value) }
    }

    func add(_ question: String, to sample: inout SampleBuilder) {
        guard let query = queries.first(where: { name(of: $0) == question }) else { return }
        for point in points[question] ?? [] {
            sample.add(query.family, point.labels, ratchets[question]?[point.labels]?.total ?? point.value)
        }
    }
}
