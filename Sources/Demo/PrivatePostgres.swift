internal import FoundationEssentials
internal import Glibc
internal import Postgres

/// A Postgres of one's own under a directory: made with initdb at first start, listening on the loopback address and a socket in
/// the directory, with `pg_stat_statements` installed.
public final class PrivatePostgres: Sendable {
    /// How to run it.
    public struct Options: Sendable {
        /// Data, log and socket go here. Absolute.
        public var directory: String
        /// Nil: a free one.
        public var port: Int?
        /// Nil: anybody may connect as anyone (`trust`); else the superuser's password, and `scram-sha-256` for all.
        public var password: String?
        /// Off: faster, and worthless after a power failure. For tests.
        public var isDurable = true
        /// Settings on top, as in postgresql.conf.
        public var settings: [String: String] = [:]
        /// The directory of its programs, for a version of one's own choice; nil: from `PATH` and the usual directories.
        public var programs: String?
        /// What it follows as a streaming standby, copied from it with pg_basebackup and a slot of its own; nil: it is a primary.
        public var primary: PrivatePostgres?

        public init(directory: String) { self.directory = directory }
    }

    public static let superuser = "postgres"

    public let options: Options
    public let port: Int
    private let user: SystemUser?
    private let process: Slot

    private actor Slot {
        var process: ChildProcess?

        func set(_ new: ChildProcess?) { process = new }
    }

    /// Starts it, making it first when the directory has none.
    public static func start(_ options: Options) async throws(DemoError) -> PrivatePostgres {
        let server = try PrivatePostgres(options)
        try await server.initialize()
        try await server.start()
        return server
    }

    private init(_ options: Options) throws(DemoError) {
        self.options = options
        port = if let port = options.port { port } else { try freePort() }
        user = try SystemUser.unprivileged(owning: options.directory)
        process = Slot()
    }

    /// A URL for the superuser and the database `postgres`, with the password if there is one.
    public var url: String { url(user: PrivatePostgres.superuser, password: options.password) }

    /// A URL for a role. The password must not need escaping.
    public func url(user: String, password: String? = nil, database: String = "postgres") -> String {
        let secret = password.map { ":\($0)" } ?? ""
        return "postgres://\(user)\(secret)@127.0.0.1:\(port)/\(database)"
    }

    /// The directory of its socket, for `host=…`; empty when the path is too long for one.
    public var socketDirectory: String { options.directory.utf8.count < 90 ? options.directory : "" }

    private var dataDirectory: String { "\(options.directory)/data" }
    private var log: String { "\(options.directory)/postgres.log" }

    private func command(_ program: String, _ arguments: [String]) throws(DemoError) -> ChildProcess.Command {
        var command = ChildProcess.Command(
            try Programs.path(of: program, in: options.programs), arguments, log: log, directory: options.directory)
        command.user = user
        // 'Fast': it rolls back and disconnects whoever is there, where SIGTERM would wait for them.
        command.stopSignal = SIGINT
        return command
    }

    private func initialize() async throws(DemoError) {
        guard access("\(dataDirectory)/PG_VERSION", F_OK) != 0 else { return }
        try createDirectory(options.directory)
        try user?.takeOver(options.directory)
        if let primary = options.primary {
            let copy = [
                "-D", dataDirectory, "-d", primary.url, "-X", "stream", "-R", "-C", "-S", "standby_\(port)", "-c", "fast",
            ]
            return try await ChildProcess.run(command("pg_basebackup", copy + (options.isDurable ? [] : ["--no-sync"])))
        }
        var arguments = ["-D", dataDirectory, "-U", PrivatePostgres.superuser, "-E", "UTF8", "--locale=C.UTF-8"]
        if !options.isDurable { arguments.append("--no-sync") }
        let secret = "\(options.directory)/password"
        if let password = options.password {
            try writeFile(secret, password + "\n")
            try user?.takeOver(secret)
            arguments += ["-A", "scram-sha-256", "--pwfile", secret]
        } else {
            arguments += ["-A", "trust"]
        }
        defer { unlink(secret) }
        try await ChildProcess.run(command("initdb", arguments))
    }

    /// Starts it again after `stop()` or `kill()`, on the same port.
    public func start() async throws(DemoError) {
        var settings = [
            "listen_addresses": "127.0.0.1", "port": "\(port)", "unix_socket_directories": socketDirectory,
            "shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "top", "max_connections": "50",
            "shared_buffers": "32MB", "logging_collector": "off",
        ]
        if !options.isDurable {
            settings.merge(["fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"]) { $1 }
        }
        // A standby does not start with smaller limits than its primary has.
        settings.merge(options.primary?.options.settings ?? [:]) { $1 }
        settings.merge(options.settings) { $1 }
        var arguments = ["-D", dataDirectory]
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) { arguments += ["-c", "\(name)=\(value)"] }
        let child = try await ChildProcess(command("postgres", arguments))
        await process.set(child)
        let configuration: PostgresConfiguration
        let readiness: Readiness
        do throws(PostgresError) {
            configuration = try PostgresConfiguration(url, applicationName: "vitals demo")
            readiness = try Readiness()
        } catch {
            throw DemoError(.system, error.description)
        }
        defer { readiness.stop() }
        // A standby has what its primary has.
        let install = Statement(
            options.primary == nil ? "CREATE EXTENSION IF NOT EXISTS pg_stat_statements" : "SELECT 1",
            preparation: .unprepared)
        do {
            try await child.waitUntilReady {
                let connection = PostgresConnection(configuration, readiness: readiness)
                let deadline = ContinuousClock.now + .seconds(5)
                guard (try? await connection.connect(by: deadline)) != nil else { return false }
                let isDone = await connection.pipeline([install], by: deadline).ending == .complete
                await connection.close()
                return isDone
            }
        } catch {
            await child.stop()
            throw error
        }
    }

    /// Ends it in order.
    public func stop() async { await process.process?.stop() }

    /// Ends it as a crash would; `start()` recovers it.
    public func kill() async { await process.process?.killAndWait() }

    /// It keeps its sockets and answers nothing.
    public func freeze() async { await process.process?.freeze() }

    public func thaw() async { await process.process?.thaw() }

    /// The process, for signals and measurements; nil before the first start.
    public var child: ChildProcess? {
        get async { await process.process }
    }
}
