public import Demo

/// A server program run for a test: configuration file in, URL out.
public struct PrivateServer: Sendable {
    public let url: String
    public let port: Int
    public let process: ChildProcess

    public func stop() async { await process.stop(grace: .seconds(3)) }

    /// Prometheus with this configuration file. Its data go into the directory.
    public static func prometheus(
        _ configuration: String, arguments: [String] = [], in directory: TemporaryDirectory
    ) async throws -> PrivateServer {
        let port = try freePort()
        let file = try directory.write("prometheus.yml", configuration)
        return try await start(
            "prometheus",
            [
                "--config.file=\(file)", "--storage.tsdb.path=\(directory.path("prometheus-data"))",
                "--web.listen-address=127.0.0.1:\(port)", "--web.enable-lifecycle",
            ] + arguments, port, in: directory)
    }

    /// Alertmanager with this configuration file. It stays alone: no cluster. `port` nil: a free one. `extra` are flags.
    public static func alertmanager(
        _ configuration: String, port: Int? = nil, in directory: TemporaryDirectory, extra: [String] = []
    ) async throws -> PrivateServer {
        let port = if let port { port } else { try freePort() }
        let file = try directory.write("alertmanager.yml", configuration)
        return try await start(
            "prometheus-alertmanager",
            [
                "--config.file=\(file)", "--storage.path=\(directory.path("alertmanager-data"))",
                "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=",
            ] + extra, port, in: directory)
    }

    /// PgBouncer with these lines of its `[databases]` and `[pgbouncer]` sections; the port is added. `users` are the lines of its
    /// user list (`"name" "password"`). The URL has no user and no database.
    public static func pgBouncer(
        databases: String, settings: String, users: String, in directory: TemporaryDirectory
    ) async throws -> PrivateServer {
        let port = try freePort()
        let list = try directory.write("users.txt", users)
        let file = try directory.write(
            "pgbouncer.ini",
            """
            [databases]
            \(databases)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_file = \(list)
            \(settings)
            """)
        return try await start("pgbouncer", [file], port, in: directory, scheme: "postgres", user: SystemUser(named: "postgres"))
    }

    private static func start(
        _ program: String, _ arguments: [String], _ port: Int, in directory: TemporaryDirectory, scheme: String = "http",
        user: SystemUser? = nil
    ) async throws -> PrivateServer {
        var command = ChildProcess.Command(
            try Programs.path(of: program), arguments, log: directory.path("\(program).log"), directory: directory.path)
        command.user = user
        let process = try await ChildProcess(command)
        do {
            try await process.waitUntilReady { isListening(port: port) }
        } catch {
            await process.stop()
            throw error
        }
        return PrivateServer(url: "\(scheme)://127.0.0.1:\(port)", port: port, process: process)
    }
}
