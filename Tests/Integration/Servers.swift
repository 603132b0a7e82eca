import Demo
import Postgres
import Redis
import Support

/// A private Postgres and Redis with a folder of their own, and Vitals beside them.
struct Servers {
    let directory: TemporaryDirectory
    let postgres: PrivatePostgres
    let redis: PrivateRedis

    static func start(postgresPassword: String? = nil, redisPassword: String? = nil) async throws -> Servers {
        let directory = try TemporaryDirectory()
        var options = PrivatePostgres.Options(directory: directory.path("postgres"))
        options.isDurable = false
        options.password = postgresPassword
        let postgres = try await PrivatePostgres.start(options)
        var redisOptions = PrivateRedis.Options(directory: directory.path("redis"))
        redisOptions.password = redisPassword
        return Servers(directory: directory, postgres: postgres, redis: try await PrivateRedis.start(redisOptions))
    }

    /// The two variables that are enough to start.
    var environment: [String: String] { ["DATABASE_URL": postgres.url, "REDIS_URL": redis.url] }

    /// Runs one statement as the superuser; the first column of its rows.
    @discardableResult
    func sql(_ statement: String) async throws -> [String?] {
        let readiness = try Readiness()
        defer { readiness.stop() }
        let session = PostgresSession(
            try PostgresConfiguration(postgres.url, applicationName: "test"), readiness: readiness)
        let rows = try await session.rows(Statement(statement, preparation: .unprepared), by: .now + .seconds(30))
        await session.close()
        guard !rows.columns.isEmpty else { return [] }
        var values: [String?] = []
        for row in rows { values.append(try row.string(0)) }
        return values
    }

    /// Runs commands on Redis; fails when one of them does.
    func redis(_ commands: [RedisCommand]) async throws {
        let session = RedisSession(try RedisURL(redis.url), clientName: "test")
        for answer in await session.pipeline(commands, deadline: .now + .seconds(10)) { _ = try answer.get() }
        await session.close()
    }

    func migrate() async throws {
        let (code, output) = try await RunningVitals.run(["migrate", "up"], environment: environment, in: directory)
        guard code == 0 else { throw SupportError("vitals migrate up: \(output)") }
    }

    func stop() async {
        await redis.stop()
        await postgres.stop()
    }
}

/// Starts the servers for a test and stops them after it, however it ends.
func withServers(
    postgresPassword: String? = nil, redisPassword: String? = nil, _ body: (Servers) async throws -> Void
) async throws {
    let servers = try await Servers.start(postgresPassword: postgresPassword, redisPassword: redisPassword)
    do {
        try await body(servers)
    } catch {
        await servers.stop()
        throw error
    }
    await servers.stop()
}

/// Starts Vitals for a test and stops it after it, however it ends.
func withVitals(
    _ arguments: [String] = [], environment: [String: String] = [:], in directory: TemporaryDirectory,
    configuration: String? = nil, _ body: (RunningVitals) async throws -> Void
) async throws {
    let vitals = try await RunningVitals.serve(
        arguments, environment: environment, in: directory, configuration: configuration)
    do {
        try await body(vitals)
    } catch {
        await vitals.stop()
        throw error
    }
    await vitals.stop()
}
