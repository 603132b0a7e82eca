internal import MetricsModel

/// The notifications that wait for one receiver: a state machine without I/O. For every alert only its newest word waits, in the
/// place of the oldest: a receiver that was away hears how things are, in the order in which they began.
struct OutboxQueue: Sendable {
    /// What a change did, in the words of the journal.
    enum Change: Sendable, Equatable {
        case queued(Notification)
        /// The waiting word about an alert is gone: delivered, refused, dropped or taken back.
        case removed(UInt64)
        /// The newest that the receiver has, or may have, heard of an alert.
        case told(UInt64, Told)
        case forgotten(UInt64)
    }

    struct Limits: Sendable {
        /// Prometheus' notification queue capacity. The oldest goes first.
        var capacity = 10_000
        /// Prometheus' and Alertmanager's batch.
        var batch = 256
        /// Milliseconds (cenkalti/backoff as Alertmanager uses it).
        var firstDelay: Int64 = 500
        var delayFactor = 1.5
        var delayMax: Int64 = 60_000
    }

    /// What became of one notification of a batch.
    enum Outcome: Sendable {
        case delivered
        /// Will never be taken.
        case refused
        /// To be tried again.
        case failed(mayHaveArrived: Bool)
    }

    /// What a receiver knows of an alert.
    struct Told: Sendable, Equatable {
        let startsAt: Int64
        let isResolved: Bool
    }

    private struct Waiting {
        var notification: Notification
        let order: UInt64
        /// Whether the notification is in the batch that is under way.
        var isInFlight = false
    }

    let limits: Limits
    private var waiting: [UInt64: Waiting] = [:]
    /// Fingerprints by the order in which their first word came.
    private var order: [UInt64: UInt64] = [:]
    private var firstOrder: UInt64 = 0
    private var nextOrder: UInt64 = 0
    /// What the receiver has heard, with the order of the telling.
    private var told: [UInt64: (told: Told, order: UInt64)] = [:]
    private var nextTold: UInt64 = 0
    private var inFlight: [UInt64: Notification] = [:]
    private(set) var failuresInARow = 0
    /// Not before this instant; milliseconds since the epoch.
    private(set) var nextAttemptAt: Int64 = .min

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// The number of alerts that wait, those under way included.
    var count: Int { waiting.count }

    /// Takes the newest word about alerts.
    ///
    /// - Returns: the changes, and how many notifications were dropped because the queue is full.
    mutating func enqueue(_ notifications: [Notification]) -> (changes: [Change], dropped: Int) {
        var changes: [Change] = []
        for notification in notifications {
            let alert = notification.labels.fingerprint
            if notification.isResolved, !isWanted(notification) {
                // Nobody heard of it, so nobody needs to hear of its end (alertmanager#2510).
                if waiting[alert] != nil { changes.append(remove(alert)) }
                continue
            }
            if waiting[alert] != nil {
                waiting[alert]?.notification = notification
                waiting[alert]?.isInFlight = false
            } else {
                waiting[alert] = Waiting(notification: notification, order: nextOrder)
                order[nextOrder] = alert
                nextOrder += 1
            }
            changes.append(.queued(notification))
        }
        var dropped = 0
        while waiting.count > limits.capacity, let oldest = oldestAtRest() {
            changes.append(remove(oldest))
            dropped += 1
        }
        return (changes, dropped)
    }

    /// The next batch, oldest first; empty while one is under way, nothing waits, or it is too early.
    mutating func takeBatch(now: Int64) -> [Notification] {
        guard inFlight.isEmpty, now >= nextAttemptAt else { return [] }
        var batch: [Notification] = []
        var place = firstOrder
        while place < nextOrder, batch.count < limits.batch {
            if let alert = order[place], let entry = waiting[alert] {
                batch.append(entry.notification)
                waiting[alert]?.isInFlight = true
                inFlight[alert] = entry.notification
            } else if place == firstOrder {
                firstOrder += 1
            }
            place += 1
        }
        return batch
    }

    /// When the next batch may be taken; nil when nothing waits or one is under way.
    var nextBatchAt: Int64? {
        inFlight.isEmpty && !waiting.isEmpty ? nextAttemptAt : nil
    }

