import ArgumentParser
import Health
import Postgres
import Redis
import Sampling

extension Check {
    struct EnvironmentCheck: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "environment", abstract: "Connect to everything that is configured and say what is wrong.")

        @Option(name: .customLong("config.file"), help: "The configuration file (YAML).")
        var configFile: String?

        func run() async throws {
            let settings = try Settings(
                ServeOptions.parse(configFile.map { ["--config.file", $0] } ?? []), environment: .current())
            let configuration = settings.configuration
            let readiness = try Readiness()
            defer { readiness.stop() }
            var findings: [Finding] = []
            var databases: [(name: String, session: PostgresSession)] = []
            var caches: [(name: String, session: RedisSession)] = []
            var consoles: [(name: String, session: PostgresSession)] = []
            for target in configuration.targets {
                do {
                    switch target.kind {
                    case .postgres:
                        databases.append(
                            (target.name, PostgresSession(try PostgresConfiguration(target.url), readiness: readiness)))
                    case .redis: caches.append((target.name, RedisSession(try RedisURL(target.url))))
                    case .pgbouncer:
                        consoles.append(
                            (target.name, PostgresSession(try PgBouncerTarget.address(target.url), readiness: readiness)))
                    }
                } catch {
                    findings.append(Finding("target '\(target.name)'", settings.secrets.redacting("\(error)")))
                }
            }
            guard findings.isEmpty else { throw Findings(all: findings) }
            var preflight = Preflight(
                databases: databases, recordDatabase: configuration.records.target ?? databases.first?.name, caches: caches,
                consoles: consoles)
            if configuration.targets.isEmpty {
                preflight.missingVariables = [
                    ("DATABASE_URL", "the Postgres to sample; or name targets in --config.file"),
                    ("REDIS_URL", "the Redis to sample; or name targets in --config.file"),
                ]
            }
            let found = await preflight.run(by: .now + .seconds(10))
            for (_, session) in databases + consoles { await session.close() }
            for (_, session) in caches { await session.close() }
            for warning in found.warnings { complain("warning: \(warning)") }
            print(settings.secrets.redacting(found.report.json))
            if !found.report.success { throw ExitCode(1) }
        }
    }
}
