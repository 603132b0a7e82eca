import Glibc
import MetricsModel
import Support
import Testing

@testable import Alerting

/// What one receiver has heard, seen from its side.
private struct Ear {
    /// Alerts that it may have heard of, ever.
    var mayKnow: Set<UInt64> = []
    /// What it believes: alerts that fire.
    var believes: Set<UInt64> = []
    /// Alerts with their beginnings.
    var lastFiring: [String: Set<String>] = [:]
    var lastAt: [String: Int64] = [:]
    /// Groups whose newest page may come again: its success was lost in a crash, or its answer on the way.
    var mayRepeat: Set<String> = []
}

/// Random alerts, mutes, receivers that fail, refuse or hang, and crashes at every point, against what must always hold.
private struct PagingModel {
    static let repeatInterval: Int64 = 600_000
    let seed: UInt64
    var random: SeededGenerator
    var desk: PagingDesk
    var ears: [Ear]
    var now: Int64 = 1_000_000
    /// Since when, and in milliseconds.
    var firing: [Labels: Int64] = [:]
    var recentlyOver: [Labels: (startsAt: Int64, endsAt: Int64)] = [:]
    var muteIDs: [String] = []
    var pagesHeard = 0
    var crashes = 0

    static let universe: [Labels] =
        ["x", "y"].flatMap { db in
            [
                Labels(["alertname": "Down", "db": db, "severity": "page"]),
                Labels(["alertname": "Slow", "db": db, "severity": "warn"]),
                Labels(["alertname": "Full", "db": db, "severity": "warn"]),
                Labels(["alertname": "Lag", "db": db, "severity": "page"]),
            ]
        }

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        let root = Route(
            receiver: "all", grouping: .labels(["alertname"]), groupWait: 30_000, groupInterval: 60_000,
            repeatInterval: Self.repeatInterval,
            routes: [
                Route(
                    receiver: "oncall", grouping: .labels(["db"]), matchers: try matchers(#"severity="page""#), continues: true),
                Route(receiver: "all", grouping: .all, matchers: try matchers("alertname=~\"Lag|Full\"")),
            ])
        let routing = try Routing(
            root,
            inhibitions: [
                InhibitionRule(
                    sources: try matchers("alertname=Down"), targets: try matchers("severity=~\"warn|page\""), equal: ["db"])
            ])
        desk = PagingDesk(
            routing,
            [("all/0", "all", .sent), ("all/1", "all", .kept), ("oncall/0", "oncall", .sent)])
        ears = [Ear](repeating: Ear(), count: 3)
    }

    mutating func evaluate() {
        var notifications: [Notification] = []
        for labels in Self.universe where random.below(6) == 0 {
            if let startsAt = firing.removeValue(forKey: labels) {
                recentlyOver[labels] = (startsAt, now)
            } else {
                firing[labels] = now
                recentlyOver[labels] = nil
            }
        }
        for (labels, startsAt) in firing.sorted(by: { $0.key < $1.key }) {
            notifications.append(Self.note(labels, startsAt, now + 240_000, isResolved: false))
        }
        for (labels, times) in recentlyOver.sorted(by: { $0.key < $1.key }) {
            notifications.append(Self.note(labels, times.startsAt, times.endsAt, isResolved: true))
            if now - times.endsAt > 100_000 { recentlyOver[labels] = nil }
        }
        desk.take(notifications, at: now)
    }

    mutating func toggleMute() throws {
        if random.below(3) > 0, let id = muteIDs.popLast() {
            try desk.unmute(id, at: now)
            return
        }
        let id = "mute-\(random.next())"
        let target = Self.universe[random.below(Self.universe.count)]
        let draft = MuteDraft(
            matchers: Matchers([
                LabelMatcher("db", equals: target["db"] ?? ""), LabelMatcher("alertname", equals: target["alertname"] ?? ""),
            ]), endsAt: now + 3_600_000, createdBy: "t", comment: "c")
        try desk.mute(draft, at: now, id: id)
        muteIDs.append(id)
    }

    mutating func crash() throws {
        for lane in desk.lanes.indices {
            guard let word = desk.lanes[lane].batch.first else { continue }
            // Nobody knows whether the page under way arrived.
            ears[lane].mayKnow.formUnion(word.page.firing)
            ears[lane].mayRepeat.insert(word.key)
            if random.below(2) == 0 { hear(lane, word.page) }
        }
        crashes += 1
        now += [0, 5_000, 400_000][random.below(3)]
        try desk.crash(at: now)
    }

    /// Begins a delivery: what is sent must be allowed now.
    mutating func begin(_ lane: Int) {
        guard let page = desk.begin(lane, at: now) else { return }
        let suppression = desk.suppression(now)
        for alert in page.alerts where !alert.isResolved {
            #expect(suppression.mutedBy(alert.labels).isEmpty, "seed \(seed): muted \(alert.labels)")
            #expect(suppression.inhibitedBy(alert.labels).isEmpty, "seed \(seed): inhibited \(alert.labels)")
        }
        for alert in page.alerts where alert.isResolved {
            #expect(desk.lanes[lane].ends == .sent, "seed \(seed): an end that nobody wants")
            #expect(
                ears[lane].mayKnow.contains(alert.labels.fingerprint), "seed \(seed): an end without a beginning \(alert.labels)")
        }
        let isNews =
            page.alerts.contains(where: \.isResolved)
            || !Self.beginnings(page).isSubset(of: ears[lane].lastFiring[page.groupKey] ?? [])
            || now - (ears[lane].lastAt[page.groupKey] ?? 0) > Self.repeatInterval
        #expect(isNews || ears[lane].mayRepeat.contains(page.groupKey), "seed \(seed): \(page.groupKey) twice at \(now)")
    }

