import Alerting
import ArgumentParser
import Glibc
import PromQL

extension Check {
    struct Rules: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check if rule files are valid, as promtool does; exit 1 after an error, 3 after a fatal lint finding.")

        @Option(help: "Lints, separated by commas: duplicate-rules, all, none.")
        var lint = RuleCheck.Lint.standard

        @Flag(help: "End with 3 when a lint finds something.")
        var lintFatal = false

        @OptionGroup var tool: RuleToolOptions

        @Argument(help: "Files and globs. Without any, or for -, standard input is read.")
        var files: [String] = []

        func run() throws {
            let language = PromQLLanguage(PromQLEngine(features: tool.readFeatures()))
            var check = RuleCheck(
                language: language, lint: RuleCheck.Lint(lint, isFatal: lintFatal), unknownFields: tool.unknownFields,
                report: printReport)
            let paths = try existingFiles(files.filter { $0 != "-" })
            if files.isEmpty || files.contains("-") {
                check.check(try readBytes(descriptor: STDIN_FILENO, "standard input"), path: nil)
            }
            for path in paths {
                do {
                    check.check(try readBytes(path), path: path)
                } catch {
                    check.cannotRead(path, "\(error)")
                }
            }
            throw ExitCode(check.exitStatus)
        }
    }
}
