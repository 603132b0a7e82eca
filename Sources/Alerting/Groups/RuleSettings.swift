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

    /// What becomes of an alert whose series are gone because their target does not answer.
    public var targetDown = TargetDownPolicy.resolve

    /// How old the sample of an instant selector may be.
    public static let lookback: Int64 = 300_000

    public init() {}
}

/// What becomes of an alert whose series are gone because their target does not answer. The raw value is the configuration's.
public enum TargetDownPolicy: String, Sendable, CaseIterable {
    /// It keeps its state until the target is back and the expression says otherwise: no data is not good news.
    case keep
    /// It ends, as in Prometheus.
    case resolve
}
