import Glibc
import MetricsModel
import Support
import Testing

@testable import Alerting

private func note(_ alert: String, resolved: Bool = false, startsAt: Int64 = 1_000, version: Int64 = 0) -> Notification {
    Notification(
        labels: Labels(["alertname": alert]), annotations: [Label("v", "\(version)")], startsAt: startsAt,
        endsAt: startsAt + 1_000 + version, isResolved: resolved, generatorURL: "http://x/graph")
}

private func words(_ batch: [Notification]) -> [String] {
    batch.map { ($0.labels["alertname"] ?? "") + ($0.isResolved ? "-" : "+") }
}

private func temporaryDirectory() -> String {
    var template = Array("/tmp/vitals-outbox-XXXXXX".utf8CString)
    return mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
}

@Suite("Outbox queue")
struct OutboxQueueTests {
    private func finish(
        _ queue: inout OutboxQueue<Notification>, _ batch: [Notification], _ outcome: DeliveryOutcome, now: Int64 = 0
    ) {
        _ = queue.finish(batch.map { ($0, outcome) }, now: now, retryAfter: nil, jitter: 0.5)
    }

    @Test("The newest word about an alert waits in the place of its oldest")
    func newestWins() {
        var queue = OutboxQueue<Notification>()
        _ = queue.enqueue([note("a"), note("b"), note("a", version: 2)], now: 0)
        let batch = queue.takeBatch(now: 0)
        #expect(words(batch) == ["a+", "b+"])
        #expect(batch.first?.annotations.first?.value == "2")
    }

    @Test("trigger undelivered, resolved => nothing is sent")
    func bothTakenBack() {
        var queue = OutboxQueue<Notification>()
        _ = queue.enqueue([note("a")], now: 0)
        _ = queue.enqueue([note("a", resolved: true)], now: 0)
        #expect(queue.count == 0 && queue.takeBatch(now: 0).isEmpty)
    }

    @Test("trigger delivered, resolved => the end is sent, and sent again when asked to")
    func resolveAfterDelivery() {
        var queue = OutboxQueue<Notification>()
        _ = queue.enqueue([note("a")], now: 0)
        finish(&queue, queue.takeBatch(now: 0), .delivered)
        for _ in 0..<2 {
            _ = queue.enqueue([note("a", resolved: true)], now: 0)
            let batch = queue.takeBatch(now: 0)
            #expect(words(batch) == ["a-"])
            finish(&queue, batch, .delivered)
        }
        // A later firing that nobody heard of has no end to tell.
        _ = queue.enqueue([note("a", startsAt: 9_000)], now: 0)
        _ = queue.enqueue([note("a", resolved: true, startsAt: 9_000)], now: 0)
        #expect(queue.count == 0)
    }

    @Test("trigger under way, resolved, delivery fails unheard => nothing; may have arrived => the end is sent")
    func resolveWhileUnderWay() {
        for mayHaveArrived in [false, true] {
            var queue = OutboxQueue<Notification>()
            _ = queue.enqueue([note("a")], now: 0)
            let batch = queue.takeBatch(now: 0)
            _ = queue.enqueue([note("a", resolved: true)], now: 0)
            finish(&queue, batch, .failed(mayHaveArrived: mayHaveArrived))
            #expect(words(queue.takeBatch(now: 100_000)) == (mayHaveArrived ? ["a-"] : []))
        }
    }

    @Test("An end that waits is replaced by a new firing, never followed by an old one")
    func firesAgain() {
        var queue = OutboxQueue<Notification>()
        _ = queue.enqueue([note("a")], now: 0)
        finish(&queue, queue.takeBatch(now: 0), .delivered)
        _ = queue.enqueue([note("a", resolved: true)], now: 0)
        _ = queue.enqueue([note("a", startsAt: 9_000)], now: 0)
        let batch = queue.takeBatch(now: 0)
        #expect(words(batch) == ["a+"] && batch.first?.startsAt == 9_000)
        // The receiver knows the first firing; the end of the second is news.
        finish(&queue, batch, .failed(mayHaveArrived: false))
        _ = queue.enqueue([note("a", resolved: true, startsAt: 9_000)], now: 0)
        #expect(words(queue.takeBatch(now: 100_000)) == ["a-"])
    }

