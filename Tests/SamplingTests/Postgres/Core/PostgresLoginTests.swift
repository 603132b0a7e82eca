import Demo
import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

/// What becomes of the truth when the kept connection lives on.
@Suite struct PostgresLoginTests {
    private struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let reason: String
        let close: [String]
        let open: [String]
    }

    private static let cases = [
        Case(
            testDescription: "role set NOLOGIN", reason: "authentication", close: ["ALTER ROLE watcher NOLOGIN"],
            open: ["ALTER ROLE watcher LOGIN"]),
        Case(
            testDescription: "password changed", reason: "authentication", close: ["ALTER ROLE watcher PASSWORD 'two'"],
            open: ["ALTER ROLE watcher PASSWORD 'one'"]),
        Case(
            testDescription: "CONNECTION LIMIT reached", reason: "limit", close: ["ALTER ROLE watcher CONNECTION LIMIT 1"],
            open: ["ALTER ROLE watcher CONNECTION LIMIT -1"]),
    ]

    @Test("While the role may not log in pg_up is 0 and says why, and every family stays", arguments: cases)
    private func refused(_ item: Case) async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory, password: "of-postgres")
        try await SharedPostgres.run(
            ["CREATE ROLE watcher LOGIN PASSWORD 'one'", "GRANT pg_monitor TO watcher"], on: server.url)
        let fixture = try PostgresFixture(server.url(user: "watcher", password: "one"))
        _ = await fixture.sample()
        let before = await fixture.sample()
        #expect(before.reading("pg_up") == 1)
        #expect(try #require(before.reading("pg_login_duration_seconds")) > 0)
        try await SharedPostgres.run(item.close, on: server.url)
        let after = await fixture.sample()
        #expect(after.up)
        #expect(after.reading("pg_up") == 0)
        #expect(after.reading("pg_login_error", ["reason": item.reason]) == 1)
        #expect(after.reading("pg_exporter_last_scrape_error") == 1)
        #expect(after.failed == [])
        let names = Set(before.families.map(\.family.name)).subtracting(["pg_login_duration_seconds"])
        #expect(names.subtracting(after.families.map(\.family.name)) == [])
        // Between attempts the verdict stays.
        #expect(await fixture.sample(after: .seconds(1)).reading("pg_up") == 0)
        try await SharedPostgres.run(item.open, on: server.url)
        let open = await fixture.sample()
        #expect(open.reading("pg_up") == 1)
        #expect(open.reading("pg_login_error", ["reason": item.reason]) == 0)
        #expect(fixture.lines.filter { $0.contains("a new login is refused") }.count == 1)
        #expect(fixture.lines.filter { $0.contains("a new login is let in again") }.count == 1)
        let connections = try await SharedPostgres.rows(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'watcher'", on: server.url)
        #expect(try connections.first?.int(0) == 1)
        await fixture.close()
        await server.stop()
    }

    @Test("When the server has no slot left pg_up is 0 while the kept connection goes on")
    func slots() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(
            in: directory, settings: ["max_connections": "8", "superuser_reserved_connections": "4"])
        try await SharedPostgres.run(["CREATE ROLE watcher LOGIN", "GRANT pg_monitor TO watcher"], on: server.url)
        let readiness = try Readiness()
        let fixture = try PostgresFixture(server.url(user: "watcher"))
        _ = await fixture.sample()
        var held: [PostgresSession] = []
        for _ in 0..<3 {
            let session = PostgresSession(try PostgresConfiguration(server.url(user: "watcher")), readiness: readiness)
            _ = try await session.rows(Statement("SELECT 1"), by: .now + .seconds(10))
            held.append(session)
        }
        let full = await fixture.sample()
        #expect(full.reading("pg_up") == 0)
        #expect(full.reading("pg_login_error", ["reason": "limit"]) == 1)
        #expect(full.failed == [])
        for session in held { await session.close() }
        var free = await fixture.sample()
        for _ in 0..<50 where free.reading("pg_up") == 0 {
            try await Task.sleep(for: .milliseconds(50))
            free = await fixture.sample()
        }
        #expect(free.reading("pg_up") == 1)
        await fixture.close()
        readiness.stop()
        await server.stop()
    }

    @Test("A server frozen at the start gets one connection; down it is said at once; up again everything is there")
    func frozenAtStart() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        let fixture = try PostgresFixture(server.url)
        await server.freeze()
        for _ in 0..<3 {
            let sample = await fixture.sample(within: .milliseconds(400))
            #expect(sample.reading("pg_up") == 0)
            #expect(sample.duration < .seconds(2))
        }
        await server.thaw()
        var back = await fixture.sample()
        for _ in 0..<200 where !back.up {
            try await Task.sleep(for: .milliseconds(20))
            back = await fixture.sample(after: .milliseconds(20))
        }
        #expect(back.up && back.failed == [])
        let connections = try await SharedPostgres.rows(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vitals'", on: server.url)
        #expect(try connections.first?.int(0) == 1)
        await server.kill()
        _ = await fixture.sample()
        let clock = ContinuousClock.now
        #expect(await fixture.sample().reading("pg_up") == 0)
        #expect(ContinuousClock.now - clock < .seconds(1))
        try await server.start()
        var again = await fixture.sample()
        for _ in 0..<400 where !again.up {
            try await Task.sleep(for: .milliseconds(20))
            again = await fixture.sample(after: .milliseconds(20))
        }
        #expect(again.up && again.failed == [])
        await fixture.close()
        await server.stop()
    }

    @Test("Eight readers of a slow server share one collection on one connection for each database")
    func overlapping() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        try await SharedPostgres.run(["CREATE DATABASE a"], on: server.url)
        var settings = PostgresTargetSettings(databases: DatabaseSelection(exclude: ["nothing_*"]))
        settings.custom = [
            PostgresCollectorSwitch(
                "slow",
                [
                    Question(
                        "slow", scope: .database, columns: [.label("datname"), .gauge("one", "slow_database", "h")],
                        sql: { _ in "SELECT current_database() AS datname, 1 AS one FROM pg_sleep(0.7)" })
                ])
        ]
        let fixture = try PostgresFixture(server.url, settings)
        let sampler = Sampler(
            targets: [fixture.target], own: TargetIdentity(name: "vitals", kind: .vitals, instance: "v"), maxAge: .seconds(1),
            now: { 1_800_000_000_000 }, ownFamilies: { [] }, consume: { _ in })
        let answers = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let sample = await sampler.sample(deadline: .now + .seconds(20))
                    return sample.set.families.first { $0.family.name == "slow_database" }?.sampleCount ?? 0
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers == Array(repeating: 2, count: 8))
        let connections = try await SharedPostgres.rows(
            "SELECT datname, count(*) FROM pg_stat_activity WHERE application_name = 'vitals' GROUP BY 1 ORDER BY 1",
            on: server.url)
        #expect(try connections.map { try $0.int(1) } == [1, 1])
        #expect(
            await sampler.newest?.targets.first?.families.first { $0.family.name == "pg_exporter_scrapes_total" }?.everyPoint
                .first?.value == 1)
        await sampler.close()
        await fixture.close()
        await server.stop()
    }
}
