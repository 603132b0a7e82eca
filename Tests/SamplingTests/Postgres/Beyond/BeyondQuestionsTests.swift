import Demo
import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

@Suite("What no exporter has: questions")
struct BeyondQuestionsTests {
    @Test("Names are used once, families have help, and counters end in _total")
    func names() {
        let questions = AskedServer.questions
        #expect(Set(questions.map(\.name)).count == questions.count)
        let families = questions.flatMap(\.families)
        #expect(Set(families.map(\.name)).count == families.count)
        for family in families {
            #expect(!family.help.isEmpty && family.help.hasSuffix("."), "\(family.name)")
            #expect(family.name.hasSuffix("_total") == (family.type == .counter), "\(family.name)")
            #expect(!family.name.hasSuffix("_count") && !family.name.hasSuffix("_sum"), "\(family.name)")
        }
        for collector in PostgresCollectorSwitch.beyond {
            #expect(collector.questions.allSatisfy { $0.collector == collector.name }, "\(collector.name)")
        }
    }

    @Test(
        "A superuser and a role with pg_monitor get an answer to every question, and no series twice", arguments: [true, false])
    func roles(isSuperuser: Bool) async throws {
        let server = try await BeyondServer.get()
        let database = try await BeyondServer.database()
        let role = "monitor_\(database.name)"
        try await SharedPostgres.run(
            [
                "CREATE ROLE \(role) LOGIN", "GRANT pg_monitor TO \(role)", "CREATE TABLE t (id serial PRIMARY KEY, note text)",
                "INSERT INTO t (note) SELECT repeat('x', 200) FROM generate_series(1, 2000)", "ANALYZE",
            ], on: database.url)
        let url = isSuperuser ? database.url : server.url(user: role, database: database.name)
        try await AskedServer.with(url) { asked async throws in
            for question in AskedServer.questions where question.conditions.allSatisfy({ $0.holds(in: asked.context) }) {
                let answer = try await asked.ask(question)
                let series = answer.points.map { "\($0.name)\($0.labels)" }
                #expect(Set(series).count == series.count, "\(question.name)")
            }
        }
    }

    @Test("No question waits for a lock on a relation")
    func locks() async throws {
        let database = try await BeyondServer.database()
        try await SharedPostgres.run(
            [
                "CREATE TABLE t (id serial PRIMARY KEY, note text)", "CREATE INDEX ON t (note)",
                "INSERT INTO t (note) SELECT repeat('x', 200) FROM generate_series(1, 5000)", "ANALYZE",
            ], on: database.url)
        let client = try await Client(database.url)
        try await client.run("BEGIN")
        try await client.run("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        try await client.run("ALTER SEQUENCE t_id_seq INCREMENT 2")
        try await client.run("ALTER INDEX t_note_idx RENAME TO other")
        try await AskedServer.with(database.url) { asked async throws in
            for question in AskedServer.questions where question.conditions.allSatisfy({ $0.holds(in: asked.context) }) {
                _ = try await asked.ask(question)
            }
            let sequences = try await asked.ask("sequences")
            #expect(sequences.reading("pg_sequences_unread") == 1)
            #expect(sequences.all("pg_sequence_used_ratio").isEmpty)
        }
        await client.close()
    }

    @Test("Writing shows in the position and the statistics of the write-ahead log")
    func wal() async throws {
        let database = try await BeyondServer.database()
        try await AskedServer.with(database.url) { asked async throws in
            let before = try await asked.ask("stat_wal")
            try await SharedPostgres.run(
                ["CREATE TABLE t AS SELECT n, repeat('x', 100) FROM generate_series(1, 10000) n"], on: database.url)
            let position = try #require(before.reading("pg_wal_position_bytes_total"))
            // The view is new in 14.
            let bytes = before.reading("pg_stat_wal_bytes_total")
            #expect((bytes == nil) == (asked.context.version < 140_000))
            #expect(
                try await comesTrue {
                    let after = try await asked.ask("stat_wal")
                    return after.reading("pg_wal_position_bytes_total").map { $0 > position + 1_000_000 } == true
                        && (bytes == nil || after.reading("pg_stat_wal_bytes_total") ?? 0 > (bytes ?? 0) + 1_000_000)
                })
            let slru = try await asked.ask("stat_slru")
            #expect(slru.reading("pg_stat_slru_blks_hit_total", ["name": "transaction"]) != nil)
            #expect(slru.reading("pg_stat_slru_blks_hit_total", ["name": "multixact_member"]) != nil)
        }
    }

