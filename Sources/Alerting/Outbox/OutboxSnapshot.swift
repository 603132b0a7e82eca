/// One attempt to deliver a batch, or a page.
public struct DeliveryAttempt: Sendable {
    /// Milliseconds since the epoch.
    public let startedAt: Int64
    public let seconds: Double
    /// Alerts of which the receiver was told.
    public let notifications: Int
    /// nil: delivered.
    public let error: NotifyError?
    /// When the same is tried again, in milliseconds since the epoch; nil when it is not.
    public let nextTry: Int64?
}

/// One receiver as the pages and the metrics show it. Counters since the start.
public struct ReceiverSnapshot: Sendable {
    /// Attempts shown per receiver.
    public static let attemptsKept = 50

    public let name: String
    public let queueLength: Int
    public let queueCapacity: Int
    /// Notifications that the receiver took: alerts for one that groups by itself, pages for others.
    public let sent: UInt64
    /// Attempts that failed, counted in notifications.
    public let failed: [NotifyError.Reason: UInt64]
    /// Notifications that will never be delivered: refused by the receiver.
    public let refused: UInt64
    /// Notifications that fell out of a full queue.
    public let dropped: UInt64
    /// Milliseconds since the epoch.
    public let lastSuccess: Int64?
    /// When the next attempt is due; nil when nothing waits or one is under way.
    public let nextAttempt: Int64?
    /// The newest last, `attemptsKept` at most.
    public let attempts: [DeliveryAttempt]
}

/// What happened to a receiver that somebody should know of: changes of state, not every attempt.
public enum OutboxEvent: Sendable {
    case receiverFailing(name: String, error: NotifyError)
    case receiverRecovered(name: String)
    case notificationsRefused(name: String, count: Int, error: NotifyError)
    case notificationsDropped(name: String, count: Int)
    /// The queue is not on disk any more; a restart now would forget what waits.
    case journalFailed(name: String, error: String)
}
