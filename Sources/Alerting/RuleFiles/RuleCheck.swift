internal import MetricsModel

/// Where a line of a tool's report goes.
public enum ReportStream: Sendable {
    case standardOutput
    case standardError
}

/// Takes the text of a report, with its line breaks, in order.
public typealias ReportSink = (ReportStream, String) -> Void

/// Checks rule files and reports as `promtool check rules` of Prometheus 3.14 does, but for two things: what is wrong with a rule is
/// reported along with what is wrong with the document's structure, and a document that is no YAML is said to be so once.
public struct RuleCheck {
    /// The checks of `--lint`.
    public struct Lint: Sendable {
        public static let standard = "duplicate-rules"

        public var duplicateRules: Bool
        /// Whether what a lint finds ends the program with status 3.
        public var isFatal: Bool
        /// Names that are no lint.
        public let unknown: [String]

        /// Reads names separated by commas: `duplicate-rules`, `all`, `none`.
        public init(_ names: String, isFatal: Bool) {
            let names = names.isEmpty ? [] : names.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            duplicateRules = names.contains("all") || names.contains("duplicate-rules")
            unknown = names.filter { !["all", "duplicate-rules", "none"].contains($0) }
            self.isFatal = isFatal
        }
    }

    private let language: any RuleLanguage
    private let lint: Lint
    private let unknownFields: UnknownFields
    private let report: ReportSink
    private var hasErrors = false
    private var hasLint = false

    public init(language: any RuleLanguage, lint: Lint, unknownFields: UnknownFields, report: @escaping ReportSink) {
        self.language = language
        self.lint = lint
        self.unknownFields = unknownFields
        self.report = report
        for name in lint.unknown { report(.standardOutput, "WARNING: unknown lint option: \(goQuoted(name))\n") }
    }

    /// 1 after an error, 3 after a lint finding that is fatal, otherwise 0.
    public var exitStatus: Int32 { hasErrors ? 1 : hasLint && lint.isFatal ? 3 : 0 }

    /// Checks one text. `path` is nil for standard input.
    public mutating func check(_ bytes: some Collection<UInt8>, path: String?) {
        report(.standardOutput, "Checking \(path ?? "standard input")\n")
        let (file, findings) = RuleFile.read(
            bytes, path: path ?? "standard input", language: language, unknownFields: unknownFields)
        let prefix = path.map { "\($0): " } ?? ""
        for finding in findings where finding.severity == .warning && finding.rule == nil {
            report(.standardError, "  WARNING: \(prefix)\(finding.line):\(finding.column): \(finding.message)\n")
        }
        guard let file else {
            fail(Self.promtoolLines(findings.filter { $0.severity == .error }).map { prefix + $0 })
            hasErrors = true
            // promtool ends the report of standard input here.
            if path != nil { report(.standardOutput, "\n") }
            return
        }
        let duplicates = lint.duplicateRules ? file.duplicates : []
        if duplicates.isEmpty {
            report(.standardOutput, "  SUCCESS: \(file.ruleCount) rules found\n")
        } else {
            var text = "lint error \(duplicates.count) duplicate rule(s) found.\n"
            for (name, labels) in duplicates {
                text += "Metric: \(name)\nLabel(s):\n"
                for label in labels { text += "\t\(label.name): \(label.value)\n" }
            }
            fail([text + "Might cause inconsistency while recording expressions"])
            hasLint = true
        }
        report(.standardOutput, "\n")
    }

    /// Says that a file could not be read.
    public mutating func cannotRead(_ path: String, _ reason: String) {
        report(.standardOutput, "Checking \(path)\n")
        fail(["\(path): \(reason)"])
        report(.standardOutput, "\n")
        hasErrors = true
    }

    private func fail(_ lines: [String]) {
        report(.standardError, "  FAILED:\n" + lines.map { $0 + "\n" }.joined())
    }

    /// The errors as promtool prints them, without the file's name: those of the document's structure in one block before the others.
    static func promtoolLines(_ errors: [RuleFinding]) -> [String] {
        let structure = errors.filter { $0.form == .structure }.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        let block =
            structure.isEmpty ? [] : ["yaml: unmarshal errors:" + structure.map { "\n  line \($0.line): \($0.message)" }.joined()]
        return block + errors.compactMap(\.promtoolText)
    }
}