    mutating func end(_ lane: Int, _ outcome: DeliveryOutcome, isHeard: Bool) {
        guard let page = desk.lanes[lane].batch.first?.page else { return }
        if isHeard { hear(lane, page) }
        switch outcome {
        case .delivered: ears[lane].mayRepeat.remove(page.groupKey)
        case .failed(let mayHaveArrived):
            if mayHaveArrived {
                ears[lane].mayKnow.formUnion(page.firing)
                ears[lane].mayRepeat.insert(page.groupKey)
            }
        case .refused: break
        }
        desk.end(lane, outcome, at: now)
    }

    private mutating func hear(_ lane: Int, _ page: Page) {
        pagesHeard += 1
        ears[lane].mayKnow.formUnion(page.firing)
        ears[lane].believes.formUnion(page.firing)
        ears[lane].believes.subtract(page.alerts.filter(\.isResolved).map(\.labels.fingerprint))
        ears[lane].lastFiring[page.groupKey] = Self.beginnings(page)
        ears[lane].lastAt[page.groupKey] = now
    }

    /// A receiver that does not hear of ends is told anew of what fires after nothing did.
    private mutating func forgetSilentEnds() {
        for lane in desk.lanes.indices where desk.lanes[lane].ends == .kept {
            var known: Set<String> = []
            for case .told(let key, _) in desk.lanes[lane].queue.journal { known.insert(key) }
            for key in ears[lane].lastFiring.keys where !known.contains(key) { ears[lane].lastFiring[key] = nil }
        }
    }

    mutating func step() throws {
        defer { forgetSilentEnds() }
        now += Int64(random.below(20_000))
        switch random.below(20) {
        case 0..<6: evaluate()
        case 6..<10: desk.flush(at: now)
        case 10..<13: begin(random.below(3))
        case 13..<16: end(random.below(3), .delivered, isHeard: true)
        case 16:
            let mayHaveArrived = random.below(2) == 0
            end(random.below(3), .failed(mayHaveArrived: mayHaveArrived), isHeard: mayHaveArrived && random.below(2) == 0)
        case 17: try toggleMute()
        case 18:
            // The pages are queued, the groups not yet done with them.
            desk.flush(at: now, finishes: false)
            try crash()
        default: if random.below(2) == 0 { try crash() }
        }
    }

    /// Everybody is well again, and nothing changes any more: every receiver must come to know how things are.
    mutating func heal() throws {
        for lane in 0..<3 { end(lane, .failed(mayHaveArrived: false), isHeard: false) }
        for id in muteIDs { try desk.unmute(id, at: now) }
        let frozen = firing
        for _ in 0..<80 {
            now += 20_000
            desk.take(
                frozen.sorted { $0.key < $1.key }.map { Self.note($0.key, $0.value, now + 240_000, isResolved: false) }, at: now)
            desk.flush(at: now)
            for lane in 0..<3 {
                while true {
                    begin(lane)
                    guard !desk.lanes[lane].batch.isEmpty else { break }
                    end(lane, .delivered, isHeard: true)
                }
            }
        }
    }

