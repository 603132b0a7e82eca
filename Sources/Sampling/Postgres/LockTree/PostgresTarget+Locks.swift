internal import Postgres

extension PostgresTarget {
    /// Waiting sessions that are looked at most: each costs the server a look at its whole lock table.
    private static let waitingMax = 100

    /// Who waits for whom now. Answers before `deadline`; what is not known is said in the report.
    public func locks(deadline: ContinuousClock.Instant) async -> LockReport {
        do throws(PostgresError) {
            let version = try await session.serverVersion(by: deadline)
            let question = Statement(PostgresTarget.lockTree(version), ["\(PostgresTarget.waitingMax)"], limits: Question.quick)
            var sessions: [LockTree.Session] = []
            for row in try await session.rows(question, by: deadline) { sessions.append(try lockSession(row)) }
            return LockReport(target: identity.name, places: LockTree(sessions).places, error: nil)
        } catch {
            return LockReport(target: identity.name, places: [], error: "\(error)")
        }
    }

    private func lockSession(_ row: Row) throws(PostgresError) -> LockTree.Session {
        let text = settings.statements.showsText ? try row.string("query") : nil
        return LockTree.Session(
            pid: try row.int("pid") ?? 0,
            blockers: (try row.string("blockers") ?? "").split(separator: ",").compactMap { Int($0) },
            user: try row.string("usename") ?? "", database: try row.string("datname") ?? "",
            application: try row.string("application_name") ?? "", state: try row.string("state") ?? "",
            transactionSeconds: try row.double("transaction_seconds"), waitSeconds: try row.double("wait_seconds"),
            lock: try row.string("lock"),
            text: text.map { SQLRedaction.redacting($0, bytesMax: StatementSettings.textBytesShownMax) })
    }

    /// Before version 14 nobody knows since when a session waits: its statement's time stands for it.
    private static func lockTree(_ version: Int) -> String {
        let started = version >= 140_000 ? "min(l.waitstart)" : "NULL::timestamptz"
        return """
            WITH waiting AS MATERIALIZED (
                SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' ORDER BY query_start LIMIT $1::int
            ), edges AS MATERIALIZED (
                SELECT w.pid, array_agg(DISTINCT b) AS blockers FROM waiting w, unnest(pg_blocking_pids(w.pid)) AS b GROUP BY w.pid
            ), since AS MATERIALIZED (
                SELECT l.pid, \(started) AS since FROM pg_locks l
                WHERE EXISTS (SELECT FROM waiting) AND NOT l.granted GROUP BY l.pid
            ), involved AS (
                SELECT pid FROM edges UNION SELECT unnest(blockers) FROM edges
            )
            SELECT i.pid, array_to_string(e.blockers, ',') AS blockers, a.datname, a.usename, a.application_name,
                CASE WHEN i.pid = 0 THEN 'prepared' ELSE a.state END AS state,
                greatest(extract(epoch FROM clock_timestamp() - a.xact_start), 0) AS transaction_seconds,
                CASE WHEN e.pid IS NOT NULL
                    THEN greatest(extract(epoch FROM clock_timestamp() - coalesce(s.since, a.query_start)), 0) END AS wait_seconds,
                CASE WHEN e.pid IS NOT NULL THEN a.wait_event END AS lock, a.query
            FROM involved i LEFT JOIN edges e ON e.pid = i.pid LEFT JOIN since s ON s.pid = i.pid
            LEFT JOIN pg_stat_activity a ON a.pid = i.pid
            """
    }
}
