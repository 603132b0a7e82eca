public import Demo

/// A PgBouncer of a test's own, in front of a Postgres, on a free port of the loopback address.
public final class PrivatePgBouncer: Sendable {
    /// What stands in its configuration file besides the address.
    public struct Options: Sendable {
        /// Lines of `[databases]`.
        public var databases: [String]
        /// Lines of `[pgbouncer]`.
        public var settings: [String]
        /// Passwords by user.
        public var users: [String: String]

        public init(databases: [String], settings: [String] = [], users: [String: String] = [:]) {
            self.databases = databases
            self.settings = settings
            self.users = users
        }
    }

    /// May do everything on the console, with the password `admin-secret`.
    public static let admin = "bouncer_admin"
    /// May look only, with the password `stats-secret`.
    public static let stats = "bouncer_stats"

    public let port: Int
    public let directory: TemporaryDirectory
    private let process = Slot()

    private actor Slot {
        var process: ChildProcess?

        func set(_ new: ChildProcess?) { process = new }
    }

    /// Starts it in transaction mode, with `auth_type = plain` unless the settings say otherwise.
    public static func start(_ options: Options, in directory: TemporaryDirectory) async throws -> PrivatePgBouncer {
        let bouncer = PrivatePgBouncer(port: try freePort(), directory: directory)
        try bouncer.configure(options)
        try await bouncer.start()
        return bouncer
    }

    private init(port: Int, directory: TemporaryDirectory) {
        self.port = port
        self.directory = directory
    }

    /// Writes its files; takes effect with `reload()` or the next start.
    public func configure(_ options: Options) throws {
        var users = options.users
        users[Self.admin] = users[Self.admin] ?? "admin-secret"
        users[Self.stats] = users[Self.stats] ?? "stats-secret"
        let list = try directory.write(
            "users.txt", users.sorted { $0.key < $1.key }.map { "\"\($0.key)\" \"\($0.value)\"\n" }.joined())
        var defaults = ["auth_type = plain", "pool_mode = transaction"]
        defaults.removeAll { line in options.settings.contains { $0.hasPrefix(line.prefix { $0 != " " }) } }
        try directory.write(
            "pgbouncer.ini",
            """
            [databases]
            \(options.databases.joined(separator: "\n"))
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_file = \(list)
            admin_users = \(Self.admin)
            stats_users = \(Self.stats)
            \((defaults + options.settings).joined(separator: "\n"))

            """)
    }

    /// Starts it again after `stop()` or `kill()`, on the same port.
    public func start() async throws {
        var command = ChildProcess.Command(
            try Programs.path(of: "pgbouncer"), [directory.path("pgbouncer.ini")], log: directory.path("pgbouncer.log"),
            directory: directory.path)
        // It refuses to run as root.
        command.user = try SystemUser.unprivileged(owning: directory.path("pgbouncer.ini"))
        // SIGTERM waits for all clients since 1.23.
        command.stopSignal = 3
        let child = try await ChildProcess(command)
        await process.set(child)
        do {
            try await child.waitUntilReady { isListening(port: self.port) }
        } catch {
            await child.stop()
            throw error
        }
    }

    public func stop() async { await process.process?.stop(grace: .seconds(3)) }
    public func kill() async { await process.process?.killAndWait() }
    /// It keeps its sockets and answers nothing.
    public func freeze() async { await process.process?.freeze() }
    public func thaw() async { await process.process?.thaw() }
    /// Reads its files again.
    public func reload() async { await process.process?.signal(1) }

    /// The console's address for somebody who may look only.
    public var consoleURL: String { url(user: Self.stats, password: "stats-secret", database: "pgbouncer") }
    public var adminURL: String { url(user: Self.admin, password: "admin-secret", database: "pgbouncer") }

    /// The passwords must not need escaping.
    public func url(user: String, password: String? = nil, database: String) -> String {
        "postgres://\(user)\(password.map { ":\($0)" } ?? "")@127.0.0.1:\(port)/\(database)"
    }

    /// Runs a command on the console as its administrator.
    public func command(_ text: String) async throws {
        try await ChildProcess.run(try PrivatePgBouncer.psql(adminURL, text, in: directory))
    }

    /// A client that runs `statements` (separated by semicolons, in one simple query) and then ends.
    public static func psql(_ url: String, _ statements: String, in directory: TemporaryDirectory) throws -> ChildProcess.Command
    {
        ChildProcess.Command(
            try Programs.path(of: "psql"), ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statements],
            log: directory.path("psql.log"), directory: directory.path)
    }
}
