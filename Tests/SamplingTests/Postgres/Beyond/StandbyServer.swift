import Demo
import FoundationEssentials
import Support

/// A streaming standby of a private server.
enum StandbyServer {
    /// Copies `primary` and starts the copy as its standby, connected through `port`: the primary's own or a proxy's.
    static func start(
        of primary: PrivatePostgres, port: Int, in directory: TemporaryDirectory, settings: [String: String] = [:]
    ) async throws -> PrivatePostgres {
        var options = PrivatePostgres.Options(directory: directory.path("standby"))
        options.isDurable = false
        options.programs = SharedPostgres.programs
        options.settings = settings.merging([
            "primary_conninfo": "host=127.0.0.1 port=\(port) user=postgres application_name=standby", "hot_standby": "on",
            "wal_receiver_status_interval": "1s", "wal_retrieve_retry_interval": "500ms",
        ]) { $1 }
        let user = try SystemUser.unprivileged(owning: options.directory)
        try FileManager.default.createDirectory(atPath: options.directory, withIntermediateDirectories: true)
        try user?.takeOver(options.directory)
        var command = ChildProcess.Command(
            try Programs.path(of: "pg_basebackup", in: SharedPostgres.programs),
            [
                "-h", "127.0.0.1", "-p", "\(primary.port)", "-U", "postgres", "-D", "\(options.directory)/data", "-R", "-c",
                "fast", "--no-sync",
            ],
            log: directory.path("basebackup.log"), directory: options.directory)
        command.user = user
        try await ChildProcess.run(command)
        return try await PrivatePostgres.start(options)
    }
}
