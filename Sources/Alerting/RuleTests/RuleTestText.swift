internal import MetricsModel
internal import YAML

/// Alerts and samples as promtool prints them.
enum RuleTestText {
    struct Alert: Equatable {
        let labels: [Label]
        let annotations: [Label]
    }

    struct Sample {
        let labels: [Label]
        let value: Double
    }

    /// `[\n0:\n  Labels:{…}\n  Annotations:{…}\n]`, or `[]`.
    static func alerts(_ alerts: [Alert]) -> String {
        guard !alerts.isEmpty else { return "[]" }
        let items = alerts.enumerated().map { number, alert in
            "\(number):" + indented("\nLabels:\(labels(alert.labels))\nAnnotations:\(labels(alert.annotations))", by: "  ")
        }
        return "[\n" + items.joined(separator: ",\n") + "\n]"
    }

    static func samples(_ samples: [Sample]) -> String {
        guard !samples.isEmpty else { return "nil" }
        return samples.map { "\(labels($0.labels)) \(exponential($0.value))" }.joined(separator: ", ")
    }

    /// Go's `labels.Labels.String`: `{a="b", "c d"="e"}`.
    static func labels(_ labels: [Label]) -> String {
        "{" + labels.map { "\(name($0.name))=\(goQuoted($0.value))" }.joined(separator: ", ") + "}"
    }

    /// Every line but the first with the indent before it.
    static func indented(_ text: String, by indent: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n" + indent)
    }

    /// A model.Duration of milliseconds: `1h30m`.
    static func duration(_ milliseconds: Int64) -> String { PrometheusDuration.text(milliseconds: milliseconds) }

    /// A time.Duration of milliseconds: `1h30m0s`.
    static func goDuration(_ milliseconds: Int64) -> String {
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return GoTime.durationText(nanoseconds: overflow ? (milliseconds < 0 ? .min : .max) : nanoseconds)
    }

    /// `strconv.FormatFloat(value, 'E', -1, 64)`.
    static func exponential(_ value: Double) -> String {
        if let special = GoFloat.special(value) { return special }
        let sign = value.sign == .minus ? "-" : ""
        if value == 0 { return sign + "0E+00" }
        let (digits, point) = GoFloat.shortest(value)
        let exponent = point - 1
        let mantissa = digits.utf8.count > 1 ? "\(digits.prefix(1)).\(digits.dropFirst())" : digits
        let magnitude = String(exponent.magnitude)
        return sign + mantissa + (exponent < 0 ? "E-" : "E+") + (magnitude.utf8.count == 1 ? "0" : "") + magnitude
    }

    /// `strconv.FormatFloat(value, 'f', -1, 64)`.
    static func decimal(_ value: Double) -> String {
        if let special = GoFloat.special(value) { return special }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (digits, point) = GoFloat.shortest(value)
        return (value < 0 ? "-" : "") + GoFloat.positional(digits, point)
    }

    /// A label name, in quotes when it is not of the old kind (`[a-zA-Z_][a-zA-Z0-9_]*`).
    private static func name(_ name: String) -> String {
        let bytes = name.utf8
        let isPlain =
            bytes.allSatisfy {
                $0 == 0x5F || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
            } && bytes.first.map { !(0x30...0x39).contains($0) } ?? false
        return isPlain ? name : goQuoted(name)
    }
}
