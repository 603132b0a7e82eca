public import MetricsModel

public enum AlertState: String, Sendable {
    case inactive, pending, firing
}

/// One alert of a rule: a label set for which the rule's expression has, or had, a value. Times are milliseconds since the epoch.
public struct ActiveAlert: Sendable {
    /// `inactive`: it fired and is resolved, and is kept for a while so that receivers hear of it.
    public internal(set) var state: AlertState
    /// The result's labels without the metric name, the rule's labels and `alertname`.
    public let labels: Labels
    public internal(set) var annotations: [Label]
    /// Of the newest evaluation that had a value.
    public internal(set) var value: Double
    /// When the expression first had a value.
    public internal(set) var activeAt: Int64
    public internal(set) var firedAt: Int64?
    public internal(set) var resolvedAt: Int64?
    public internal(set) var lastSentAt: Int64?
    public internal(set) var validUntil: Int64?
    /// Since when it fires only because of `keep_firing_for`.
    public internal(set) var keepFiringSince: Int64?
    /// Why it is still there without a value: its target is away. nil while the expression has a value for it.
    public internal(set) var kept: KeptAlert?
    /// Evaluations for which a restored alert is kept although the expression has no value: right after a start, the data may
    /// still be missing.
    var graceEvaluations = 0

    /// Resends a firing alert each `resendDelay`, a resolved one at once and then as well.
    func needsSending(at timestamp: Int64, resendDelay: Int64) -> Bool {
        guard state != .pending else { return false }
        guard let lastSentAt else { return true }
        if let resolvedAt, resolvedAt > lastSentAt { return true }
        return timestamp - lastSentAt >= resendDelay
    }
}
