import MetricsModel
import Testing

@testable import Alerting

@Suite("Inhibition")
struct InhibitionTests {
    private let route = Route(
        receiver: "all", grouping: .labels(["alertname"]), groupWait: 30_000, groupInterval: 60_000, repeatInterval: 600_000)

    private func rule() throws -> InhibitionRule {
        InhibitionRule(
            sources: try matchers("alertname=DatabaseDown"), targets: try matchers(#"severity=~"warn|page""#), equal: ["db"])
    }

    private func desk() throws -> PagingDesk { try PagingDesk(route, inhibitions: [try rule()]) }

    private let down = alert("DatabaseDown", ["db": "x", "severity": "page"])
    private let slow = alert("Slow", ["db": "x", "severity": "warn"])

    @Test("A source mutes the targets that agree with it, and neither itself nor others like it")
    func index() throws {
        let other = Labels(["alertname": "Slow", "db": "y", "severity": "warn"])
        let bare = Labels(["alertname": "DatabaseDown", "severity": "page"])
        let index = InhibitionIndex([try rule()], firing: [down.labels, slow.labels, bare])
        #expect(index.inhibitors(of: slow.labels) == [down.labels.fingerprint])
        #expect(index.inhibitors(of: other) == [])
        #expect(index.inhibitors(of: down.labels) == [])
        #expect(index.inhibitors(of: bare) == [])
        #expect(index.inhibitors(of: Labels(["alertname": "Slow", "db": "x", "severity": "info"])) == [])
        // Both lack the label: that is equal.
        #expect(index.inhibitors(of: Labels(["alertname": "Slow", "severity": "warn"])) == [bare.fingerprint])
    }

    @Test("source and target start in one evaluation => only the source is told of")
    func together() throws {
        var desk = try desk()
        desk.take([slow, down], at: 0)
        #expect(desk.told(at: 30_000) == [#"{}:{alertname="DatabaseDown"} DatabaseDown+"#])
        #expect(desk.told(at: 300_000) == [])
    }

    @Test("target waits, source starts before it is told => nothing of the target")
    func sourceInTime() throws {
        var desk = try desk()
        desk.take([slow], at: 0)
        desk.take([alert("DatabaseDown", ["db": "x", "severity": "page"], from: 29)], at: 29_000)
        #expect(desk.told(at: 30_000) == [])
        #expect(desk.told(at: 60_000) == [#"{}:{alertname="DatabaseDown"} DatabaseDown+"#])
    }

    @Test("inhibited => source over => told")
    func sourceEnds() throws {
        var desk = try desk()
        desk.take([slow, down], at: 0)
        _ = desk.told(at: 30_000)
        desk.take([alert("DatabaseDown", ["db": "x", "severity": "page"], until: 40)], at: 40_000)
        #expect(desk.told(at: 90_000) == [#"{}:{alertname="DatabaseDown"} DatabaseDown-"#, #"{}:{alertname="Slow"} Slow+"#])
    }

    @Test(
        "inhibited => crash => still inhibited before the rules are evaluated, however long it took",
        arguments: [1, 300, 100_000])
    func afterCrash(_ seconds: Int64) throws {
        var desk = try desk()
        let word = { (note: Notification) in
            Notification(
                labels: note.labels, annotations: [], startsAt: 0, endsAt: 240_000, isResolved: false, generatorURL: "")
        }
        desk.take([word(down)], at: 0)
        #expect(desk.told(at: 30_000) == [#"{}:{alertname="DatabaseDown"} DatabaseDown+"#])
        desk.take([word(slow)], at: 30_000)
        try desk.crash(at: seconds * 1_000 + 60_000)
        desk.flush(at: seconds * 1_000 + 60_000)
        for page in [desk.begin(0, at: seconds * 1_000 + 60_000)].compactMap({ $0 }) {
            #expect(!phrase(page.alerts).contains("Slow"))
        }
        #expect(desk.suppression(seconds * 1_000 + 60_000).inhibitedBy(slow.labels) == [down.labels.fingerprint])
    }

    @Test("told, then inhibited, then over => its end is told when nothing inhibits it any more")
    func endIsHeld() throws {
        var desk = try desk()
        desk.take([slow], at: 0)
        #expect(desk.told(at: 30_000) == [#"{}:{alertname="Slow"} Slow+"#])
        desk.take([alert("DatabaseDown", ["db": "x", "severity": "page"], from: 40)], at: 40_000)
        desk.take([alert("Slow", ["db": "x", "severity": "warn"], until: 50)], at: 50_000)
        #expect(desk.told(at: 90_000) == [#"{}:{alertname="DatabaseDown"} DatabaseDown+"#])
        desk.take([alert("DatabaseDown", ["db": "x", "severity": "page"], from: 40, until: 100)], at: 100_000)
        #expect(desk.told(at: 150_000) == [#"{}:{alertname="DatabaseDown"} DatabaseDown-"#, #"{}:{alertname="Slow"} Slow-"#])
    }

    @Test("A page that waits for its receiver is withdrawn when its alert becomes inhibited")
    func withdrawn() throws {
        var desk = try desk()
        desk.take([slow], at: 0)
        desk.flush(at: 30_000)
        #expect(desk.lanes[0].queue.count == 1)
        desk.take([down], at: 31_000)
        #expect(desk.lanes[0].queue.count == 0)
    }
}
