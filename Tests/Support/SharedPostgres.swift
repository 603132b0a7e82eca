public import Demo
internal import Glibc
public import Postgres
internal import Synchronization

/// One Postgres for all tests of a process that do it no harm; each takes a database of its own. It ends with the process.
public enum SharedPostgres {
    private static let server = Task {
        let directory = try TemporaryDirectory()
        directory.keepUntilExit()
        return try await start(in: directory)
    }
    private static let numbers = Atomic<Int>(0)

    /// The directory of the server programs that the tests run on: the variable VITALS_TEST_POSTGRES, which `make test-matrix` sets;
    /// nil: the machine's own.
    public static let programs: String? = getenv("VITALS_TEST_POSTGRES").map { String(cString: $0) }.flatMap {
        $0.isEmpty ? nil : $0
    }

    /// The server itself.
    public static func get() async throws -> PrivatePostgres { try await server.value }

    /// `server_version_num` of all servers that tests start: 150004 is 15.4.
    public static func version() async throws -> Int { try await number.value }

    private static let number = Task {
        let answer = try await rows("SELECT current_setting('server_version_num')::int", on: try await server.value.url)
        return try answer.first?.int(0) ?? 0
    }

    /// Ends a session and waits until it is gone. (`pg_terminate_backend` itself can wait since Postgres 14.)
    public static func terminate(_ pid: Int, on url: String) async throws {
        try await run(
            [
                "SELECT pg_terminate_backend(\(pid))",
                """
                DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(pid)) LOOP
                    PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot();
                END LOOP; END $$
                """,
            ], on: url)
    }

    /// A last statement of a session, after which all see what it counted: else it tells once a second only. Before Postgres 15 a process
    /// of its own collects the statistics and writes them down when it is time.
    public static func flush() async throws -> String {
        try await version() >= 150_000 ? "SELECT pg_stat_force_next_flush()" : "SELECT pg_sleep(1.5)"
    }

    /// A new, empty database with `pg_stat_statements`; returns the superuser's URL of it.
    public static func database() async throws -> String {
        let server = try await server.value
        let name = "test_\(numbers.add(1, ordering: .relaxed).newValue)"
        try await run(["CREATE DATABASE \(name)"], on: server.url)
        let url = server.url(user: PrivatePostgres.superuser, password: server.options.password, database: name)
        try await run(["CREATE EXTENSION pg_stat_statements"], on: url)
        return url
    }

    /// A server of a test's own, for tests that stop, freeze or reconfigure it; with `primary` a standby that streams from it.
    public static func start(
        in directory: TemporaryDirectory, password: String? = nil, settings: [String: String] = [:],
        following primary: PrivatePostgres? = nil
    ) async throws -> PrivatePostgres {
        var options = PrivatePostgres.Options(directory: directory.path(primary == nil ? "postgres" : "standby"))
        options.isDurable = false
        options.programs = programs
        options.primary = primary
        options.password = password
        options.settings = settings
        return try await PrivatePostgres.start(options)
    }

    /// Runs statements one after the other over a connection of their own, as an application would. Throws the first failure.
    public static func run(_ statements: [String], on url: String, within limit: Duration = .seconds(30)) async throws {
        let readiness = try Readiness()
        defer { readiness.stop() }
        let connection = PostgresConnection(
            try PostgresConfiguration(url, applicationName: "test", purpose: .application), readiness: readiness)
        let deadline = ContinuousClock.now + limit
        try await connection.connect(by: deadline)
        let limits = StatementLimits(statement: limit, lock: limit)
        for sql in statements {
            _ = try await connection.pipeline(
                [Statement(sql, preparation: .unprepared, limits: limits)], by: deadline
            ).rows(0)
        }
        await connection.close()
    }

    /// The answer to one statement over a connection of its own.
    public static func rows(_ sql: String, _ parameters: [String?] = [], on url: String) async throws -> Rows {
        let readiness = try Readiness()
        defer { readiness.stop() }
        let connection = PostgresConnection(
            try PostgresConfiguration(url, applicationName: "test", purpose: .application), readiness: readiness)
        let deadline = ContinuousClock.now + .seconds(30)
        try await connection.connect(by: deadline)
        let limits = StatementLimits(statement: .seconds(30), lock: .seconds(30))
        let rows = try await connection.pipeline(
            [Statement(sql, parameters, preparation: .unprepared, limits: limits)], by: deadline
        ).rows(0)
        await connection.close()
        return rows
    }
}
