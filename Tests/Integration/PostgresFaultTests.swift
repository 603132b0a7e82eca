import Demo
import FoundationEssentials
import Postgres
import Support
import Testing

/// What a living Postgres can refuse.
@Suite(.serialized) struct PostgresFaultTests {
    private static let everySecond = ["--sample.interval", "1s"]

    @Test("A changed password: the old connection lives on; after its end one clear line, pg_up 0, and back when it fits again")
    func passwordChanged() async throws {
        try await withServers(postgresPassword: "of-the-superuser") { servers in
            try await servers.sql("CREATE ROLE watcher LOGIN PASSWORD 'the-first-one'")
            try await servers.sql("GRANT pg_monitor TO watcher")
            let environment = ["DATABASE_URL": servers.postgres.url(user: "watcher", password: "the-first-one")]
            try await withVitals(Self.everySecond, environment: environment, in: servers.directory) { vitals in
                #expect(try await vitals.metrics()["pg_up"] == 1)
                try await servers.sql("ALTER ROLE watcher PASSWORD 'the-second-one'")
                try await Task.sleep(for: .seconds(1.2))
                #expect(try await vitals.metrics()["pg_up"] == 1)
                // The old connection goes on, and the truth about a new one is there within 30 s.
                let refused = try await vitals.metrics(within: .seconds(30)) { $0["pg_up"] == 0 }
                #expect(refused?["pg_login_error{reason=\"authentication\"}"] == 1)
                #expect(refused?.keys.contains { $0.hasPrefix("pg_stat_database_xact_commit{") } == true)
                #expect(try vitals.logLines("target=postgres", "a new login is refused").count == 1)
                try await servers.disconnectVitals()
                let down = try await vitals.metrics(within: .seconds(10)) {
                    !$0.keys.contains { $0.hasPrefix("pg_stat_database_xact_commit{") }
                }
                #expect(down?["pg_up"] == 0)
                #expect(
                    try await eventually(within: .seconds(5)) {
                        try vitals.logLines("password authentication failed").count == 2
                    })
                try await Task.sleep(for: .seconds(4))
                #expect(try vitals.logLines("target=postgres", "password authentication failed").count == 2)
                #expect(
                    try vitals.logLines("level=error", "target=postgres").count <= 3,
                    "the refused login, the end of the connection, and the password")
                try await servers.sql("ALTER ROLE watcher PASSWORD 'the-first-one'")
                let up = try await vitals.metrics(within: .seconds(15)) { $0["pg_up"] == 1 }
                #expect(up != nil)
                #expect(try vitals.logLines("target=postgres", "answers again").count == 1)
            }
        }
    }

    @Test("No connection left on the server or for the role: one clear line, pg_up 0, and back when there is one")
    func maxConnections() async throws {
        let settings = ["max_connections": "8", "superuser_reserved_connections": "4"]
        try await withServers(settings: settings) { servers in
            try await servers.sql("CREATE ROLE watcher LOGIN")
            try await servers.sql("GRANT pg_monitor TO watcher")
            let url = servers.postgres.url(user: "watcher")
            let readiness = try Readiness()
            defer { readiness.stop() }
            var held: [PostgresSession] = []
            for _ in 0..<4 {
                let session = PostgresSession(try PostgresConfiguration(url, applicationName: "holder"), readiness: readiness)
                _ = try await session.rows(Statement("SELECT 1"), by: .now + .seconds(10))
                held.append(session)
            }
            try await withVitals(Self.everySecond, environment: ["DATABASE_URL": url], in: servers.directory) { vitals in
                #expect(try await vitals.metrics()["pg_up"] == 0)
                try await Task.sleep(for: .seconds(3))
                let full = try vitals.logLines("level=error", "target=postgres")
                #expect(full.count == 1 && full.first?.contains("53300") == true, "\(full)")
                for session in held { await session.close() }
                let up = try await vitals.metrics(within: .seconds(15)) { $0["pg_up"] == 1 }
                #expect(up != nil)

                try await servers.sql("ALTER ROLE watcher CONNECTION LIMIT 0")
                try await servers.disconnectVitals()
                let down = try await vitals.metrics(within: .seconds(10)) { $0["pg_up"] == 0 }
                #expect(down != nil)
                #expect(
                    try await eventually(within: .seconds(8)) { try !vitals.logLines("too many connections for role").isEmpty })
                try await Task.sleep(for: .seconds(2))
                #expect(try vitals.logLines("too many connections for role").count == 1)
                try await servers.sql("ALTER ROLE watcher CONNECTION LIMIT 5")
                let again = try await vitals.metrics(within: .seconds(15)) { $0["pg_up"] == 1 }
                #expect(again != nil)
            }
        }
    }

    @Test("On a standby everything is sampled and rows wait; when it is promoted they are written")
    func standby() async throws {
        try await withServers { servers in
            try await servers.migrate()
            let folder = servers.directory.path("standby")
            let user = try SystemUser.unprivileged(owning: folder)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try user?.takeOver(folder)
            let (code, output) = try await runProgram(
                "pg_basebackup",
                [
                    "-h", "127.0.0.1", "-p", "\(servers.postgres.port)", "-U", PrivatePostgres.superuser, "-D", folder + "/data",
                    "-R", "-X", "stream", "-c", "fast",
                ], in: servers.directory, user: user)
            try #require(code == 0, "\(output)")
            var options = PrivatePostgres.Options(directory: folder)
            options.isDurable = false
            let standby = try await PrivatePostgres.start(options)
            do {
                #expect(try await servers.sql("SELECT pg_is_in_recovery()", on: standby.url) == ["t"])
                let configuration = "records: {interval: 1s}\n"
                try await withVitals(
                    Self.everySecond, environment: ["DATABASE_URL": standby.url], in: servers.directory,
                    configuration: configuration
                ) { vitals in
                    let waiting = try await vitals.metrics(within: .seconds(30)) {
                        ($0["vitals_records_spooled"] ?? 0) >= 2 && $0["pg_up"] == 1
                    }
                    #expect(waiting?["pg_up"] == 1)
                    #expect(waiting?["vitals_records_written_total"] == 0)
                    #expect(waiting?.keys.contains { $0.hasPrefix("pg_stat_database_xact_commit{") } == true)
                    #expect(try vitals.logLines("rows wait on disk", "read-only").count == 1)
                    try await servers.sql("SELECT pg_promote()", on: standby.url)
                    let written = try await vitals.metrics(within: .seconds(30)) {
                        $0["vitals_records_spooled"] == 0 && ($0["vitals_records_written_total"] ?? 0) >= 3
                    }
                    #expect(written != nil)
                }
            } catch {
                await standby.stop()
                throw error
            }
            await standby.stop()
        }
    }

    @Test("A statement that runs into its time limit costs its own families alone; so does a locked table its sizes")
    func statementTimeout() async throws {
        try await withServers { servers in
            try await servers.sql("CREATE TABLE orders (id int PRIMARY KEY)")
            let configuration = """
                queries: [{name: orders_slow, help: "Too slow.", sql: "SELECT pg_sleep(30), 1 AS value", value: value}]
                """
            let readiness = try Readiness()
            defer { readiness.stop() }
            let locker = PostgresSession(
                try PostgresConfiguration(servers.postgres.url, applicationName: "locker"), readiness: readiness)
            _ = try await locker.rows(Statement("BEGIN"), by: .now + .seconds(5))
            _ = try await locker.rows(Statement("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"), by: .now + .seconds(5))
            try await withVitals(environment: servers.environment, in: servers.directory, configuration: configuration) {
                vitals in
                let asked = ContinuousClock.now
                let samples = try await vitals.metrics(within: .seconds(20)) {
                    $0["vitals_collector_success{collector=\"business\",target=\"postgres\"}"] != nil
                }
                #expect(ContinuousClock.now - asked < .seconds(10))
                #expect(samples?["pg_up"] == 1)
                #expect(samples?["vitals_collector_success{collector=\"business\",target=\"postgres\"}"] == 0)
                for collector in ["stat_activity", "stat_database", "locks", "stat_statements", "stat_user_tables", "database"] {
                    #expect(
                        samples?["vitals_collector_success{collector=\"\(collector)\",target=\"postgres\"}"] == 1, "\(collector)")
                }
                #expect(samples?.keys.contains { $0.hasPrefix("orders_slow") } == false)
                _ = try await vitals.metrics(within: .seconds(4)) { _ in false }
                #expect(try vitals.logLines("level=warning", "target=postgres", "orders_slow").count == 1)
            }
            await locker.close()
        }
    }
}

