import Alerting
import ArgumentParser
import FoundationEssentials
import PromQL

struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Unit testing.", subcommands: [Rules.self])

    /// Options that may stand before the subcommand, as promtool has them.
    struct Results: ParsableArguments {
        @Option(help: ArgumentHelp("Write the results as JUnit XML.", valueName: "file"))
        var junit: String?
    }

    @OptionGroup var results: Results

    struct Rules: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run unit tests for rules in promtool's format; exit 1 when one fails.")

        @OptionGroup var results: Results

        @Option(
            name: .customLong("run"),
            help: ArgumentHelp("Run only tests whose name matches. May be repeated.", valueName: "regex"))
        var names: [String] = []

        @Flag(help: "Show expected and real alerts as one coloured difference.")
        var diff = false

        @Flag(help: "Show how long each test took, and all its series.")
        var debug = false

        @Flag(help: "Report which rules the tests exercised, and which of an alert's ways they left out.")
        var coverage = false

        @OptionGroup var tool: RuleToolOptions

        @Argument(help: "Files and globs of unit tests.")
        var files: [String]

        func run() throws {
            var options = RuleTestRunner.Options()
            options.features = tool.readFeatures()
            options.unknownFields = tool.unknownFields
            options.showsDifference = diff
            options.showsDebug = debug
            options.showsCoverage = coverage
            options.names = try names.map(Self.pattern)
            let paths = try existingFiles(files)
            let files = RuleTestFiles(
                read: { path throws(RuleTestReadError) in
                    do {
                        return try readBytes(path)
                    } catch {
                        throw RuleTestReadError("\(error)")
                    }
                }, glob: globbed)
            var runner = RuleTestRunner(options, files: files, report: printReport)
            for path in paths { runner.run(path) }
            runner.finish()
            if let file = results.junit {
                guard FileManager.default.createFile(atPath: file, contents: Data(runner.junitXML.utf8)) else {
                    throw Findings(all: [Finding("--junit", "cannot write \(file)")])
                }
            }
            throw ExitCode(runner.exitStatus)
        }

        private static func pattern(_ text: String) throws(Findings) -> RegularExpression {
            do {
                return try RegularExpression(text, isAnchored: false)
            } catch {
                throw Findings(all: [Finding("--run", error.message)])
            }
        }
    }
}
