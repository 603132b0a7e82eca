import Demo
import Glibc
import Redis
import Support
import Testing

/// The fault table, row by row.
@Suite(.serialized) struct FaultTests {
    @Test("Servers down at the start: Vitals starts, both are down, and it connects when they come")
    func downAtStart() async throws {
        try await withServers { servers in
            await servers.postgres.stop()
            await servers.redis.stop()
            try await withVitals(environment: servers.environment, in: servers.directory) { vitals in
                let samples = try await vitals.metrics()
                #expect(samples["pg_up"] == 0)
                #expect(samples["redis_up"] == 0)
                #expect(try await vitals.get("/health").status == 503)
                #expect(try await vitals.get("/health/live").status == 200)
                try await servers.postgres.start()
                try await servers.redis.start()
                let up = try await vitals.metrics(within: .seconds(30)) { $0["pg_up"] == 1 && $0["redis_up"] == 1 }
                #expect(up != nil)
            }
        }
    }

    @Test("A frozen Postgres: /metrics answers before the deadline with Redis whole, no second connection, recovery by itself")
    func frozenPostgres() async throws {
        try await withServers { servers in
            try await withVitals(
                ["--sample.interval", "2s"], environment: servers.environment, in: servers.directory
            ) { vitals in
                #expect(try await vitals.metrics()["pg_up"] == 1)
                await servers.postgres.freeze()
                for _ in 0..<3 {
                    let asked = ContinuousClock.now
                    let samples = try await vitals.metrics(headers: ["X-Prometheus-Scrape-Timeout-Seconds": "2"])
                    #expect(ContinuousClock.now - asked < .seconds(2))
                    #expect(samples["pg_up"] == 0)
                    #expect(samples["redis_up"] == 1)
                    #expect(samples.keys.contains { $0.hasPrefix("redis_memory_used_bytes") })
                }
                try await Task.sleep(for: .seconds(3))
                await servers.postgres.thaw()
                let up = try await vitals.metrics(within: .seconds(15)) { $0["pg_up"] == 1 }
                #expect(up != nil)
                let connections = try await servers.sql(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vitals'")
                #expect(connections == ["1"])
                #expect(try vitals.logged().components(of: "target=postgres") < 8, "one line per change of state")
            }
        }
    }

    @Test("A frozen Redis: /metrics answers before the deadline with Postgres whole, and recovers by itself")
    func frozenRedis() async throws {
        try await withServers { servers in
            try await withVitals(
                ["--sample.interval", "2s"], environment: servers.environment, in: servers.directory
            ) { vitals in
                #expect(try await vitals.metrics()["redis_up"] == 1)
                await servers.redis.freeze()
                let asked = ContinuousClock.now
                let samples = try await vitals.metrics(headers: ["X-Prometheus-Scrape-Timeout-Seconds": "2"])
                #expect(ContinuousClock.now - asked < .seconds(2))
                #expect(samples["redis_up"] == 0)
                #expect(samples["pg_up"] == 1)
                await servers.redis.thaw()
                let up = try await vitals.metrics(within: .seconds(15)) { $0["redis_up"] == 1 }
                #expect(up != nil)
            }
        }
    }

    @Test("Servers killed and restarted: down, then up again, one line per change of state")
    func killedAndRestarted() async throws {
        try await withServers { servers in
            try await withVitals(
                ["--sample.interval", "1s"], environment: servers.environment, in: servers.directory
            ) { vitals in
                #expect(try await vitals.metrics()["pg_up"] == 1)
                await servers.postgres.kill()
                await servers.redis.kill()
                let down = try await vitals.metrics(within: .seconds(15)) { $0["pg_up"] == 0 && $0["redis_up"] == 0 }
                #expect(down != nil)
                try await Task.sleep(for: .seconds(3))
                try await servers.postgres.start()
                try await servers.redis.start()
                let up = try await vitals.metrics(within: .seconds(30)) { $0["pg_up"] == 1 && $0["redis_up"] == 1 }
                #expect(up != nil)
                #expect(try vitals.logged().components(of: "target=redis") <= 4)
            }
        }
    }

    @Test("Rows made while Postgres is away are written in order when it is back, each once, also over a crash of Vitals")
    func rowsWait() async throws {
        try await withServers { servers in
            try await servers.migrate()
            let configuration = "records: {interval: 1s}\nsample: {interval: 1s}\n"
            let first = try await RunningVitals.serve(
                environment: servers.environment, in: servers.directory, configuration: configuration)
            _ = try await first.metrics(within: .seconds(20)) { ($0["vitals_records_written_total"] ?? 0) >= 1 }
            await servers.postgres.stop()
            let waiting = try await first.metrics(within: .seconds(20)) { ($0["vitals_records_spooled"] ?? 0) >= 3 }
            #expect(waiting != nil)
            first.process.kill()
            _ = await first.process.waitForExit()
            try await servers.postgres.start()
            try await withVitals(
                environment: servers.environment, in: servers.directory, configuration: configuration
            ) { vitals in
                let drained = try await vitals.metrics(within: .seconds(30)) {
                    $0["vitals_records_spooled"] == 0 && ($0["vitals_records_written_total"] ?? 0) >= 3
                }
                #expect(drained != nil)
                let double = try await servers.sql(
                    "SELECT count(*) - count(DISTINCT date_trunc('second', timestamp)) FROM system_health")
                #expect(double == ["0"])
            }
        }
    }

    @Test("Permission denied on one view costs that collector alone; a role with only pg_monitor works")
    func leastGrants() async throws {
        try await withServers { servers in
            try await servers.sql("CREATE ROLE watcher LOGIN")
            try await servers.sql("GRANT pg_monitor TO watcher")
            try await servers.sql("REVOKE SELECT ON pg_locks FROM PUBLIC")
            let environment = ["DATABASE_URL": servers.postgres.url(user: "watcher"), "REDIS_URL": servers.redis.url]
            try await withVitals(environment: environment, in: servers.directory) { vitals in
                let samples = try await vitals.metrics()
                #expect(samples["pg_up"] == 1)
                #expect(samples["vitals_collector_success{target=\"postgres\",collector=\"locks\"}"] == 0)
                #expect(samples["vitals_collector_success{target=\"postgres\",collector=\"database\"}"] == 1)
                #expect(samples["vitals_collector_success{target=\"postgres\",collector=\"activity\"}"] == 1)
            }
        }
    }

    @Test("A scrape that is under way when SIGTERM comes is answered, and the exit code is 0")
    func terminatedInAScrape() async throws {
        try await withServers { servers in
            let vitals = try await RunningVitals.serve(environment: servers.environment, in: servers.directory)
            _ = try await vitals.metrics()
            await servers.postgres.freeze()
            async let answer = vitals.get("/metrics", headers: ["X-Prometheus-Scrape-Timeout-Seconds": "3"])
            try await Task.sleep(for: .milliseconds(500))
            vitals.process.signal(SIGTERM)
            #expect(try await answer.status == 200)
            #expect(try await answer.text.contains("pg_up 0"))
            #expect(await vitals.process.waitForExit() == 0)
            await servers.postgres.thaw()
        }
    }

    @Test("Wrong configuration, rules, flags and environment are all said at once, with exit code 1")
    func badInput() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "bad.yml", "targets: {postgres: [{name: a, ulr: x}]}\nsample: {interval: fast}\nrule_files: [missing.yml]\n")
        let (code, output) = try await RunningVitals.run(
            ["serve", "--config.file", file, "--storage.retention", "soon"], in: directory)
        #expect(code == 1)
        #expect(output.contains("bad.yml:1:"))
        #expect(output.contains("bad.yml:2:"))
        #expect(output.contains("--storage.retention"))
        let rules = try directory.write("rules.yml", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: sum(\n    fro: 5m\n")
        let (ruleCode, ruleOutput) = try await RunningVitals.run(["check", "rules", rules], in: directory)
        #expect(ruleCode == 1)
        #expect(ruleOutput.contains("rules.yml:5"))
        #expect(ruleOutput.contains("did you mean 'for'?"))
        let (flagCode, _) = try await RunningVitals.run(["serve", "--nonsense"], in: directory)
        #expect(flagCode == 1)
        let (emptyCode, emptyOutput) = try await RunningVitals.run(["serve"], in: directory)
        #expect(emptyCode == 1)
        #expect(emptyOutput.contains("DATABASE_URL"))
    }

    @Test("No secret is in a log line, an error, a metric, a page or a row")
    func secrets() async throws {
        let canary = "canary-7f3a9c"
        try await withServers(postgresPassword: canary + "-pg", redisPassword: canary + "-redis") { servers in
            try await servers.migrate()
            let configuration = """
                records: {interval: 1s}
                alerting: {alertmanagers: [{url: "http://127.0.0.1:9", basic_auth: {username: u, password: "${AM_PASSWORD}"}}]}
                """
            var environment = servers.environment
            environment["AM_PASSWORD"] = canary + "-am"
            try await withVitals(
                ["--log.level", "debug", "--sample.interval", "1s"], environment: environment, in: servers.directory,
                configuration: configuration
            ) { vitals in
                var seen = ""
                _ = try await vitals.metrics(within: .seconds(20)) { ($0["vitals_records_written_total"] ?? 0) >= 1 }
                let pages = [
                    "/", "/metrics", "/alerts", "/health", "/api/health", "/health/ready", "/api/v1/rules",
                    "/api/v1/alerts", "/api/v1/status/buildinfo",
                ]
                for page in pages { seen += try await vitals.get(page).text }
                try await servers.sql("ALTER ROLE postgres PASSWORD '\(canary)-changed'")
                await servers.redis.kill()
                await servers.postgres.kill()
                try await servers.redis.start()
                try await Task.sleep(for: .seconds(3))
                for page in pages { seen += try await vitals.get(page).text }
                seen += try vitals.logged()
                #expect(!seen.contains(canary))
            }
            let broken = ["DATABASE_URL": "postgres://u:\(canary)@[bad/x", "REDIS_URL": "redis://:\(canary)@h:notaport"]
            let (code, output) = try await RunningVitals.run(["serve"], environment: broken, in: servers.directory)
            #expect(code == 1)
            #expect(!output.contains(canary))
        }
    }
}
