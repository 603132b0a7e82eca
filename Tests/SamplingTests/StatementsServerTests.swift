import Demo
import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

/// A connection of a test's own, as an application's, and a sampler driven by hand over another.
private final class StatementStage: Sendable {
    let server: PrivatePostgres
    let readiness: Readiness
    private let session: PostgresSession

    init(_ server: PrivatePostgres, _ url: String? = nil) throws {
        self.server = server
        readiness = try Readiness()
        session = PostgresSession(try PostgresConfiguration(url ?? server.url), readiness: readiness)
    }

    /// One reading, texts first when they are wanted, as a target does it. Returns whether they were.
    func read(_ sampler: inout StatementSampler) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(20)
        var context = QuestionContext()
        context.version = try await session.serverVersion(by: deadline)
        context.database.extensions["pg_stat_statements"] = .init(version: "1", schema: "public.")
        let questions = sampler.questions(context)
        for question in questions {
            let statement = Statement(
                question.sql(context), question.parameters(PostgresTargetSettings()), limits: question.limits)
            try sampler.take(await session.rows(statement, by: deadline), of: question.name)
        }
        return questions.count == 2
    }

    /// Rows of a statement over the application's connection.
    func rows(_ sql: String, _ parameters: [String?] = []) async throws -> Rows {
        try await session.rows(
            Statement(sql, parameters, limits: StatementLimits(statement: .seconds(60), lock: .seconds(1))),
            by: .now + .seconds(60))
    }

    func close() async {
        await session.close()
        readiness.stop()
    }

    /// Bytes of temporary files that this connection and others have written so far.
    func temporaryBytes() async throws -> Int {
        _ = try await rows(SharedPostgres.flush())
        return try await rows("SELECT sum(temp_bytes)::bigint FROM pg_stat_database").first?.int(0) ?? 0
    }
}

extension StatementSampler {
    fileprivate func sample() -> [FamilySamples] {
        var builder = SampleBuilder(SeriesCache())
        add(to: &builder)
        return builder.finish().families
    }

    fileprivate func values(_ name: String) -> [[String: String]: Double] {
        var values: [[String: String]: Double] = [:]
        for family in sample() {
            for point in family.points where point.series.name == name {
                values[Dictionary(uniqueKeysWithValues: point.series.labels.pairs.map { ($0.name, $0.value) })] = point.value
            }
        }
        return values
    }
}

@Suite("Statements of a real server")
struct StatementsServerTests {
    /// Different statements, each with `bytes` of text: the shape of the condition makes the query id.
    private static func many(_ count: Int, bytes: Int, from first: Int = 0) -> String {
        """
        DO $$ BEGIN FOR i IN \(first)..\(first + count - 1) LOOP
            EXECUTE format('SELECT /* %s */ id FROM t WHERE %s', repeat('x', \(bytes)), (SELECT string_agg(
                CASE WHEN i & (1 << b) <> 0 THEN 'id > 1' ELSE 'id < 1' END, ' AND ') FROM generate_series(0, 13) b));
        END LOOP; END $$
        """
    }

