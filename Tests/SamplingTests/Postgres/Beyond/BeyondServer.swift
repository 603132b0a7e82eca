import Demo
import Support
import Synchronization

/// One server for the tests of what no exporter has, set up for logical decoding, prepared transactions and an archive that fails.
enum BeyondServer {
    private static let server = Task {
        let directory = try TemporaryDirectory()
        directory.keepUntilExit()
        return try await SharedPostgres.start(
            in: directory,
            settings: [
                "wal_level": "logical", "max_prepared_transactions": "10", "archive_mode": "on", "archive_command": "false",
                "autovacuum": "off", "max_connections": "80",
            ])
    }
    private static let numbers = Atomic<Int>(0)

    static func get() async throws -> PrivatePostgres { try await server.value }

    /// A new, empty database; returns the superuser's URL of it and its name.
    static func database() async throws -> (url: String, name: String) {
        let server = try await server.value
        let name = "beyond_\(numbers.add(1, ordering: .relaxed).newValue)"
        try await SharedPostgres.run(["CREATE DATABASE \(name)"], on: server.url)
        return (server.url(user: PrivatePostgres.superuser, database: name), name)
    }
}