    /// Ends the attempt that is under way.
    ///
    /// - Parameters:
    ///   - outcomes: of every notification of the batch.
    ///   - retryAfter: what the receiver asked for, in milliseconds.
    ///   - jitter: 0…1; spreads the attempts of many senders over half to one and a half of the delay.
    mutating func finish(
        _ outcomes: [(Notification, Outcome)], now: Int64, retryAfter: Int64?, jitter: Double
    ) -> [Change] {
        var changes: [Change] = []
        var hasFailed = false
        for (notification, outcome) in outcomes {
            let alert = notification.labels.fingerprint
            inFlight[alert] = nil
            switch outcome {
            case .delivered:
                changes += tell(notification)
                if waiting[alert]?.isInFlight == true { changes.append(remove(alert)) }
            case .refused:
                if waiting[alert]?.isInFlight == true { changes.append(remove(alert)) }
                changes += takeBackUnheard(alert)
            case .failed(let mayHaveArrived):
                hasFailed = true
                if mayHaveArrived, !notification.isResolved { changes += tell(notification) }
                waiting[alert]?.isInFlight = false
                changes += takeBackUnheard(alert)
            }
        }
        if hasFailed {
            failuresInARow += 1
            let exponent = Double(min(failuresInARow - 1, 32))
            let delay = min(Double(limits.firstDelay) * power(limits.delayFactor, exponent), Double(limits.delayMax))
            let spread = min(delay * (0.5 + jitter), Double(limits.delayMax))
            nextAttemptAt = now + max(Int64(spread), min(retryAfter ?? 0, Self.retryAfterMax))
        } else {
            failuresInARow = 0
            nextAttemptAt = .min
        }
        return changes
    }

    /// Lets the next attempt be made at once: the process is about to end.
    mutating func hurry() {
        nextAttemptAt = .min
    }

    /// Takes a change of the journal; for reading it back.
    mutating func replay(_ change: Change) {
        switch change {
        case .queued(let notification):
            let alert = notification.labels.fingerprint
            if waiting[alert] == nil {
                waiting[alert] = Waiting(notification: notification, order: nextOrder)
                order[nextOrder] = alert
                nextOrder += 1
            } else {
                waiting[alert]?.notification = notification
            }
        case .removed(let alert): _ = remove(alert)
        case .told(let alert, let known): _ = tell(alert, known)
        case .forgotten(let alert): told[alert] = nil
        }
    }

    /// The shortest journal that leads to this state.
    var journal: [Change] {
        told.sorted { $0.value.order < $1.value.order }.map { .told($0.key, $0.value.told) }
            + waiting.values.sorted { $0.order < $1.order }.map { .queued($0.notification) }
    }

    /// A receiver may ask for an hour, not for ever.
    private static let retryAfterMax: Int64 = 3_600_000

    /// Whether the end of an alert is news for somebody: the receiver knows that the alert fires, is just being told, or knows of
    /// this very end. The last is sent again, as Prometheus does: an Alertmanager that restarts forgets its alerts.
    private func isWanted(_ resolved: Notification) -> Bool {
        let alert = resolved.labels.fingerprint
        if let current = inFlight[alert], !current.isResolved { return true }
        guard let known = told[alert]?.told else { return false }
        return !known.isResolved || known.startsAt == resolved.startsAt
    }

    /// A resolution that waits behind a firing which was never heard: both go.
    private mutating func takeBackUnheard(_ alert: UInt64) -> [Change] {
        guard let entry = waiting[alert], entry.notification.isResolved, !isWanted(entry.notification) else { return [] }
        return [remove(alert)]
    }

    private mutating func tell(_ notification: Notification) -> [Change] {
        tell(notification.labels.fingerprint, Told(startsAt: notification.startsAt, isResolved: notification.isResolved))
    }

    private mutating func tell(_ alert: UInt64, _ known: Told) -> [Change] {
        guard told[alert]?.told != known else { return [] }
        told[alert] = (known, nextTold)
        nextTold += 1
        var changes: [Change] = [.told(alert, known)]
        // The ends of alerts of removed rules never come; the oldest are forgotten.
        if told.count > 2 * limits.capacity, let oldest = told.min(by: { $0.value.order < $1.value.order })?.key {
            told[oldest] = nil
            changes.append(.forgotten(oldest))
        }
        return changes
    }

    private mutating func remove(_ alert: UInt64) -> Change {
        if let entry = waiting.removeValue(forKey: alert) { order[entry.order] = nil }
        return .removed(alert)
    }

    private mutating func oldestAtRest() -> UInt64? {
        var place = firstOrder
        while place < nextOrder {
            if let alert = order[place], waiting[alert]?.isInFlight == false { return alert }
            place += 1
        }
        return nil
    }

    private func power(_ base: Double, _ exponent: Double) -> Double {
        (0..<Int(exponent)).reduce(1) { value, _ in value * base }
    }
}
