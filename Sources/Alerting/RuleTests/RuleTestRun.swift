internal import MetricsModel
internal import PromQL

/// One test at work: the series, the rules, and what is expected of them (promtool's testGroup.test).
struct RuleTestRun {
    private let test: RuleTest
    private let engine: PromQLEngine
    private let evaluationInterval: Int64
    private let isFuzzy: Bool
    private let isDiff: Bool
    private let series = TestSeries()
    private var input: InputSeries
    private var groups: [RuleGroup]
    private var coverage: RuleCoverage?
    private(set) var errors: [String] = []

    /// `groups` in the order of their evaluation.
    init(
        _ test: RuleTest, in file: RuleTestFile, groups definitions: [RuleGroupDefinition], engine: PromQLEngine, isDiff: Bool,
        coverage: RuleCoverage?
    ) throws(RuleTestError) {
        self.test = test
        self.engine = engine
        evaluationInterval = file.evaluationInterval
        isFuzzy = file.isFuzzy
        self.isDiff = isDiff
        self.coverage = coverage
        input = try InputSeries(test.inputSeries, start: test.start, interval: test.interval ?? file.evaluationInterval)
        if let unnamed = test.alerts.first(where: { $0.alertName.isEmpty }) {
            let name = test.name.isEmpty ? "" : " (in TestGroup \(test.name))"
            throw RuleTestError(
                "an item under alert_rule_test misses required attribute alertname at eval_time "
                    + RuleTestText.duration(unnamed.time) + name)
        }
        var settings = RuleSettings()
        settings.interval = file.evaluationInterval
        settings.externalLabels = Labels(test.externalLabels)
        settings.externalURL = test.externalURL
        let language = PromQLLanguage(engine)
        groups = definitions.map { RuleGroup($0, settings: settings, language: language) }
    }

    /// The input series that ends the list before its end, counted from 1.
    var inputCutAt: Int? { input.cutAt }

