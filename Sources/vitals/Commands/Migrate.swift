import ArgumentParser
import Postgres
import Records

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create, undo or show the tables of Vitals in the database that holds its rows.",
        subcommands: [Up.self, Down.self, Status.self])

    /// Which database.
    struct Place: ParsableArguments {
        @Option(name: .customLong("config.file"), help: "The configuration file (YAML).")
        var configFile: String?

        @Option(help: "The name of the Postgres target. Default: the configured one for rows, or the first.")
        var target: String?

        /// Runs `body` on the database and closes the connection.
        func migrating(_ body: (Migrator) async throws(RecordError) -> Void) async throws {
            let settings = try Settings(
                ServeOptions.parse(configFile.map { ["--config.file", $0] } ?? []), environment: .current())
            let place = try recordTarget(settings.configuration, named: target)
            let readiness = try Readiness()
            defer { readiness.stop() }
            let session = PostgresSession(
                try PostgresConfiguration(place.url, applicationName: "vitals"), readiness: readiness)
            do {
                try await body(Migrator(session))
            } catch {
                await session.close()
                throw Findings(all: [Finding("vitals migrate", settings.secrets.redacting(error.description))])
            }
            await session.close()
        }
    }

    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Apply what is not applied yet.")

        @OptionGroup var place: Place

        @Option(help: "The version to stop at. Default: the newest.")
        var to: Int?

        func run() async throws {
            try await place.migrating { migrator throws(RecordError) in
                let applied = try await migrator.up(to: to)
                for migration in applied { print("applied \(migration.version) \(migration.name)") }
                if applied.isEmpty { print("nothing to apply") }
            }
        }
    }

    struct Down: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Undo the newest migrations; their data is gone.")

        @OptionGroup var place: Place

        @Option(help: "How many.")
        var steps = 1

        func run() async throws {
            try await place.migrating { migrator throws(RecordError) in
                let undone = try await migrator.down(steps: steps)
                for migration in undone { print("undone \(migration.version) \(migration.name)") }
                if undone.isEmpty { print("nothing to undo") }
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show which migrations are applied.")

        @OptionGroup var place: Place

        func run() async throws {
            try await place.migrating { migrator throws(RecordError) in
                for status in try await migrator.status() {
                    let state =
                        switch status.state {
                        case .pending: "pending"
                        case .applied(let time): "applied \(time)"
                        case .changed(let time): "applied \(time), but with another text than this version's"
                        case .unknown(let time): "applied \(time) by another version of Vitals"
                        }
                    print("\(status.version) \(status.name): \(state)")
                }
            }
        }
    }
}

/// The Postgres target that holds the rows: the one of that name, the configured one, or the first. Throws when there is none.
func recordTarget(_ configuration: Configuration, named name: String? = nil) throws(Findings) -> TargetConfiguration {
    let databases = configuration.targets.filter { $0.kind == .postgres }
    if let name = name ?? configuration.records.target {
        if let found = databases.first(where: { $0.name == name }) { return found }
        let known = databases.map(\.name).joined(separator: ", ")
        throw Findings(all: [
            Finding("records.target", "there is no Postgres target '\(name)'; known: \(known.isEmpty ? "none" : known)")
        ])
    }
    guard let first = databases.first else {
        throw Findings(all: [
            Finding("DATABASE_URL", "no Postgres target: set DATABASE_URL, or targets.postgres in the configuration file")
        ])
    }
    return first
}
