internal import MetricsModel
internal import Synchronization

/// The queue of one receiver with its journal and its worker.
actor OutboxLane {
    private struct Counters {
        var sent: UInt64 = 0
        var failed: [NotifyError.Reason: UInt64] = [:]
        var refused: UInt64 = 0
        var dropped: UInt64 = 0
        var lastSuccess: Int64?
        var attempts: [DeliveryAttempt] = []
    }

    private nonisolated let notifier: any Notifier
    private nonisolated let clock: any WallClock
    private nonisolated let onEvent: @Sendable (OutboxEvent) -> Void
    private nonisolated let wake = Signal()
    private nonisolated let drained = Signal()
    private nonisolated let published: Mutex<ReceiverSnapshot>
    private let jitter: @Sendable () -> Double
    private var queue: OutboxQueue
    private var journal: OutboxJournal?
    private let journalPath: String?
    private var counters = Counters()
    private var isFailing = false
    private var isJournalFailing = false
    private var isDraining = false

    init(
        _ notifier: any Notifier, limits: OutboxQueue.Limits, journalPath: String?, clock: any WallClock,
        jitter: @escaping @Sendable () -> Double, onEvent: @escaping @Sendable (OutboxEvent) -> Void
    ) {
        self.notifier = notifier
        self.clock = clock
        self.jitter = jitter
        self.onEvent = onEvent
        self.journalPath = journalPath
        var queue = OutboxQueue(limits: limits)
        if let journalPath {
            do {
                journal = try OutboxJournal.open(journalPath, queue: &queue)
            } catch {
                isJournalFailing = true
                onEvent(.journalFailed(name: notifier.name, error: error.description))
            }
        }
        self.queue = queue
        published = Mutex(Self.snapshot(notifier.name, queue, Counters()))
    }

    nonisolated var snapshot: ReceiverSnapshot { published.withLock { $0 } }

    func enqueue(_ notifications: [Notification]) {
        let (changes, dropped) = queue.enqueue(notifications)
        if dropped > 0 {
            counters.dropped += UInt64(dropped)
            onEvent(.notificationsDropped(name: notifier.name, count: dropped))
        }
        keep(changes)
        publish()
        wake.set()
    }

    /// Delivers until cancelled.
    func run() async {
        while !Task.isCancelled {
            let batch = queue.takeBatch(now: clock.now)
            if batch.isEmpty {
                if isDraining { endDrain() }
                publish()
                await wake.wait(until: queue.nextBatchAt.map { max($0, clock.now + 1) } ?? .max, clock: clock)
                continue
            }
            await attempt(batch)
            if isDraining, queue.count == 0 || isFailing { endDrain() }
        }
        endDrain()
    }

    /// Returns when nothing waits any more, or an attempt has failed: then there is no use in waiting for the next.
    func drain() async {
        guard queue.count > 0 else { return }
        queue.hurry()
        isDraining = true
        wake.set()
        await drained.wait()
    }

    private func endDrain() {
        guard isDraining else { return }
        isDraining = false
        drained.set()
    }

    private func attempt(_ batch: [Notification]) async {
        let startedAt = clock.now
        let clock = ContinuousClock()
        let start = clock.now
        let result = await Delivery.deliver(batch, to: notifier)
        let seconds = RuleGroup.seconds(clock.now - start)
        // Cancelled: the process ends. Nothing is known about this batch; the journal still has it.
        if Task.isCancelled, result.firstError != nil { return }
        let changes = queue.finish(
            result.outcomes, now: self.clock.now, retryAfter: result.retryAfter, jitter: jitter())
        keep(changes)
        count(
            result, DeliveryAttempt(startedAt: startedAt, seconds: seconds, notifications: batch.count, error: result.firstError))
        publish()
    }

    private func count(_ result: Delivery, _ attempt: DeliveryAttempt) {
        counters.attempts.append(attempt)
        if counters.attempts.count > Outbox.attemptsKept { counters.attempts.removeFirst() }
        counters.sent += UInt64(result.delivered)
        counters.refused += UInt64(result.refused)
        for (reason, count) in result.failures { counters.failed[reason, default: 0] += UInt64(count) }
        if result.delivered > 0 { counters.lastSuccess = clock.now }
        if result.refused > 0, let error = result.firstError {
            onEvent(.notificationsRefused(name: notifier.name, count: result.refused, error: error))
        }
        let isFailingNow = result.retryable > 0
        if isFailingNow, !isFailing, let error = result.firstError {
            onEvent(.receiverFailing(name: notifier.name, error: error))
        }
        if !isFailingNow, isFailing { onEvent(.receiverRecovered(name: notifier.name)) }
        isFailing = isFailingNow
    }

    private func keep(_ changes: [OutboxQueue.Change]) {
        guard let journalPath, !changes.isEmpty else { return }
        do throws(FileError) {
            if isJournalFailing {
                // What could not be written is in memory; the whole queue is written anew.
                if journal == nil {
                    var scratch = OutboxQueue(limits: queue.limits)
                    journal = try OutboxJournal.open(journalPath, queue: &scratch)
                }
                try journal?.rewrite(queue)
                isJournalFailing = false
            } else {
                try journal?.append(changes, queue: queue)
            }
        } catch {
            if !isJournalFailing { onEvent(.journalFailed(name: notifier.name, error: error.description)) }
            isJournalFailing = true
        }
    }

    private func publish() {
        let snapshot = Self.snapshot(notifier.name, queue, counters)
        published.withLock { $0 = snapshot }
    }

    private static func snapshot(_ name: String, _ queue: OutboxQueue, _ counters: Counters) -> ReceiverSnapshot {
        ReceiverSnapshot(
            name: name, queueLength: queue.count, queueCapacity: queue.limits.capacity, sent: counters.sent,
            failed: counters.failed, refused: counters.refused, dropped: counters.dropped, lastSuccess: counters.lastSuccess,
            nextAttempt: queue.nextBatchAt, attempts: counters.attempts)
    }
}

