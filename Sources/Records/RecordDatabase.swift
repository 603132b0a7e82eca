/// What the records need of a database: a transaction on a session that someone else keeps open. The records never connect.
public protocol RecordDatabase: Sendable {
    /// Runs `body` between BEGIN and COMMIT; an error of `body` rolls back and passes through. `body` may run again after a deadlock.
    ///
    /// Throws `databaseAway` at once when there is no connection, and also when the connection breaks in COMMIT: then it is not
    /// known whether the work was done, so every transaction of the records can be repeated without harm.
    func transaction<Value: Sendable>(
        _ patience: RecordPatience,
        _ body: @escaping @Sendable (any RecordTransaction) async throws(RecordError) -> Value
    ) async throws(RecordError) -> Value
}

/// An open transaction. Not to be used after its `body` has returned.
public protocol RecordTransaction: Sendable {
    /// One statement with its parameters as text (nil is NULL); the rows' columns as text in order.
    func rows(_ sql: String, _ parameters: [String?]) async throws(RecordError) -> [[String?]]
}

/// How long a transaction may take.
public enum RecordPatience: Sendable {
    /// A number that is good to have: a second at most.
    case glance
    /// Rows: seconds, because the target's samples wait for the same session.
    case brief
    /// Migrations: minutes, because a table may be in use or large.
    case patient
}