    @Test("An archive that fails is seen at once, with what waits for it")
    func archiver() async throws {
        let server = try await BeyondServer.get()
        try await SharedPostgres.run(["SELECT pg_switch_wal()"], on: server.url)
        try await AskedServer.with(server.url) { asked async throws in
            #expect(
                try await comesTrue(within: .seconds(60)) {
                    let answer = try await asked.ask("archiver")
                    return answer.reading("pg_archiver_failing") == 1 && answer.reading("pg_archiver_enabled") == 1
                        && answer.reading("pg_archiver_last_failed_age_seconds").map { $0 < 120 } == true
                })
            #expect(try #require(try await asked.ask("archiver.ready").reading("pg_archiver_ready_files")) >= 1)
        }
        let shared = try await SharedPostgres.get()
        try await AskedServer.with(shared.url) { asked async throws in
            let answer = try await asked.ask("archiver")
            #expect(answer.reading("pg_archiver_enabled") == 0 && answer.reading("pg_archiver_failing") == 0)
            #expect(answer.reading("pg_archiver_last_failed_age_seconds") == nil)
        }
    }

    @Test("A sort on disk is seen while it is there")
    func temporaryFiles() async throws {
        let database = try await BeyondServer.database()
        let client = try await Client(database.url)
        try await client.run("SET work_mem = '64kB'")
        try await client.run("BEGIN")
        try await client.run(
            "DECLARE c CURSOR FOR SELECT n, repeat('x', 50) FROM generate_series(1, 100000) n ORDER BY n % 1000, n")
        try await client.run("FETCH 10 FROM c")
        try await AskedServer.with(database.url) { asked async throws in
            let answer = try await asked.ask("temporary_files")
            #expect(try #require(answer.reading("pg_temporary_files", ["spcname": "pg_default"])) >= 1)
            #expect(try #require(answer.reading("pg_temporary_files_size_bytes", ["spcname": "pg_default"])) > 1_000_000)
        }
        await client.close()
    }

    @Test("The parts of shared memory add up to all of it")
    func sharedMemory() async throws {
        let server = try await BeyondServer.get()
        try await AskedServer.with(server.url) { asked async throws in
            let answer = try await asked.ask("shared_memory")
            let parts = answer.all("pg_shared_memory_size_bytes")
            #expect(parts.count == 17)
            let all = try await asked.session.rows(
                Statement("SELECT sum(allocated_size) FROM pg_shmem_allocations"), by: .now + .seconds(20))
            #expect(parts.map(\.value).reduce(0, +) == (try #require(try all.first?.double(0))))
            #expect(try #require(answer.reading("pg_shared_memory_size_bytes", ["name": "Buffer Blocks"])) > 32_000_000)
        }
    }

    @Test("A limit of connections is compared with those that are there")
    func limits() async throws {
        let server = try await BeyondServer.get()
        let database = try await BeyondServer.database()
        let role = "limited_\(database.name)"
        try await SharedPostgres.run(
            ["CREATE ROLE \(role) LOGIN CONNECTION LIMIT 4", "ALTER DATABASE \(database.name) CONNECTION LIMIT 8"],
            on: database.url)
        let client = try await Client(server.url(user: role, database: database.name))
        try await AskedServer.with(server.url) { asked async throws in
            let answer = try await asked.ask("connection_limits")
            #expect(answer.reading("pg_database_connections_used_ratio", ["datname": database.name]) == 0.125)
            #expect(answer.reading("pg_roles_connections_used_ratio", ["rolname": role]) == 0.25)
            #expect(answer.reading("pg_database_connections_used_ratio", ["datname": "postgres"]) == nil)
        }
        await client.close()
    }

    @Test("Ages towards the wraparound are the server's own, as shares of its settings")
    func wraparound() async throws {
        let database = try await BeyondServer.database()
        try await SharedPostgres.run(
            ["CREATE TABLE t (n int)"] + (0..<50).map { "INSERT INTO t VALUES (\($0))" }, on: database.url)
        try await AskedServer.with(database.url) { asked async throws in
            let answer = try await asked.ask("wraparound")
            let labels = ["datname": database.name]
            let age = try #require(answer.reading("pg_wraparound_xid_age_transactions", labels))
            #expect(age >= 50)
            #expect(answer.reading("pg_wraparound_xid_freeze_ratio", labels) == age / 200_000_000)
            #expect(answer.reading("pg_wraparound_xid_limit_ratio", labels) == age / 2_147_483_648)
            #expect(answer.reading("pg_wraparound_mxid_limit_ratio", labels) == 0)
            let tables = try await asked.ask("wraparound.tables").all("pg_wraparound_table_xid_age_transactions")
            #expect(tables.count == 10)
            #expect(try #require(tables.first).value >= age)
        }
    }
}
