internal import Synchronization

/// The queue of one receiver with its journal and its worker.
actor OutboxLane<Item: Deliverable> {
    private struct Counters {
        var sent: UInt64 = 0
        var failed: [NotifyError.Reason: UInt64] = [:]
        var refused: UInt64 = 0
        var dropped: UInt64 = 0
        var lastSuccess: Int64?
        var attempts: [DeliveryAttempt] = []
    }

    nonisolated let name: String
    private nonisolated let clock: any WallClock
    private nonisolated let onEvent: @Sendable (OutboxEvent) -> Void
    private nonisolated let wake = Signal()
    private nonisolated let drained = Signal()
    private nonisolated let published: Mutex<ReceiverSnapshot>
    private let jitter: @Sendable () -> Double
    private var send: Delivery<Item>.Send
    private var queue: OutboxQueue<Item>
    private var keeper: Keeper<OutboxQueue<Item>>
    private var counters = Counters()
    private var isFailing = false
    private var isDraining = false
    private var isRetired = false

    init(
        _ name: String, limits: OutboxLimits, journalPath: String?, clock: any WallClock,
        jitter: @escaping @Sendable () -> Double, onEvent: @escaping @Sendable (OutboxEvent) -> Void,
        send: @escaping Delivery<Item>.Send
    ) {
        self.name = name
        self.clock = clock
        self.jitter = jitter
        self.onEvent = onEvent
        self.send = send
        var queue = OutboxQueue<Item>(limits: limits)
        keeper = Keeper(journalPath, state: &queue) { onEvent(.journalFailed(name: name, error: $0)) }
        self.queue = queue
        published = Mutex(Self.snapshot(name, queue, Counters()))
    }

    nonisolated var snapshot: ReceiverSnapshot { published.withLock { $0 } }

    /// The subjects that wait.
    var waiting: Set<Item.Key> { queue.keys }

    func enqueue(_ items: [Item]) {
        guard !isRetired else { return }
        let (changes, dropped) = queue.enqueue(items, now: clock.now)
        if dropped > 0 {
            counters.dropped += UInt64(dropped)
            onEvent(.notificationsDropped(name: name, count: dropped))
        }
        keep(changes)
        publish()
        wake.set()
    }

    /// Delivers from now on in another way: the same receiver, configured anew.
    func replace(_ send: @escaping Delivery<Item>.Send) {
        self.send = send
        queue.hurry()
        wake.set()
    }

    /// Ends the lane: what waits is forgotten, also on disk. An attempt that is under way may end.
    func retire() {
        isRetired = true
        keeper.discard()
        endDrain()
        wake.set()
    }

    /// Delivers until cancelled or retired.
    func run() async {
        while !Task.isCancelled, !isRetired {
            let batch = queue.takeBatch(now: clock.now)
            if batch.isEmpty {
                if isDraining { endDrain() }
                publish()
                await wake.wait(until: queue.nextBatchAt.map { max($0, clock.now + 1) } ?? .max, clock: clock)
                continue
            }
            keep(queue.beginning)
            await attempt(batch)
            if isDraining, queue.count == 0 || isFailing { endDrain() }
        }
        endDrain()
    }

    /// Returns when nothing waits any more, or an attempt has failed: then there is no use in waiting for the next.
    func drain() async {
        guard queue.count > 0, !isRetired else { return }
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

    private func attempt(_ batch: [Item]) async {
        let startedAt = clock.now
        let stopwatch = ContinuousClock()
        let start = stopwatch.now
        let result = await Delivery.deliver(batch, by: send)
        let seconds = RuleGroup.seconds(stopwatch.now - start)
        // Cancelled: the process ends. Nothing is known about this batch; the journal still has it.
        if Task.isCancelled, result.firstError != nil { return }
        let changes = queue.finish(
            result.outcomes, now: clock.now, retryAfter: result.retryAfter, jitter: jitter())
        keep(changes)
        count(
            result,
            DeliveryAttempt(
                startedAt: startedAt, seconds: seconds, notifications: batch.reduce(0) { $0 + $1.alertCount },
                error: result.firstError, nextTry: result.retryable > 0 ? queue.nextAttemptAt : nil))
        publish()
    }

    private func count(_ result: Delivery<Item>, _ attempt: DeliveryAttempt) {
        counters.attempts.append(attempt)
        if counters.attempts.count > ReceiverSnapshot.attemptsKept { counters.attempts.removeFirst() }
        counters.sent += UInt64(result.delivered)
        counters.refused += UInt64(result.refused)
        for (reason, count) in result.failures { counters.failed[reason, default: 0] += UInt64(count) }
        if result.delivered > 0 { counters.lastSuccess = clock.now }
        if result.refused > 0, let error = result.firstError {
            onEvent(.notificationsRefused(name: name, count: result.refused, error: error))
        }
        let isFailingNow = result.retryable > 0
        if isFailingNow, !isFailing, let error = result.firstError {
            onEvent(.receiverFailing(name: name, error: error))
        }
        if !isFailingNow, isFailing { onEvent(.receiverRecovered(name: name)) }
        isFailing = isFailingNow
    }

    private func keep(_ changes: [OutboxQueue<Item>.Change]) {
        guard !isRetired else { return }
        keeper.keep(changes, of: queue, empty: OutboxQueue(limits: queue.limits))
    }

    private func publish() {
        let snapshot = Self.snapshot(name, queue, counters)
        published.withLock { $0 = snapshot }
    }

    private static func snapshot(_ name: String, _ queue: OutboxQueue<Item>, _ counters: Counters) -> ReceiverSnapshot {
        ReceiverSnapshot(
            name: name, queueLength: queue.count, queueCapacity: queue.limits.capacity, sent: counters.sent,
            failed: counters.failed, refused: counters.refused, dropped: counters.dropped, lastSuccess: counters.lastSuccess,
            nextAttempt: queue.nextBatchAt, attempts: counters.attempts)
    }
}
