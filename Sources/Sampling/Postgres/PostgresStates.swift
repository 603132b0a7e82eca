internal import Postgres

/// What was last said about a target and its collectors: one line for each change, none for what stays.
struct PostgresStates {
    /// `postgres` or `pgbouncer`.
    private let kind: String
    private let target: String
    private let log: LogLine
    /// Nil before the first sample.
    private var isUp: Bool?
    private var downCode: PostgresError.Code?
    private var loginCode: PostgresError.Code?
    private var failing: [String: PostgresError] = [:]

    init(kind: String = "postgres", target: String, log: @escaping LogLine) {
        self.kind = kind
        self.target = target
        self.log = log
    }

    mutating func up() {
        if isUp != true { log(.info, isUp == nil ? "\(kind) \(target): connected" : "\(kind) \(target): answers again") }
        isUp = true
        downCode = nil
    }

    mutating func down(_ error: PostgresError) {
        // First late, then busy until it wakes: one state. A lost connection that is then refused: the same.
        let code: PostgresError.Code = error.code == .busy ? .timeout : error.code
        if isUp != false || downCode != code { log(.error, "\(kind) \(target): \(error)") }
        isUp = false
        downCode = code
    }

    /// `refusal` is why the role may not log in any more, nil when it may.
    mutating func login(_ refusal: PostgresError?) {
        defer { loginCode = refusal?.code }
        guard refusal?.code != loginCode else { return }
        if let refusal {
            log(.error, "postgres \(target): a new login is refused, open connections go on: \(refusal)")
        } else {
            log(.info, "postgres \(target): a new login is let in again")
        }
    }

    /// A database that answered no more; nil when it does.
    mutating func database(_ name: String, _ error: PostgresError?) {
        // First late, then busy until it wakes: one state.
        note("database \(name)", error?.code == .busy ? .init(.timeout, error?.message ?? "") : error)
    }

    /// A database is dropped, renamed or not to be sampled any more.
    mutating func forgetDatabase(_ name: String) { failing["database \(name)"] = nil }

    /// `source` is a collector, or one of its questions.
    mutating func note(_ source: String, _ error: PostgresError?) {
        let before = failing[source]
        failing[source] = error
        guard let error else {
            if before != nil { log(.info, "\(kind) \(target): \(source) works again") }
            return
        }
        if before?.code != error.code { log(.warning, "\(kind) \(target): \(source) has no data: \(error)") }
    }
}
