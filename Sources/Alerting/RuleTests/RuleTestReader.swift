internal import MetricsModel
internal import YAML

/// Reads a file of unit tests as promtool does: strictly, by Go's structures.
struct RuleTestReader {
    private var decoder: GoDecoder

    /// - Returns: the file, or why it cannot be used.
    static func read(_ bytes: some Collection<UInt8>, unknownFields: UnknownFields) -> (file: RuleTestFile, errors: [String]) {
        var reader = RuleTestReader(decoder: GoDecoder(unknownFields: unknownFields))
        let document: YAMLDocument
        do {
            document = try YAMLDocument(bytes)
        } catch {
            return (RuleTestFile(), [error.goText])
        }
        guard let root = document.root, !root.isNull else { return (RuleTestFile(), []) }
        let file = reader.file(root)
        return (file, reader.errors)
    }

    private var errors: [String] {
        let structure = decoder.findings.filter(\.isStructural).sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        let block =
            structure.isEmpty ? [] : ["yaml: unmarshal errors:" + structure.map { "\n  line \($0.line): \($0.message)" }.joined()]
        return block + decoder.findings.filter { !$0.isStructural }.map(\.message)
    }

    private mutating func file(_ node: YAMLNode) -> RuleTestFile {
        var file = RuleTestFile()
        let known = ["rule_files", "evaluation_interval", "group_eval_order", "tests", "fuzzy_compare"]
        for field in decoder.fields(node, of: "main.unitTestFile", known: known) {
            switch field.key {
            case "rule_files": file.ruleFiles = decoder.elements(field.value, of: "[]string").map { decoder.string($0) }
            case "evaluation_interval":
                if let interval = decoder.duration(field.value), interval > 0 { file.evaluationInterval = interval }
            case "group_eval_order": file.groupOrder = decoder.elements(field.value, of: "[]string").map { decoder.string($0) }
            case "fuzzy_compare": file.isFuzzy = decoder.bool(field.value)
            case "tests": file.tests = decoder.elements(field.value, of: "[]main.testGroup").map { test($0) }
            default: break
            }
        }
        return file
    }

    private mutating func test(_ node: YAMLNode) -> RuleTest {
        var test = RuleTest()
        let known = [
            "interval", "input_series", "alert_rule_test", "promql_expr_test", "external_labels", "external_url", "name",
            "start_timestamp",
        ]
        for field in decoder.fields(node, of: "main.testGroup", known: known) {
            switch field.key {
            case "interval": test.interval = decoder.duration(field.value).flatMap { $0 == 0 ? nil : $0 }
            case "input_series": test.inputSeries = decoder.elements(field.value, of: "[]main.series").map { series($0) }
            case "alert_rule_test":
                test.alerts = decoder.elements(field.value, of: "[]main.alertTestCase").map { alertExpectation($0) }
            case "promql_expr_test":
                test.expressions = decoder.elements(field.value, of: "[]main.promqlTestCase").map { expressionExpectation($0) }
            case "external_labels": test.externalLabels = labels(field.value)
            case "external_url": test.externalURL = decoder.string(field.value)
            case "name": test.name = decoder.string(field.value)
            case "start_timestamp": test.start = start(field.value)
            default: break
            }
        }
        return test
    }

    private mutating func series(_ node: YAMLNode) -> RuleTest.InputSeries {
        var series = RuleTest.InputSeries()
        for field in decoder.fields(node, of: "main.series", known: ["series", "values"]) {
            switch field.key {
            case "series": series.series = decoder.string(field.value)
            case "values": series.values = decoder.string(field.value)
            default: break
            }
        }
        return series
    }

    private mutating func alertExpectation(_ node: YAMLNode) -> RuleTest.AlertExpectation {
        var expectation = RuleTest.AlertExpectation()
        for field in decoder.fields(node, of: "main.alertTestCase", known: ["eval_time", "alertname", "exp_alerts"]) {
            switch field.key {
            case "eval_time": expectation.time = decoder.duration(field.value) ?? 0
            case "alertname": expectation.alertName = decoder.string(field.value)
            case "exp_alerts": expectation.alerts = decoder.elements(field.value, of: "[]main.alert").map { alert($0) }
            default: break
            }
        }
        // People give the labels without the one that evaluation adds.
        for place in expectation.alerts.indices {
            expectation.alerts[place].labels.removeAll { sameBytes($0.name, "alertname") }
            expectation.alerts[place].labels.append(Label("alertname", expectation.alertName))
            expectation.alerts[place].labels.sort { bytesPrecede($0.name, $1.name) }
        }
        return expectation
    }

