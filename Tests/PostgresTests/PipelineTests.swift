import Support
import Testing

@testable import Postgres

func soon(_ seconds: Double = 10) -> ContinuousClock.Instant { .now + .seconds(seconds) }

@Suite struct PipelineTests {
    let readiness: Readiness

    init() throws { readiness = try Readiness() }

    private func connected(_ url: String) async throws -> PostgresConnection {
        let connection = PostgresConnection(try PostgresConfiguration(url), readiness: readiness)
        try await connection.connect(by: soon())
        return connection
    }

    @Test("A failing statement costs only itself, in one round trip")
    func isolation() async throws {
        let connection = try await connected(SharedPostgres.database())
        let result = await connection.pipeline(
            [
                Statement("SELECT $1::int + 1 AS n", ["41"]), Statement("SELECT * FROM nowhere"),
                Statement("SELECT $1::text AS t", [nil]), Statement("SELEC 1"), Statement("SELECT 'last'"),
            ], by: soon())
        #expect(result.ending == .complete)
        #expect(result.roundTrips == 1)
        #expect(try result.rows(0).first?.int("n") == 42)
        #expect(throws: PostgresError(sqlState: "42P01", message: "relation \"nowhere\" does not exist")) { try result.rows(1) }
        #expect(try result.rows(2).first?.string(0) == nil)
        #expect(throws: PostgresError.self) { try result.rows(3) }
        #expect(try result.rows(4).first?.string(0) == "last")
        #expect(throws: PostgresError.self) { try result.rows(5) }
        await connection.close()
    }

    @Test("A statement is prepared once per connection, and again when the server has forgotten it")
    func preparation() async throws {
        let connection = try await connected(SharedPostgres.database())
        let statement = Statement("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%pg_prepared%'")
        #expect(try await connection.pipeline([statement], by: soon()).rows(0).first?.int(0) == 1)
        #expect(try await connection.pipeline([statement], by: soon()).rows(0).first?.int(0) == 1)
        _ = try await connection.pipeline([Statement("DEALLOCATE ALL", preparation: .unprepared)], by: soon()).rows(0)
        let again = await connection.pipeline([statement, Statement("SELECT 7")], by: soon())
        #expect(try again.rows(0).first?.int(0) == 1)
        #expect(try again.rows(1).first?.int(0) == 7)
        #expect(again.roundTrips == 2)
        await connection.close()
    }

    @Test("A table that changed under a prepared statement is read anew")
    func changedTable() async throws {
        let url = try await SharedPostgres.database()
        let connection = try await connected(url)
        try await SharedPostgres.run(["CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)"], on: url)
        let statement = Statement("SELECT * FROM t")
        #expect(try await connection.pipeline([statement], by: soon()).rows(0).columns == ["a"])
        try await SharedPostgres.run(["ALTER TABLE t ADD b int"], on: url)
        #expect(try await connection.pipeline([statement], by: soon()).rows(0).columns == ["a", "b"])
        await connection.close()
    }

    @Test("The server's limits follow the statements and are set only when they change")
    func limits() async throws {
        let connection = try await connected(SharedPostgres.database())
        let short = StatementLimits(statement: .milliseconds(80), lock: .milliseconds(40))
        let show = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"
        let result = await connection.pipeline(
            [Statement(show, limits: short), Statement("SELECT pg_sleep(5)", limits: short), Statement(show)], by: soon())
        #expect(try result.rows(0).first?.string(0) == "80ms")
        #expect(try result.rows(0).first?.string(1) == "40ms")
        #expect(throws: PostgresError.self) { try result.rows(1) }
        if case .failed(let error) = result.outcomes[1] { #expect(error.code == .timeout) }
        #expect(try result.rows(2).first?.string(0) == "10s")
        let calls = Statement(
            "SELECT calls FROM pg_stat_statements WHERE query LIKE '%set_config($%set_config($%' AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        let before = try await connection.pipeline([calls], by: soon()).rows(0).first?.int(0)
        #expect(before != nil)
        #expect(try await connection.pipeline([calls], by: soon()).rows(0).first?.int(0) == before)
        await connection.close()
    }

    @Test("A text with a NUL byte is refused before it is cut short")
    func nul() async throws {
        let connection = try await connected(SharedPostgres.database())
        let result = await connection.pipeline([Statement("SELECT $1::text", ["a\0b"]), Statement("SELECT 1")], by: soon())
        #expect(throws: PostgresError.self) { try result.rows(0) }
        #expect(try result.rows(1).first?.int(0) == 1)
        await connection.close()
    }

    @Test("A large answer and a large question pass")
    func large() async throws {
        let connection = try await connected(SharedPostgres.database())
        let text = String(repeating: "x", count: 3_000_000)
        let result = await connection.pipeline(
            [Statement("SELECT length($1)", [text]), Statement("SELECT repeat('y', 5000000), g FROM generate_series(1, 3) g")],
            by: soon())
        #expect(try result.rows(0).first?.int(0) == 3_000_000)
        #expect(try result.rows(1).map { try $0.string(0)?.utf8.count } == [5_000_000, 5_000_000, 5_000_000])
        await connection.close()
    }

    @Test("COPY ends the connection instead of confusing it")
    func copy() async throws {
        let connection = try await connected(SharedPostgres.database())
        let result = await connection.pipeline(
            [Statement("COPY (SELECT 1) TO STDOUT", preparation: .unprepared), Statement("SELECT 1")], by: soon())
        #expect(throws: PostgresError.self) { try result.rows(0) }
        if result.ending != .complete { try await connection.connect(by: soon()) }
        #expect(try await connection.pipeline([Statement("SELECT 1")], by: soon()).rows(0).first?.int(0) == 1)
        await connection.close()
    }

    @Test("The server sees who asks, in pg_stat_activity and pg_stat_statements")
    func identity() async throws {
        let connection = try await connected(SharedPostgres.database())
        let sql = "SELECT application_name, query FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        let row = try await connection.pipeline([Statement(sql)], by: soon()).rows(0).first
        #expect(try row?.string(0) == "vitals")
        #expect(try row?.string(1)?.hasPrefix("SELECT /* vitals */ ") == true)
        await connection.close()
    }
}
