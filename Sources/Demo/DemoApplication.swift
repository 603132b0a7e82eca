import Postgres
import Redis

/// An application at work: users who shop, jobs that are done or fail, a cache that is hit and missed. What it does to Postgres is
/// done by pgbench, so that it is somebody else's work in every statistic.
public final class DemoApplication: Sendable {
    /// The lists in Redis that hold its jobs.
    public static let queueName = "mails"
    public static let queueKey = "jobs:mails"
    public static let activeKey = "jobs:mails:active"
    public static let failedKey = "jobs:mails:failed"

    private let database: ChildProcess
    private let cache: RedisSession

    /// Creates the tables and starts the work. Throws when a program is missing or the tables can't be made.
    public static func start(
        on postgres: PrivatePostgres, _ redis: PrivateRedis, directory: String
    ) async throws -> DemoApplication {
        try createDirectory(directory)
        let readiness = try Readiness()
        defer { readiness.stop() }
        let session = PostgresSession(
            try PostgresConfiguration(postgres.url, applicationName: "vitals demo"), readiness: readiness)
        try await DemoDatabase.create(in: session, by: .now + .seconds(30))
        await session.close()

        // 12 transactions a second on average: enough to see, not enough to warm a laptop.
        var arguments = ["-n", "-c", "2", "-R", "12", "-T", "2000000000"]
        for script in DemoDatabase.scripts {
            let path = "\(directory)/\(script.name).sql"
            try writeFile(path, script.text + "\n")
            arguments += ["-f", "\(path)@\(script.weight)"]
        }
        var command = ChildProcess.Command(
            try Programs.path(of: "pgbench"), arguments, log: "\(directory)/pgbench.log", directory: directory)
        command.environment = [
            "PGHOST": "127.0.0.1", "PGPORT": "\(postgres.port)", "PGUSER": PrivatePostgres.superuser,
            "PGDATABASE": "postgres", "PGAPPNAME": "shop",
        ]
        if let password = postgres.options.password { command.environment["PGPASSWORD"] = password }
        return DemoApplication(
            database: try await ChildProcess(command),
            cache: RedisSession(try RedisURL(redis.url), clientName: "shop"))
    }

    private init(database: ChildProcess, cache: RedisSession) {
        self.database = database
        self.cache = cache
    }

    /// Works on the cache and the jobs until cancelled.
    public func run() async {
        let clock = ContinuousClock()
        var generator = SystemRandomNumberGenerator()
        var beat = 0
        while !Task.isCancelled {
            // What Redis refuses shows in Vitals' own numbers: the demo goes on.
            _ = await cache.pipeline(commands(beat: beat, using: &generator), deadline: clock.now + .seconds(2))
            beat += 1
            do { try await clock.sleep(for: .milliseconds(100)) } catch { break }
        }
    }

    public func stop() async {
        await database.stop()
        await cache.close()
    }

    /// 3 looks into the cache, some jobs in, as many done on average, and now and then one that fails.
    private func commands(beat: Int, using generator: inout some RandomNumberGenerator) -> [RedisCommand] {
        var commands: [RedisCommand] = []
        for _ in 0..<3 {
            let key = "user:\(Int.random(in: 1...120, using: &generator))"
            commands.append(RedisCommand("GET", key))
        }
        let refreshed = "user:\(Int.random(in: 1...100, using: &generator))"
        commands.append(RedisCommand("SET", refreshed, "cached", "EX", "60"))
        if beat % 3 == 0 {
            commands.append(RedisCommand("LPUSH", Self.queueKey, "{\"mail\":\(beat)}"))
        }
        if Int.random(in: 0..<3, using: &generator) == 0 {
            commands.append(RedisCommand("RPOPLPUSH", Self.queueKey, Self.activeKey))
        }
        if Int.random(in: 0..<3, using: &generator) == 0 {
            commands.append(RedisCommand("RPOP", Self.activeKey))
        }
        if beat % 300 == 60 {
            commands.append(RedisCommand("LPUSH", Self.failedKey, "{\"mail\":\(beat),\"error\":\"mailbox full\"}"))
        }
        return commands
    }
}
