public import MetricsModel

/// What a receiver is told about one alert.
public struct Notification: Sendable, Hashable {
    /// What identifies the alert: its labels with the external labels added.
    public let labels: Labels
    /// Sorted by name.
    public let annotations: [Label]
    /// When it began to fire, in milliseconds since the epoch.
    public let startsAt: Int64
    /// For a resolved alert when it ended; for a firing one until when it holds without further word.
    public let endsAt: Int64
    public let isResolved: Bool
    /// Where the rule's expression can be looked at.
    public let generatorURL: String

    public init(
        labels: Labels, annotations: [Label], startsAt: Int64, endsAt: Int64, isResolved: Bool, generatorURL: String
    ) {
        self.labels = labels
        self.annotations = annotations
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.isResolved = isResolved
        self.generatorURL = generatorURL
    }
}

/// Why a batch could not be delivered.
public struct NotifyError: Error, Sendable, CustomStringConvertible {
    /// The reasons by which Alertmanager counts failures.
    public enum Reason: String, Sendable, CaseIterable {
        /// The receiver refused the content: another attempt with the same content is refused again.
        case clientError
        /// Credentials or permission.
        case authError
        case rateLimited
        case serverError
        /// No connection, or it broke.
        case networkError
        case timeout
        case other
    }

    public let reason: Reason
    /// Without credentials.
    public let message: String
    /// Whether another attempt may succeed.
    public let isRetryable: Bool
    /// How long the receiver asked to wait, in milliseconds.
    public let retryAfter: Int64?
    /// Whether the receiver may have taken it although no success was reported: true unless the connection never came to be, or it
    /// answered that it did not. What may have arrived has its end told; what did not has none.
    public let mayHaveArrived: Bool

    public init(_ reason: Reason, _ message: String, isRetryable: Bool, retryAfter: Int64? = nil, mayHaveArrived: Bool) {
        self.reason = reason
        self.message = message
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
        self.mayHaveArrived = mayHaveArrived
    }

    public var description: String { "\(reason.rawValue): \(message)" }
}

/// A receiver of notifications.
public protocol Notifier: Sendable {
    /// Names the receiver in metrics and on disk: unique, without credentials.
    var name: String { get }
    /// Delivers all of a batch (256 at most) or throws. A cancelled task ends it soon.
    func deliver(_ batch: [Notification]) async throws(NotifyError)
}
