import Health
import Postgres
import Redis

/// Looks at everything that is configured before (`vitals check environment`) or while it is started (U1, U2).
struct Preflight {
    /// What was found.
    struct Findings {
        let report: StartupReport
        /// What works but should be different.
        let warnings: [String]
    }

    let databases: [(name: String, session: PostgresSession)]
    /// The database that holds the rows.
    let recordDatabase: String?
    /// Asked with PING when given.
    var caches: [(name: String, session: RedisSession)] = []
    /// Poolers' consoles, asked for their version.
    var consoles: [(name: String, session: PostgresSession)] = []
    /// Variables that are needed and not set.
    var missingVariables: [(name: String, purpose: String)] = []

    func run(by deadline: ContinuousClock.Instant) async -> Findings {
        var failures: [(target: String, reason: String)] = []
        var missing: [(name: String, remedy: String)] = []
        var warnings: [String] = []
        for (name, session) in databases {
            do {
                if name == recordDatabase, try await !hasTable("system_health", session, deadline) {
                    missing.append(("system_health", "run `vitals migrate up` as its owner; until then no rows are kept"))
                }
                warnings += try await missingIndexes(session, deadline).map { "database '\(name)': no index \($0)" }
            } catch {
                failures.append((name, error.message))
            }
        }
        for (name, session) in caches {
            do {
                _ = try await session.send(RedisCommand("PING"), deadline: deadline)
            } catch {
                failures.append((name, "\(error)"))
            }
        }
        for (name, session) in consoles {
            do {
                _ = try await session.ask(["SHOW VERSION"], by: deadline).rows(0)
            } catch {
                failures.append((name, error.message))
            }
        }
        return Findings(
            report: StartupReport(
                databaseErrors: failures, missingVariables: missingVariables, missingTables: missing), warnings: warnings)
    }

    private func hasTable(
        _ name: String, _ session: PostgresSession, _ deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> Bool {
        let rows = try await session.rows(Statement("SELECT to_regclass($1) IS NOT NULL", [name]), by: deadline)
        return try rows.first?.bool(0) ?? false
    }

    /// The indexes that the application's tables, where they exist, should have (U2): its log-ins and role checks use them.
    private static let indexes: [(table: String, name: String, parts: [String])] = [
        ("users", "users(email) WHERE is_active", ["(email", "WHERE", "is_active"]),
        ("users", "users(created_at DESC)", ["(created_at DESC"]),
        ("roles", "roles(lower(name))", ["(lower("]),
        ("user_roles", "user_roles(user_id, role_id)", ["(user_id, role_id"]),
        ("user_roles", "user_roles(assigned_at DESC)", ["(assigned_at DESC"]),
    ]

    private func missingIndexes(
        _ session: PostgresSession, _ deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> [String] {
        let rows = try await session.rows(
            Statement(
                """
                SELECT c.relname, coalesce(pg_get_indexdef(i.indexrelid), '')
                FROM pg_class c LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid
                WHERE c.relname IN ('users', 'roles', 'user_roles') AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
                """), by: deadline)
        var definitions: [String: [String]] = [:]
        for row in rows {
            if let table = try row.string(0), let definition = try row.string(1) {
                definitions[table, default: []].append(definition)
            }
        }
        return Self.indexes.filter { index in
            guard let present = definitions[index.table] else { return false }
            return !present.contains { definition in index.parts.allSatisfy { definition.contains($0) } }
        }.map(\.name)
    }
}