    @Test("Delays grow from half a second by half to a minute, and a receiver's wish is heard")
    func backoff() {
        var queue = OutboxQueue<Notification>()
        _ = queue.enqueue([note("a")], now: 0)
        var now: Int64 = 0
        var delays: [Int64] = []
        for _ in 0..<16 {
            finish(&queue, queue.takeBatch(now: now), .failed(mayHaveArrived: false), now: now)
            delays.append(queue.nextAttemptAt - now)
            #expect(queue.takeBatch(now: queue.nextAttemptAt - 1).isEmpty)
            now = queue.nextAttemptAt
        }
        #expect(delays.prefix(4) == [500, 750, 1_125, 1_687] && delays.last == 60_000)
        let batch = queue.takeBatch(now: now)
        _ = queue.finish(batch.map { ($0, .failed(mayHaveArrived: false)) }, now: now, retryAfter: 120_000, jitter: 0)
        #expect(queue.nextAttemptAt == now + 120_000)
    }

    @Test("A full queue drops its oldest, and a batch has its bound")
    func bounds() {
        var limits = OutboxLimits()
        (limits.capacity, limits.batch) = (3, 2)
        var queue = OutboxQueue<Notification>(limits: limits)
        #expect(queue.enqueue([note("a"), note("b"), note("c")], now: 0).dropped == 0)
        #expect(queue.enqueue([note("d")], now: 0).dropped == 1)
        let batch = queue.takeBatch(now: 0)
        #expect(words(batch) == ["b+", "c+"])
        // What is under way is not dropped.
        #expect(queue.enqueue([note("e")], now: 0).dropped == 1)
        finish(&queue, batch, .delivered)
        #expect(words(queue.takeBatch(now: 0)) == ["e+"])
    }

    /// Against a model of the receiver: whatever the order of events, a receiver that was told of an end is not told of the
    /// same firing again, hears no end without a firing, and in the end knows how things are.
    @Test("Whatever happens, the receiver is never misled and the journal leads to the same queue", arguments: 0..<150)
    func property(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var limits = OutboxLimits()
        limits.batch = 1 + random.below(4)
        var queue = OutboxQueue<Notification>(limits: limits)
        var journal: [OutboxQueue<Notification>.Change] = []
        let names = ["a", "b", "c"]
        var firing: [String: Int64] = [:]
        var episode: Int64 = 0
        var known: [String: (startsAt: Int64, resolved: Bool)] = [:]
        var everHeard: Set<String> = []
        var batch: [Notification] = []
        var now: Int64 = 0
        func hear(_ notification: Notification) {
            let name = notification.labels["alertname"] ?? ""
            if notification.isResolved {
                #expect(everHeard.contains(name), "seed \(seed): an end without a firing")
            } else if let last = known[name] {
                #expect(!(last.resolved && last.startsAt == notification.startsAt), "seed \(seed): resolved, then fired again")
                #expect(notification.startsAt >= last.startsAt, "seed \(seed): an older firing")
            }
            everHeard.insert(name)
            known[name] = (notification.startsAt, notification.isResolved)
        }
        func settle(_ outcome: DeliveryOutcome) {
            journal += queue.finish(batch.map { ($0, outcome) }, now: now, retryAfter: nil, jitter: 0.5)
            batch = []
        }
        for step in 0..<120 {
            now += Int64(random.below(2_000))
            switch random.below(5) {
            case 0, 1:
                let name = names[random.below(3)]
                if let startsAt = firing[name], random.below(2) == 0 {
                    firing[name] = nil
                    journal += queue.enqueue([note(name, resolved: true, startsAt: startsAt, version: now)], now: 0).changes
                } else {
                    if firing[name] == nil { episode += 1 }
                    let startsAt = firing[name] ?? episode
                    firing[name] = startsAt
                    journal += queue.enqueue([note(name, startsAt: startsAt, version: now)], now: 0).changes
                }
            case 2: if batch.isEmpty { batch = queue.takeBatch(now: now) }
            case 3:
                // The receiver takes the batch; its answer may be lost.
                for notification in batch { hear(notification) }
                settle(random.below(4) == 0 ? .failed(mayHaveArrived: true) : .delivered)
            default:
                let mayHaveArrived = random.below(3) == 0
                if mayHaveArrived { everHeard.formUnion(batch.map { $0.labels["alertname"] ?? "" }) }
                settle(.failed(mayHaveArrived: mayHaveArrived))
            }
            guard step % 17 == 0 else { continue }
            var replayed = OutboxQueue<Notification>(limits: limits)
            for change in journal { replayed.replay(change) }
            #expect(replayed.count == queue.count, "seed \(seed)")
            #expect(Set(replayed.journal.map { "\($0)" }) == Set(queue.journal.map { "\($0)" }), "seed \(seed)")
        }
        settle(.failed(mayHaveArrived: false))
        for _ in 0..<20 {
            now += 100_000
            batch = queue.takeBatch(now: now)
            for notification in batch { hear(notification) }
            settle(.delivered)
        }
        #expect(queue.count == 0, "seed \(seed)")
        for name in names {
            if let startsAt = firing[name] {
                #expect(
                    known[name]?.startsAt == startsAt && known[name]?.resolved == false, "seed \(seed): \(name) not known to fire"
                )
            } else if known[name] != nil {
                #expect(known[name]?.resolved == true, "seed \(seed): \(name) never heard to end")
            }
        }
    }
}

