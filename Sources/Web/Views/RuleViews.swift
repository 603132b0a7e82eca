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
    /// Why it is still there although its series are gone.
    public let kept: KeptAlertView?

    public init(
        labels: Labels, annotations: [String: String], state: AlertStateView, activeAt: Int64, keepFiringSince: Int64? = nil,
        value: Double, kept: KeptAlertView? = nil
    ) {
        self.labels = labels
        self.annotations = annotations
        self.state = state
        self.activeAt = activeAt
        self.keepFiringSince = keepFiringSince
        self.value = value
        self.kept = kept
    }
}

/// An alert that keeps its state because the target behind it does not answer.
public struct KeptAlertView: Sendable {
    /// Milliseconds since the Unix epoch.
    public let since: Int64
    public let reason: String
    /// The first of the series that are gone.
    public let series: [Labels]
    public let seriesCount: Int

    public init(since: Int64, reason: String, series: [Labels], seriesCount: Int) {
        self.since = since
        self.reason = reason
        self.series = series
        self.seriesCount = seriesCount
    }
}

/// Series that rules have read within the last hour and that are no more there.
public struct MissingSeriesView: Sendable {
    public struct Entry: Sendable {
        public let rule: String
        public let series: Labels
        /// Milliseconds since the Unix epoch.
        public let since: Int64

        public init(rule: String, series: Labels, since: Int64) {
            self.rule = rule
            self.series = series
            self.since = since
        }
    }

    public let entries: [Entry]
    /// False when there are more.
    public let isWhole: Bool

    public init(entries: [Entry], isWhole: Bool) {
        self.entries = entries
        self.isWhole = isWhole
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
    /// The selectors that no series applies to and without which the rule can have no result.
    public let deadSelectors: [String]
    /// How far back the rule looks, where that is further than series are kept.
    public let reachPastRetentionSeconds: Double?

    public init(
        name: String, query: String, labels: Labels, kind: Kind, health: RuleHealthView, evaluationSeconds: Double,
        lastEvaluation: Int64?, deadSelectors: [String] = [], reachPastRetentionSeconds: Double? = nil
    ) {
        self.name = name
        self.query = query
        self.labels = labels
        self.kind = kind
        self.health = health
        self.evaluationSeconds = evaluationSeconds
        self.lastEvaluation = lastEvaluation
        self.deadSelectors = deadSelectors
        self.reachPastRetentionSeconds = reachPastRetentionSeconds
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
