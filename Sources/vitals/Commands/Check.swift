import Alerting
import ArgumentParser
import PromQL

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate files, or everything that is configured; all findings at once, exit 1 when there are any.",
        subcommands: [Config.self, Rules.self, EnvironmentCheck.self])

    struct Config: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Validate configuration files and the rules that they name.")

        @Argument(help: "The files.")
        var files: [String]

        @Option(name: .customLong("storage.retention"), help: "As it will be given to serve. Default: as long as the rules need.")
        var storageRetention: String?

        @Option(
            name: .customLong("enable-feature"), help: "As it will be given to serve: features of PromQL, separated by commas.")
        var features: [String] = []

        func run() throws {
            var findings: [Finding] = []
            for warning in PromQLFeatures.request(features).warnings { complain("warning: \(warning)") }
            for file in files {
                do {
                    var arguments = ["--config.file", file] + features.flatMap { ["--enable-feature", $0] }
                    if let storageRetention { arguments += ["--storage.retention", storageRetention] }
                    let settings = try Settings(ServeOptions.parse(arguments), environment: .current())
                    for warning in settings.warnings { complain("warning: \(warning)") }
                    let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
                    let rules = try RuleFiles(language: PromQLLanguage(PromQLEngine(settings))).read(
                        settings.configuration.ruleFiles, relativeTo: folder, warn: { complain("warning: \($0)") })
                    let retention = Retention(given: settings.storageRetention, rules: rules)
                    if let warning = retention.warning { complain("warning: \(warning)") }
                    print(
                        "SUCCESS: \(file) is valid; \(rules.reduce(0) { $0 + $1.ruleCount }) rules, series kept for "
                            + Retention.text(retention.duration.milliseconds))
                } catch let found as Findings {
                    findings += found.all
                }
            }
            guard findings.isEmpty else { throw Findings(all: findings) }
        }
    }
}
