public import MetricsModel

/// How the newest evaluation of a rule went.
public enum RuleHealth: String, Sendable {
    /// Not evaluated yet.
    case unknown
    case ok
    case err
}

/// One rule as `/api/v1/rules` shows it. Times are milliseconds since the epoch.
public struct RuleSnapshot: Sendable {
    public enum Kind: Sendable {
        case recording
        /// Durations in milliseconds. Annotations as written, alerts those pending or firing.
        case alerting(hold: Int64, keepFiring: Int64, annotations: [Label], state: AlertState, alerts: [ActiveAlert])
    }

    public let name: String
    public let kind: Kind
    /// The expression as PromQL prints it.
    public let query: String
    /// As written, templates not expanded; those of the group included.
    public let labels: [Label]
    public let health: RuleHealth
    public let lastError: String?
    public let lastEvaluation: Int64?
    public let evaluationSeconds: Double
    /// The number of samples of the newest evaluation's result; 0 over a long time is a rule that can never fire.
    public let samplesReturned: Int
    /// The selectors that no series applies to and without which the rule can have no result; empty when it can.
    public let deadSelectors: [String]
    /// How far back of its evaluation the rule reads, its query offset included, in milliseconds; 0 before the first evaluation.
    public let reach: Int64
}

/// One group as `/api/v1/rules` shows it, with its counters since the start.
public struct RuleGroupSnapshot: Sendable {
    public let name: String
    public let file: String
    /// `FILE;NAME`: the value of the label `rule_group` in metrics.
    public let key: String
    /// Milliseconds.
    public let interval: Int64
    public let limit: Int
    public let rules: [RuleSnapshot]
    /// Civil time, milliseconds since the epoch.
    public let lastEvaluation: Int64?
    public let evaluationSeconds: Double
    /// Rule evaluations, not rounds.
    public let evaluations: UInt64
    public let evaluationFailures: UInt64
    public let iterations: UInt64
    public let iterationsMissed: UInt64

    /// The number of rules that can have no result because no series applies to what they read.
    public var rulesWithoutSeries: Int { rules.count { !$0.deadSelectors.isEmpty } }

    /// All pending and firing alerts of the group's rules.
    public var alerts: [ActiveAlert] {
        rules.flatMap { rule -> [ActiveAlert] in
            guard case .alerting(_, _, _, _, let alerts) = rule.kind else { return [] }
            return alerts
        }
    }
}
