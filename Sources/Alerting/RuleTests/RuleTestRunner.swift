internal import MetricsModel
public import PromQL

/// The file system as rule unit tests see it.
public struct RuleTestFiles {
    /// The bytes of a file; throws with the reason in words.
    let read: (_ path: String) throws(RuleTestReadError) -> [UInt8]
    /// The paths that a pattern matches, sorted; a pattern without wildcards matches the file that is there.
    let glob: (_ pattern: String) -> [String]

    public init(
        read: @escaping (_ path: String) throws(RuleTestReadError) -> [UInt8], glob: @escaping (_ pattern: String) -> [String]
    ) {
        self.read = read
        self.glob = glob
    }
}

/// Why a file could not be read.
public struct RuleTestReadError: Error, Sendable {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// Runs files of rule unit tests as `promtool test rules` of Prometheus 3.14 does, with the engine and the groups of production.
///
///     var runner = RuleTestRunner(options, files: files, now: clock, report: print)
///     for path in paths { runner.run(path) }
///     runner.finish()
///     exit(runner.exitStatus)
public struct RuleTestRunner {
    public struct Options: Sendable {
        public var features: PromQLFeatures = []
        /// Runs only the tests whose name one of these matches; empty runs all.
        public var names: [RegularExpression] = []
        /// Shows expected and real alerts as one coloured difference.
        public var showsDifference = false
        /// Shows what each test took, and all its series.
        public var showsDebug = false
        /// Reports which rules the tests exercised.
        public var showsCoverage = false
        public var unknownFields = UnknownFields.refused

        public init() {}
    }

    /// promqltest's limits for a query.
    private static let limits = QueryLimits(samples: 10_000, duration: .seconds(100))

    private let options: Options
    private let files: RuleTestFiles
    private let clock: any WallClock
    private let report: ReportSink
    private var junit = JUnitReport()
    private var coverage: RuleCoverage?
    private var isFailed = false

    public init(_ options: Options, files: RuleTestFiles, clock: any WallClock = SystemWallClock(), report: @escaping ReportSink)
    {
        self.options = options
        self.files = files
        self.clock = clock
        self.report = report
        coverage = options.showsCoverage ? RuleCoverage() : nil
    }

    /// 1 when a test failed or a file could not be used, otherwise 0.
    public var exitStatus: Int32 { isFailed ? 1 : 0 }

    /// The results of all files so far as JUnit XML.
    public var junitXML: String { junit.xml }

    /// Runs one file of tests.
    public mutating func run(_ path: String) {
        report(.standardOutput, "Unit Testing:  \(path)\n")
        var suite = JUnitReport.Suite(name: path)
        let errors = run(path, &suite)
        junit.suites.append(suite)
        if errors.isEmpty {
            report(.standardOutput, "  SUCCESS\n")
        } else {
            isFailed = true
            report(.standardError, "  FAILED:\n")
            for error in errors {
                report(.standardError, error + "\n")
                report(.standardOutput, "\n")
            }
        }
        report(.standardOutput, "\n")
    }

    /// Prints what belongs to all files: the coverage.
    public func finish() {
        if let coverage { report(.standardOutput, coverage.report) }
    }

    private mutating func run(_ path: String, _ suite: inout JUnitReport.Suite) -> [String] {
        let bytes: [UInt8]
        do {
            bytes = try files.read(path)
        } catch {
            suite.abort(error.description)
            return [error.description]
        }
        let (file, errors) = RuleTestReader.read(bytes, unknownFields: options.unknownFields)
        suite.timestamp = String(Timestamp.rfc3339(milliseconds: clock.now / 1_000 * 1_000).dropLast())
        if let error = errors.first {
            suite.abort(error)
            return errors
        }
        var order: [String: Int] = [:]
        for (place, name) in file.groupOrder.enumerated() {
            guard order.updateValue(place, forKey: name) == nil else {
                let error = "group name repeated in evaluation order: \(name)"
                suite.abort(error)
                return [error]
            }
        }
        let engine = PromQLEngine(
            features: options.features, limits: Self.limits, subqueryStep: file.evaluationInterval)
        let rules = readRules(of: file, beside: path, engine: engine)
        var all: [String] = []
        for (number, test) in file.tests.enumerated() where isWanted(test.name) {
            let name = test.name.isEmpty ? "unnamed#\(number)" : test.name
            let errors = run(test, name, file, rules, order, engine)
            suite.cases.append(JUnitReport.Case(name: name, failures: errors))
            all += errors
        }
        if let coverage { suite.properties = Self.properties(coverage, rules.files.map(\.path)) }
        return all
    }

