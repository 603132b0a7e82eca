import AsyncHTTPClient
import Demo
import MetricsModel
import NIOCore
import NIOHTTP1
import Redis
import Support

/// Everything at work at once, for all tests that only look: Postgres and Redis with the demo's application on them, a PgBouncer, Vitals
/// with rules, rows, queues and an Alertmanager, and a Prometheus that scrapes it every second. What a healthy system never shows is
/// provoked. It is started by the first test that asks, and ends with the process.
struct LiveStage {
    let servers: Servers
    let vitals: RunningVitals
    let prometheus: PrivateServer
    private let application: DemoApplication
    private let holders: [ChildProcess]
    private let work: Task<Void, Never>

    /// Measured over the window since the sample before, and absent when nothing happened in it.
    static let windowed = ["cache_hit_rate", "pg_query_avg_seconds"]

    /// Vitals' and Prometheus' query API.
    var ours: QueryClient { QueryClient(url: vitals.url) }
    var theirs: QueryClient { QueryClient(url: prometheus.url) }

    static func get() async throws -> LiveStage { try await shared.value }

    /// `/metrics` as a scraper reads it, in a moment in which everything is there.
    func exposition() async throws -> ParsedExposition {
        for _ in 0..<20 {
            let exposition = try await vitals.exposition()
            if Self.windowed.allSatisfy({ name in exposition.families.contains { $0.name == name } }) { return exposition }
            try await Task.sleep(for: .milliseconds(300))
        }
        throw SupportError("\(Self.windowed) are never there together")
    }

    private static let shared = Task { try await start() }
    private static let token = "a-token-of-at-least-32-characters-for-tests"

    private static func start() async throws -> LiveStage {
        let servers = try await startServers()
        try await servers.migrate()
        let application = try await DemoApplication.start(
            on: servers.postgres, servers.redis, directory: servers.directory.path("application"))
        let work = Task { await application.run() }
        let alertmanager = try await PrivateServer.alertmanager(
            "{route: {receiver: none}, receivers: [{name: none}]}\n", in: servers.directory)
        let (bouncer, load) = try await startPooler(servers)
        let vitals = try await startVitals(servers, pooler: bouncer.consoleURL, alertmanager: alertmanager.url)
        let prometheus = try await startPrometheus(scraping: vitals, rules: AlertFiles.path("vitals.yml"), in: servers.directory)
        let stage = LiveStage(
            servers: servers, vitals: vitals, prometheus: prometheus, application: application,
            holders: try await holdLocks(servers) + [load], work: work)
        try await stage.provoke()
        // A window of 15 s needs as much to look at.
        guard
            try await stage.theirs.wait(
                within: .seconds(90),
                until: { prometheus in
                    try await prometheus.query("min(count_over_time({__name__=~\"pg_up|vitals_notifications_sent_total\"}[1m]))")
                        .first.map { $0.value >= 20 } ?? false
                })
        else { throw SupportError("Prometheus has no samples: \(try vitals.logged())") }
        return stage
    }

    private static func startServers() async throws -> Servers {
        let directory = try TemporaryDirectory()
        directory.keepUntilExit()
        var postgres = PrivatePostgres.Options(directory: directory.path("postgres"))
        postgres.isDurable = false
        var redis = PrivateRedis.Options(directory: directory.path("redis"))
        redis.configuration = [
            "maxmemory 4mb", "maxmemory-policy volatile-lru", "latency-monitor-threshold 50", "slowlog-log-slower-than 50000",
            "enable-debug-command local",
        ]
        return Servers(
            directory: directory, postgres: try await PrivatePostgres.start(postgres), redis: try await PrivateRedis.start(redis))
    }

    /// A PgBouncer with two clients that do twenty transactions a second.
    private static func startPooler(_ servers: Servers) async throws -> (PrivatePgBouncer, load: ChildProcess) {
        let bouncer = try await PrivatePgBouncer.start(
            PrivatePgBouncer.Options(
                databases: [
                    "app = host=127.0.0.1 port=\(servers.postgres.port) dbname=postgres user=postgres pool_size=5 reserve_pool=1"
                ], users: ["app": "secret"]), in: servers.directory)
        let script = try servers.directory.write("load.sql", "SELECT pg_sleep(0.001);\n")
        var command = ChildProcess.Command(
            try Programs.path(of: "pgbench"), ["-n", "-c", "2", "-R", "20", "-T", "3600", "-f", script, "app"],
            log: servers.directory.path("pgbench.log"), directory: servers.directory.path)
        command.environment = ["PGHOST": "127.0.0.1", "PGPORT": "\(bouncer.port)", "PGUSER": "app", "PGPASSWORD": "secret"]
        return (bouncer, try await ChildProcess(command))
    }