    /// Every series with its samples, as `--debug` prints them.
    var dump: String {
        series.all.map { stored in
            let points = zip(stored.timestamps, stored.values).map { "\(RuleTestText.decimal($1)) @[\($0)]" }
            return "\(stored.labels) =>\n" + points.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// Evaluates every round and compares; what is wrong is in `errors` afterwards.
    ///
    /// - Returns: what the run covers, added to what was covered before.
    mutating func run() -> RuleCoverage? {
        let expectations = Dictionary(grouping: test.alerts, by: \.time)
        let times = expectations.keys.sorted()
        var next = 0
        let end = test.start + test.end
        var time = test.start
        while time <= end {
            guard evaluate(at: time) else { return coverage }
            while next < times.count, times[next] < time - test.start + evaluationInterval {
                for expectation in expectations[times[next]] ?? [] { check(expectation) }
                next += 1
            }
            let (following, overflow) = time.addingReportingOverflow(evaluationInterval)
            if overflow { break }
            time = following
        }
        for expectation in test.expressions { check(expectation) }
        return coverage
    }

    /// Whether every rule could be evaluated.
    private mutating func evaluate(at time: Int64) -> Bool {
        input.append(through: time, to: series)
        var failures: [String] = []
        for place in groups.indices {
            _ = groups[place].evaluate(at: time, source: series, sink: series)
            for rule in groups[place].rules {
                guard let error = rule.lastError else { continue }
                failures.append("    rule: \(rule.definition.name), time: \(RuleTestText.goDuration(time)), err: \(error)")
            }
        }
        coverage?.note(groups)
        errors += failures
        return failures.isEmpty
    }

    private mutating func check(_ expectation: RuleTest.AlertExpectation) {
        var got: [RuleTestText.Alert] = []
        for group in groups {
            for rule in group.rules where rule.definition.isAlert && sameBytes(rule.definition.name, expectation.alertName) {
                got += rule.alerts.active.filter { $0.state == .firing }
                    .map { RuleTestText.Alert(labels: $0.labels.pairs, annotations: $0.annotations) }
            }
        }
        let expected = expectation.alerts.map { RuleTestText.Alert(labels: $0.labels, annotations: $0.annotations) }
        coverage?.note(expectation, in: groups)
        let (sortedExpected, sortedGot) = (Self.sorted(expected), Self.sorted(got))
        guard sortedExpected != sortedGot else { return }
        let name = test.name.isEmpty ? "" : "    name: \(test.name),\n"
        let place = "\(name)    alertname: \(expectation.alertName), time: \(RuleTestText.duration(expectation.time)), \n"
        let indent = "            "
        let expectedText = RuleTestText.alerts(sortedExpected)
        let gotText = RuleTestText.alerts(sortedGot)
        if isDiff {
            errors.append(place + "        diff: " + RuleTestText.indented(LineDiff.text(expectedText, gotText), by: indent))
        } else {
            errors.append(
                place + "        exp:\(RuleTestText.indented(expectedText, by: indent)), \n"
                    + "        got:\(RuleTestText.indented(gotText, by: indent))")
        }
    }

    private mutating func check(_ expectation: RuleTest.ExpressionExpectation) {
        let place = "    expr: \(goQuoted(expectation.expression)), time: \(RuleTestText.duration(expectation.time)),"
        do {
            let got = try value(of: expectation)
            let expected = try expectation.samples.map { sample throws(RuleTestError) in try Self.sample(sample) }
            let (sortedExpected, sortedGot) = (Self.sorted(expected), Self.sorted(got))
            guard !isEqual(sortedExpected, sortedGot) else { return }
            errors.append(
                "\(place)\n        exp: \(RuleTestText.samples(sortedExpected))\n        got: \(RuleTestText.samples(sortedGot))")
        } catch {
            errors.append("\(place) err: \(error.description)")
        }
    }

    private mutating func value(of expectation: RuleTest.ExpressionExpectation) throws(RuleTestError) -> [RuleTestText.Sample] {
        do {
            let expression = try engine.parse(expectation.expression)
            coverage?.note(expression)
            let result = try engine.evaluate(expression, at: test.start + expectation.time, over: series)
            switch result.value {
            case .vector(let samples):
                return samples.compactMap { sample in
                    sample.value.number.map { RuleTestText.Sample(labels: sample.labels.pairs, value: $0) }
                }
            case .scalar(let value, _): return [RuleTestText.Sample(labels: [], value: value)]
            case .matrix, .string: throw RuleTestError("rule result is not a vector or scalar")
            }
        } catch let error as PromQLError {
            throw RuleTestError(error.code == .parse ? error.description : error.message)
        } catch let error as RuleTestError {
            throw error
        } catch {
            throw RuleTestError("\(error)")
        }
    }

    private static func sample(_ sample: RuleTest.ExpectedSample) throws(RuleTestError) -> RuleTestText.Sample {
        guard sample.histogram.isEmpty else {
            throw RuleTestError("labels \(goQuoted(sample.labels)): native histograms are not supported: \(sample.histogram)")
        }
        guard sample.labels.utf8.contains(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) else {
            return RuleTestText.Sample(labels: [], value: sample.value)
        }
        do {
            return RuleTestText.Sample(labels: try SeriesNotation.labels(sample.labels).pairs, value: sample.value)
        } catch {
            throw RuleTestError("labels \(goQuoted(sample.labels)): \(error.description)")
        }
    }

    /// Exactly equal: NaN is equal to nothing, as in Go. Fuzzy: neighbouring floats are equal too.
    private func isEqual(_ expected: [RuleTestText.Sample], _ got: [RuleTestText.Sample]) -> Bool {
        expected.count == got.count
            && zip(expected, got).allSatisfy { a, b in
                a.labels == b.labels
                    && (a.value == b.value || isFuzzy && (a.value.nextUp == b.value || a.value.nextDown == b.value))
            }
    }

    private static func sorted(_ alerts: [RuleTestText.Alert]) -> [RuleTestText.Alert] {
        alerts.sorted { a, b in
            a.labels == b.labels ? precedes(a.annotations, b.annotations) : precedes(a.labels, b.labels)
        }
    }

    private static func sorted(_ samples: [RuleTestText.Sample]) -> [RuleTestText.Sample] {
        samples.sorted { precedes($0.labels, $1.labels) }
    }

    private static func precedes(_ a: [Label], _ b: [Label]) -> Bool { Labels(sorted: a) < Labels(sorted: b) }
}
