import AsyncHTTPClient
import Demo
import MetricsModel
import NIOCore
import Support

/// Debian's postgres_exporter with the queries.yaml that it ships, and Vitals, beside each other on one database of one server, and two
/// Prometheis that scrape one each under the same labels. Started by the first test that asks; it ends with the process.
struct ExporterPair {
    static let database = "shop"
    private static let queries = "/usr/share/doc/prometheus-postgres-exporter/examples/queries.yaml"

    let servers: Servers
    let vitals: RunningVitals
    let exporter: PrivateServer
    /// By the one that is scraped.
    let ours: QueryClient
    let theirs: QueryClient
    private let sessions: [ChildProcess]

    static func get() async throws -> ExporterPair { try await shared.value }

    private static let shared = Task { try await start() }

    private static func start() async throws -> ExporterPair {
        let directory = try TemporaryDirectory()
        directory.keepUntilExit()
        var options = PrivatePostgres.Options(directory: directory.path("postgres"))
        options.isDurable = false
        options.settings = ["wal_level": "logical", "track_io_timing": "on"]
        var redis = PrivateRedis.Options(directory: directory.path("redis"))
        redis.configuration = []
        let servers = Servers(
            directory: directory, postgres: try await PrivatePostgres.start(options), redis: try await PrivateRedis.start(redis))
        try await servers.sql("CREATE DATABASE \(database)")
        for statement in contents { try await servers.sql(statement, on: url(servers)) }
        let sessions = try await openSessions(servers)
        let exporter = try await PrivateServer.postgresExporter(on: url(servers), queries: queries, in: directory)
        let vitals = try await RunningVitals.serve(
            ["--sample.max-age", "1ms", "--collector.process_idle"], environment: ["DATABASE_URL": url(servers)], in: directory)
        var clients: [QueryClient] = []
        for port in [vitals.port, exporter.port] {
            let prometheus = try await PrivateServer.prometheus(
                """
                global: {scrape_interval: 1s, scrape_timeout: 1s}
                scrape_configs:
                  - job_name: postgres
                    static_configs: [{targets: ["127.0.0.1:\(port)"]}]
                    relabel_configs: [{target_label: instance, replacement: db}]

                """, in: try subdirectory(directory, "prometheus-\(port)"))
            clients.append(QueryClient(url: prometheus.url))
        }
        let pair = ExporterPair(
            servers: servers, vitals: vitals, exporter: exporter, ours: clients[0], theirs: clients[1], sessions: sessions)
        for client in clients {
            guard
                try await client.wait(
                    within: .seconds(60), until: { !(try await $0.query("pg_up == 1 and pg_up offset 10s")).isEmpty })
            else { throw SupportError("\(client.url) has no samples: \(try vitals.logged())") }
        }
        return pair
    }

    private static func url(_ servers: Servers) -> String {
        servers.postgres.url(user: PrivatePostgres.superuser, database: database)
    }

    private static func subdirectory(_ directory: TemporaryDirectory, _ name: String) throws -> TemporaryDirectory {
        let inner = try TemporaryDirectory()
        inner.keepUntilExit()
        return inner
    }

    /// Tables with and without an index and a TOAST table, with dead rows, in two schemas; a slot.
    private static let contents = [
        "CREATE TABLE orders (id int PRIMARY KEY, note text)",
        "INSERT INTO orders SELECT n, repeat('x', 100) FROM generate_series(1, 30000) n",
        "CREATE TABLE plain (n int)", "INSERT INTO plain SELECT generate_series(1, 100)",
        "CREATE SCHEMA other", "CREATE TABLE other.orders (id int PRIMARY KEY, body text)",
        "ALTER TABLE orders SET (autovacuum_enabled = off)", "DELETE FROM orders WHERE id % 2 = 0",
        "UPDATE plain SET n = n + 1", "VACUUM ANALYZE plain", "ANALYZE orders", "SELECT count(*) FROM orders WHERE id = 7",
        "SELECT pg_create_physical_replication_slot('standby', true)",
        "SELECT pg_create_logical_replication_slot('changes', 'test_decoding')",
        "CREATE ROLE limited CONNECTION LIMIT 7", "CHECKPOINT",
    ]

    /// One that sits idle, one idle in a transaction with a lock, one that sleeps.
    private static func openSessions(_ servers: Servers) async throws -> [ChildProcess] {
        var sessions: [ChildProcess] = []
        for statement in [
            "SELECT 1; \\! sleep 3600", "BEGIN; LOCK TABLE plain IN SHARE MODE; \\! sleep 3600", "SELECT pg_sleep(3600)",
        ] {
            let file = try servers.directory.write("session-\(sessions.count).sql", statement.replacing("; ", with: ";\n") + "\n")
            var command = ChildProcess.Command(
                try Programs.path(of: "psql"), ["-X", "-f", file], log: servers.directory.path("psql.log"),
                directory: servers.directory.path)
            command.environment = [
                "PGHOST": "127.0.0.1", "PGPORT": "\(servers.postgres.port)", "PGUSER": PrivatePostgres.superuser,
                "PGDATABASE": database, "PGAPPNAME": "session",
            ]
            sessions.append(try await ChildProcess(command))
        }
        for _ in 0..<500 {
            let there = try await servers.sql(
                "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE mode = 'ShareLock'")
            let open = try await servers.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'session'")
            if open == ["3"], there.first.flatMap({ $0 }) != "0" { return sessions }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw SupportError("the sessions do not come up: \(try servers.directory.read("psql.log"))")
    }

    /// What the exporter says, what Vitals says, and what the exporter says after that.
    func scrape() async throws -> (before: ParsedExposition, ours: ParsedExposition, after: ParsedExposition) {
        (try await scrapeExporter(), try await vitals.exposition(), try await scrapeExporter())
    }

    private func scrapeExporter() async throws -> ParsedExposition {
        let answer = try await HTTPClient.shared.execute(HTTPClientRequest(url: exporter.url + "/metrics"), timeout: .seconds(30))
        return try ParsedExposition(Array((try await answer.body.collect(upTo: 64 << 20)).readableBytesView), .text)
    }
}