    private static func startVitals(_ servers: Servers, pooler: String, alertmanager: String) async throws -> RunningVitals {
        let rules = try servers.directory.write("provoked.yml", provoked("vector(1)"))
        let token = try servers.directory.write("token", token + "\n")
        return try await RunningVitals.serve(
            ["--web.admin-token-file", token],
            environment: servers.environment.merging(["PGBOUNCER_URL": pooler]) { $1 }, in: servers.directory,
            configuration: """
                sample: {interval: 1s, max_age: 500ms}
                rule_files: ["\(AlertFiles.path("vitals.yml"))", "\(rules)"]
                records: {interval: 1s}
                alerting:
                  alertmanagers: ["\(alertmanager)"]
                  heartbeats: [{name: stage, url: "\(alertmanager)/-/healthy", interval: 1s}]
                queues:
                  - {name: mails, type: list, key: "jobs:mails", failed: "jobs:mails:failed", active: "jobs:mails:active"}
                  - {name: events, type: stream}
                  - {name: later, type: sorted_set}

                """)
    }

    private static func provoked(_ expression: String) -> String {
        "groups: [{name: provoked, rules: [{alert: Provoked, expr: \(expression), labels: {severity: warning}}]}]\n"
    }

    /// One session holds a row, another waits for it, for as long as the stage stands.
    private static func holdLocks(_ servers: Servers) async throws -> [ChildProcess] {
        try await servers.sql("CREATE TABLE held AS SELECT 1 AS id")
        var holders: [ChildProcess] = []
        for statement in ["BEGIN; SELECT * FROM held FOR UPDATE; SELECT pg_sleep(3600)", "UPDATE held SET id = 2"] {
            var command = ChildProcess.Command(
                try Programs.path(of: "psql"), ["-X", "-c", statement], log: servers.directory.path("psql.log"),
                directory: servers.directory.path)
            command.environment = [
                "PGHOST": "127.0.0.1", "PGPORT": "\(servers.postgres.port)", "PGUSER": PrivatePostgres.superuser,
                "PGAPPNAME": "holder",
            ]
            holders.append(try await ChildProcess(command))
            // The second must come second.
            let wanted = holders.count
            for _ in 0..<500 {
                let there = try await servers.sql(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holder' AND wait_event IN ('PgSleep', 'transactionid', 'tuple')"
                )
                if there == ["\(wanted)"] { break }
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        return holders
    }

    /// Full memory, refused commands, a slow one, entries of a stream and a due job; requests that fail, with and without a token.
    private func provoke() async throws {
        let session = RedisSession(try RedisURL(servers.redis.url), clientName: "provoker")
        var commands = (0..<3_000).map { RedisCommand("SET", "fill:\($0)", String(repeating: "x", count: 2_000), "EX", "600") }
        commands += [
            RedisCommand("XADD", "events", "*", "kind", "signup"), RedisCommand("XGROUP", "CREATE", "events", "mailer", "0"),
            RedisCommand("XADD", "events", "*", "kind", "signup"),
            RedisCommand("XREADGROUP", "GROUP", "mailer", "one", "COUNT", "1", "STREAMS", "events", ">"),
            RedisCommand("ZADD", "later", "1700000000", "due"), RedisCommand("ZADD", "later", "4000000000", "not-due"),
            RedisCommand("NOSUCHCOMMAND"), RedisCommand("SET", "word", "a"), RedisCommand("INCR", "word"),
            RedisCommand("DEBUG", "SLEEP", "0.1"),
        ]
        // Two of them are refused, as they should be.
        _ = await session.pipeline(commands, deadline: .now + .seconds(20))
        await session.close()

        let right = ["Authorization": "Bearer \(Self.token)"]
        let wrong = ["Authorization": "Bearer nonsense"]
        for headers in [[:], wrong, right] { _ = try await vitals.get("/-/reload", headers: headers, method: "POST") }
        try servers.directory.write("provoked.yml", Self.provoked("'vector('"))
        let refused = try await vitals.get("/-/reload", headers: right, method: "POST").status
        try servers.directory.write("provoked.yml", Self.provoked("vector(1)"))
        let taken = try await vitals.get("/-/reload", headers: right, method: "POST").status
        guard refused == 500, taken == 200 else { throw SupportError("reloads answered \(refused) and \(taken)") }
        _ = try await vitals.get("/nothing")
    }
}

/// Prometheus with one rule file, scraping Vitals every second.
func startPrometheus(
    scraping vitals: RunningVitals, rules: String? = nil, in directory: TemporaryDirectory
) async throws -> PrivateServer {
    let prometheus = try await PrivateServer.prometheus(
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
        rule_files: [\(rules.map { "\"\($0)\"" } ?? "")]
        scrape_configs:
          - job_name: vitals
            static_configs: [{targets: ["127.0.0.1:\(vitals.port)"]}]

        """, in: directory)
    // It listens before it answers.
    for _ in 0..<300 {
        let answer = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: prometheus.url + "/-/ready"), timeout: .seconds(5))
        if answer.status == .ok { return prometheus }
        try await Task.sleep(for: .milliseconds(50))
    }
    await prometheus.stop()
    throw SupportError("Prometheus is not ready: \(try directory.read("prometheus.log"))")
}

extension RunningVitals {
    /// The families of `/metrics` as a scraper reads them.
    func exposition() async throws -> ParsedExposition {
        try ParsedExposition(try await get("/metrics").body, .text)
    }
}

extension DeclaredFamilies {
    init(_ exposition: ParsedExposition) {
        types = Dictionary(exposition.families.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
            .merging(Self.elsewhere) { first, _ in first }
    }
}
