import Demo
import Glibc
import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

/// A server of the suite's own: databases come and go.
@Suite struct PostgresDatabasesTests {
    private func fixture(_ server: PrivatePostgres, user: String? = nil, _ databases: DatabaseSelection) throws -> PostgresFixture
    {
        var settings = PostgresTargetSettings(collectors: ["business": false, "auth": false], databases: databases)
        settings.custom = [
            PostgresCollectorSwitch(
                "where",
                [
                    Question(
                        "where", scope: .database, columns: [.label("datname"), .gauge("one", "test_database", "h")],
                        sql: { _ in "SELECT current_database() AS datname, 1 AS one" })
                ])
        ]
        return try PostgresFixture(user.map { server.url(user: $0) } ?? server.url, settings)
    }

    private func seen(_ sample: TargetSample) -> Set<String> {
        Set(
            sample.families.filter { $0.family.name == "test_database" }.flatMap(\.everyPoint).compactMap {
                $0.series.labels["datname"]
            })
    }

    private func connections(_ server: PrivatePostgres) async throws -> [String: Int] {
        let rows = try await SharedPostgres.rows(
            "SELECT datname, count(*) FROM pg_stat_activity WHERE application_name = 'vitals' GROUP BY 1", on: server.url)
        var counts: [String: Int] = [:]
        for row in rows { counts[try row.string(0) ?? ""] = try row.int(1) }
        return counts
    }

    @Test("Databases are found, followed while they are created, renamed, closed and dropped, and each has one connection")
    func lifecycle() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        try await SharedPostgres.run(["CREATE DATABASE a", "CREATE DATABASE b"], on: server.url)
        let fixture = try fixture(server, DatabaseSelection(exclude: ["nothing_*"]))
        #expect(seen(await fixture.sample()) == ["postgres", "a", "b"])
        let sample = await fixture.sample()
        #expect(sample.roundTrips == 1)
        #expect(sample.failed == [])
        #expect(sample.reading("pg_database_up", ["datname": "a"]) == 1)
        #expect(sample.reading("pg_databases_skipped", ["reason": "template"]) == 2)
        #expect(sample.reading("pg_stat_user_tables_n_live_tup", ["datname": "a"]) == nil)
        #expect(try await connections(server) == ["postgres": 1, "a": 1, "b": 1])

        try await SharedPostgres.run(
            ["CREATE DATABASE c", "DROP DATABASE b WITH (FORCE)", "CREATE DATABASE d ALLOW_CONNECTIONS false"], on: server.url)
        // Its connection is gone: it is missed at once, and the list tells why with the next sample.
        let without = await fixture.sample()
        #expect(seen(without).isSuperset(of: ["postgres", "a"]) && !seen(without).contains("b"))
        _ = await fixture.sample(after: .seconds(61))
        let found = await fixture.sample()
        #expect(seen(found) == ["postgres", "a", "c"])
        #expect(found.reading("pg_databases_skipped", ["reason": "not_connectable"]) == 1)
        #expect(found.reading("pg_database_up", ["datname": "b"]) == nil)
        #expect(try await connections(server) == ["postgres": 1, "a": 1, "c": 1])

        try await SharedPostgres.run(
            [
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'c'", "ALTER DATABASE c RENAME TO e",
                "ALTER DATABASE a IS_TEMPLATE true",
            ], on: server.url)
        for _ in 0..<2 { _ = await fixture.sample(after: .seconds(61)) }
        #expect(seen(await fixture.sample()) == ["postgres", "e"])
        #expect(try await connections(server) == ["postgres": 1, "e": 1])
        await fixture.close()
        await server.stop()
    }

    @Test("Patterns and the limit of connections decide; without CONNECT a database is counted and left alone")
    func selection() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        try await SharedPostgres.run(
            (1...4).map { "CREATE DATABASE app_\($0)" } + [
                "CREATE DATABASE secret", "REVOKE CONNECT ON DATABASE secret FROM PUBLIC", "CREATE ROLE watcher LOGIN",
                "GRANT pg_monitor TO watcher",
            ], on: server.url)
        let few = try fixture(
            server, user: "watcher", DatabaseSelection(include: ["app_*"], exclude: ["app_3"], connectionsMax: 3))
        _ = await few.sample()
        let sample = await few.sample()
        #expect(seen(sample) == ["app_1", "app_2"])
        #expect(sample.reading("pg_databases_skipped", ["reason": "limit"]) == 1)
        #expect(sample.reading("pg_databases_skipped", ["reason": "excluded"]) == 5)
        #expect(try await connections(server) == ["postgres": 1, "app_1": 1, "app_2": 1])
        let plan = try await few.target.explain(by: .now + .seconds(20))
        #expect(plan.databases.first { $0.name == "app_4" }?.problem == "limit")
        #expect(plan.databases.first { $0.name == "postgres" }?.problem == "excluded")
        #expect(plan.entries.filter { $0.collector == "where" }.map(\.database) == ["app_1", "app_2"])
        #expect(plan.entries.first { $0.collector == "stat_bgwriter" }?.decision == .ask)
        let extensions = plan.entries.filter {
            $0.decision == .skip(reason: "extension", detail: "the extension pg_stat_statements")
        }
        #expect(plan.off.contains("statio_user_indexes"))
        #expect(extensions.isEmpty)
        await few.close()
        let all = try fixture(server, user: "watcher", DatabaseSelection(exclude: ["nothing_*"]))
        _ = await all.sample()
        #expect(await all.sample().reading("pg_databases_skipped", ["reason": "privilege"]) == 1)
        await all.close()
        await server.stop()
    }

    @Test("A database that hangs costs the others nothing, and comes back by itself")
    func slow() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        try await SharedPostgres.run(["CREATE DATABASE a", "CREATE DATABASE b"], on: server.url)
        let fixture = try fixture(server, DatabaseSelection(exclude: ["nothing_*"]))
        #expect(seen(await fixture.sample()) == ["postgres", "a", "b"])
        let rows = try await SharedPostgres.rows(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'vitals' AND datname = 'a'", on: server.url)
        let pid = Int32(try #require(try rows.first?.int(0)))
        #expect(kill(pid, SIGSTOP) == 0)
        for _ in 0..<2 {
            let sample = await fixture.sample(within: .milliseconds(1500))
            #expect(seen(sample) == ["postgres", "b"])
            #expect(sample.reading("pg_up") == 1)
            #expect(sample.reading("pg_database_up", ["datname": "a"]) == 0)
            #expect(sample.failed == [])
        }
        #expect(try await connections(server) == ["postgres": 1, "a": 1, "b": 1])
        #expect(kill(pid, SIGCONT) == 0)
        var back = await fixture.sample()
        for _ in 0..<200 where !seen(back).contains("a") {
            try await Task.sleep(for: .milliseconds(20))
            back = await fixture.sample(after: .milliseconds(20))
        }
        #expect(seen(back) == ["postgres", "a", "b"])
        #expect(fixture.lines.filter { $0.contains("database a") }.count == 2)
        await fixture.close()
        await server.stop()
    }
}
