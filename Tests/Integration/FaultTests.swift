import Demo
import Glibc
import Support
import Testing

/// Servers that are away, frozen, killed and restarted.
@Suite(.serialized) struct FaultTests {
    private static let everySecond = ["--sample.interval", "1s"]

    @Test("Servers down at the start: Vitals starts, both are down, alerts work, and it connects when they come")
    func downAtStart() async throws {
        try await withServers { servers in
            await servers.postgres.stop()
            await servers.redis.stop()
            let rules = try servers.directory.write("rules.yml", RuleTexts.databaseDown(for: "1s"))
            try await withVitals(
                Self.everySecond, environment: servers.environment, in: servers.directory,
                configuration: "rule_files: [\(rules)]\n"
            ) { vitals in
                let samples = try await vitals.metrics()
                #expect(samples["pg_up"] == 0)
                #expect(samples["redis_up"] == 0)
                #expect(try await eventually(within: .seconds(10)) { try await vitals.get("/health").status == 503 })
                #expect(try await vitals.get("/health/ready").status == 503)
                #expect(try await vitals.get("/health/live").status == 200)
                #expect(try await vitals.get("/api/health").text.contains("\"status\":\"unhealthy\""))
                #expect(
                    try await eventually(within: .seconds(10)) { try await vitals.alert("DatabaseDown")?.state == "firing" })

                try await servers.postgres.start()
                try await servers.redis.start()
                let up = try await vitals.metrics(within: .seconds(20)) { $0["pg_up"] == 1 && $0["redis_up"] == 1 }
                #expect(up != nil)
                #expect(try await eventually(within: .seconds(10)) { try await vitals.alert("DatabaseDown") == nil })
                #expect(try await eventually(within: .seconds(15)) { try await vitals.get("/health/ready").status == 200 })
            }
        }
    }

    @Test("A frozen Postgres: /metrics answers in time with Redis whole, no second connection, rules go on, recovery by itself")
    func frozenPostgres() async throws {
        try await withServers { servers in
            try await withVitals(Self.everySecond, environment: servers.environment, in: servers.directory) { vitals in
                let before = try await vitals.metrics()
                #expect(before["pg_up"] == 1)
                let redisFamilies = before.keys.filter { $0.hasPrefix("redis_") }.count
                let evaluations = try await vitals.evaluations()
                await servers.postgres.freeze()
                // Until the sample from before is too old to be shared.
                try await Task.sleep(for: .seconds(1.1))
                for _ in 0..<3 {
                    let asked = ContinuousClock.now
                    let samples = try await vitals.metrics(headers: ["X-Prometheus-Scrape-Timeout-Seconds": "2"])
                    #expect(ContinuousClock.now - asked < .seconds(2))
                    #expect(samples["pg_up"] == 0)
                    #expect(samples["redis_up"] == 1)
                    #expect(samples.keys.filter { $0.hasPrefix("redis_") }.count >= redisFamilies)
                    #expect(try vitals.connections(to: servers.postgres.port) == 1)
                }
                try await Task.sleep(for: .seconds(3))
                #expect(try vitals.connections(to: servers.postgres.port) == 1)
                #expect(try await vitals.evaluations() > evaluations, "the rules stood still")
                #expect(try await vitals.query("up{job='postgres'}") == 0)
                #expect(try await vitals.query("up{job='redis'}") == 1)

                await servers.postgres.thaw()
                let up = try await vitals.metrics(within: .seconds(15)) { $0["pg_up"] == 1 }
                #expect(up != nil)
                #expect(
                    try await servers.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vitals'") == ["1"])
                try vitals.expectOneChange(of: "postgres")
            }
        }
    }

    @Test("A frozen Redis: /metrics answers in time with Postgres whole, no second connection, recovery by itself")
    func frozenRedis() async throws {
        try await withServers { servers in
            try await withVitals(Self.everySecond, environment: servers.environment, in: servers.directory) { vitals in
                #expect(try await vitals.metrics()["redis_up"] == 1)
                await servers.redis.freeze()
                try await Task.sleep(for: .seconds(1.1))
                for _ in 0..<3 {
                    let asked = ContinuousClock.now
                    let samples = try await vitals.metrics(headers: ["X-Prometheus-Scrape-Timeout-Seconds": "2"])
                    #expect(ContinuousClock.now - asked < .seconds(2))
                    #expect(samples["redis_up"] == 0)
                    #expect(samples["pg_up"] == 1)
                    #expect(try vitals.connections(to: servers.redis.port) <= 1)
                }
                try await Task.sleep(for: .seconds(2))
                #expect(try vitals.connections(to: servers.redis.port) <= 1)
                await servers.redis.thaw()
                let up = try await vitals.metrics(within: .seconds(15)) { $0["redis_up"] == 1 }
                #expect(up != nil)
                try vitals.expectOneChange(of: "redis")
            }
        }
    }

    @Test("Servers killed and restarted: down, then up again, one line per change of state")
    func killedAndRestarted() async throws {
        try await withServers { servers in
            try await withVitals(Self.everySecond, environment: servers.environment, in: servers.directory) { vitals in
                #expect(try await vitals.metrics()["pg_up"] == 1)
                await servers.postgres.kill()
                await servers.redis.kill()
                let down = try await vitals.metrics(within: .seconds(15)) { $0["pg_up"] == 0 && $0["redis_up"] == 0 }
                #expect(down != nil)
                try await Task.sleep(for: .seconds(4))
                try vitals.expectOneLine(ofError: "postgres")
                try vitals.expectOneLine(ofError: "redis")
                try await servers.postgres.start()
                try await servers.redis.start()
                let up = try await vitals.metrics(within: .seconds(30)) { $0["pg_up"] == 1 && $0["redis_up"] == 1 }
                #expect(up != nil)
                #expect(try vitals.logLines("target=redis", "answers again").count == 1)
                #expect(try vitals.logLines("target=postgres", "answers again").count == 1)
            }
        }
    }

    @Test("Rows made while Postgres is away are written in order when it is back, each once, also over a crash of Vitals")
    func rowsWait() async throws {
        try await withServers { servers in
            try await servers.migrate()
            // Two rows never share a sample, so that a row written twice shows.
            let configuration = "records: {interval: 1s}\nsample: {interval: 1s, max_age: 0s}\n"
            let first = try await RunningVitals.serve(
                environment: servers.environment, in: servers.directory, configuration: configuration)
            let begun = try await first.metrics(within: .seconds(20)) { ($0["vitals_records_written_total"] ?? 0) >= 1 }
            #expect(begun != nil)
            await servers.postgres.kill()
            let waiting = try await first.metrics(within: .seconds(20)) { ($0["vitals_records_spooled"] ?? 0) >= 3 }
            #expect(waiting != nil)
            #expect(try first.logLines("rows wait on disk until Postgres is back").count == 1)
            first.process.kill()
            _ = await first.process.waitForExit()
            try await servers.postgres.start()
            try await withVitals(environment: servers.environment, in: servers.directory, configuration: configuration) {
                vitals in
                let drained = try await vitals.metrics(within: .seconds(30)) {
                    $0["vitals_records_spooled"] == 0 && ($0["vitals_records_written_total"] ?? 0) >= 3
                }
                #expect(drained != nil)
            }
            let double = try await servers.sql("SELECT count(*) - count(DISTINCT timestamp) FROM system_health")
            #expect(double == ["0"])
            // Their own time, in order: no hole longer than the restart of Vitals in between.
            let hole = try await servers.sql(
                """
                SELECT coalesce(max(gap), 0)::int FROM (
                    SELECT extract(epoch FROM timestamp - lag(timestamp) OVER (ORDER BY timestamp)) AS gap FROM system_health
                ) g
                """)
            #expect(hole.first.flatMap { $0 }.flatMap { Int($0) } ?? 99 <= 10)
        }
    }
}

/// Rule files of the tests.
enum RuleTexts {
    static func databaseDown(for hold: String) -> String {
        """
        groups:
        - name: tests
          interval: 1s
          rules:
          - alert: Watchdog
            expr: vector(1)
            labels: {severity: none}
          - alert: DatabaseDown
            expr: up{job="postgres"} == 0
            for: \(hold)
            labels: {severity: critical}
            annotations:
              summary: Postgres does not answer
              description: "{{ $labels.instance }} is {{ $value }}"
        """
    }
}

extension RunningVitals {
    /// All evaluations of rules so far.
    func evaluations() async throws -> Double {
        try await metrics().filter { $0.key.hasPrefix("vitals_rule_evaluations_total") }.values.reduce(0, +)
    }

    /// One line says that the target is away, however many samples found it so.
    func expectOneLine(ofError target: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let lines = try logLines("level=error", "target=\(target)")
        #expect(lines.count == 1, "\(lines)", sourceLocation: sourceLocation)
    }

    /// One line for going, one for coming back.
    func expectOneChange(of target: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try expectOneLine(ofError: target, sourceLocation: sourceLocation)
        let back = try logLines("target=\(target)", "answers again")
        #expect(back.count == 1, "\(back)", sourceLocation: sourceLocation)
    }
}
