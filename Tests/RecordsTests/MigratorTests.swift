import Postgres
import Records
import Support
import Testing

extension OnPostgres {
    @Suite struct MigratorTests {
        @Test("The tables come, stay when asked again, and go")
        func upAndDown() async throws {
            let database = try await TestDatabase()
            let migrator = Migrator(database.session)
            let empty = try await database.schema()
            #expect(try await migrator.status().map(\.state) == [.pending, .pending])
            #expect(try await migrator.up().map(\.version) == [1, 2])
            #expect(try await migrator.up().isEmpty)
            for status in try await migrator.status() {
                guard case .applied(let at) = status.state else {
                    Issue.record("\(status)")
                    continue
                }
                #expect(at.hasPrefix("20") && at.hasSuffix("Z"))
            }
            #expect(try await migrator.down(steps: 1).map(\.version) == [2])
            #expect(try await migrator.down(steps: 9).map(\.version) == [1])
            #expect(try await migrator.down().isEmpty)
            #expect(try await database.schema() == empty)
        }

        @Test("system_health is the documented table")
        func table() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up(to: 1)
            let columns = try await database.sql(
                """
                SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
                  || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '')
                FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                WHERE a.attrelid = 'system_health'::regclass AND a.attnum > 0 ORDER BY a.attnum
                """)
            #expect(
                columns == [
                    "id uuid not null gen_random_uuid()", "timestamp timestamp with time zone not null now()",
                    "db_connections_active integer", "db_connections_idle integer", "db_size_mb numeric(10,2)",
                    "largest_tables jsonb",
                    "avg_query_time_ms numeric(10,2)", "slow_queries_count integer", "cache_hit_rate numeric(5,2)",
                    "pending_jobs integer", "failed_jobs integer", "errors_last_hour integer", "metrics jsonb '{}'::jsonb",
                ])
            let index = try await database.sql("SELECT indexdef FROM pg_indexes WHERE indexname = 'idx_system_health_timestamp'")
            #expect(
                index == [#"CREATE INDEX idx_system_health_timestamp ON public.system_health USING btree ("timestamp" DESC)"#])
            let comment = try await database.sql(
                """
                SELECT col_description('system_health'::regclass, attnum) FROM pg_attribute
                WHERE attrelid = 'system_health'::regclass AND attname = 'cache_hit_rate'
                """)
            #expect(comment.first??.hasPrefix("Percent, 0 to 100") == true)
        }

        @Test("An edited migration is reported and nothing is done")
        func changed() async throws {
            let database = try await TestDatabase()
            let first = Migration(version: 1, name: "a", up: ["CREATE TABLE a ()"], down: ["DROP TABLE a"])
            let edited = Migration(version: 1, name: "a", up: ["CREATE TABLE a (x INTEGER)"], down: ["DROP TABLE a"])
            let second = Migration(version: 2, name: "b", up: ["CREATE TABLE b ()"], down: ["DROP TABLE b"])
            _ = try await Migrator(database.session, migrations: [first]).up()
            let before = try await database.schema()
            let migrator = Migrator(database.session, migrations: [edited, second])
            await #expect { try await migrator.up() } throws: { ($0 as? RecordError)?.code == .migrationChanged }
            await #expect { try await migrator.down() } throws: { ($0 as? RecordError)?.code == .migrationChanged }
            guard case .changed = try await migrator.status().first?.state else {
                Issue.record("not reported")
                return
            }
            #expect(try await database.schema() == before)
        }

        @Test("A migration of a newer program is reported and left alone")
        func unknown() async throws {
            let database = try await TestDatabase()
            let first = Migration(version: 1, name: "a", up: ["CREATE TABLE a ()"], down: ["DROP TABLE a"])
            let second = Migration(version: 2, name: "b", up: ["CREATE TABLE b ()"], down: ["DROP TABLE b"])
            _ = try await Migrator(database.session, migrations: [first, second]).up()
            let old = Migrator(database.session, migrations: [first])
            await #expect { try await old.down() } throws: { ($0 as? RecordError)?.code == .migrationUnknown }
            let status = try await old.status()
            #expect(status.map(\.name) == ["a", "b"])
            guard case .unknown = status.last?.state else {
                Issue.record("not reported")
                return
            }
        }

