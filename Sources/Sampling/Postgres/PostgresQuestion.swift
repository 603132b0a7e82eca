internal import MetricsModel
internal import Postgres

/// A question that a target asks, with what it remembers of it. Several questions can belong to one collector.
struct PostgresQuestion: Sendable {
    /// What becomes of the rows.
    enum Reading: Sendable {
        case points(@Sendable (Rows, inout SampleBuilder) throws(PostgresError) -> Void)
        case business(BusinessQuery)
        case auth
        case statements
    }

    /// A question that failed by itself is left alone for a while: each try is an error in the server's log.
    static let pauseMilliseconds: Int64 = 60_000

    let collector: String
    /// For the log; differs from `collector` where that has several questions.
    let name: String
    let limits: StatementLimits
    let preparation: Statement.Preparation
    let reuse: Duration
    let relation: String?
    let sql: @Sendable (Int, ServerFacts) -> String
    let parameters: @Sendable (PostgresTargetSettings) -> [String?]
    let reading: Reading

    private var rows: Rows?
    /// When the last answer, or refusal, came: milliseconds since the Unix epoch.
    private var answered: Int64?
    private var failure: PostgresError?

    init(_ collector: PostgresCollector, reading: Reading? = nil) {
        self.collector = collector.name
        name = collector.name
        limits = collector.limits
        preparation = .prepared
        reuse = collector.reuse
        relation = collector.relation
        sql = collector.sql
        parameters = collector.parameters
        self.reading = reading ?? .points(collector.read)
    }

    init(_ query: BusinessQuery) {
        collector = "business"
        name = "query \(query.family.name)"
        limits = PostgresCollector.dear
        preparation = .unprepared
        reuse = .seconds(30)
        relation = query.relation
        sql = { _, _ in query.sql }
        parameters = { _ in [] }
        reading = .business(query)
    }

    enum Plan: Sendable {
        case ask
        case reuse(Rows)
        case failed(PostgresError)
    }

    func plan(at now: Int64, _ facts: ServerFacts) -> Plan {
        if let relation, !facts.relations.contains(relation) {
            return .failed(PostgresError(.undefinedObject, "\(relation) is not there"))
        }
        guard let answered, now >= answered else { return .ask }
        if let failure, now - answered < PostgresQuestion.pauseMilliseconds { return .failed(failure) }
        if let rows, Double(now - answered) < reuse.seconds * 1000 { return .reuse(rows) }
        return .ask
    }

    mutating func took(_ rows: Rows, at now: Int64) {
        self.rows = rows
        failure = nil
        answered = now
    }

    /// A timeout or a lost connection says nothing about the question: it is asked again next time.
    mutating func failed(_ error: PostgresError, at now: Int64) {
        rows = nil
        switch error.code {
        case .timeout, .busy, .connection, .startingUp, .tooManyConnections, .authentication, .configuration:
            failure = nil
            answered = nil
        case .permissionDenied, .undefinedObject, .constraintViolation, .notFound, .serialization, .deadlock, .readOnly, .syntax,
            .unexpectedValue, .internal:
            failure = error
            answered = now
        }
    }
}
