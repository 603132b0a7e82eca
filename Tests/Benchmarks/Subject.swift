import Demo
import FoundationEssentials

/// What one program costs per scrape.
struct Measurement {
    let cpuMilliseconds: Double
    let residentMiB: Double
    let roundTrips: Double
    let newConnections: Double
    let postgresMilliseconds: Double
    let redisMilliseconds: Double
    let bytes: Int
}

/// A program that is measured.
struct Subject {
    let name: String
    let program: String
    /// Arguments and variables, for these ports of Postgres and Redis.
    let arguments: @Sendable (_ listen: Int, _ postgres: Int, _ redis: Int) -> [String]
    let environment: @Sendable (_ postgres: Int, _ redis: Int) -> [String: String]

    static func all(_ servers: BenchmarkServers, executable: String, folder: String) async throws -> [Subject] {
        let address: @Sendable (Int) -> String = { "postgres://postgres@127.0.0.1:\($0)/postgres" }
        var subjects = [
            Subject(
                name: "vitals", program: executable,
                // The timer would sample between the scrapes that are counted; a scrape never shares a sample here.
                arguments: { listen, _, _ in
                    [
                        "serve", "--web.listen-address", "127.0.0.1:\(listen)", "--storage.path", folder + "/vitals-\(listen)",
                        "--sample.interval", "1h", "--sample.max-age", "0s",
                    ]
                },
                environment: { ["DATABASE_URL": address($0), "REDIS_URL": "redis://127.0.0.1:\($1)"] })
        ]
        let exporter = try Programs.path(of: "prometheus-postgres-exporter")
        let source: @Sendable (Int, Int) -> [String: String] = { postgres, _ in
            ["DATA_SOURCE_NAME": address(postgres) + "?sslmode=disable"]
        }
        subjects.append(
            Subject(
                name: "postgres_exporter", program: exporter,
                arguments: { listen, _, _ in ["--web.listen-address=127.0.0.1:\(listen)"] }, environment: source))
        let queries = "/usr/share/doc/prometheus-postgres-exporter/examples/queries.yaml"
        if FileManager.default.fileExists(atPath: queries) {
            subjects.append(
                Subject(
                    name: "postgres_exporter with its queries.yaml", program: exporter,
                    arguments: { listen, _, _ in
                        ["--web.listen-address=127.0.0.1:\(listen)", "--extend.query-path=\(queries)"]
                    }, environment: source))
        }
        subjects.append(
            Subject(
                name: "redis_exporter", program: try Programs.path(of: "prometheus-redis-exporter"),
                arguments: { listen, _, redis in
                    ["-web.listen-address=127.0.0.1:\(listen)", "-redis.addr=redis://127.0.0.1:\(redis)"]
                }, environment: { _, _ in [:] }))
        return subjects
    }

    /// CPU, memory and servers' time of scrapes over direct connections, then round trips of some more over counting relays.
    func measure(_ servers: BenchmarkServers, scrapes: Int, folder: String) async throws -> Measurement {
        let (process, port) = try await start(servers.postgres.port, servers.redis.port, folder: folder)
        var bytes = 0
        try await settle(port)
        let before = ProcessCost(pid: process.pid)
        let serversBefore = try await servers.cpuSeconds()
        for _ in 0..<scrapes { bytes = try scrape(port) }
        let serversAfter = try await servers.cpuSeconds()
        let after = ProcessCost(pid: process.pid)
        await process.stop()

        let postgres = try CountingProxy(to: servers.postgres.port)
        let redis = try CountingProxy(to: servers.redis.port)
        let (relayed, relayedPort) = try await start(postgres.port, redis.port, folder: folder)
        for _ in 0..<5 { _ = try scrape(relayedPort) }
        let turns = postgres.roundTrips + redis.roundTrips
        let connections = postgres.accepted + redis.accepted
        let counted = 20
        for _ in 0..<counted { _ = try scrape(relayedPort) }
        let moreTurns = postgres.roundTrips + redis.roundTrips - turns
        let moreConnections = postgres.accepted + redis.accepted - connections
        await relayed.stop()

        let perScrape = 1_000 / Double(scrapes)
        return Measurement(
            cpuMilliseconds: (after.cpuSeconds - before.cpuSeconds) * perScrape,
            residentMiB: Double(after.residentBytes) / 1_048_576,
            roundTrips: Double(moreTurns) / Double(counted), newConnections: Double(moreConnections) / Double(counted),
            postgresMilliseconds: (serversAfter.postgres - serversBefore.postgres) * perScrape,
            redisMilliseconds: (serversAfter.redis - serversBefore.redis) * perScrape, bytes: bytes)
    }

    func start(_ postgres: Int, _ redis: Int, folder: String) async throws -> (ChildProcess, Int) {
        let port = try freePort()
        var command = ChildProcess.Command(
            program, arguments(port, postgres, redis), log: folder + "/\(name.split(separator: " ")[0])-\(port).log",
            directory: folder)
        command.environment = environment(postgres, redis)
        let process = try await ChildProcess(command)
        try await process.waitUntilReady { isListening(port: port) }
        return (process, port)
    }

    /// Scrapes until the program is as it will stay: what only its start needed is behind it.
    func settle(_ port: Int) async throws {
        _ = try scrape(port)
        try await Task.sleep(for: .seconds(35))
        for _ in 0..<20 { _ = try scrape(port) }
    }
}