        @Test("Processes that migrate at once do it once")
        func race() async throws {
            let database = try await TestDatabase()
            let sessions = try (0..<6).map { _ in try database.session() }
            let applied = try await withThrowingTaskGroup(of: Int.self) { group in
                for session in sessions { group.addTask { try await Migrator(session).up().count } }
                return try await group.reduce(0, +)
            }
            #expect(applied == 2)
            for session in sessions { await session.close() }
        }

        @Test("A role without the right to create is told so, and nothing is there")
        func denied() async throws {
            let database = try await TestDatabase()
            try await database.sql("DROP ROLE IF EXISTS records_nobody")
            try await database.sql("CREATE ROLE records_nobody LOGIN")
            let before = try await database.schema()
            let session = try database.session(user: "records_nobody")
            await #expect { try await Migrator(session).up() } throws: { ($0 as? RecordError)?.code == .permissionDenied }
            #expect(try await database.schema() == before)
            await session.close()
        }

        @Test("A migration that fails anywhere leaves nothing behind; what was applied can be undone: 100 generated histories")
        func rollback() async throws {
            let database = try await TestDatabase()
            for seed in 0..<100 as Range<UInt64> { try await rollback(seed, in: database) }
        }

        private func rollback(_ seed: UInt64, in database: TestDatabase) async throws {
            var generator = SeededGenerator(seed: seed)
            let schema = "s\(seed)"
            try await database.sql("CREATE SCHEMA \(schema)")
            try await database.sql("SET search_path = \(schema)")
            let steps = generator.below(4) + 1
            let bad = generator.below(steps) + 1
            let migrations = (1...steps).map { version in
                var up = [
                    "CREATE TABLE t\(version) (id INTEGER PRIMARY KEY)", "INSERT INTO t\(version) VALUES (1), (2)",
                    "CREATE INDEX i\(version) ON t\(version) (id DESC)",
                    "CREATE FUNCTION f\(version)() RETURNS INTEGER LANGUAGE sql AS 'SELECT 1'",
                ]
                let faults = [
                    "SELECT 1/0", "CREATE TABLE t\(version) ()", "garbage", "INSERT INTO t\(version) VALUES (1)",
                    "SELECT * FROM missing",
                ]
                if version == bad { up.insert(faults[generator.below(faults.count)], at: generator.below(3) + 2) }
                return Migration(
                    version: version, name: "m\(version)", up: up,
                    down: ["DROP FUNCTION f\(version)()", "DROP TABLE t\(version)"])
            }
            let migrator = Migrator(database.session, migrations: migrations)
            await #expect("seed \(seed)") { try await migrator.up() } throws: {
                ($0 as? RecordError)?.code == .migrationFailed && "\($0)".contains("migration \(bad) (m\(bad))")
            }
            let tables = "SELECT relname::text FROM pg_class WHERE relnamespace = '\(schema)'::regnamespace ORDER BY relname"
            let expected =
                (1..<bad).flatMap { ["i\($0)", "t\($0)", "t\($0)_pkey"] }
                + (bad > 1 ? ["vitals_schema_migrations", "vitals_schema_migrations_pkey"] : [])
            #expect(try await database.sql(tables) == expected.sorted(), "seed \(seed)")
            #expect(
                try await database.sql(
                    "SELECT proname::text FROM pg_proc WHERE pronamespace = '\(schema)'::regnamespace ORDER BY 1")
                    == (1..<bad).map { "f\($0)" }, "seed \(seed)")
            #expect(try await migrator.down(steps: .max).map(\.version) == (1..<bad).reversed(), "seed \(seed)")
            #expect(try await database.sql(tables).isEmpty, "seed \(seed)")
        }
    }
}
