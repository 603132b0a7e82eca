internal import MetricsModel
internal import Synchronization

/// Carries notifications to receivers: a bounded queue on disk and a worker for each, so that a slow or dead receiver delays
/// neither the evaluation nor the others.
final class Outbox: Sendable {
    private struct State {
        var alertLanes: [OutboxLane<Notification>] = []
        var pageLanes: [(notifier: any PageNotifier, lane: OutboxLane<PageWord>)] = []
    }

    private let directory: String?
    private let limits: OutboxLimits
    private let clock: any WallClock
    private let jitter: @Sendable () -> Double
    private let onEvent: @Sendable (OutboxEvent) -> Void
    private let state = Mutex(State())
    private let changed = Signal()

    /// - Parameters:
    ///   - receivers: those that group by themselves. All names are unique, also over both kinds.
    ///   - directory: where the queues live; created when needed. nil keeps them in memory only.
    init(
        _ receivers: [any Notifier], _ pagers: [any PageNotifier], directory: String?, limits: OutboxLimits = OutboxLimits(),
        clock: any WallClock, jitter: @escaping @Sendable () -> Double, onEvent: @escaping @Sendable (OutboxEvent) -> Void
    ) {
        self.directory = directory
        self.limits = limits
        self.clock = clock
        self.jitter = jitter
        self.onEvent = onEvent
        if let directory {
            do {
                try DurableFile.createDirectory(directory)
            } catch {
                // Each lane will say that its journal fails, and why.
            }
        }
        let lanes = State(
            alertLanes: receivers.map(makeLane), pageLanes: pagers.map { ($0, makeLane($0)) })
        state.withLock { $0 = lanes }
    }

    /// The receivers in the order in which they were given: those that group by themselves, then the others.
    var receivers: [ReceiverSnapshot] {
        state.withLock { state in state.alertLanes.map(\.snapshot) + state.pageLanes.map(\.lane.snapshot) }
    }

    /// Queues notifications for every receiver that groups by itself. Returns when they are on disk; never waits for a receiver.
    func enqueue(_ notifications: [Notification]) async {
        for lane in state.withLock({ $0.alertLanes }) { await lane.enqueue(notifications) }
    }

    /// Queues pages for the receivers that they name, so far as they say something new. Returns when they are on disk.
    func enqueue(_ pages: [(page: Page, repeatInterval: Int64)]) async {
        for (notifier, lane) in state.withLock({ $0.pageLanes }) {
            let words = pages.filter { $0.page.receiver == notifier.receiver }.map { page, repeatInterval in
                PageWord(page: page, ends: notifier.sendsResolved ? .sent : .kept, repeatInterval: repeatInterval)
            }
            if !words.isEmpty { await lane.enqueue(words) }
        }
    }

    /// The groups of which a page waits, by receiver.
    func waitingGroups() async -> Set<AlertGroup.ID> {
        var groups: Set<AlertGroup.ID> = []
        for (notifier, lane) in state.withLock({ $0.pageLanes }) {
            for key in await lane.waiting { groups.insert(AlertGroup.ID(key: key, receiver: notifier.receiver)) }
        }
        return groups
    }

    /// The ways behind the receivers' names.
    var pagers: [any PageNotifier] { state.withLock { $0.pageLanes.map(\.notifier) } }

    /// Takes these receivers instead: those known by name keep their queues, what waits for the others is forgotten.
    func replace(_ receivers: [any Notifier], _ pagers: [any PageNotifier]) async {
        let old = state.withLock { $0 }
        var next = State()
        for receiver in receivers {
            if let known = old.alertLanes.first(where: { $0.name == receiver.name }) {
                await known.replace(Self.send(receiver))
                next.alertLanes.append(known)
            } else {
                next.alertLanes.append(makeLane(receiver))
            }
        }
        for pager in pagers {
            if let known = old.pageLanes.first(where: { $0.lane.name == pager.name })?.lane {
                await known.replace(Self.send(pager))
                next.pageLanes.append((pager, known))
            } else {
                next.pageLanes.append((pager, makeLane(pager)))
            }
        }
        let lanes = next
        state.withLock { $0 = lanes }
        for lane in old.alertLanes where !lanes.alertLanes.contains(where: { $0 === lane }) { await lane.retire() }
        for (_, lane) in old.pageLanes where !lanes.pageLanes.contains(where: { $0.lane === lane }) { await lane.retire() }
        changed.set()
    }

    /// Delivers until cancelled. Called once.
    func run() async {
        var running: Set<ObjectIdentifier> = []
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let lanes = state.withLock { $0 }
                for lane in lanes.alertLanes where running.insert(ObjectIdentifier(lane)).inserted {
                    group.addTask { await lane.run() }
                }
                for (_, lane) in lanes.pageLanes where running.insert(ObjectIdentifier(lane)).inserted {
                    group.addTask { await lane.run() }
                }
                // A lane that is gone may have lent its identity to a new one.
                running.formIntersection(
                    lanes.alertLanes.map { ObjectIdentifier($0) } + lanes.pageLanes.map { ObjectIdentifier($0.lane) })
                await changed.wait()
            }
        }
    }

    /// Delivers what waits, each receiver until its queue is empty or an attempt fails, and no longer than `deadline`. What is left
    /// stays on disk. To be called while `run` still runs.
    func drain(within deadline: Duration) async {
        let (seconds, attoseconds) = deadline.components
        let end = clock.now + seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        let lanes = state.withLock { $0 }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { group in
                    for lane in lanes.alertLanes { group.addTask { await lane.drain() } }
                    for (_, lane) in lanes.pageLanes { group.addTask { await lane.drain() } }
                }
            }
            group.addTask { [clock] in
                do {
                    try await clock.sleep(until: end)
                } catch {
                    // Everything is drained before the deadline.
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func makeLane(_ receiver: any Notifier) -> OutboxLane<Notification> {
        OutboxLane(
            receiver.name, limits: limits, journalPath: path(receiver.name), clock: clock, jitter: jitter, onEvent: onEvent,
            send: Self.send(receiver))
    }

    private func makeLane(_ pager: any PageNotifier) -> OutboxLane<PageWord> {
        OutboxLane(
            pager.name, limits: .pages, journalPath: path(pager.name), clock: clock, jitter: jitter, onEvent: onEvent,
            send: Self.send(pager))
    }

    private static func send(_ receiver: any Notifier) -> Delivery<Notification>.Send {
        { batch async throws(NotifyError) in try await receiver.deliver(batch) }
    }

    private static func send(_ pager: any PageNotifier) -> Delivery<PageWord>.Send {
        { batch async throws(NotifyError) in
            for word in batch {
                // A crash can leave a word behind that is only about ends.
                if word.ends == .kept, word.page.isResolved { continue }
                try await pager.deliver(word.page)
            }
        }
    }

    private func path(_ name: String) -> String? {
        directory.map { "\($0)/\(Self.fileName(name)).journal" }
    }

    /// A name as it may stand in a path, unique through its checksum.
    private static func fileName(_ name: String) -> String {
        let safe = name.utf8.prefix(40).map { byte -> UInt8 in
            let isSafe = byte < 0x80 && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber)
            return isSafe ? byte : UInt8(ascii: "-")
        }
        return String(decoding: safe, as: UTF8.self) + "-" + String(CRC32.checksum(name.utf8), radix: 16)
    }
}
