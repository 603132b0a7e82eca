import Alerting
import MetricsModel
import PromQL

/// A language in which every text means the given samples, as the functions that Prometheus' template tests hand in.
private struct FixedLanguage: RuleLanguage {
    struct Answer: RuleExpression {
        let text: String
        let samples: [RuleSample]

        func evaluate(at timestamp: Int64, source: any SeriesSource) throws(RuleExpressionError) -> [RuleSample] { samples }
    }

    let samples: [RuleSample]

    func parse(_ text: String) throws(RuleSyntaxError) -> any RuleExpression { Answer(text: text, samples: samples) }
}

extension Suite {
    /// `text` with its `input` and `query` → `output` or `error` (Prometheus' table); with `value` and `labels` → `out` or `error` (goldens).
    static func template(_ json: JSON) -> Outcome {
        json["out"] == nil ? tableTemplate(json) : alertTemplate(json)
    }

    /// A row of template_test.go.
    private static func tableTemplate(_ json: JSON) -> Outcome {
        if json["html"]?.bool ?? false { return .skipped("is HTML") }
        guard let text = json["text"]?.string, let data = value(of: json["input"]?.string ?? "") else {
            return .skipped("needs a native histogram")
        }
        var samples: [RuleSample] = []
        for sample in json["query"]?.array ?? [] {
            if sample["hist"]?.bool ?? false { return .skipped("needs a native histogram") }
            let labels = Labels((sample["labels"]?.object ?? [:]).map { Label($0.key, $0.value.string ?? "") })
            samples.append(RuleSample(labels: labels, value: parsedNumber(sample["f"]?.string ?? "")))
        }
        var settings = RuleSettings()
        settings.externalURL = json["external_url"]?.string ?? ""
        let context = TemplateContext(
            settings: settings, timestamp: Int64(json["time"]?.number ?? 0) * 1000, source: MemorySource(),
            language: FixedLanguage(samples: samples))
        let refusesMissing = (json["options"]?.array ?? []).contains(.string("missingkey=error"))
        do throws(TemplateError) {
            let template = try parsed("test") { () throws(TemplateError) in
                try Template(named: "test", text, missingKey: refusesMissing ? .error : .zero)
            }
            let output = try template.execute(data, context)
            if json["fail"]?.bool ?? false { return .failed("\(text): gave \(output)") }
            let wanted = json["output"]?.string ?? ""
            return output == wanted ? .passed : .failed("\(text): \(output), wanted \(wanted)")
        } catch {
            let wanted = json["error"]?.string ?? ""
            return error.description == wanted ? .passed : .failed("\(text): \(error.description), wanted \(wanted)")
        }
    }

    /// A text of an alert with the labels and settings that the goldens were made with, unless the line has its own.
    private static func alertTemplate(_ json: JSON) -> Outcome {
        guard let text = json["text"]?.string, let wanted = json["out"]?.string else { return .failed("no text") }
        var labels = Labels(["instance": "db1.example.com:9187", "job": "pg", "datname": "app"])
        if let given = json["labels"]?.object { labels = Labels(given.map { Label($0.key, $0.value.string ?? "") }) }
        var settings = RuleSettings()
        settings.externalURL = "http://x:9090/p"
        settings.externalLabels = Labels(["region": "eu"])
        let up = [("b", 2.0), ("a", 1.0)].map { RuleSample(labels: Labels(["__name__": "up", "instance": $0]), value: $1) }
        let context = TemplateContext(
            settings: settings, timestamp: Int64((json["time"]?.number ?? 0) * 1000), source: MemorySource(),
            language: FixedLanguage(samples: up))
        let output: String
        do throws(TemplateError) {
            let template = try parsed("__alert_X") { () throws(TemplateError) in try Template.alertTemplate(text, alert: "X") }
            output = template.expand(labels: labels, value: parsedNumber(json["value"]?.string ?? ""), context)
        } catch {
            output = "<error expanding template: \(error.description)>"
        }
        let failure = json["error"]?.string.map { "<error expanding template: \($0)>" }
        return output == failure ?? wanted
            ? .passed : .failed("\(text) of \(json["value"]?.string ?? ""): \(output), wanted \(failure ?? wanted)")
    }

    /// The words that Prometheus puts before the parser's where it expands at once; a rule file's check does without.
    private static func parsed(_ name: String, _ parse: () throws(TemplateError) -> Template) throws(TemplateError) -> Template {
        do {
            return try parse()
        } catch {
            throw TemplateError(description: "error parsing template \(name): \(error.description)")
        }
    }

    private static func parsedNumber(_ text: String) -> Double {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: Double(text) ?? .nan
        }
    }

    /// A value as Go's `%T %v` writes it; nil for what is not supported.
    private static func value(of text: String) -> TemplateValue? {
        let type = text.prefix { $0 != " " }
        let rest = text.dropFirst(type.count + 1)
        func one(_ type: Substring, _ text: Substring) -> TemplateValue? {
            switch type {
            case "int", "int64": Int64(text).map { .int($0) }
            case "uint", "uint64": UInt64(text).map { .uint($0) }
            case "float64": .float(parsedNumber(String(text)))
            case "string": .string(String(text))
            default: nil
            }
        }
        if type == "<nil>" || text.isEmpty { return TemplateValue.none }
        guard type.hasPrefix("[]") else { return one(type, rest) }
        let elements = rest.dropFirst().dropLast().split(separator: " ").map { one(type.dropFirst(2), $0) }
        return elements.contains { $0 == nil } ? nil : .list(elements.compactMap { $0 })
    }
}
