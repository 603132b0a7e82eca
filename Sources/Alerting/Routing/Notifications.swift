internal import MetricsModel
internal import Synchronization

/// Tells receivers of alerts. Receivers that group and mute by themselves (Alertmanager) hear of every alert; the others get pages
/// of groups through routes, inhibitions and mutes as Alertmanager has them.
///
///     let notifications = Notifications(alertmanagers: […], pagers: […], routing: routing, directory: path + "/outbox", onEvent: { … })
///     await notifications.run { rules.groups.allSatisfy { $0.iterations > 0 } }   // until cancelled
///     await notifications.drain(within: .seconds(5))                              // before that, at shutdown
///
/// Whatever is told of has been written to disk before, in this order: the word about the alert, the page, that the page is
/// delivered. After a crash at any point what was not finished is done again, and what was done is not, but for one case: a page
/// that a receiver took right before the crash is sent again. PagerDuty knows it by its key; a webhook or Slack shows it twice.
public actor Notifications {
    /// A restart waits for the rules this long (milliseconds): before they are evaluated, what inhibits is not known.
    static let settleMax: Int64 = 60_000
    private static let settleStep: Int64 = 250

    private struct Desk: Sendable {
        var dispatcher: Dispatcher
        var mutes: Mutes
    }

    private nonisolated let outbox: Outbox
    private nonisolated let clock: any WallClock
    private nonisolated let onEvent: @Sendable (OutboxEvent) -> Void
    private nonisolated let wake = Signal()
    private nonisolated let published: Mutex<Desk>
    private let newID: @Sendable () -> String
    private var dispatcher: Dispatcher
    private var mutes = Mutes()
    private var alertKeeper: Keeper<Dispatcher>
    private var muteKeeper: Keeper<Mutes>
    private var isOffering = false
    private var turns: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - alertmanagers: receivers that get every alert, with unique names.
    ///   - pagers: the ways behind the receivers that `routing` names.
    ///   - directory: where queues, alerts and mutes live; created when needed. nil keeps them in memory only.
    public init(
        alertmanagers: [any Notifier], pagers: [any PageNotifier], routing: Routing, directory: String?,
        clock: any WallClock = SystemWallClock(), onEvent: @escaping @Sendable (OutboxEvent) -> Void
    ) {
        self.init(
            alertmanagers: alertmanagers, pagers: pagers, routing: routing, directory: directory, clock: clock,
            jitter: { Double.random(in: 0...1) }, newID: UUIDText.random, onEvent: onEvent)
    }

    init(
        alertmanagers: [any Notifier], pagers: [any PageNotifier], routing: Routing, directory: String?, clock: any WallClock,
        jitter: @escaping @Sendable () -> Double, newID: @escaping @Sendable () -> String,
        onEvent: @escaping @Sendable (OutboxEvent) -> Void
    ) {
        self.clock = clock
        self.onEvent = onEvent
        self.newID = newID
        // Creates the directory.
        outbox = Outbox(alertmanagers, pagers, directory: directory, clock: clock, jitter: jitter, onEvent: onEvent)
        var dispatcher = Dispatcher(routing)
        alertKeeper = Keeper(directory.map { "\($0)/alerts.journal" }, state: &dispatcher) {
            onEvent(.journalFailed(name: "alerts", error: $0))
        }
        dispatcher.resume(now: clock.now)
        var mutes = Mutes()
        muteKeeper = Keeper(directory.map { "\($0)/mutes.journal" }, state: &mutes) {
            onEvent(.journalFailed(name: "mutes", error: $0))
        }
        published = Mutex(Desk(dispatcher: dispatcher, mutes: mutes))
        self.dispatcher = dispatcher
        self.mutes = mutes
    }

    // MARK: Rules

    /// Takes what the rules have to say. Returns when it is on disk; never waits for a receiver.
    public func enqueue(_ notifications: [Notification]) async {
        let (changes, dropped) = dispatcher.take(notifications, now: clock.now)
        if dropped > 0 { onEvent(.notificationsDropped(name: "alerts", count: dropped)) }
        keep(changes)
        wake.set()
        await outbox.enqueue(notifications)
        if !dispatcher.routing.inhibitions.isEmpty { await reviseWaiting() }
    }

    // MARK: Work

    /// Tells receivers until cancelled. Called once.
    ///
    /// - Parameter rulesEvaluated: whether every rule was evaluated since the start. Until then, and for a minute at most, no new page
    ///   is made: an alert that will be inhibited must not be told of because its cause is not known yet.
    public func run(rulesEvaluated: @escaping @Sendable () -> Bool = { true }) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.outbox.run() }
            group.addTask { await self.dispatch(rulesEvaluated) }
        }
    }

    /// Delivers what waits, each receiver until its queue is empty or an attempt fails, and no longer than `deadline`. Groups that
    /// still gather alerts are told of after the next start. To be called while `run` still runs.
    public nonisolated func drain(within deadline: Duration) async {
        await outbox.drain(within: deadline)
    }

    /// Takes other receivers, routes and inhibitions. Receivers known by name keep their queues, groups known by key and receiver
    /// keep their times; what waits for receivers that are gone is forgotten.
    public func reload(alertmanagers: [any Notifier], pagers: [any PageNotifier], routing: Routing) async {
        await outbox.replace(alertmanagers, pagers)
        dispatcher.reroute(routing, now: clock.now)
        publish()
        await reviseWaiting()
        wake.set()
    }

    private func dispatch(_ rulesEvaluated: @Sendable () -> Bool) async {
        let end = clock.now + Self.settleMax
        var isReady = rulesEvaluated()
        while !isReady, clock.now < end, !Task.isCancelled {
            isReady = rulesEvaluated()
            // One step more than needed: what the last evaluation said is just being queued.
            do {
                try await clock.sleep(until: clock.now + Self.settleStep)
            } catch {
                return
            }
        }
        while !Task.isCancelled {
            await flush()
            await wake.wait(until: dispatcher.nextDue.map { max($0, clock.now + 1) } ?? .max, clock: clock)
        }
    }

    /// Tells the receivers of every group that is due. The queues have the pages on disk before the groups are done with them.
    func flush() async {
        await takeTurn()
        let now = clock.now
        let cuts = cut(dispatcher.due(at: now), at: now)
        if !cuts.isEmpty {
            await outbox.enqueue(cuts.map { ($0.page, $0.repeatInterval) })
            keep(dispatcher.finish(cuts, at: now))
        }
        endTurn()
    }

    /// Pages that still wait are made anew: what is muted or inhibited by now is taken out of them.
    private func reviseWaiting() async {
        guard outbox.receivers.contains(where: { $0.queueLength > 0 }) || isOffering else { return }
        await takeTurn()
        let waiting = await outbox.waitingGroups()
        let cuts = cut(waiting.sorted(), at: clock.now)
        if !cuts.isEmpty { await outbox.enqueue(cuts.map { ($0.page, $0.repeatInterval) }) }
        endTurn()
    }

    private func cut(_ groups: [AlertGroup.ID], at now: Int64) -> [GroupCut] {
        guard !groups.isEmpty else { return [] }
        let suppression = Suppression(mutes, dispatcher, at: now)
        return groups.compactMap { dispatcher.cut($0, at: now, isSuppressed: suppression.holds) }
    }

    /// Pages go to the queues one set after the other: one made before a mute, or an end, must not overtake one made after it.
    private func takeTurn() async {
        guard isOffering else {
            isOffering = true
            return
        }
        await withCheckedContinuation { turns.append($0) }
    }

    private func endTurn() {
        guard !turns.isEmpty else {
            isOffering = false
            return
        }
        turns.removeFirst().resume()
    }

    private func keep(_ changes: [Dispatcher.Change]) {
        alertKeeper.keep(changes, of: dispatcher, empty: Dispatcher(dispatcher.routing))
        publish()
    }

    private func publish() {
        let desk = Desk(dispatcher: dispatcher, mutes: mutes)
        published.withLock { $0 = desk }
    }

    // MARK: Mutes

    /// Sets a mute, or changes one (`MuteDraft.id`). An active one that gets other matchers or another beginning is ended, and a new
    /// one begins. Holds at once, also for pages that wait for their receiver, and only for pages: an Alertmanager has its own.
    ///
    /// - Returns: the mute as it stands, on disk.
    public func mute(_ draft: MuteDraft) async throws(MuteError) -> Mute {
        let (mute, changes) = try mutes.set(draft, now: clock.now, newID: newID())
        await keep(changes)
        return mute
    }

    /// Ends a mute now. One that has ended stays as it is.
    public func unmute(_ id: Mute.ID) async throws(MuteError) {
        await keep(try mutes.expire(id, now: clock.now))
    }

    private func keep(_ changes: [Mutes.Change]) async {
        muteKeeper.keep(changes, of: mutes, empty: Mutes())
        publish()
        await reviseWaiting()
    }

    // MARK: What there is to see

    /// The receivers with their queues: those that group by themselves, then the others.
    public nonisolated var receivers: [ReceiverSnapshot] { outbox.receivers }

    /// The names of the receivers to which routes lead, in the order of the tree.
    public nonisolated var routedReceivers: [String] { published.withLock { $0.dispatcher.routing.receivers } }

    /// All mutes, the newest first; those that ended more than five days ago are not kept.
    public nonisolated var allMutes: [Mute] {
        let now = clock.now
        return published.withLock { $0.mutes }.all.filter { $0.endsAt + Mutes.retention > now }
    }

    public nonisolated func mute(id: Mute.ID) -> Mute? { allMutes.first { $0.id == id } }

    /// The alerts that fire, in the order of their start, with who is told and why not. O(alerts × mutes and rules).
    public nonisolated var alerts: [AlertStatus] {
        let now = clock.now
        let desk = published.withLock { $0 }
        let suppression = Suppression(desk.mutes, desk.dispatcher, at: now)
        return desk.dispatcher.firing(at: now).map { alert in
            AlertStatus(
                alert: alert, updatedAt: desk.dispatcher.lastWord(of: alert.labels.fingerprint) ?? now,
                receivers: desk.dispatcher.routing.receivers(for: alert.labels), mutedBy: suppression.mutedBy(alert.labels),
                inhibitedBy: suppression.inhibitedBy(alert.labels).map(AlertStatus.fingerprint))
        }
    }

    public nonisolated var suppressed: SuppressionCounts {
        let alerts = alerts
        return SuppressionCounts(
            firing: alerts.count, muted: alerts.count { !$0.mutedBy.isEmpty }, inhibited: alerts.count { !$0.inhibitedBy.isEmpty }
        )
    }

    /// Tells every way of a receiver of a marked test, past routes, mutes and queues.
    ///
    /// - Returns: what came of it; nothing when there is no such receiver.
    public nonisolated func test(receiver: String) async -> [TestPage.Outcome] {
        await TestPage.deliver(to: receiver, of: outbox.pagers, now: clock.now)
    }
}

/// Random UUIDs (RFC 9562, version 4) as text, as Alertmanager names its silences.
enum UUIDText {
    @Sendable static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = AlertStatus.fingerprint(high) + AlertStatus.fingerprint(low)
        var text = ""
        for (place, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(place) { text += "-" }
            text.append(digit)
        }
        return text
    }
}
