import Postgres
import Support
import Testing

@testable import Records

extension OnPostgres {
    @Suite struct CheckSystemHealthTests {
        private func check(_ database: TestDatabase, in session: PostgresSession? = nil) async throws -> JSONObject {
            let text = try await database.sql("SELECT check_system_health()::text", in: session).first ?? nil
            guard case .object(let object) = try JSONValue(text: try #require(text)) else {
                throw RecordError(.malformed, "not an object")
            }
            return object
        }

        private static let auditLogs = """
            CREATE TABLE audit_logs (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), "timestamp" TIMESTAMPTZ NOT NULL DEFAULT now(),
              event_type VARCHAR(100) NOT NULL DEFAULT 'x', success BOOLEAN NOT NULL)
            """

        @Test("On a bare database it answers and stores a row; what is not there is null")
        func bare() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let answer = try await check(database)
            #expect(answer.members.map(\.key) == ["database", "errors_last_hour", "status", "version"])
            #expect(answer["status"] == .string("healthy"))
            #expect(answer["errors_last_hour"] == .null)
            guard case .object(let inner) = answer["database"], case .string(let version) = answer["version"] else {
                Issue.record("\(answer)")
                return
            }
            #expect(inner.members.map(\.key) == ["connections", "size_mb"])
            #expect(version.hasPrefix("PostgreSQL "))
            let rows = try await database.session.systemHealthRows(rowsMax: 9)
            let row = try #require(rows.first)
            #expect(rows.count == 1 && row.errorsLastHour == nil && row.averageQueryMilliseconds == nil)
            #expect(row.cacheHitPercent == nil && row.pendingJobs == nil && row.failedJobs == nil)
            #expect(row.connectionsActive == 1 && row.connectionsIdle == 0 && row.slowQueries == 0)
            #expect(row.largestTables?["system_health"] != nil)
            #expect(row.metrics["source"] == .string("check_system_health"))
            let late = try await database.sql(
                #"SELECT count(*) FROM system_health WHERE "timestamp" NOT BETWEEN now() - interval '10 s' AND now()"#)
            #expect(late == ["0"])
        }

        @Test("A row's time is that of the check, also late in a transaction")
        func timestamp() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let age = try await database.session.transaction(.brief) { (transaction) async throws(RecordError) -> String? in
                _ = try await transaction.rows("SELECT pg_sleep(1.2)", [])
                _ = try await transaction.rows("SELECT check_system_health()", [])
                let rows = try await transaction.rows(
                    #"SELECT abs(extract(epoch FROM clock_timestamp() - "timestamp")) < 1 FROM system_health"#, [])
                return rows.first?.first ?? nil
            }
            #expect(age == "t")
        }

        @Test("Whatever events and versions there are, the answer is theirs and a row is stored: 120 generated states")
        func property() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            try await database.sql("CREATE EXTENSION pg_stat_statements")
            var calls = 0
            for seed in 0..<120 as Range<UInt64> {
                var generator = SeededGenerator(seed: seed)
                try await database.sql("DROP TABLE IF EXISTS audit_logs, app_config")
                let errors = generator.optional { [0, 9, 10, 99, 100, 101, $0.below(150)][$0.below(7)] }
                if let errors {
                    try await database.sql(CheckSystemHealthTests.auditLogs)
                    try await database.sql(
                        """
                        INSERT INTO audit_logs ("timestamp", success)
                        SELECT now() - interval '59 minutes' * random(), false FROM generate_series(1, $1::integer)
                        UNION ALL SELECT now() - interval '59 minutes' * random(), true FROM generate_series(1, 20)
                        UNION ALL SELECT now() - interval '61 minutes', false FROM generate_series(1, 200)
                        """, [String(errors)])
                }
                let version = generator.optional { $0.text() }
                if let version {
                    try await database.sql(
                        "CREATE TABLE app_config (config_key VARCHAR(100) UNIQUE NOT NULL, config_value JSONB NOT NULL)")
                    try await database.sql(
                        "INSERT INTO app_config VALUES ('app_version', $1::jsonb), ('app_name', '1')",
                        [JSONValue.string(version).text])
                }
                let answer = try await check(database)
                calls += 1
                let expected = (errors ?? 0) >= 100 ? "degraded" : (errors ?? 0) >= 10 ? "warning" : "healthy"
                #expect(answer["status"] == .string(expected), "seed \(seed)")
                #expect(answer["errors_last_hour"] == errors.map { .integer(Int64($0)) } ?? .null, "seed \(seed)")
                if let version, !version.isEmpty {
                    #expect(answer["version"] == .string(version), "seed \(seed)")
                } else if case .string(let text) = answer["version"] {
                    #expect(text.hasPrefix("PostgreSQL "), "seed \(seed)")
                }
                let row = try #require(try await database.session.systemHealthRows(rowsMax: 1).first)
                #expect(row.errorsLastHour == errors.map { Int32($0) }, "seed \(seed)")
                #expect(row.metrics["status"] == .string(expected), "seed \(seed)")
                #expect(row.averageQueryMilliseconds != nil, "seed \(seed)")
            }
            #expect(try await database.sql("SELECT count(*) FROM system_health") == ["\(calls)"])
        }

