public import MetricsModel

/// The state of an alert, or of an alerting rule: its worst alert's.
public enum AlertStateView: String, Sendable, CaseIterable {
    case inactive, pending, firing
    /// The rule has not been evaluated yet.
    case unknown
}

/// One active alert as `/api/v1/alerts` and the pages show it.
public struct AlertView: Sendable {
    /// With `alertname`.
    public let labels: Labels
    /// Annotations, expanded, by name.
    public let annotations: [String: String]
    public let state: AlertStateView
    /// Milliseconds since the Unix epoch.
    public let activeAt: Int64
    /// While the condition is gone but `keep_firing_for` holds: since when, in milliseconds since the Unix epoch.
    public let keepFiringSince: Int64?
    public let value: Double

    public init(
        labels: Labels, annotations: [String: String], state: AlertStateView, activeAt: Int64, keepFiringSince: Int64? = nil,
        value: Double
    ) {
        self.labels = labels
        self.annotations = annotations
        self.state = state
        self.activeAt = activeAt
        self.keepFiringSince = keepFiringSince
        self.value = value
    }
}

/// The outcome of a rule's last evaluation.
public enum RuleHealthView: Sendable, Equatable {
    case unknown
    case ok
    case failed(error: String)
}

/// One rule with its last evaluation.
public struct RuleView: Sendable {
    public enum Kind: Sendable {
        case recording
        case alerting(
            state: AlertStateView, forSeconds: Double, keepFiringForSeconds: Double, annotations: [String: String],
            alerts: [AlertView])
    }

    public let name: String
    /// The expression as PromQL prints it.
    public let query: String
    /// The rule's own labels.
    public let labels: Labels
    public let kind: Kind
    public let health: RuleHealthView
    public let evaluationSeconds: Double
    /// Milliseconds since the Unix epoch; nil before the first evaluation.
    public let lastEvaluation: Int64?

    public init(
        name: String, query: String, labels: Labels, kind: Kind, health: RuleHealthView, evaluationSeconds: Double,
        lastEvaluation: Int64?
    ) {
        self.name = name
        self.query = query
        self.labels = labels
        self.kind = kind
        self.health = health
        self.evaluationSeconds = evaluationSeconds
        self.lastEvaluation = lastEvaluation
    }

    /// The active alerts; none for a recording rule.
    public var alerts: [AlertView] {
        switch kind {
        case .recording: []
        case .alerting(_, _, _, _, let alerts): alerts
        }
    }
}

/// One rule group with its last evaluation.
public struct RuleGroupView: Sendable {
    public let name: String
    public let file: String
    public let intervalSeconds: Double
    public let limit: Int
    public let rules: [RuleView]
    public let evaluationSeconds: Double
    /// Milliseconds since the Unix epoch; nil before the first evaluation.
    public let lastEvaluation: Int64?

    public init(
        name: String, file: String, intervalSeconds: Double, limit: Int = 0, rules: [RuleView], evaluationSeconds: Double,
        lastEvaluation: Int64?
    ) {
        self.name = name
        self.file = file
        self.intervalSeconds = intervalSeconds
        self.limit = limit
        self.rules = rules
        self.evaluationSeconds = evaluationSeconds
        self.lastEvaluation = lastEvaluation
    }
}
