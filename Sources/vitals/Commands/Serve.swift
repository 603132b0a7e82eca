import ArgumentParser
import Logging

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sample, serve, evaluate and record, until SIGTERM or SIGINT. SIGHUP reads the configuration again.")

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let environment = Environment.current()
        let settings = try Settings(options, environment: environment)
        guard !settings.configuration.targets.isEmpty else {
            throw Findings(all: [
                Finding(
                    "vitals serve",
                    "nothing to sample: set DATABASE_URL, REDIS_URL or PGBOUNCER_URL, or give --config.file; `vitals demo` needs neither"
                )
            ])
        }
        settings.bootstrapLogging()
        let runtime = try await Runtime(settings, environment: environment, options: options)
        try await runtime.run()
    }
}

extension Settings {
    /// To be called once, before the first logger is made.
    func bootstrapLogging() {
        let (level, format, secrets) = (logLevel, logFormat, secrets)
        LoggingSystem.bootstrap { label in
            LineLog(logLevel: level, format: format, label: label, secrets: secrets)
        }
    }
}