    private mutating func alert(_ node: YAMLNode) -> RuleTest.ExpectedAlert {
        var alert = RuleTest.ExpectedAlert()
        for field in decoder.fields(node, of: "main.alert", known: ["exp_labels", "exp_annotations"]) {
            switch field.key {
            case "exp_labels": alert.labels = labels(field.value)
            case "exp_annotations": alert.annotations = labels(field.value)
            default: break
            }
        }
        return alert
    }

    private mutating func expressionExpectation(_ node: YAMLNode) -> RuleTest.ExpressionExpectation {
        var expectation = RuleTest.ExpressionExpectation()
        for field in decoder.fields(node, of: "main.promqlTestCase", known: ["expr", "eval_time", "exp_samples"]) {
            switch field.key {
            case "expr": expectation.expression = decoder.string(field.value)
            case "eval_time": expectation.time = decoder.duration(field.value) ?? 0
            case "exp_samples": expectation.samples = decoder.elements(field.value, of: "[]main.sample").map { sample($0) }
            default: break
            }
        }
        return expectation
    }

    private mutating func sample(_ node: YAMLNode) -> RuleTest.ExpectedSample {
        var sample = RuleTest.ExpectedSample()
        for field in decoder.fields(node, of: "main.sample", known: ["labels", "value", "histogram"]) {
            switch field.key {
            case "labels": sample.labels = decoder.string(field.value)
            case "value": sample.value = decoder.double(field.value)
            case "histogram": sample.histogram = decoder.string(field.value)
            default: break
            }
        }
        return sample
    }

    /// Sorted by name. A label with an empty value stays, as in Go: no alert has one, so such an expectation fails.
    private mutating func labels(_ node: YAMLNode) -> [Label] {
        decoder.texts(node).map { Label($0.entry.key, $0.text) }.sorted { bytesPrecede($0.name, $1.name) }
    }

    /// Seconds since the epoch or RFC 3339, in milliseconds since the epoch.
    private mutating func start(_ node: YAMLNode) -> Int64 {
        let text = decoder.string(node)
        if let seconds = goParseFloat(text), seconds.magnitude < 9e15 { return Int64((seconds * 1_000).rounded(.down)) }
        if let milliseconds = GoTime.milliseconds(rfc3339: text) { return milliseconds }
        decoder.fail(node, "cannot parse \(goQuoted(text)) to a valid timestamp")
        return 0
    }
}

extension GoTime {
    /// `time.Parse(time.RFC3339Nano, text)`, in milliseconds since the epoch.
    static func milliseconds(rfc3339 text: String) -> Int64? {
        var rest = text.utf8[...]
        func number(_ digits: Int) -> Int64? {
            let part = rest.prefix(digits)
            guard part.count == digits, part.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            rest = rest.dropFirst(digits)
            return part.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        func take(_ wanted: Character) -> Bool {
            guard rest.first == wanted.asciiValue else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2), take("T"),
            let hour = number(2), take(":"), let minute = number(2), take(":"), let second = number(2),
            (1...12).contains(month), day >= 1, day <= days(in: month, of: year), hour < 24, minute < 60, second < 60
        else { return nil }
        var fraction: Int64 = 0
        if take(".") {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
            fraction = (Array(digits.prefix(3)) + [0x30, 0x30]).prefix(3).reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        var zone: Int64 = 0
        if !take("Z") {
            guard let sign = rest.first, sign == 0x2B || sign == 0x2D else { return nil }
            rest = rest.dropFirst()
            guard let hours = number(2), take(":"), let minutes = number(2), hours <= 24, minutes < 60 else { return nil }
            zone = (hours * 60 + minutes) * (sign == 0x2D ? -60 : 60)
        }
        guard rest.isEmpty else { return nil }
        let seconds = daysSinceEpoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - zone
        return seconds * 1_000 + fraction
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013; years from 0 on.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
