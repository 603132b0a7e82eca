public import MetricsModel

/// What holds for all rules. Durations in milliseconds.
public struct RuleSettings: Sendable {
    /// The interval of groups that name none.
    public var interval: Int64 = 60_000
    /// The query offset of groups that name none.
    public var queryOffset: Int64 = 0
    /// How often a receiver is told again that an alert still fires.
    public var resendDelay: Int64 = 60_000
    /// A restart after a longer pause restores no alerts: their past says nothing any more (Prometheus' for-outage-tolerance).
    public var outageTolerance: Int64 = 3_600_000
    /// Added to notifications; an alert's own label wins. Templates see them as `$externalLabels`.
    public var externalLabels: Labels = .empty
    /// Where people reach this process, without a slash at the end. Part of `generatorURL`.
    public var externalURL: String = ""

    public init() {}
}