        @Test("Rollbacks since the last row make a warning, of a hundred transactions and more")
        func rollbacks() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            try await database.sql(
                """
                INSERT INTO system_health (metrics) SELECT jsonb_build_object('xact_commit', xact_commit, 'xact_rollback', xact_rollback - 200)
                FROM pg_stat_database WHERE datname = current_database()
                """)
            #expect(try await check(database)["status"] == .string("warning"))
            #expect(try await check(database)["status"] == .string("healthy"))
        }

        @Test("A caller with few rights gets what is theirs to see, the rest is null; without INSERT the call fails")
        func rights() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            try await database.sql(CheckSystemHealthTests.auditLogs)
            try await database.sql("DROP ROLE IF EXISTS records_caller")
            try await database.sql("CREATE ROLE records_caller LOGIN")
            let session = try database.session(user: "records_caller")
            await #expect { try await check(database, in: session) } throws: { ($0 as? PostgresError)?.code == .permissionDenied }
            try await database.sql("GRANT INSERT, SELECT ON system_health TO records_caller")
            let answer = try await check(database, in: session)
            #expect(answer["errors_last_hour"] == .null)
            let row = try #require(try await database.session.systemHealthRows(rowsMax: 1).first)
            #expect(row.connectionsActive == nil && row.connectionsIdle == nil && row.slowQueries == nil)
            #expect(row.databaseSizeMB != nil)
            try await database.sql("GRANT pg_monitor TO records_caller")
            _ = try await check(database, in: session)
            #expect(try await database.session.systemHealthRows(rowsMax: 1).first?.connectionsActive != nil)
            await session.close()
        }

        @Test("A table of the caller's own does not get between the function and its tables")
        func searchPath() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            try await database.sql("CREATE TEMPORARY TABLE audit_logs (success BOOLEAN, \"timestamp\" TIMESTAMPTZ)")
            try await database.sql("CREATE TEMPORARY TABLE system_health (id INTEGER)")
            try await database.sql("CREATE SCHEMA trap")
            try await database.sql("CREATE FUNCTION trap.count(anyelement) RETURNS BIGINT LANGUAGE sql AS 'SELECT 1000000'")
            try await database.sql("SET search_path = trap, pg_temp")
            let text = try await database.sql("SELECT public.check_system_health() ->> 'status'")
            #expect(text == ["healthy"])
            #expect(try await database.sql("SELECT pg_catalog.count(*) FROM public.system_health") == ["1"])
        }

        @Test("A table that is locked costs its reading, not the call")
        func locked() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            try await database.sql(CheckSystemHealthTests.auditLogs)
            let holder = try database.session()
            try await database.sql("BEGIN", in: holder)
            try await database.sql("LOCK TABLE audit_logs IN ACCESS EXCLUSIVE MODE", in: holder)
            let answer = try await check(database)
            #expect(answer["errors_last_hour"] == .null)
            let row = try #require(try await database.session.systemHealthRows(rowsMax: 1).first)
            #expect(row.largestTables?["system_health"] != nil && row.largestTables?["audit_logs"] == nil)
            try await database.sql("ROLLBACK", in: holder)
            await holder.close()
        }

        @Test("A read-only session gets the answer and no row")
        func readOnly() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            let session = try database.session()
            try await database.sql("SET default_transaction_read_only = on", in: session)
            #expect(try await check(database, in: session)["status"] == .string("healthy"))
            #expect(try await database.sql("SELECT count(*) FROM system_health") == ["0"])
            await session.close()
        }
    }
}
