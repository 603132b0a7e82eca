import MetricsModel
import Support
import Testing

@testable import Alerting

private func draft(_ id: String? = nil, _ text: String = "alertname=A", from: Int64? = nil, until: Int64 = 1_000_000) throws
    -> MuteDraft
{
    MuteDraft(id: id, matchers: try matchers(text), startsAt: from, endsAt: until, createdBy: "ann", comment: "deploy")
}

@Suite("Mutes")
struct MuteTests {
    @Test("pending => active => expired => forgotten after five days")
    func states() throws {
        var mutes = Mutes()
        let (mute, _) = try mutes.set(try draft(from: 5_000, until: 9_000), now: 0, newID: "m")
        #expect([0, 4_999, 5_000, 9_000, 9_001].map { mute.state(at: $0) } == [.pending, .pending, .active, .active, .expired])
        let a = Labels(["alertname": "A"])
        #expect([0, 5_000, 9_001].map { mutes.active(for: a, at: $0) } == [[], ["m"], []])
        #expect(mutes.active(for: Labels(["alertname": "B"]), at: 5_000) == [])
        #expect(mutes.collect(now: 9_000 + Mutes.retention - 1).isEmpty && mutes["m"] != nil)
        #expect(mutes.collect(now: 9_000 + Mutes.retention).count == 1 && mutes["m"] == nil)
    }

    @Test("An active mute can be lengthened in place; other matchers or another beginning end it and begin a new one")
    func updates() throws {
        var mutes = Mutes()
        _ = try mutes.set(try draft(from: 1_000), now: 1_000, newID: "m")
        var (mute, _) = try mutes.set(try draft("m", from: 1_000, until: 2_000_000), now: 5_000, newID: "n")
        #expect(mute.id == "m" && mute.endsAt == 2_000_000 && mute.updatedAt == 5_000)
        (mute, _) = try mutes.set(try draft("m", "alertname=B", from: 1_000), now: 6_000, newID: "n")
        #expect(mute.id == "n" && mute.startsAt == 6_000)
        #expect(mutes["m"]?.state(at: 6_000) == .expired)
        (mute, _) = try mutes.set(try draft("n", "alertname=B", from: 8_000), now: 7_000, newID: "o")
        #expect(mute.id == "o" && mutes["n"]?.state(at: 7_000) == .expired)
        // A pending one may move.
        (mute, _) = try mutes.set(try draft("o", "alertname=B", from: 9_000), now: 7_000, newID: "p")
        #expect(mute.id == "o" && mute.startsAt == 9_000)
        // An expired one begins anew.
        _ = try mutes.expire("o", now: 7_500)
        #expect(mutes["o"]?.state(at: 7_500) == .expired)
        (mute, _) = try mutes.set(try draft("o", "alertname=B"), now: 8_000, newID: "q")
        #expect(mute.id == "q")
    }

