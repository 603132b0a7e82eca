import Demo
import FoundationEssentials
import Postgres
import Redis
import Support

/// A private Postgres and Redis with a folder of their own, and Vitals beside them.
struct Servers {
    let directory: TemporaryDirectory
    let postgres: PrivatePostgres
    let redis: PrivateRedis

    /// `settings` are lines of postgresql.conf, `accessControl` lines of Redis' ACL file.
    static func start(
        postgresPassword: String? = nil, redisPassword: String? = nil, settings: [String: String] = [:],
        accessControl: [String] = []
    ) async throws -> Servers {
        let directory = try TemporaryDirectory()
        var options = PrivatePostgres.Options(directory: directory.path("postgres"))
        options.isDurable = false
        options.password = postgresPassword
        options.settings = settings
        // A server without passwords is copied from one that initdb made once.
        if postgresPassword == nil { try await EmptyPostgres.copy(to: options.directory) }
        let postgres = try await PrivatePostgres.start(options)
        var redisOptions = PrivateRedis.Options(directory: directory.path("redis"))
        redisOptions.password = redisPassword
        redisOptions.accessControl = accessControl
        do {
            return Servers(directory: directory, postgres: postgres, redis: try await PrivateRedis.start(redisOptions))
        } catch {
            await postgres.stop()
            throw error
        }
    }

    /// The two variables that are enough to start.
    var environment: [String: String] { ["DATABASE_URL": postgres.url, "REDIS_URL": redis.url] }

    /// Runs one statement as the superuser; the first column of its rows.
    @discardableResult
    func sql(_ statement: String, on url: String? = nil) async throws -> [String?] {
        let readiness = try Readiness()
        defer { readiness.stop() }
        let session = PostgresSession(
            try PostgresConfiguration(url ?? postgres.url, applicationName: "test"), readiness: readiness)
        let rows: Rows
        do {
            rows = try await session.rows(Statement(statement, preparation: .unprepared), by: .now + .seconds(30))
        } catch {
            await session.close()
            throw error
        }
        await session.close()
        guard !rows.columns.isEmpty else { return [] }
        var values: [String?] = []
        for row in rows { values.append(try row.string(0)) }
        return values
    }

    /// Ends the connection that Vitals keeps.
    func disconnectVitals() async throws {
        try await sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'vitals'")
    }

    /// Runs commands on Redis; fails when one of them does.
    func redis(_ commands: [RedisCommand], url: String? = nil) async throws {
        let session = RedisSession(try RedisURL(url ?? redis.url), clientName: "test")
        let answers = await session.pipeline(commands, deadline: .now + .seconds(10))
        await session.close()
        for answer in answers { _ = try answer.get() }
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

/// What initdb makes, made once for all tests.
private enum EmptyPostgres {
    private static let made = Task {
        let directory = try TemporaryDirectory()
        directory.keepUntilExit()
        var options = PrivatePostgres.Options(directory: directory.path("postgres"))
        options.isDurable = false
        let server = try await PrivatePostgres.start(options)
        await server.stop()
        return options.directory
    }

    static func copy(to directory: String) async throws {
        let source = try await made.value
        let parent = directory.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 }
        let log = directory + ".copy.log"
        try await ChildProcess.run(
            ChildProcess.Command(try Programs.path(of: "cp"), ["-a", source, directory], log: log, directory: parent))
    }
}

/// Starts the servers for a test and stops them after it, however it ends.
func withServers(
    postgresPassword: String? = nil, redisPassword: String? = nil, settings: [String: String] = [:],
    accessControl: [String] = [], _ body: (Servers) async throws -> Void
) async throws {
    let servers = try await Servers.start(
        postgresPassword: postgresPassword, redisPassword: redisPassword, settings: settings, accessControl: accessControl)
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

/// Runs a program of the system to its end: exit code and all that it printed.
func runProgram(
    _ name: String, _ arguments: [String], in directory: TemporaryDirectory, user: SystemUser? = nil
) async throws -> (code: Int32, output: String) {
    let log = directory.path("\(name)-\(UInt32.random(in: 0...UInt32.max)).log")
    var command = ChildProcess.Command(try Programs.path(of: name), arguments, log: log, directory: directory.path)
    command.user = user
    let code = try await ChildProcess(command).waitForExit()
    return (code, String(decoding: try Data(contentsOf: URL(filePath: log)), as: UTF8.self))
}
