import Demo
import FoundationEssentials
import Glibc
import Support
import Testing

/// The commands beside `serve`, as a user runs them.
@Suite(.serialized) struct CommandTests {
    @Test("migrate up, status and down: what is applied, what is undone, and nothing twice")
    func migrate() async throws {
        try await withServers { servers in
            func vitals(_ arguments: String...) async throws -> String {
                let (code, output) = try await RunningVitals.run(
                    ["migrate"] + arguments, environment: servers.environment, in: servers.directory)
                #expect(code == 0, "\(output)")
                return output
            }
            #expect(try await vitals("status").contains("pending"))
            #expect(try await !vitals("status").contains("applied"))
            let up = try await vitals("up")
            #expect(up.contains("applied 1 "))
            #expect(try await vitals("up").contains("nothing to apply"))
            #expect(try await !vitals("status").contains("pending"))
            #expect(try await servers.sql("SELECT to_regclass('system_health') IS NOT NULL") == ["t"])
            #expect(try await servers.sql("SELECT check_system_health() ? 'status'") == ["t"])
            let count = up.split(separator: "\n").count
            _ = try await vitals("down")
            #expect(try await vitals("status").contains("pending"))
            _ = try await vitals("down", "--steps", "\(count)")
            #expect(try await servers.sql("SELECT to_regclass('system_health') IS NULL") == ["t"])
            #expect(try await vitals("down").contains("nothing to undo"))
            #expect(try await vitals("up").split(separator: "\n").count == count)
        }
    }

    @Test("check config and check rules say what is valid; the shipped rules are")
    func check() async throws {
        let directory = try TemporaryDirectory()
        let rules = try directory.write("rules.yml", RuleTexts.databaseDown(for: "1m"))
        let file = try directory.write("good.yml", "targets: {redis: [{name: a, url: \"redis://h\"}]}\nrule_files: [rules.yml]\n")
        let (code, output) = try await RunningVitals.run(["check", "config", file], in: directory)
        #expect(code == 0 && output.contains("SUCCESS") && output.contains("2 rules"), "\(output)")
        let shipped = ["vitals.yml", "documented.yml"].map { packageDirectory + "/alerts/" + $0 }
        let (ruleCode, ruleOutput) = try await RunningVitals.run(["check", "rules", rules] + shipped, in: directory)
        #expect(
            ruleCode == 0 && ruleOutput.split(separator: "\n").filter { $0.hasPrefix("  SUCCESS") }.count == 3, "\(ruleOutput)")
    }

    @Test("check environment connects to everything: all well is exit code 0; every failure is said at once with what to do")
    func environment() async throws {
        try await withServers { servers in
            let (missing, before) = try await RunningVitals.run(
                ["check", "environment"], environment: servers.environment, in: servers.directory)
            #expect(missing == 1 && before.contains("system_health") && before.contains("vitals migrate up"), "\(before)")
            try await servers.migrate()
            try await servers.sql(
                "CREATE TABLE users (id int PRIMARY KEY, email text, is_active boolean, created_at timestamptz)")
            let (code, output) = try await RunningVitals.run(
                ["check", "environment"], environment: servers.environment, in: servers.directory)
            #expect(code == 0 && output.contains("\"success\":true"), "\(output)")
            #expect(output.contains("users(email) WHERE is_active") && output.contains("users(created_at DESC)"))
            await servers.redis.stop()
            let broken = ["DATABASE_URL": servers.postgres.url(user: "nobody_here"), "REDIS_URL": servers.redis.url]
            let (failed, findings) = try await RunningVitals.run(
                ["check", "environment"], environment: broken, in: servers.directory)
            #expect(failed == 1)
            #expect(findings.contains("nobody_here") && findings.contains("redis"), "\(findings)")
        }
    }

    @Test("vitals demo on a fresh folder: prints URLs, serves every family, and Ctrl-C ends every process that it started")
    func demo() async throws {
        let directory = try TemporaryDirectory()
        let port = try freePort()
        var command = ChildProcess.Command(
            try executable(),
            [
                "demo", "--storage.path", directory.path("demo storage"), "--web.listen-address", "127.0.0.1:\(port)",
                "--sample.interval", "1s",
            ], log: directory.path("vitals.log"), directory: packageDirectory)
        command.stopSignal = SIGINT
        // The demo has servers of its own, whatever the environment says.
        command.environment = ["DATABASE_URL": "postgres://127.0.0.1:1/elsewhere"]
        let vitals = RunningVitals(process: try await ChildProcess(command), port: port, directory: directory)
        do {
            try await vitals.process.waitUntilReady(within: .seconds(60)) { isListening(port: port) }
            let samples = try await vitals.metrics(within: .seconds(40)) { samples in
                samples["pg_up"] == 1 && samples["redis_up"] == 1 && (samples["cache_hit_rate"] ?? 0) > 0
                    && samples.keys.contains { $0.hasPrefix("db_queries_total{") }
                    && samples.keys.contains { $0.hasPrefix("pg_stat_statements_calls_total{") }
            }
            #expect(samples != nil)
            for family in [
                "queue_jobs{", "pg_stat_user_tables_table_size_bytes{", "pg_stat_statements_calls_total{",
                "db_query_duration_seconds_bucket{", "pg_database_size_bytes{", "redis_memory_used_bytes", "http_requests_total{",
                "vitals_health_status{", "vitals_rule_evaluations_total{",
            ] {
                #expect(samples?.keys.contains { $0.hasPrefix(family) } == true, "\(family)")
            }
            #expect(try await eventually(within: .seconds(10)) { try await vitals.get("/health").status == 200 })
            let log = try vitals.logged()
            for path in ["/", "/metrics", "/alerts", "/api/health"] {
                #expect(log.contains("http://127.0.0.1:\(port)\(path)"), "\(path)")
            }
            #expect(!processes(with: directory.path).isEmpty)
            vitals.process.signal(SIGINT)
            #expect(await vitals.process.waitForExit() == 0)
            #expect(
                try await eventually(within: .seconds(5)) { processes(with: directory.path).isEmpty },
                "\(processes(with: directory.path))")
        } catch {
            await vitals.stop()
            throw error
        }
    }

    @Test("A demo whose port is taken ends its servers again, with exit code 1")
    func demoFails() async throws {
        let directory = try TemporaryDirectory()
        let stub = try HTTPStub()
        defer { stub.stop() }
        let (code, output) = try await RunningVitals.run(
            ["demo", "--storage.path", directory.path("demo"), "--web.listen-address", "127.0.0.1:\(stub.port)"], in: directory)
        #expect(code == 1)
        #expect(output.contains("\(stub.port)"), "\(output)")
        #expect(try await eventually(within: .seconds(5)) { processes(with: directory.path("demo")).isEmpty })
    }

    /// The command lines that name a path, ours apart.
    private func processes(with path: String) -> [String] {
        // A process that ended since the listing has no file.
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { Int32($0) }.compactMap { pid in
            guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return nil }
            let line = String(decoding: data.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
            return line.contains(path) ? "\(pid) \(line)" : nil
        }
    }
}