    @Test("Twenty megabytes of texts are read without a temporary file, once for new statements, and never in other samples")
    func largeTexts() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(
            in: directory,
            settings: ["pg_stat_statements.track": "all", "pg_stat_statements.max": "6000", "max_parallel_workers": "0"])
        // Those inside DO are not top level; as a function's they would not count either.
        try await SharedPostgres.run(["CREATE TABLE t (id int)", Self.many(5_000, bytes: 4_000)], on: server.url)
        let stage = try StatementStage(server)
        let size = try await stage.rows("SELECT sum(octet_length(query))::bigint FROM pg_stat_statements(true)").first?.int(0)
        #expect(try #require(size) > 20_000_000)
        // Postgres counts what the query above spilled at the next statement.
        let before = try await stage.temporaryBytes()
        #expect(before > 20_000_000)
        var sampler = StatementSampler(StatementSettings())
        var asked = 0
        for _ in 0..<20 {
            try await SharedPostgres.run(["SELECT 1 FROM t WHERE id = \(asked)"], on: server.url)
            if try await stage.read(&sampler) { asked += 1 }
        }
        // All at the start, and what was new then once more.
        #expect((1...4).contains(asked))
        #expect(try await stage.temporaryBytes() == before)
        #expect(sampler.values("vitals_statement_text_reads_total")[["result": "read"]] == Double(asked))
        await stage.close()
        await server.stop()
    }

    @Test("Texts that need more memory than allowed are not read, by their file's size where that may be seen")
    func limited() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory, settings: ["pg_stat_statements.track": "all"])
        try await SharedPostgres.run(
            [
                "CREATE TABLE t (id int)", Self.many(500, bytes: 4_000), "CREATE ROLE poor LOGIN", "GRANT pg_monitor TO poor",
            ], on: server.url)
        for (url, reads) in [(server.url, 0.0), (server.url(user: "poor"), 1)] {
            let stage = try StatementStage(server, url)
            var sampler = StatementSampler(StatementSettings(textMemoryBytes: 1 << 20))
            for _ in 0..<5 { _ = try await stage.read(&sampler) }
            let values = sampler.values("vitals_statement_text_reads_total")
            // Who may not look at the file finds out by reading it once.
            #expect(values[["result": "read"]] == reads)
            #expect(values[["result": "too_large"]] == 1 - reads || reads == 1)
            // Everything counts all the same.
            #expect(sampler.values("pg_stat_statements_calls_total").count > 1)
            await stage.close()
        }
        await server.stop()
    }

    @Test("Statements of every database and role count, each under its own names; a database that is left out does not")
    func databases() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        try await SharedPostgres.run(
            ["CREATE DATABASE shop", "CREATE DATABASE secret", "CREATE ROLE bob LOGIN SUPERUSER"], on: server.url)
        let stage = try StatementStage(server)
        var sampler = StatementSampler(StatementSettings(top: 3), includes: { $0 != "secret" })
        _ = try await stage.read(&sampler)
        _ = try await stage.read(&sampler)
        let shop = server.url(user: "bob", database: "shop")
        let before = sampler.values("db_queries_total")[["query_type": "insert"]] ?? 0
        try await SharedPostgres.run(
            ["CREATE TABLE a (n int)"] + Array(repeating: "INSERT INTO a VALUES (1)", count: 9), on: shop)
        try await SharedPostgres.run(
            ["CREATE TABLE b (n int)"] + Array(repeating: "INSERT INTO b VALUES (1)", count: 5),
            on: server.url(user: "postgres", database: "secret"))
        // Its role is new, and its text: both come with the second reading.
        for _ in 0..<3 { _ = try await stage.read(&sampler) }
        #expect(sampler.values("db_queries_total")[["query_type": "insert"]] == before + 9)
        let calls = sampler.values("pg_stat_statements_calls_total")
        #expect(calls.contains { $0.key["datname"] == "shop" && $0.key["user"] == "bob" && $0.value == 9 })
        #expect(!calls.contains { $0.key["datname"] == "secret" })
        let entry = sampler.list(by: .calls, limit: 1).first
        #expect(entry?.calls == 9 && entry?.database == "shop" && entry?.user == "bob" && entry?.text == nil)
        await stage.close()
        await server.stop()
    }

    @Test("Counters go on through evictions and a reset, and all together are what the application did")
    func evictions() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory, settings: ["pg_stat_statements.max": "100"])
        let stage = try StatementStage(server)
        var sampler = StatementSampler(StatementSettings(top: 2))
        try await SharedPostgres.run(["CREATE TABLE t (n int)"], on: server.url)
        for _ in 0..<3 { _ = try await stage.read(&sampler) }
        func sum() -> Double { sampler.values("pg_stat_statements_calls_total").values.reduce(0, +) }
        var last: [[String: String]: Double] = [:]
        let start = sum()
        var executed = 0
        var evicted = 0.0
        for round in 0..<12 {
            // Forty statements between readings: fewer than are evicted at once.
            let statements = (0..<40).map { n in
                "SELECT \((0..<(round * 4 + n / 10 + 1)).map { _ in "n" }.joined(separator: ", ")) FROM t"
                    + (n % 2 == 0 ? " ORDER BY 1" : "") + (n % 3 == 0 ? " LIMIT 1" : "") + (n % 5 == 0 ? " OFFSET 1" : "")
            }
            try await SharedPostgres.run(statements, on: server.url)
            executed += statements.count
            if round == 7 {
                _ = try await stage.read(&sampler)
                try await SharedPostgres.run(["SELECT pg_stat_statements_reset()"], on: server.url)
            }
            _ = try await stage.read(&sampler)
            _ = try await stage.read(&sampler)
            evicted = max(evicted, sampler.values("pg_stat_statements_dealloc_total")[[:]] ?? 0)
            let now = sampler.values("pg_stat_statements_calls_total")
            for (labels, value) in now { #expect(value >= last[labels] ?? 0, "\(labels) in round \(round)") }
            last = now
        }
        #expect(sampler.values("pg_stat_statements_calls_total").count <= 8 + 1)
        // What was evicted before a reading is lost: at most a twentieth of the rows each time.
        // pg_stat_statements_info is new in 14.
        if try await SharedPostgres.version() >= 140_000 { #expect(evicted >= 1) }
        #expect(sum() - start <= Double(executed + 1))
        #expect(sum() - start >= Double(executed) - 12 * 10)
        await stage.close()
        await server.stop()
    }

    @Test("Where the database of the address lacks the extension, another that has it answers for the whole server")
    func standIn() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        try await SharedPostgres.run(["CREATE DATABASE bare"], on: server.url)
        let bare = server.url(user: "postgres", database: "bare")
        let settings = PostgresTargetSettings(databases: DatabaseSelection(include: ["*"]))
        let fixture = try PostgresFixture(bare, settings)
        for _ in 0..<4 { _ = await fixture.sample() }
        let first = await fixture.sample()
        #expect(first.collectors.first { $0.name == "stat_statements" }?.skipped == [:], "\(fixture.lines)")
        let before = first.reading("db_queries_total", ["query_type": "insert"])
        try await SharedPostgres.run(
            ["CREATE TABLE t (n int)"] + Array(repeating: "INSERT INTO t VALUES (1)", count: 7), on: bare)
        for _ in 0..<3 { _ = await fixture.sample() }
        let sample = await fixture.sample()
        #expect(sample.reading("db_queries_total", ["query_type": "insert"]) == (before ?? .nan) + 7)
        #expect(!sample.failed.contains("stat_statements"))
        // Nobody else has it: it is skipped, as before there was one.
        try await SharedPostgres.run(["DROP EXTENSION pg_stat_statements"], on: server.url)
        _ = await fixture.sample(after: .seconds(61))
        _ = await fixture.sample(after: .seconds(61))
        let without = await fixture.sample()
        #expect(without.reading("db_queries_total") == nil)
        await fixture.close()
        await server.stop()
    }

    @Test("People see texts without literals, and what is running now, when texts are on")
    func people() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        let url = server.url
        let settings = PostgresTargetSettings(
            slowQuery: .milliseconds(50), statements: StatementSettings(top: 5, showsText: true, hasQueryLabel: true))
        let fixture = try PostgresFixture(url, settings)
        let database = "postgres"
        try await SharedPostgres.run(
            ["SELECT pg_sleep(0.2), 'tOpSeCrEt'", "COMMENT ON DATABASE \(database) IS 'tOpSeCrEt'"], on: url)
        for _ in 0..<3 { _ = await fixture.sample() }
        async let sleeping: Void = SharedPostgres.run(["SELECT pg_sleep(3), 'tOpSeCrEt'"], on: url)
        var report = await fixture.target.statements(by: .mean, limit: 50, deadline: .now + .seconds(5))
        for _ in 0..<50 where !report.running.contains(where: { $0.database == database }) {
            try await Task.sleep(for: .milliseconds(50))
            report = await fixture.target.statements(by: .mean, limit: 50, deadline: .now + .seconds(5))
        }
        let running = try #require(report.running.first { $0.database == database })
        #expect(running.text == "SELECT pg_sleep(?), ?")
        #expect(running.wait == "Timeout: PgSleep")
        #expect(running.ageSeconds > 0.05 && running.pid > 0)
        #expect(report.runningError == nil && report.readAt != nil)
        let entry = try #require(report.entries.first { $0.database == database })
        #expect(entry.text == "SELECT pg_sleep($1), $2")
        #expect(entry.calls == 1 && entry.meanSeconds > 0.2)
        #expect(!report.entries.contains { $0.text?.contains("tOpSeCrEt") == true })
        let sample = await fixture.sample()
        #expect(sample.reading("pg_stat_statements_query_id", ["query": "SELECT pg_sleep($1), $2"]) == 1)
        try await sleeping
        await fixture.close()
        await server.stop()
    }
}