    @Test("Ending a mute ends it at once, twice is no error, and an unknown one is")
    func expire() throws {
        var mutes = Mutes()
        _ = try mutes.set(try draft(), now: 0, newID: "m")
        #expect(try mutes.expire("m", now: 10).count == 1)
        #expect(mutes.active(for: Labels(["alertname": "A"]), at: 10) == [])
        #expect(try mutes.expire("m", now: 20).isEmpty)
        #expect(throws: MuteError(code: .notFound, description: "silence x not found")) { try mutes.expire("x", now: 0) }
        #expect(throws: MuteError(code: .notFound, description: "silence not found")) {
            try mutes.set(try draft("x"), now: 0, newID: "n")
        }
    }

    @Test("A mute needs matchers that mean something, an end to come, an author and a reason")
    func refused() throws {
        var mutes = Mutes()
        func finding(_ change: (inout MuteDraft) throws -> Void) throws -> String? {
            var asked = try draft(until: 100)
            try change(&asked)
            do throws(MuteError) {
                _ = try mutes.set(asked, now: 50, newID: "m")
                return nil
            } catch {
                return error.description
            }
        }
        #expect(try finding { $0.matchers = .none } == "invalid silence: at least one matcher required")
        #expect(
            try finding { $0.matchers = try matchers("a=~.*") }
                == "invalid silence: at least one matcher must not match the empty string")
        #expect(try finding { $0.startsAt = 200 } == "invalid silence: end time must not be before start time")
        #expect(try finding { ($0.startsAt, $0.endsAt) = (10, 40) } == "invalid silence: end time can't be in the past")
        #expect(try finding { $0.createdBy = " " } == "invalid silence: author missing")
        #expect(try finding { $0.comment = "" } == "invalid silence: comment missing")
        #expect(try finding { $0.matchers = try matchers("a!=x") } == nil)
    }

    @Test("There is room for a thousand: the oldest that ended goes, and when all hold the next is refused")
    func bounded() throws {
        var mutes = Mutes()
        for count in 0..<Mutes.countMax { _ = try mutes.set(try draft(), now: 0, newID: "m\(count)") }
        #expect(throws: MuteError.self) { try mutes.set(try draft(), now: 0, newID: "n") }
        _ = try mutes.expire("m7", now: 10)
        let (_, changes) = try mutes.set(try draft(), now: 20, newID: "n")
        #expect(changes.count == 2 && mutes["m7"] == nil && mutes.all.count == Mutes.countMax)
    }

    @Test("Changes are read back as they were written")
    func roundTrip() throws {
        var mutes = Mutes()
        var journal: [[UInt8]] = []
        for (count, text) in ["a=\"é\\n\"", "b=~\"x|y\"", "c!=d,e!~f"].enumerated() {
            journal += try mutes.set(try draft(nil, text), now: Int64(count), newID: "m\(count)").changes.map(Mutes.encode)
        }
        journal += try mutes.expire("m1", now: 50).map(Mutes.encode)
        var again = Mutes()
        for record in journal { again.replay(try Mutes.decode(record[...])) }
        #expect(again.all.map { "\($0)" } == mutes.all.map { "\($0)" })
        var random = SeededGenerator(seed: 3)
        for _ in 0..<500 {
            var record = journal[random.below(journal.count)]
            record[random.below(record.count)] = UInt8(truncatingIfNeeded: random.next())
            // Nothing may crash; what still reads is a change.
            _ = try? Mutes.decode(record.prefix(random.below(record.count + 1)))
        }
    }

    @Test("muted => nothing is told; the mute ends => told")
    func holds() throws {
        var desk = try PagingDesk(Route(receiver: "all", groupWait: 30_000, groupInterval: 60_000, repeatInterval: 600_000))
        try desk.mute(try draft(until: 100_000), at: 0, id: "m")
        desk.take([alert("A"), alert("B")], at: 0)
        #expect(desk.told(at: 30_000) == ["{}:{} B+"])
        #expect(desk.told(at: 90_000) == [])
        #expect(desk.told(at: 150_000) == ["{}:{} A+ B+"])
    }

    @Test("muted => crash => still muted")
    func survives() throws {
        var desk = try PagingDesk(Route(receiver: "all"))
        try desk.mute(try draft(), at: 0, id: "m")
        desk.take([alert("A")], at: 0)
        try desk.crash(at: 40_000)
        #expect(desk.told(at: 40_000) == [])
        #expect(desk.suppression(40_000).mutedBy(Labels(["alertname": "A"])) == ["m"])
    }

    @Test("A new id is a random UUID")
    func ids() {
        let ids = (0..<100).map { _ in UUIDText.random() }
        #expect(Set(ids).count == 100)
        for id in ids {
            let parts = id.split(separator: "-")
            #expect(parts.map(\.count) == [8, 4, 4, 4, 12] && parts[2].first == "4" && "89ab".contains(parts[3].first ?? "x"))
        }
    }
}
