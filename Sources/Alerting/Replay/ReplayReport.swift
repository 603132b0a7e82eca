public import MetricsModel

/// One alert that the rules would have raised. Times are milliseconds since the epoch.
public struct ReplayedAlert: Sendable {
    public enum End: Sendable {
        /// Its condition ended while it fired.
        case resolved(Int64)
        /// Its condition ended before it fired.
        case neverFired(Int64)
        /// It was pending or firing at the end of the replay.
        case open
    }

    public let file: String
    public let group: String
    public let rule: String
    public let labels: Labels
    /// When it became pending.
    public let activeAt: Int64
    public internal(set) var firedAt: Int64?
    public internal(set) var end: End
    /// When it fired; while pending, of the newest evaluation.
    public internal(set) var value: Double
    public internal(set) var annotations: [Label]
}

/// Why a rule's part of a replay says less than it seems to.
public struct ReplayGap: Sendable {
    public enum Reason: Sendable {
        /// The rule looks back to `needed`, and the history begins at `begins` (nil: there is none).
        case historyTooShort(needed: Int64, begins: Int64?)
        /// No series of the history applies to these selectors, so the rule can have no result.
        case noSeries([String])
        /// Evaluations that failed, and the word of the newest failure.
        case failed(count: Int, error: String)
    }

    public let file: String
    public let group: String
    public let rule: String
    public let reason: Reason
}

/// What rules would have done over a stretch of stored history.
public struct ReplayReport: Sendable {
    /// Milliseconds since the epoch.
    public let from: Int64
    public let through: Int64
    /// When evaluation began, so that alerts that were already waiting at `from` are seen.
    public let start: Int64
    public let ruleCount: Int
    /// Evaluations of rules.
    public let evaluations: Int
    /// By the time when they became pending.
    public let alerts: [ReplayedAlert]
    /// In the order of the files.
    public let gaps: [ReplayGap]
}
