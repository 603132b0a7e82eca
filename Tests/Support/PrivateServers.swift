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

    private static func start(
        _ program: String, _ arguments: [String], _ port: Int, in directory: TemporaryDirectory
    ) async throws -> PrivateServer {
        let command = ChildProcess.Command(
            try Programs.path(of: program), arguments, log: directory.path("\(program).log"), directory: directory.path)
        let process = try await ChildProcess(command)
        do {
            try await process.waitUntilReady { isListening(port: port) }
        } catch {
            await process.stop()
            throw error
        }
        return PrivateServer(url: "http://127.0.0.1:\(port)", port: port, process: process)
    }
}

extension PrivateServer {
    /// postgres_exporter on the database of a URL, with a file of queries.
    public static func postgresExporter(
        on url: String, queries: String, in directory: TemporaryDirectory
    ) async throws -> PrivateServer {
        let port = try freePort()
        var command = ChildProcess.Command(
            try Programs.path(of: "prometheus-postgres-exporter"),
            ["--web.listen-address=127.0.0.1:\(port)", "--extend.query-path=\(queries)"],
            log: directory.path("postgres-exporter.log"), directory: directory.path)
        command.environment = ["DATA_SOURCE_NAME": "\(url)?sslmode=disable"]
        let process = try await ChildProcess(command)
        do {
            try await process.waitUntilReady { isListening(port: port) }
        } catch {
            await process.stop()
            throw error
        }
        return PrivateServer(url: "http://127.0.0.1:\(port)", port: port, process: process)
    }
}
