import Demo
import Glibc
import Redis
import Sampling
import Support
import Testing

@Suite(.serialized) struct ServeTests {
    @Test("DATABASE_URL and REDIS_URL are enough: both servers are sampled, health answers, SIGTERM ends it with 0")
    func environmentIsEnough() async throws {
        try await withServers { servers in
            try await servers.migrate()
            let vitals = try await RunningVitals.serve(environment: servers.environment, in: servers.directory)
            let samples = try await vitals.metrics()
            #expect(samples["pg_up"] == 1)
            #expect(samples["redis_up"] == 1)
            #expect(samples.keys.contains { $0.hasPrefix("pg_stat_database_xact_commit{") })
            #expect(samples.keys.contains { $0.hasPrefix("redis_memory_used_bytes") })
            #expect(samples["vitals_sample_round_trips{target=\"redis\"}"] != nil)
            #expect(samples["auth_attempts_total{result=\"failure\"}"] == 0)
            #expect(samples["auth_account_lockouts_total"] == 0)

            #expect(try await eventually(within: .seconds(5)) { try await vitals.get("/health").status == 200 })
            let health = try await vitals.get("/health")
            #expect(health.text.contains("\"postgres\""))
            #expect(try await vitals.get("/health/live").status == 200)
            #expect(try await vitals.get("/health/ready").status == 200)
            #expect(try await vitals.get("/api/health").text.contains("\"components\""))
            #expect(try await vitals.get("/").status == 200)
            #expect(try await vitals.get("/alerts").text.contains("Watchdog"))
            #expect(try await vitals.get("/runbooks/DatabaseDown").status == 200)
            #expect(try await vitals.get("/api/v1/rules").text.contains("\"DatabaseDown\""))
            #expect(try await vitals.get("/nothing").status == 404)

            vitals.process.signal(SIGTERM)
            #expect(await vitals.process.waitForExit() == 0)
            #expect(try vitals.logged().contains("stopped"))
        }
    }

    @Test("promtool finds nothing to say about /metrics but for documented names")
    func promtoolIsSilent() async throws {
        try await withServers { servers in
            try await servers.redis([
                RedisCommand("SET", "k", "v"), RedisCommand("GET", "k"), RedisCommand("LPUSH", "jobs", "1"),
            ])
            try await servers.sql(
                "CREATE TABLE users (id int PRIMARY KEY, email text, is_active boolean, created_at timestamptz)")
            try await withVitals(environment: servers.environment, in: servers.directory) { vitals in
                _ = try await vitals.metrics()
                let text = try await vitals.get("/metrics").text
                let file = try servers.directory.write("metrics.txt", text)
                let log = servers.directory.path("promtool.log")
                let command = ChildProcess.Command(
                    try Programs.path(of: "bash"), ["-c", "promtool check metrics < \(file)"], log: log,
                    directory: servers.directory.path)
                _ = try await ChildProcess(command).waitForExit()
                let findings = try servers.directory.read("promtool.log").split(separator: "\n").map(String.init)
                // The documents name two gauges with `_total`. postgres_exporter's counters have no `_total`, some gauges of its a suffix that
                // is a counter's, and a name of another unit: who uses them would not find others.
                let documented = ["users_active_total ", "api_keys_active_total "]
                let known = Set(ExporterFamily.collectors.flatMap(\.families).map { $0.name } + ExporterFamily.old)
                let unknown = findings.filter { finding in
                    // A setting is named as the server names it.
                    !(documented + ["pg_settings_"]).contains { finding.hasPrefix($0) }
                        && !known.contains(finding.prefix { $0 != " " }.description)
                }
                #expect(unknown == [])
            }
        }
    }

    @Test("The format follows Accept, the encoding Accept-Encoding")
    func negotiation() async throws {
        try await withServers { servers in
            try await withVitals(environment: servers.environment, in: servers.directory) { vitals in
                let plain = try await vitals.get("/metrics")
                #expect(plain.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
                #expect(!plain.text.contains("# EOF"))
                let open = try await vitals.get(
                    "/metrics", headers: ["Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"])
                #expect(open.headers["content-type"]?.hasPrefix("application/openmetrics-text; version=1.0.0") == true)
                #expect(open.text.hasSuffix("# EOF\n"))
                // The tests' own client would unpack it.
                let file = servers.directory.path("metrics.gz")
                let (code, output) = try await runProgram(
                    "curl", ["-sS", "-D", "-", "-H", "Accept-Encoding: gzip", "-o", file, vitals.url + "/metrics"],
                    in: servers.directory)
                #expect(code == 0 && output.lowercased().contains("content-encoding: gzip"), "\(output)")
                let (zipCode, text) = try await runProgram("gzip", ["-dc", file], in: servers.directory)
                #expect(zipCode == 0 && text.contains("\npg_up 1\n"))
            }
        }
    }

    @Test("A row a minute lands in system_health, and check_system_health() works from plain SQL")
    func rows() async throws {
        try await withServers { servers in
            try await servers.migrate()
            let configuration = "records: {interval: 1s}\n"
            try await withVitals(environment: servers.environment, in: servers.directory, configuration: configuration) {
                vitals in
                let written = try await vitals.metrics(within: .seconds(20)) { ($0["vitals_records_written_total"] ?? 0) >= 2 }
                #expect(written != nil)
                let rows = try await servers.sql("SELECT count(*) FROM system_health WHERE db_connections_active IS NOT NULL")
                #expect(rows.first.flatMap { $0 }.flatMap { Int($0) } ?? 0 >= 2)
            }
            let answer = try await servers.sql("SELECT check_system_health()->>'status'")
            #expect(["healthy", "degraded", "warning"].contains(answer.first ?? nil))
        }
    }

    @Test("Without a table for rows Vitals says so once and does the rest")
    func noTable() async throws {
        try await withServers { servers in
            try await withVitals(
                environment: servers.environment, in: servers.directory, configuration: "records: {interval: 1s}\n"
            ) { vitals in
                _ = try await vitals.metrics()
                try await Task.sleep(for: .seconds(4))
                #expect(try await vitals.metrics()["pg_up"] == 1)
                #expect(try vitals.logged().components(of: "rows are off") == 1)
            }
        }
    }
}

extension String {
    /// How often `part` occurs.
    func components(of part: String) -> Int {
        ranges(of: part).count
    }
}
