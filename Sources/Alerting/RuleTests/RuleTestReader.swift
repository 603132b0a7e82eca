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
        if let milliseconds = Timestamp.milliseconds(text) { return milliseconds }
        decoder.fail(node, "cannot parse \(goQuoted(text)) to a valid timestamp")
        return 0
    }
}
