package import MetricsModel

/// A value inside a template, with the Go type that Prometheus gives it there.
package indirect enum TemplateValue: Sendable {
    /// Go's invalid value: nothing.
    case none
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case float(Double)
    case string(String)
    /// map[string]string.
    case labels(Labels)
    /// map[string]interface {}.
    case dictionary([String: TemplateValue])
    /// *template.sample.
    case sample(RuleSample)
    /// template.queryResult.
    case samples([RuleSample])
    /// A slice of values.
    case list([TemplateValue])
    /// *time.Time in UTC, nanoseconds since the epoch.
    case time(Int64)
    /// time.Duration, in nanoseconds.
    case duration(Int64)
    /// The data of an alert: Labels, ExternalLabels, ExternalURL, Value.
    case alert(AlertData)
    /// What a receiver's texts see.
    case page(PageValue)

    package struct AlertData: Sendable {
        let labels: Labels
        let externalLabels: Labels
        let externalURL: String
        let value: Double
    }

    /// As Go's `%T` names it.
    var typeName: String {
        switch self {
        case .none: "<nil>"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .float: "float64"
        case .string: "string"
        case .labels: "map[string]string"
        case .dictionary: "map[string]interface {}"
        case .sample: "*template.sample"
        case .samples: "template.queryResult"
        case .list: "[]interface {}"
        case .time: "*time.Time"
        case .duration: "time.Duration"
        case .alert:
            "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }"
        case .page(let value): value.typeName
        }
    }

    /// Not the zero of its type: what `if` asks for.
    var isTrue: Bool {
        switch self {
        case .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .uint(let value): value != 0
        case .float(let value): value != 0
        case .string(let value): !value.isEmpty
        case .labels(let value): !value.isEmpty
        case .dictionary(let value): !value.isEmpty
        case .samples(let value): !value.isEmpty
        case .list(let value): !value.isEmpty
        case .duration(let value): value != 0
        case .page(let value): value.count != 0
        case .sample, .time, .alert: true
        }
    }

    /// As Go's `%v` prints it.
    var text: String {
        switch self {
        case .none: "<nil>"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .uint(let value): String(value)
        case .float(let value): GoFloat.general(value)
        case .string(let value): value
        case .labels(let value): "map[" + value.pairs.map { "\($0.name):\($0.value)" }.joined(separator: " ") + "]"
        case .dictionary(let value):
            "map[" + value.sorted { bytesPrecede($0.key, $1.key) }.map { "\($0.key):\($0.value.text)" }.joined(separator: " ")
                + "]"
        case .sample(let value): "{\(TemplateValue.labels(value.labels).text) \(GoFloat.general(value.value))}"
        case .samples(let values): "[" + values.map { TemplateValue.sample($0).text }.joined(separator: " ") + "]"
        case .list(let values): "[" + values.map(\.text).joined(separator: " ") + "]"
        case .time(let value): GoTime.text(nanoseconds: value)
        case .duration(let value): GoTime.durationText(nanoseconds: value)
        case .alert(let data):
            "{\(TemplateValue.labels(data.labels).text) \(TemplateValue.labels(data.externalLabels).text) "
                + "\(data.externalURL) \(GoFloat.general(data.value))}"
        case .page(let value): value.text
        }
    }

    var isString: Bool { if case .string = self { true } else { false } }
}
