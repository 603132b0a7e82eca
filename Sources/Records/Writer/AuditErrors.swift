/// Asks the application's `audit_logs` for the errors of the last hour, as `check_system_health()` does. That table need not be
/// there, nor have an index on its time: where it is missing, forbidden or too slow to count, it is left alone for a while.
struct AuditErrors: Sendable {
    static let pauseMilliseconds: Int64 = 10 * 60_000

    private static let isThere = """
        SELECT coalesce(has_table_privilege(to_regclass('audit_logs'), 'SELECT'), false)
        """
    private static let count = """
        SELECT count(*) FROM audit_logs
        WHERE NOT success AND "timestamp" > now() - INTERVAL '1 hour' AND "timestamp" <= now()
        """

    private var askAt = Int64.min

    func isDue(at now: Int64) -> Bool { now >= askAt }

    /// Takes note of an answer: after none it is not due for a while.
    mutating func observed(_ errors: Int32?, at now: Int64) {
        if errors == nil { askAt = now + AuditErrors.pauseMilliseconds }
    }

    /// The number of events without success; nil when it cannot be told.
    static func read(from database: any RecordDatabase) async -> Int32? {
        do throws(RecordError) {
            let text = try await database.transaction(.glance) { (transaction) async throws(RecordError) -> String? in
                guard try await transaction.rows(isThere, []).first == ["t"] else { return nil }
                return try await transaction.rows(count, []).first?.first ?? nil
            }
            return text.flatMap { Int64($0) }.map { Int32(clamping: $0) }
        } catch {
            // What is wrong with the connection shows in the write that follows, what is wrong with the table in the NULL.
            return nil
        }
    }
}
