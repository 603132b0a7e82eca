import Demo
import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

@Suite("What no exporter has: relations")
struct RelationsTests {
    @Test("Unused, superfluous and invalid indexes are found, and none that does something")
    func indexes() async throws {
        let database = try await BeyondServer.database()
        try await SharedPostgres.run(
            [
                "CREATE TABLE t (id int PRIMARY KEY, a int, b text, c text)",
                "INSERT INTO t SELECT n, n % 50, 'b' || n, 'c' || n FROM generate_series(1, 5000) n",
                "CREATE INDEX used ON t (a)", "ANALYZE", "SET enable_seqscan = off", "SELECT count(*) FROM t WHERE a = 7",
                "CREATE INDEX unused ON t (b)",
                // The same in other words, and with other places in the text of an expression and a condition.
                "CREATE INDEX used_again ON t USING btree (a)", "CREATE INDEX key_again ON t (id)",
                "CREATE INDEX lower_1 ON t (lower(b)) WHERE a > 3",
                "CREATE INDEX lower_the_second ON public.t   (lower(b))   WHERE a > 3",
                // Each of these differs from another one in one thing.
                "CREATE INDEX other_class ON t (b text_pattern_ops)", "CREATE INDEX other_order ON t (a DESC)",
                "CREATE INDEX other_kind ON t USING hash (a)", "CREATE INDEX other_condition ON t (a) WHERE a > 4",
                "CREATE INDEX other_columns ON t (a) INCLUDE (b)",
                "INSERT INTO t VALUES (6000, 1, 'b1', 'c')",
            ], on: database.url)
        // Not unique: what CREATE UNIQUE INDEX CONCURRENTLY leaves behind.
        await #expect(throws: PostgresError.self) {
            try await SharedPostgres.run(["CREATE UNIQUE INDEX CONCURRENTLY broken ON t (b)"], on: database.url)
        }
        try await AskedServer.with(database.url) { asked async throws in
            let flushed = try await comesTrue {
                Set(try await asked.ask("indexes").all("pg_index_unused_size_bytes").compactMap { $0.labels["indexrelname"] })
                    .contains("used") == false
            }
            #expect(flushed)
            let answer = try await asked.ask("indexes")
            let labels = ["datname": database.name]
            #expect(answer.reading("pg_indexes", labels) == 13)
            #expect(answer.reading("pg_indexes_invalid", labels) == 1)
            #expect(answer.all("pg_index_invalid").map { $0.labels["indexrelname"] } == ["broken"])
            let duplicates = Dictionary(
                uniqueKeysWithValues: answer.all("pg_index_duplicate_size_bytes").map {
                    ($0.labels["indexrelname"] ?? "", $0.labels["duplicate_of"] ?? "")
                })
            #expect(duplicates == ["used_again": "used", "key_again": "t_pkey", "lower_the_second": "lower_1"])
            #expect(answer.reading("pg_indexes_duplicate", labels) == 3)
            let unused = Set(answer.all("pg_index_unused_size_bytes").compactMap { $0.labels["indexrelname"] })
            #expect(unused.contains("unused") && !unused.contains("t_pkey") && !unused.contains("broken"))
            #expect(answer.reading("pg_indexes_unused", labels) == Double(unused.count))
            let pages = try await asked.session.rows(
                Statement("SELECT pg_relation_size('unused')"), by: .now + .seconds(20))
            #expect(answer.reading("pg_index_unused_size_bytes", ["indexrelname": "unused"]) == (try pages.first?.double(0)))
            #expect(
                try await asked.ask("stat_user_indexes").reading("pg_stat_user_indexes_idx_scan_total", ["indexrelname": "used"])
                    == 1)
        }
    }

    @Test("An index in creation is progress and not invalid")
    func creation() async throws {
        let database = try await BeyondServer.database()
        try await SharedPostgres.run(
            ["CREATE TABLE t (n int)", "INSERT INTO t SELECT generate_series(1, 1000)"], on: database.url)
        let writer = try await Client(database.url)
        try await writer.run("BEGIN")
        try await writer.run("INSERT INTO t VALUES (1)")
        let creator = try await Client(database.url)
        async let created = creator.run("CREATE INDEX CONCURRENTLY i ON t (n)")
        try await AskedServer.with(database.url) { asked async throws in
            let waits = try await comesTrue {
                let answer = try await asked.ask("stat_progress")
                let labels = ["datname": database.name, "relname": "t", "command": "CREATE INDEX CONCURRENTLY"]
                return answer.reading("pg_progress_operations", labels) == 1
                    && answer.reading("pg_progress_elapsed_seconds", labels).map { $0 > 0 } == true
                    && answer.points.contains { $0.labels["phase"] == "waiting for writers before build" }
            }
            #expect(waits)
            #expect(try await asked.ask("indexes").reading("pg_indexes_invalid", ["datname": database.name]) == 0)
        }
        try await writer.run("COMMIT")
        _ = try await created
        await writer.close()
        await creator.close()
    }

    @Test("VACUUM, ANALYZE and COPY show how far they are", arguments: ["VACUUM", "ANALYZE", "COPY"])
    func progress(command: String) async throws {
        // pg_stat_progress_copy is new in 14.
        if command == "COPY", try await SharedPostgres.version() < 140_000 { return }
        let database = try await BeyondServer.database()
        try await SharedPostgres.run(
            [
                "CREATE TABLE t (n int, note text)", "INSERT INTO t SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n",
                "DELETE FROM t WHERE n % 3 = 0", "CREATE TABLE empty (n int)",
            ], on: database.url)
        let client = try await Client(database.url)
        // A page costs a point or twenty, and every point a nap: slow enough to be looked at.
        for name in ["vacuum_cost_delay = 20", "vacuum_cost_limit = 50"] { try await client.run("SET \(name)") }
        let statement =
            switch command {
            case "COPY": "COPY empty FROM PROGRAM 'seq 1 20000; sleep 3'"
            case "VACUUM": "VACUUM t"
            default: "ANALYZE t"
            }
        async let done = client.run(statement)
        try await AskedServer.with(database.url) { asked async throws in
            let labels = ["datname": database.name, "relname": command == "COPY" ? "empty" : "t"]
            let seen = try await comesTrue {
                let answer = try await asked.ask("stat_progress")
                guard answer.points.contains(where: { $0.labels["command"]?.hasPrefix(command) == true }) else { return false }
                if command == "COPY" {
                    return answer.reading("pg_progress_tuples_done", labels).map { $0 > 5000 } == true
                        && answer.reading("pg_progress_done_bytes", labels).map { $0 >= 65_536 } == true
                }
                return answer.reading("pg_progress_ratio", labels).map { $0 > 0 && $0 <= 1 } == true
                    && answer.reading("pg_progress_blocks", labels).map { $0 > 1000 } == true
            }
            #expect(seen)
        }
        await client.close()
        _ = try? await done
    }

    @Test("A sequence at 90 % is found, one that cycles is not, and a bigint one ends where its integer column does")
    func sequences() async throws {
        let database = try await BeyondServer.database()
        let server = try await BeyondServer.get()
        let role = "reader_\(database.name)"
        try await SharedPostgres.run(
            [
                "CREATE SEQUENCE small MAXVALUE 1000", "SELECT setval('small', 900)",
                "CREATE SEQUENCE round MAXVALUE 1000 CYCLE", "SELECT setval('round', 999)",
                "CREATE SEQUENCE down INCREMENT -1 MINVALUE -1000 MAXVALUE -1", "SELECT setval('down', -500)",
                "CREATE SEQUENCE fresh", "CREATE TABLE t (id int)", "CREATE SEQUENCE wide OWNED BY t.id",
                "SELECT setval('wide', 2000000000)", "CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY)",
                "CREATE ROLE \(role) LOGIN", "GRANT pg_monitor TO \(role)",
            ], on: database.url)
        try await AskedServer.with(database.url) { asked async throws in
            let answer = try await asked.ask("sequences")
            func ratio(_ name: String) -> Double? { answer.reading("pg_sequence_used_ratio", ["sequencename": name]) }
            #expect(ratio("small").map { abs($0 - 0.9) < 0.001 } == true)
            #expect(ratio("down").map { abs($0 - 0.5) < 0.001 } == true)
            #expect(ratio("wide").map { abs($0 - 0.931) < 0.001 } == true)
            #expect(ratio("round") == nil && ratio("fresh") == nil)
            #expect(answer.reading("pg_sequence_remaining_values", ["sequencename": "small"]) == 100)
            #expect(answer.reading("pg_sequence_remaining_values", ["sequencename": "down"]) == 500)
            #expect(answer.reading("pg_sequences") == 6 && answer.reading("pg_sequences_unread") == 0)
        }
        try await AskedServer.with(server.url(user: role, database: database.name)) { asked async throws in
            let answer = try await asked.ask("sequences")
            #expect(answer.reading("pg_sequences") == 6 && answer.reading("pg_sequences_unread") == 5)
        }
    }

    /// What the estimate says of a relation and what pgstattuple counts, as shares of it.
    @Test("The estimate of bloat agrees with pgstattuple to a tenth of the relation")
    func bloat() async throws {
        let database = try await BeyondServer.database()
        try await SharedPostgres.run(
            [
                "CREATE EXTENSION pgstattuple",
                "CREATE TABLE whole (id int PRIMARY KEY, a int, note text, at timestamptz)",
                "INSERT INTO whole SELECT n, n % 100, repeat('x', n % 80), now() FROM generate_series(1, 40000) n",
                "CREATE TABLE half (LIKE whole INCLUDING ALL)", "INSERT INTO half SELECT * FROM whole",
                "CREATE INDEX whole_a ON whole (a)", "CREATE INDEX half_a ON half (a)",
                "CREATE INDEX half_note ON half (note, id)", "CREATE TABLE nulls (a int, b text, c text)",
                "INSERT INTO nulls SELECT n, CASE WHEN n % 2 = 0 THEN repeat('y', 40) END, NULL FROM generate_series(1, 40000) n",
                "DELETE FROM half WHERE id % 2 = 0", "DELETE FROM nulls WHERE a % 10 < 7", "VACUUM", "ANALYZE",
                "CREATE ROLE bare_\(database.name) LOGIN", "GRANT pg_monitor TO bare_\(database.name)",
            ], on: database.url)
        try await AskedServer.with(database.url) { asked async throws in
            let tables = try await asked.ask("bloat.tables")
            for name in ["whole", "half", "nulls"] {
                let exact = try await asked.session.rows(
                    Statement("SELECT (free_space + dead_tuple_len)::float8 / table_len FROM pgstattuple($1)", [name]),
                    by: .now + .seconds(20))
                let estimate = try #require(tables.reading("pg_table_bloat_ratio", ["relname": name]))
                let counted = try #require(try exact.first?.double(0))
                #expect(abs(estimate - counted) < 0.1, "\(name): \(estimate) estimated, \(counted) counted")
            }
            #expect(tables.reading("pg_tables_bloat_unknown") == 0)
            let indexes = try await asked.ask("bloat.indexes")
            for name in ["whole_pkey", "half_pkey", "whole_a", "half_a", "half_note"] {
                let exact = try await asked.session.rows(
                    Statement(
                        "SELECT 1 - (leaf_pages * avg_leaf_density / 90 + internal_pages) * 8192 / index_size FROM pgstatindex($1)",
                        [name]),
                    by: .now + .seconds(20))
                let estimate = try #require(indexes.reading("pg_index_bloat_ratio", ["indexrelname": name]))
                let counted = try #require(try exact.first?.double(0))
                #expect(abs(estimate - max(counted, 0)) < 0.1, "\(name): \(estimate) estimated, \(counted) counted")
            }
        }
        let server = try await BeyondServer.get()
        try await AskedServer.with(server.url(user: "bare_\(database.name)", database: database.name)) { asked async throws in
            let tables = try await asked.ask("bloat.tables")
            #expect(tables.reading("pg_tables_bloat_unknown") == 3 && tables.all("pg_table_bloat_ratio").isEmpty)
            #expect(try await asked.ask("bloat.indexes").reading("pg_indexes_bloat_unknown") == 5)
        }
    }
}