/// A suite of its own: it waits for a minute beside the others.
@Suite struct PermissionTests {
    @Test("Permission denied on one view costs that collector alone, one line, and it works again a minute after the GRANT")
    func permissionDenied() async throws {
        try await withServers { servers in
            try await servers.sql("CREATE ROLE watcher LOGIN")
            try await servers.sql("GRANT pg_monitor TO watcher")
            try await servers.sql("REVOKE SELECT ON pg_stat_database FROM PUBLIC")
            let environment = ["DATABASE_URL": servers.postgres.url(user: "watcher"), "REDIS_URL": servers.redis.url]
            try await withVitals(["--sample.interval", "1s"], environment: environment, in: servers.directory) { vitals in
                let samples = try await vitals.metrics()
                #expect(samples["pg_up"] == 1)
                #expect(samples["vitals_collector_success{collector=\"stat_database\",target=\"postgres\"}"] == 0)
                #expect(!samples.keys.contains { $0.hasPrefix("pg_stat_database_xact_commit") })
                for collector in ["settings", "stat_activity", "pool", "locks", "stat_user_tables", "database"] {
                    #expect(
                        samples["vitals_collector_success{collector=\"\(collector)\",target=\"postgres\"}"] == 1, "\(collector)")
                }
                try await Task.sleep(for: .seconds(3))
                #expect(
                    try vitals.logLines(
                        "level=warning", "target=postgres", "stat_database has no data", "permission denied"
                    ).count == 1)
                // What was refused is asked again after a minute.
                try await servers.sql("GRANT SELECT ON pg_stat_database TO PUBLIC")
                let works = try await vitals.metrics(within: .seconds(70)) {
                    $0["vitals_collector_success{collector=\"stat_database\",target=\"postgres\"}"] == 1
                }
                #expect(works != nil)
                #expect(try vitals.logLines("target=postgres", "stat_database works again").count == 1)
            }
        }
    }
}
