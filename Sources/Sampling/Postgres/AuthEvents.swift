internal import MetricsModel
internal import Postgres

/// Logins and lockouts counted from the application's `audit_logs`, each once. Only rows since the last settled moment are read:
/// an old table costs no more than a new one.
struct AuthEvents: Sendable {
    /// A transaction may commit rows with an older timestamp than those already seen; after this long it is taken as settled.
    static let settling = "5 minutes"

    /// Up to here everything is in the sums; the server's own text. Nil before the first answer.
    private(set) var since: String?
    private var settled = Counts()
    private var recent = Counts()

    struct Counts: Sendable, Hashable {
        var successes = 0.0
        var failures = 0.0
        var lockouts = 0.0
    }

    /// Since Vitals started.
    var counts: Counts {
        Counts(
            successes: settled.successes + recent.successes, failures: settled.failures + recent.failures,
            lockouts: settled.lockouts + recent.lockouts)
    }

    /// `$1`: `since`, NULL at first. The first answer counts nothing and says from when on to count.
    static let sql = """
        WITH span AS (
            SELECT coalesce($1::timestamptz, now()) AS since,
                greatest(coalesce($1::timestamptz, now()), now() - interval '\(settling)') AS settled
        ), events AS (
            SELECT a.timestamp >= span.settled AS recent, a.success,
                a.event_type || ' ' || a.action ~* 'log[ _.-]?in|sign[ _.-]?in|authenticat' AS attempt,
                a.event_type || ' ' || a.action ~* 'lock(ed)?[ _.-]?out|account[ _.-]?lock' AS lockout
            FROM audit_logs a, span WHERE a.timestamp >= span.since
        )
        SELECT (SELECT settled FROM span)::text AS settled,
            count(*) FILTER (WHERE attempt AND NOT lockout AND success AND NOT recent) AS old_successes,
            count(*) FILTER (WHERE attempt AND NOT lockout AND NOT success AND NOT recent) AS old_failures,
            count(*) FILTER (WHERE lockout AND NOT recent) AS old_lockouts,
            count(*) FILTER (WHERE attempt AND NOT lockout AND success AND recent) AS successes,
            count(*) FILTER (WHERE attempt AND NOT lockout AND NOT success AND recent) AS failures,
            count(*) FILTER (WHERE lockout AND recent) AS lockouts
        FROM events
        """

    /// Takes an answer. The counts never fall, also when rows are deleted.
    mutating func take(_ rows: Rows) throws(PostgresError) {
        guard let row = rows.first else { return }
        let old = Counts(
            successes: try row.double("old_successes") ?? 0, failures: try row.double("old_failures") ?? 0,
            lockouts: try row.double("old_lockouts") ?? 0)
        let new = Counts(
            successes: try row.double("successes") ?? 0, failures: try row.double("failures") ?? 0,
            lockouts: try row.double("lockouts") ?? 0)
        let before = counts
        settled = Counts(
            successes: settled.successes + old.successes, failures: settled.failures + old.failures,
            lockouts: settled.lockouts + old.lockouts)
        recent = Counts(
            successes: max(new.successes, before.successes - settled.successes),
            failures: max(new.failures, before.failures - settled.failures),
            lockouts: max(new.lockouts, before.lockouts - settled.lockouts))
        if let moment = try row.string("settled") { since = moment }
    }
}

/// A counter out of a number that may fall: deleted rows are no fall of 'created'.
struct Ratchet: Sendable {
    private var last: Double?
    private(set) var total = 0.0

    mutating func take(_ value: Double) {
        guard value.isFinite else { return }
        total += last.map { max(0, value - $0) } ?? max(0, value)
        last = value
    }
}

extension AuthEvents: RememberingCollector {
    var name: String { "auth" }
    var conditions: [Condition] { [.relation("audit_logs")] }

    func questions(_ context: QuestionContext) -> [Question] {
        [
            Question(
                name, when: conditions, every: .seconds(15), limits: Question.dear, parameters: { [since] _ in [since] },
                reading: .columns([]), sql: { _ in AuthEvents.sql })
        ]
    }

    mutating func take(_ rows: Rows, of question: String) throws(PostgresError) { try take(rows) }

    func add(_ question: String, to sample: inout SampleBuilder) {
        sample.add(PostgresFamilies.authAttempts, ["success", "audit_logs"], counts.successes)
        sample.add(PostgresFamilies.authAttempts, ["failure", "audit_logs"], counts.failures)
        sample.add(PostgresFamilies.lockouts, ["audit_logs"], counts.lockouts)
    }
}
