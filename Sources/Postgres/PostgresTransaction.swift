/// A transaction under way: what `PostgresSession.transaction` hands to its body. Of no use after the body has returned.
public struct PostgresTransaction: Sendable {
    let connection: PostgresConnection
    let deadline: ContinuousClock.Instant
    let limits: StatementLimits

    /// Runs one statement. Throws what the server said; the transaction has then failed and is rolled back.
    public func rows(_ sql: String, _ parameters: [String?] = []) async throws(PostgresError) -> Rows {
        try await connection.pipeline([Statement(sql, parameters, limits: limits)], by: deadline).rows(0)
    }

    /// Runs several statements in one round trip. Throws the first failure.
    public func rows(_ statements: [(sql: String, parameters: [String?])]) async throws(PostgresError) -> [Rows] {
        let result = await connection.pipeline(
            statements.map { Statement($0.sql, $0.parameters, limits: limits) }, by: deadline)
        var all: [Rows] = []
        for place in statements.indices { all.append(try result.rows(place)) }
        return all
    }

    /// COMMIT of a failed transaction answers ROLLBACK, not an error; the body may have swallowed the failure.
    func commit() async throws(PostgresError) {
        guard await !connection.transactionHasFailed else {
            throw PostgresError(.internal, "the transaction had failed and was rolled back")
        }
        _ = try await rows("COMMIT")
    }
}
