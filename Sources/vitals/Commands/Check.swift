import Alerting
import ArgumentParser
import PromQL

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate files, or everything that is configured; all findings at once, exit 1 when there are any.",
        subcommands: [Config.self, Rules.self, EnvironmentCheck.self])

    struct Config: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Validate configuration files, and the rules and collectors that they name.")

        @Argument(help: "The files. With --explain none is needed: variables and flags name targets too.")
        var files: [String] = []

        @Flag(help: "Connect to every Postgres and print what would be asked where, and what not, and why.")
        var explain = false

        @Flag(name: .customLong("sql"), help: "With --explain: the statements too.")
        var showsSQL = false

        @Option(name: .customLong("storage.retention"), help: "As it will be given to serve. Default: as long as the rules need.")
        var storageRetention: String?

        @Option(
            name: .customLong("enable-feature"), help: "As it will be given to serve: features of PromQL, separated by commas.")
        var features: [String] = []

        @OptionGroup(title: "As they will be given to serve")
        var exporter: ExporterOptionGroup

        @OptionGroup(title: "Collectors")
        var collectors: CollectorOptionGroup

        func validate() throws {
            guard files.isEmpty, !explain else { return }
            throw ValidationError("name the files to check; only --explain does without")
        }

        func run() async throws {
            var findings: [Finding] = []
            for warning in PromQLFeatures.request(features).warnings { complain("warning: \(warning)") }
            for file in files.isEmpty ? [nil] : files.map(Optional.some) {
                do {
                    let settings = try check(file)
                    if explain { try await explain(settings) }
                } catch let found as Findings {
                    findings += found.all
                }
            }
            guard findings.isEmpty else { throw Findings(all: findings) }
        }

        private func check(_ file: String?) throws -> Settings {
            var arguments = file.map { ["--config.file", $0] } ?? []
            for feature in features { arguments += ["--enable-feature", feature] }
            if let storageRetention { arguments += ["--storage.retention", storageRetention] }
            var options = try ServeOptions.parse(arguments)
            options.exporter = exporter
            options.collectors = collectors
            let settings = try Settings(options, environment: .current())
            for warning in settings.warnings { complain("warning: \(warning)") }
            guard let file else { return settings }
            let rules = try RuleFiles(language: PromQLLanguage(PromQLEngine(settings))).read(
                settings.configuration.ruleFiles, relativeTo: folder(of: file), warn: { complain("warning: \($0)") })
            let retention = Retention(given: settings.storageRetention, rules: rules)
            if let warning = retention.warning { complain("warning: \(warning)") }
            print(
                "SUCCESS: \(file) is valid; \(rules.reduce(0) { $0 + $1.ruleCount }) rules, series kept for "
                    + Retention.text(retention.duration.milliseconds))
            return settings
        }
    }
}
