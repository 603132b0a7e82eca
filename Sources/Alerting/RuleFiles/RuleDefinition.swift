internal import MetricsModel

/// One rule as a file declares it, checked.
public struct RuleDefinition: Sendable {
    public enum Kind: Sendable {
        /// Writes its result under this metric name.
        case record
        /// Durations in milliseconds.
        case alert(hold: Int64, keepFiring: Int64, annotations: [TemplatedText])
    }

    /// The name of the recorded metric, or of the alert.
    public let name: String
    public let kind: Kind
    public let expression: any RuleExpression
    /// Those of the group and of the rule; the rule's win. Sorted by name. Templates in an alert, plain text in a recording rule.
    public let labels: [TemplatedText]
    /// Of the rule in its file, 1-based.
    public let line: Int

    public var isAlert: Bool {
        if case .alert = kind { true } else { false }
    }

    /// By which a rule is known again after a reload.
    var identity: String {
        name + "\u{0}" + labels.map { "\($0.name)\u{0}\($0.text)" }.joined(separator: "\u{0}")
    }
}

/// A label or an annotation of a rule: its name, its text and, in an alert, the template that the text is.
public struct TemplatedText: Sendable {
    public let name: String
    public let text: String
    /// nil where the text stands for itself.
    let template: Template?
}

/// A group of rules that are evaluated together, in order. Durations in milliseconds.
public struct RuleGroupDefinition: Sendable {
    public let file: String
    public let name: String
    /// nil: the global one.
    public let interval: Int64?
    /// By how much the queries look back behind the evaluation's time. nil: the global one.
    public let queryOffset: Int64?
    /// The most alerts or series that a rule of the group may give; 0 is no limit.
    public let limit: Int
    public let rules: [RuleDefinition]

    /// Names the group in metrics: `FILE;NAME`, as Prometheus does.
    public var key: String { "\(file);\(name)" }
}