@Suite("Outbox journal")
struct OutboxJournalTests {
    @Test("Changes are read back as they were written", arguments: 0..<20)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            let changes: [OutboxQueue<Notification>.Change] = [
                .queued(
                    note(
                        "é\n\u{0}\(random.next())", resolved: random.below(2) == 0,
                        startsAt: Int64(bitPattern: random.next()) >> 8)),
                .removed(random.next()), .forgotten(random.next()),
                .told(
                    random.next(), Notification.Told(startsAt: Int64(bitPattern: random.next()), isResolved: random.below(2) == 0)
                ),
            ]
            for change in changes {
                #expect(
                    try OutboxQueue<Notification>.decode(OutboxQueue<Notification>.encode(change)[...]) == change, "seed \(seed)")
            }
        }
    }

    @Test("A file cut anywhere costs its last record at most, and a damaged byte never crashes")
    func torn() throws {
        let directory = temporaryDirectory()
        let path = directory + "/q.journal"
        var queue = OutboxQueue<Notification>()
        do {
            var journal = try Journal.open(path, state: &queue)
            for place in 0..<10 { try journal.append(queue.enqueue([note("a\(place)")], now: 0).changes, state: queue) }
        }
        let whole = try #require(try DurableFile.read(path))
        for length in stride(from: 0, through: whole.count, by: 23) {
            try DurableFile.replace(path, with: Array(whole.prefix(length)))
            var restored = OutboxQueue<Notification>()
            _ = try Journal.open(path, state: &restored)
            let complete = ChecksummedRecords.read(Array(whole.prefix(length))).records.count
            #expect(restored.count == complete)
            #expect(complete >= length * 10 / whole.count - 1)
        }
        var random = SeededGenerator(seed: 1)
        for _ in 0..<100 {
            var damaged = whole
            damaged[random.below(damaged.count)] ^= UInt8(1 << random.below(8))
            try DurableFile.replace(path, with: damaged)
            var restored = OutboxQueue<Notification>()
            _ = try Journal.open(path, state: &restored)
            #expect(restored.count < 10)
        }
    }
}

/// A receiver that does what it is told.
private final class ScriptedNotifier: Notifier {
    let name: String
    let heard = Collected<String>()
    let batches = Collected<Int>()
    private let answer: @Sendable (_ call: Int, [Notification]) async throws(NotifyError) -> Void

    init(_ name: String, _ answer: @escaping @Sendable (Int, [Notification]) async throws(NotifyError) -> Void) {
        self.name = name
        self.answer = answer
    }

    func deliver(_ batch: [Notification]) async throws(NotifyError) {
        batches.add(batch.count)
        try await answer(batches.values.count, batch)
        heard.add(words(batch))
    }
}

@Suite("Outbox")
struct OutboxTests {
    private func outbox(
        _ receivers: [any Notifier], _ clock: ManualClock, directory: String? = nil, events: Collected<String> = .init()
    ) -> Outbox {
        Outbox(
            receivers, [], directory: directory, clock: clock, jitter: { 0.5 },
            onEvent: { events.add("\($0)".prefix { $0 != "(" }.description) })
    }

    /// Lets other tasks run until something holds.
    private func eventually(_ condition: () -> Bool) async -> Bool {
        for _ in 0..<100_000 {
            if condition() { return true }
            await Task.yield()
        }
        return condition()
    }

