import MetricsModel
import Support

@testable import Alerting

/// An alert `name` that began at a second, with more labels as `a=b`.
func alert(_ name: String, _ labels: [String: String] = [:], from seconds: Int64 = 0, until end: Int64? = nil) -> Notification {
    Notification(
        labels: Labels(labels.merging(["alertname": name]) { $1 }), annotations: [Label("summary", name)],
        startsAt: seconds * 1_000, endsAt: (end ?? seconds + 100_000) * 1_000, isResolved: end != nil,
        generatorURL: "http://x/graph")
}

/// `alertname+` for one that fires, `alertname-` for one that is over.
func phrase(_ alerts: [Notification]) -> String {
    alerts.map { ($0.labels["alertname"] ?? "") + ($0.isResolved ? "-" : "+") }.joined(separator: " ")
}

func matchers(_ texts: String...) throws -> Matchers { try Matchers(parsing: texts) }

/// The whole of paging without disk, network and tasks: what `Notifications` does, one step at a time. Every state is also kept as
/// the bytes of its journal, from which a crash begins anew.
struct PagingDesk {
    struct Lane {
        let name: String
        let receiver: String
        let ends: PageWord.Ends
        var queue = OutboxQueue<PageWord>(limits: .pages)
        var journal: [[UInt8]] = []
        var batch: [PageWord] = []
    }

    let routing: Routing
    var dispatcher: Dispatcher
    var mutes = Mutes()
    var lanes: [Lane]
    var alertJournal: [[UInt8]] = []
    var muteJournal: [[UInt8]] = []

    init(_ routing: Routing, _ lanes: [(name: String, receiver: String, ends: PageWord.Ends)]) {
        self.routing = routing
        dispatcher = Dispatcher(routing)
        self.lanes = lanes.map { Lane(name: $0.name, receiver: $0.receiver, ends: $0.ends) }
    }

    /// With one receiver `all` that hears of ends.
    init(_ route: Route, inhibitions: [InhibitionRule] = []) throws {
        self.init(try Routing(route, inhibitions: inhibitions), [("all/0", "all", .sent)])
    }

    var suppression: (Int64) -> Suppression { { Suppression(mutes, dispatcher, at: $0) } }

    mutating func take(_ alerts: [Notification], at now: Int64) {
        alertJournal += dispatcher.take(alerts, now: now).changes.map(Dispatcher.encode)
        revise(at: now)
    }

    mutating func mute(_ draft: MuteDraft, at now: Int64, id: String) throws {
        muteJournal += try mutes.set(draft, now: now, newID: id).changes.map(Mutes.encode)
        revise(at: now)
    }

    mutating func unmute(_ id: String, at now: Int64) throws {
        muteJournal += try mutes.expire(id, now: now).map(Mutes.encode)
    }

    /// - Parameter finishes: false is a crash between the pages and the groups.
    mutating func flush(at now: Int64, finishes: Bool = true) {
        let suppression = suppression(now)
        let cuts = dispatcher.due(at: now).compactMap { dispatcher.cut($0, at: now, isSuppressed: suppression.holds) }
        offer(cuts, at: now)
        if finishes { alertJournal += dispatcher.finish(cuts, at: now).map(Dispatcher.encode) }
    }

    /// The page that a lane begins to deliver; nil when nothing is due.
    mutating func begin(_ lane: Int, at now: Int64) -> Page? {
        guard lanes[lane].batch.isEmpty else { return nil }
        lanes[lane].batch = lanes[lane].queue.takeBatch(now: now)
        lanes[lane].journal += lanes[lane].queue.beginning.map(OutboxQueue<PageWord>.encode)
        if let word = lanes[lane].batch.first, word.ends == .kept, word.page.isResolved {
            end(lane, .delivered, at: now)
        }
        return lanes[lane].batch.first?.page
    }

    mutating func end(_ lane: Int, _ outcome: DeliveryOutcome, at now: Int64) {
        let changes = lanes[lane].queue.finish(
            lanes[lane].batch.map { ($0, outcome) }, now: now, retryAfter: nil, jitter: 0.5)
        lanes[lane].journal += changes.map(OutboxQueue<PageWord>.encode)
        lanes[lane].batch = []
    }

    /// Flushes, delivers everything, and says what was delivered by the first lane: `groupKey: words`.
    mutating func told(at now: Int64) -> [String] {
        flush(at: now)
        var told: [String] = []
        for lane in lanes.indices {
            while let page = begin(lane, at: now) {
                if lane == 0 { told.append("\(page.groupKey) \(phrase(page.alerts))") }
                end(lane, .delivered, at: now)
            }
        }
        return told
    }

    /// Begins anew from the journals.
    mutating func crash(at now: Int64) throws {
        dispatcher = Dispatcher(routing)
        for record in alertJournal { dispatcher.replay(try Dispatcher.decode(record[...])) }
        dispatcher.resume(now: now)
        alertJournal = dispatcher.journal.map(Dispatcher.encode)
        mutes = Mutes()
        for record in muteJournal { mutes.replay(try Mutes.decode(record[...])) }
        for lane in lanes.indices {
            lanes[lane].queue = OutboxQueue(limits: .pages)
            for record in lanes[lane].journal {
                lanes[lane].queue.replay(try OutboxQueue<PageWord>.decode(record[...]))
            }
            lanes[lane].journal = lanes[lane].queue.journal.map(OutboxQueue<PageWord>.encode)
            lanes[lane].batch = []
        }
    }

    private mutating func revise(at now: Int64) {
        let suppression = suppression(now)
        for lane in lanes.indices {
            let groups = lanes[lane].queue.keys.sorted().map { AlertGroup.ID(key: $0, receiver: lanes[lane].receiver) }
            let cuts = groups.compactMap {
                dispatcher.cut($0, at: now, isSuppressed: suppression.holds)
            }
            offer(cuts, at: now)
        }
    }

    private mutating func offer(_ cuts: [GroupCut], at now: Int64) {
        for lane in lanes.indices {
            let words = cuts.filter { $0.page.receiver == lanes[lane].receiver }.map {
                PageWord(page: $0.page, ends: lanes[lane].ends, repeatInterval: $0.repeatInterval)
            }
            lanes[lane].journal += lanes[lane].queue.enqueue(words, now: now).changes.map(OutboxQueue<PageWord>.encode)
        }
    }
}
