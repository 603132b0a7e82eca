import Demo
import Support
import Testing

/// PgBouncers beside the database behind them, as `vitals serve` sees them.
@Suite(.serialized) struct PgBouncerTests {
    private static let everySecond = ["--sample.interval", "1s", "--sample.max-age", "0s"]

    private func bouncer(_ servers: Servers, in directory: TemporaryDirectory) async throws -> PrivatePgBouncer {
        try await PrivatePgBouncer.start(
            PrivatePgBouncer.Options(
                databases: ["app = host=127.0.0.1 port=\(servers.postgres.port) dbname=postgres user=postgres pool_size=2"],
                users: ["app": "secret"]), in: directory)
    }

    private func health(_ vitals: RunningVitals) async throws -> (status: Int, text: String) {
        let answer = try await vitals.get("/api/health")
        return (answer.status, answer.text)
    }

    @Test(
        "A frozen PgBouncer: /metrics in time with pgbouncer_up 0 and all of Postgres, degraded and not unhealthy, paged, and back"
    )
    func frozen() async throws {
        try await withServers { servers in
            let directory = try TemporaryDirectory()
            let bouncer = try await bouncer(servers, in: directory)
            let environment = servers.environment.merging(["PGBOUNCER_URL": bouncer.consoleURL]) { $1 }
            try await withVitals(
                Self.everySecond, environment: environment, in: servers.directory,
                configuration: "rule_files: [\"\(AlertFiles.path("vitals.yml"))\"]\n"
            ) { vitals in
                let up = try await vitals.metrics(within: .seconds(10)) { $0["pgbouncer_up"] == 1 }
                #expect(up?["pg_up"] == 1)
                #expect(up?["vitals_collector_success{collector=\"pgbouncer_pools\",target=\"pgbouncer\"}"] == 1)
                #expect(
                    up?[
                        "pgbouncer_databases_pool_size{database=\"postgres\",force_user=\"postgres\",host=\"127.0.0.1\",name=\"app\",port=\"\(servers.postgres.port)\"}"
                    ] == 2)
                #expect(try await eventually(within: .seconds(10)) { try await health(vitals).text.contains("\"pooler\"") })

                await bouncer.freeze()
                let asked = ContinuousClock.now
                let frozen = try await vitals.metrics(headers: ["X-Prometheus-Scrape-Timeout-Seconds": "2"])
                #expect(ContinuousClock.now - asked < .seconds(2))
                #expect(frozen["pgbouncer_up"] == 0 && frozen["pg_up"] == 1 && frozen["redis_up"] == 1)
                #expect(!frozen.keys.contains { $0.hasPrefix("pgbouncer_pools_") })
                #expect(
                    try await eventually(within: .seconds(20)) {
                        try await health(vitals).text.contains("no answer from pgbouncer")
                    })
                let state = try await health(vitals)
                #expect(state.status == 200 && state.text.contains("degraded"), "\(state.text)")
                #expect(try vitals.connections(to: bouncer.port) == 1)
                #expect(try await eventually(within: .seconds(20)) { try await vitals.alert("PgBouncerDown") != nil })

                await bouncer.thaw()
                let thawed = ContinuousClock.now
                #expect(try await vitals.metrics(within: .seconds(10)) { $0["pgbouncer_up"] == 1 } != nil)
                #expect(ContinuousClock.now - thawed < .seconds(5))
                #expect(try vitals.connections(to: bouncer.port) == 1)
                #expect(try vitals.logLines("target=pgbouncer", "answers again").count == 1)
            }
            await bouncer.stop()
        }
    }

    @Test("Several by name: each series says which, one that is away costs the other nothing")
    func several() async throws {
        try await withServers { servers in
            let directory = try TemporaryDirectory()
            let bouncer = try await bouncer(servers, in: directory)
            try await withVitals(
                Self.everySecond, in: servers.directory,
                configuration: """
                    targets:
                      pgbouncer:
                        - {name: here, url: "\(bouncer.consoleURL)", labels: {zone: a}}
                        - {name: away, url: "postgres://stats@127.0.0.1:\(try freePort())", collectors: {pgbouncer_pool: false}}

                    """
            ) { vitals in
                let samples = try await vitals.metrics(within: .seconds(10)) {
                    $0["pgbouncer_up{target=\"here\",zone=\"a\"}"] == 1
                }
                #expect(samples?["pgbouncer_up{target=\"away\"}"] == 0)
                #expect(samples?["pgbouncer_databases{target=\"here\",zone=\"a\"}"] == 2)
                #expect(samples?["vitals_collector_success{collector=\"pgbouncer_pool\",target=\"here\"}"] == 1)
                #expect(samples?["vitals_collector_success{collector=\"pgbouncer_pool\",target=\"away\"}"] == nil)
                #expect(try await vitals.query("count(pgbouncer_up{job=\"pgbouncer\"})") == 2)
                #expect(try await health(vitals).status == 200)
            }
            await bouncer.stop()
        }
    }

    @Test("check environment asks a PgBouncer too, and says what is wrong without the password")
    func environment() async throws {
        try await withServers { servers in
            try await servers.migrate()
            let directory = try TemporaryDirectory()
            let bouncer = try await bouncer(servers, in: directory)
            for (url, code, text) in [
                (bouncer.consoleURL, Int32(0), "\"success\":true"),
                (bouncer.url(user: "app", password: "secret", database: "pgbouncer"), 1, "not allowed"),
                (
                    bouncer.url(user: PrivatePgBouncer.stats, password: "a-wrong-one", database: "pgbouncer"), 1,
                    "authentication failed"
                ),
            ] {
                let environment = servers.environment.merging(["PGBOUNCER_URL": url]) { $1 }
                let (found, output) = try await RunningVitals.run(
                    ["check", "environment"], environment: environment, in: servers.directory)
                #expect(found == code && output.contains(text), "\(output)")
                #expect(!output.contains("a-wrong-one"))
            }
            await bouncer.stop()
        }
    }
}