    @Test("A dead receiver delays no other, is tried again and hears everything when it is back")
    func deadReceiver() async throws {
        let clock = ManualClock()
        let dead = ScriptedNotifier("dead") { call, _ throws(NotifyError) in
            if call < 3 { throw NotifyError(.networkError, "refused", isRetryable: true, mayHaveArrived: false) }
        }
        let alive = ScriptedNotifier("alive") { _, _ in }
        let events = Collected<String>()
        let outbox = outbox([dead, alive], clock, events: events)
        let task = Task { await outbox.run() }
        await outbox.enqueue([note("a"), note("b")])
        #expect(await eventually { alive.heard.values == ["a+", "b+"] })
        #expect(await eventually { !clock.sleepers.isEmpty })
        #expect(outbox.receivers.first?.queueLength == 2 && outbox.receivers.first?.nextAttempt == 500)
        clock.move(to: 500)
        #expect(await eventually { dead.batches.values.count == 2 && clock.sleepers == [1_250] })
        clock.move(to: 1_250)
        #expect(await eventually { dead.heard.values == ["a+", "b+"] })
        #expect(await eventually { outbox.receivers.first?.sent == 2 })
        let snapshot = try #require(outbox.receivers.first)
        #expect(snapshot.failed == [.networkError: 4] && snapshot.attempts.count == 3 && snapshot.queueLength == 0)
        #expect(events.values == ["receiverFailing", "receiverRecovered"])
        task.cancel()
        await task.value
    }

    @Test("A notification that is refused holds none of its batch")
    func refused() async {
        let picky = ScriptedNotifier("picky") { _, batch throws(NotifyError) in
            if batch.contains(where: { $0.labels["alertname"] == "bad" }) {
                throw NotifyError(.clientError, "HTTP 400", isRetryable: false, mayHaveArrived: false)
            }
        }
        let outbox = outbox([picky], ManualClock())
        let task = Task { await outbox.run() }
        await outbox.enqueue([note("a"), note("bad"), note("c"), note("d"), note("e")])
        #expect(await eventually { outbox.receivers.first?.sent == 4 && outbox.receivers.first?.refused == 1 })
        #expect(picky.heard.values.sorted() == ["a+", "c+", "d+", "e+"])
        #expect(outbox.receivers.first?.queueLength == 0)
        task.cancel()
        await task.value
    }

    @Test("What waits survives a restart")
    func restart() async {
        let directory = temporaryDirectory()
        let dead = ScriptedNotifier("r") { _, _ throws(NotifyError) in
            throw NotifyError(.networkError, "refused", isRetryable: true, mayHaveArrived: false)
        }
        await outbox([dead], ManualClock(), directory: directory).enqueue([note("a"), note("b")])
        let alive = ScriptedNotifier("r") { _, _ in }
        let second = outbox([alive], ManualClock(), directory: directory)
        #expect(second.receivers.first?.queueLength == 2)
        let task = Task { await second.run() }
        #expect(await eventually { alive.heard.values == ["a+", "b+"] && second.receivers.first?.queueLength == 0 })
        task.cancel()
        await task.value
        #expect(outbox([alive], ManualClock(), directory: directory).receivers.first?.queueLength == 0)
    }

    @Test("Draining sends what waits at once, and gives up on a receiver that fails")
    func drain() async {
        let clock = ManualClock()
        let flaky = ScriptedNotifier("flaky") { call, _ throws(NotifyError) in
            if call == 1 { throw NotifyError(.serverError, "HTTP 500", isRetryable: true, mayHaveArrived: true) }
        }
        let dead = ScriptedNotifier("dead") { _, _ throws(NotifyError) in
            throw NotifyError(.networkError, "refused", isRetryable: true, mayHaveArrived: false)
        }
        let outbox = outbox([flaky, dead], clock)
        let task = Task { await outbox.run() }
        await outbox.enqueue([note("a")])
        #expect(await eventually { clock.sleepers.count == 2 })
        await outbox.drain(within: .seconds(5))
        #expect(flaky.heard.values == ["a+"])
        #expect(outbox.receivers.map(\.queueLength) == [0, 1])
        task.cancel()
        await task.value
    }

    @Test("A receiver that hangs is left behind when the deadline comes")
    func drainDeadline() async {
        let clock = ManualClock()
        let hanging = ScriptedNotifier("hanging") { _, _ throws(NotifyError) in
            do { try await clock.sleep(until: .max) } catch {
                throw NotifyError(.other, "cancelled", isRetryable: true, mayHaveArrived: true)
            }
        }
        let outbox = outbox([hanging], clock)
        let task = Task { await outbox.run() }
        await outbox.enqueue([note("a")])
        let drained = Task { await outbox.drain(within: .seconds(5)) }
        #expect(await eventually { clock.sleepers.contains(5_000) })
        clock.move(to: 5_000)
        await drained.value
        #expect(outbox.receivers.first?.queueLength == 1)
        task.cancel()
        await task.value
    }
}