    func check() {
        let suppression = desk.suppression(now)
        let open = Set(firing.keys.filter { !suppression.holds($0) }.map(\.fingerprint))
        let all = Set(firing.keys.map(\.fingerprint))
        for (lane, ear) in zip(desk.lanes, ears) {
            let mine = Set(
                Self.universe.filter { desk.routing.receivers(for: $0).contains(lane.receiver) }.map(\.fingerprint))
            #expect(open.intersection(mine).isSubset(of: ear.believes), "seed \(seed): \(lane.name) never heard")
            if lane.ends == .sent {
                let held = Set(Self.universe.filter(suppression.holds).map(\.fingerprint))
                #expect(ear.believes.isSubset(of: all.union(held)), "seed \(seed): \(lane.name) never heard of an end")
            }
            #expect(lane.queue.count == 0, "seed \(seed): \(lane.name) still has pages")
        }
        let groups = desk.dispatcher.firing(at: now).map(\.labels)
        #expect(Set(groups) == Set(firing.keys), "seed \(seed): the desk knows what fires")
    }

    private static func beginnings(_ page: Page) -> Set<String> {
        Set(page.alerts.filter { !$0.isResolved }.map { "\($0.labels)@\($0.startsAt)" })
    }

    static func note(_ labels: Labels, _ startsAt: Int64, _ endsAt: Int64, isResolved: Bool) -> Notification {
        Notification(
            labels: labels, annotations: [], startsAt: startsAt, endsAt: endsAt, isResolved: isResolved, generatorURL: "")
    }
}

@Suite("Routing properties")
struct RoutingPropertyTests {
    /// `VITALS_SEEDS=10000` for a long run.
    static let seeds = getenv("VITALS_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 16

    @Test(
        "Whatever fails, crashes or is muted, every alert is told of once, no end without its beginning, and nobody is left behind",
        arguments: 0..<seeds)
    func property(seed: UInt64) throws {
        var model = try PagingModel(seed: seed)
        for _ in 0..<250 { try model.step() }
        try model.heal()
        model.check()
        #expect(model.pagesHeard > 0 && model.crashes > 0, "seed \(seed): nothing happened")
    }

    @Test("Changes are read back as they were written, and damaged ones never crash", arguments: 0..<10)
    func records(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var queue = OutboxQueue<PageWord>(limits: .pages)
        var dispatcher = Dispatcher(try Routing(Route(receiver: "é", grouping: .all)))
        var (words, alerts): ([[UInt8]], [[UInt8]]) = ([], [])
        for step in 0..<20 {
            let note = alert("A\n\(random.below(4))", ["x": "\u{0}"], from: Int64(step), until: random.below(2) == 0 ? 9 : nil)
            alerts += dispatcher.take([note], now: Int64(step) * 60_000).changes.map(Dispatcher.encode)
            let cuts = dispatcher.due(at: Int64(step) * 60_000).compactMap {
                dispatcher.cut($0, at: Int64(step) * 60_000) { _ in false }
            }
            let pages = cuts.map { PageWord(page: $0.page, ends: .sent, repeatInterval: 1) }
            words += queue.enqueue(pages, now: 0).changes.map(OutboxQueue<PageWord>.encode)
            let batch = queue.takeBatch(now: .max)
            words += queue.finish(batch.map { ($0, .delivered) }, now: 0, retryAfter: nil, jitter: 0).map(OutboxQueue.encode)
            alerts += dispatcher.finish(cuts, at: Int64(step) * 60_000).map(Dispatcher.encode)
        }
        for record in words {
            #expect(OutboxQueue<PageWord>.encode(try OutboxQueue<PageWord>.decode(record[...])) == record, "seed \(seed)")
        }
        for record in alerts { #expect(Dispatcher.encode(try Dispatcher.decode(record[...])) == record, "seed \(seed)") }
        for record in words + alerts {
            var damaged = record
            damaged[random.below(damaged.count)] = UInt8(truncatingIfNeeded: random.next())
            let cut = damaged.prefix(random.below(damaged.count + 1))
            // What still reads is a change; nothing may crash.
            _ = try? OutboxQueue<PageWord>.decode(cut)
            _ = try? Dispatcher.decode(cut)
        }
    }
}