    private mutating func run(
        _ test: RuleTest, _ name: String, _ file: RuleTestFile, _ rules: (files: [RuleFile], errors: [String]),
        _ order: [String: Int], _ engine: PromQLEngine
    ) -> [String] {
        let start = ContinuousClock.now
        if options.showsDebug { report(.standardError, "DEBUG: Starting test \(name)\n") }
        defer {
            if options.showsDebug {
                report(.standardError, "DEBUG: Test \(name) finished, took \(ContinuousClock.now - start)\n")
            }
        }
        // Among groups of equal order, that of the files holds.
        let groups = rules.files.flatMap(\.groups).enumerated()
            .sorted { a, b in
                let (x, y) = (order[a.element.name] ?? 0, order[b.element.name] ?? 0)
                return x == y ? a.offset < b.offset : x < y
            }.map(\.element)
        do {
            var run = try RuleTestRun(
                test, in: file, groups: groups, engine: engine, isDiff: options.showsDifference, coverage: coverage)
            // promtool looks at the series first, then at the rules.
            guard rules.errors.isEmpty else { return rules.errors }
            if let cut = run.inputCutAt {
                report(
                    .standardError,
                    "  WARNING: test \(name): an empty line or a comment in input_series \(cut) ends the list; what follows is not read\n"
                )
            }
            coverage = run.run()
            if options.showsDebug {
                report(.standardError, "DEBUG: Dump of all data (input_series and rules):\n\(run.dump)\n")
            }
            return run.errors
        } catch {
            return [error.description]
        }
    }

    private func isWanted(_ name: String) -> Bool {
        options.names.isEmpty || options.names.contains { $0.firstMatch(in: Array(name.utf8)) != nil }
    }

    /// The rule files, each once, or what is wrong with the first that cannot be used.
    private mutating func readRules(
        of file: RuleTestFile, beside path: String, engine: PromQLEngine
    ) -> (files: [RuleFile], errors: [String]) {
        let folder = path.lastIndex(of: "/").map { path[..<path.index(after: $0)] } ?? ""
        var paths: [String] = []
        for pattern in file.ruleFiles {
            let absolute = pattern.hasPrefix("/") || pattern.isEmpty ? pattern : Self.cleaned(folder + pattern)
            let found = files.glob(absolute)
            if found.isEmpty { report(.standardError, "  WARNING: no file match pattern \(absolute)\n") }
            for path in found where !paths.contains(path) { paths.append(path) }
        }
        let language = PromQLLanguage(engine)
        var read: [RuleFile] = []
        for path in paths {
            do {
                let (file, findings) = RuleFile.read(
                    try files.read(path), path: path, language: language, unknownFields: options.unknownFields)
                guard let file else {
                    let lines = RuleCheck.promtoolLines(findings.filter { $0.severity == .error })
                    return ([], lines.map { "\(path): \($0)" })
                }
                read.append(file)
                coverage?.add(file)
            } catch {
                return ([], ["\(path): \(error.description)"])
            }
        }
        return (read, [])
    }

    /// A path without `.`, `..` and doubled slashes, as Go's filepath.Join leaves it.
    static func cleaned(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." {
                parts.removeLast()
            } else if part != ".." || !path.hasPrefix("/") {
                parts.append(part)
            }
        }
        let joined = parts.joined(separator: "/")
        return path.hasPrefix("/") ? "/" + joined : joined.isEmpty ? "." : joined
    }

    private static func properties(_ coverage: RuleCoverage, _ files: [String]) -> [(name: String, value: String)] {
        let (alerts, recording) = coverage.shares(of: files)
        return [
            ("coverage.alerting_rules", "\(alerts.covered)/\(alerts.total)"),
            ("coverage.recording_rules", "\(recording.covered)/\(recording.total)"),
        ]
    }
}