/// What came of one batch.
struct Delivery: Sendable {
    private(set) var outcomes: [(Notification, OutboxQueue.Outcome)] = []
    private(set) var delivered = 0
    private(set) var refused = 0
    private(set) var retryable = 0
    private(set) var failures: [NotifyError.Reason: Int] = [:]
    private(set) var firstError: NotifyError?
    private(set) var retryAfter: Int64?

    /// Delivers a batch. One that is refused for its content is halved, and its halves again, until the notifications at fault
    /// stand alone: they must not hold the others.
    static func deliver(_ batch: [Notification], to notifier: any Notifier) async -> Delivery {
        var delivery = Delivery()
        var parts = [batch]
        while let part = parts.popLast() {
            do {
                try await notifier.deliver(part)
                delivery.delivered += part.count
                delivery.outcomes += part.map { ($0, .delivered) }
            } catch {
                if error.reason == .clientError, !error.isRetryable, part.count > 1 {
                    let middle = part.count / 2
                    parts.append(Array(part[middle...]))
                    parts.append(Array(part[..<middle]))
                } else {
                    delivery.take(error, part)
                    // The others would fare no better; they are tried again together.
                    if error.isRetryable {
                        for rest in parts { delivery.take(error, rest) }
                        parts = []
                    }
                }
            }
        }
        return delivery
    }

    private mutating func take(_ error: NotifyError, _ part: [Notification]) {
        firstError = firstError ?? error
        failures[error.reason, default: 0] += part.count
        if error.isRetryable {
            retryable += part.count
            retryAfter = error.retryAfter ?? retryAfter
            outcomes += part.map { ($0, .failed(mayHaveArrived: error.mayHaveArrived)) }
        } else {
            refused += part.count
            outcomes += part.map { ($0, .refused) }
        }
    }
}
