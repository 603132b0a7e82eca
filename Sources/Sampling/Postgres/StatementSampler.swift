internal import MetricsModel
internal import Postgres

/// What is asked of `pg_stat_statements`, in the order of the questions.
private enum StatementQuestion {
    static let texts = "stat_statements texts"
    static let totals = "stat_statements"

    /// Without texts: with them the server reads its whole text file, and spills it, at every call. Always one row at least, for the
    /// instants. `toplevel` is there from Postgres 14 on, as is `pg_stat_statements_info`; `stats_since` from 17 on.
    static func totals(_ version: Int, _ schema: String) -> String {
        let reset =
            version >= 140_000 ? "(SELECT extract(epoch FROM stats_reset) FROM \(schema)pg_stat_statements_info)" : "NULL"
        return """
            SELECT extract(epoch FROM statement_timestamp()) AS read_at, \(reset) AS reset_at, current_database() AS datname,
                pg_get_userbyid(s.userid) AS username, s.userid, s.dbid, s.queryid, s.calls, s.total_exec_time,
                s.min_exec_time, s.max_exec_time, s.mean_exec_time, s.stddev_exec_time, s.rows,
                \(version >= 170_000 ? "extract(epoch FROM s.stats_since)" : "NULL") AS since
            FROM (VALUES (1)) AS always LEFT JOIN \(schema)pg_stat_statements(false) s
                ON s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())\
            \(version >= 140_000 ? " AND s.toplevel" : "")
            """
    }

    /// `$1`: the query ids whose texts are not known yet.
    static func texts(_ version: Int, _ schema: String) -> String {
        """
        SELECT userid, dbid, queryid, left(query, \(QueryType.bytesMax)) AS query
        FROM \(schema)pg_stat_statements(true)
        WHERE queryid = ANY ($1::bigint[])
            AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())\
        \(version >= 140_000 ? " AND toplevel" : "")
        """
    }
}

extension StatementSampler: RememberingCollector {
    var name: String { "stat_statements" }
    var conditions: [Condition] { [.extension("pg_stat_statements")] }

    /// Texts before the totals that are told apart by them.
    func questions(_ context: QuestionContext) -> [Question] {
        let totals = Question(
            name, name: StatementQuestion.totals, when: conditions, limits: Question.dear, reading: .columns([]),
            sql: { StatementQuestion.totals($0.version, $0.schema(of: "pg_stat_statements")) })
        guard let texts = wantedTexts else { return [totals] }
        return [
            Question(
                name, name: StatementQuestion.texts, when: conditions, limits: Question.dear, parameters: { _ in [texts] },
                reading: .columns([]), sql: { StatementQuestion.texts($0.version, $0.schema(of: "pg_stat_statements")) }), totals,
        ]
    }

    /// A text that cannot be read is asked for again: its statement's growth waits, and after a while counts as `other`.
    func isOptional(_ question: String) -> Bool { question == StatementQuestion.texts }

    mutating func take(_ rows: Rows, of question: String) throws(PostgresError) {
        if question == StatementQuestion.texts { try takeTexts(rows) } else { try take(rows) }
    }

    func add(_ question: String, to sample: inout SampleBuilder) {
        if question == StatementQuestion.totals { add(to: &sample) }
    }
}

/// Reads `pg_stat_statements`: counters and latencies by query type, the top statements, the average of the window.
struct StatementSampler: Sendable {
    private let top: Int
    private var latencies = StatementLatencies()
    private var texts = StatementTexts()
    private var totals: [StatementTotals] = []
    private var users: [UInt32: String] = [:]
    private var database = ""
    /// Statements whose texts the next sample asks for, along with everything else.
    private var wanted: [StatementKey] = []

    init(top: Int) { self.top = max(0, top) }

    /// The query ids as an array; nil when every text is known.
    var wantedTexts: String? {
        let ids = Set(wanted.compactMap(\.queryID))
        return ids.isEmpty ? nil : "{\(ids.sorted().map { "\($0)" }.joined(separator: ","))}"
    }

    mutating func take(_ rows: Rows) throws(PostgresError) {
        var epoch: StatementEpoch?
        var read: [StatementTotals] = []
        users = [:]
        for row in rows {
            if epoch == nil, let readAt = try row.double(0) {
                epoch = StatementEpoch(readAt: readAt, resetAt: try row.double(1))
                database = try row.string(2) ?? ""
            }
            guard let key = try StatementSampler.key(row, user: 4, database: 5, query: 6), let calls = try row.int(7),
                let total = try row.double(8), let least = try row.double(9), let most = try row.double(10),
                let mean = try row.double(11), let deviation = try row.double(12), let count = try row.int(13)
            else { continue }
            if users[key.userID] == nil { users[key.userID] = try row.string(3) ?? "" }
            read.append(
                StatementTotals(
                    key: key, calls: Int64(calls), totalMilliseconds: total, minMilliseconds: least, maxMilliseconds: most,
                    meanMilliseconds: mean, stddevMilliseconds: deviation, rows: Int64(count), statsSince: try row.double(14)))
        }
        guard let epoch else { return }
        totals = read
        latencies.take(totals, epoch: epoch) { texts.statementClass(of: $0) }
        wanted = texts.wanted(in: totals, waiting: latencies.waiting)
    }

    mutating func takeTexts(_ rows: Rows) throws(PostgresError) {
        for row in rows {
            guard let key = try StatementSampler.key(row, user: 0, database: 1, query: 2) else { continue }
            texts.learn(try row.string(3), of: key)
        }
    }

    private static func key(_ row: Row, user: Int, database: Int, query: Int) throws(PostgresError) -> StatementKey? {
        guard let userID = try row.int(user), let databaseID = try row.int(database) else { return nil }
        return StatementKey(
            userID: UInt32(truncatingIfNeeded: userID), databaseID: UInt32(truncatingIfNeeded: databaseID),
            queryID: try row.int(query).map(Int64.init), isTopLevel: true)
    }

    func add(to sample: inout SampleBuilder) {
        for type in QueryType.allCases {
            let histogram = latencies.histogram(of: type)
            sample.add(PostgresFamilies.queries, [type.rawValue], Double(histogram.count))
            sample.addHistogram(
                PostgresFamilies.queryDuration, [type.rawValue], bounds: LatencyHistogram.boundsSeconds,
                cumulative: histogram.cumulative, sum: histogram.sum)
        }
        sample.add(PostgresFamilies.queryAverage, latencies.window.meanSeconds)
        // What is not read yet may be Vitals' own.
        for row in StatementRanking.top(totals, count: top, class: { texts.statementClass(of: $0) ?? .own }) {
            guard let id = row.key.queryID else { continue }
            let labels = [users[row.key.userID] ?? "", database, "\(id)"]
            sample.add(PostgresFamilies.statementCalls, labels, Double(row.calls))
            sample.add(PostgresFamilies.statementSeconds, labels, row.totalMilliseconds / 1000)
            sample.add(PostgresFamilies.statementRows, labels, Double(row.rows))
            sample.add(PostgresFamilies.statementMean, labels, row.meanMilliseconds / 1000)
        }
    }
}
