import MetricsModel
import Testing

@testable import Alerting

@Suite("Routing tree")
struct RoutingTreeTests {
    private func tree() throws -> Routing {
        try Routing(
            Route(
                receiver: "default", grouping: .labels(["alertname"]),
                routes: [
                    Route(
                        receiver: "db", grouping: .labels(["alertname", "db"]), groupWait: 5_000,
                        matchers: try matchers("team=db"),
                        routes: [
                            Route(receiver: "pager", repeatInterval: 60_000, matchers: try matchers(#"severity="page""#)),
                            Route(matchers: try matchers(#"severity=~"warn|info""#)),
                        ]),
                    Route(receiver: "audit", grouping: .all, matchers: try matchers("audit=yes"), continues: true),
                    Route(receiver: "web", matchers: try matchers("team=web")),
                ]))
    }

    @Test(
        "The deepest routes that match take an alert; a route that does not continue hides its later siblings",
        arguments: [
            (["team": "x"], ["default"]), (["team": "db"], ["db"]), (["team": "db", "severity": "page"], ["pager"]),
            (["team": "db", "severity": "warn"], ["db"]), (["team": "web", "audit": "yes"], ["audit", "web"]),
            (["team": "db", "audit": "yes"], ["db"]), (["audit": "yes"], ["audit"]),
        ])
    func routes(_ labels: [String: String], _ receivers: [String]) throws {
        #expect(try tree().receivers(for: Labels(labels)) == receivers)
    }

    @Test("What a route does not say holds as above it")
    func inherits() throws {
        let labels = Labels(["alertname": "A", "db": "x", "team": "db", "severity": "page"])
        let node = try #require(try tree().nodes(for: labels).first)
        #expect(node.groupWait == 5_000 && node.groupInterval == 300_000 && node.repeatInterval == 60_000)
        #expect(node.groupLabels(of: labels) == Labels(["alertname": "A", "db": "x"]))
        #expect(try tree().root.groupWait == 30_000 && tree().root.repeatInterval == 14_400_000)
        #expect(try tree().receivers == ["default", "db", "pager", "audit", "web"])
    }

    @Test("Groups are named as Alertmanager names them")
    func groupKeys() throws {
        let routing = try tree()
        func keys(_ labels: [String: String]) -> [String] {
            let labels = Labels(labels)
            return routing.nodes(for: labels).map { $0.groupKey($0.groupLabels(of: labels)) }
        }
        #expect(keys(["alertname": "T1", "instance": "a"]) == [#"{}:{alertname="T1"}"#])
        #expect(
            keys(["alertname": "T1", "db": "x", "team": "db", "severity": "page"])
                == [#"{}/{team="db"}/{severity="page"}:{alertname="T1", db="x"}"#])
        #expect(keys(["audit": "yes", "a": "\"q\""]) == [#"{}/{audit="yes"}:{a="\"q\"", audit="yes"}"#])
        // From the conformance data: Alertmanager 0.25's own fingerprint.
        let known = alert("T1", ["instance": "a", "severity": "critical"])
        #expect(AlertStatus.fingerprint(known.labels.fingerprint) == "276d176b27b9b775")
    }

    @Test("A tree that can't be is refused as amtool refuses it")
    func refused() throws {
        func finding(_ route: Route) -> String? {
            do throws(RoutingError) {
                _ = try Routing(route)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(finding(Route()) == "root route must specify a default receiver")
        #expect(finding(Route(receiver: "a", matchers: try matchers("a=b"))) == "root route must not have any matchers")
        #expect(finding(Route(receiver: "a", continues: true)) == "cannot have continue in root route")
        #expect(finding(Route(receiver: "a", groupInterval: 0)) == "group_interval cannot be zero")
        #expect(finding(Route(receiver: "a", routes: [Route(repeatInterval: 0)])) == "repeat_interval cannot be zero")
        #expect(finding(Route(receiver: "a", groupWait: 0)) == nil)
        #expect(throws: RoutingError.self) { try Route.Grouping(["...", "a"]) }
        #expect(throws: RoutingError.self) { try Route.Grouping(["a", "a"]) }
        #expect(try Route.Grouping(["..."]) == .all && Route.Grouping([]) == .labels([]))
    }
}

/// One route: groups by alert name, waits 30 s, gathers for a minute, repeats after ten.
private let plain = Route(
    receiver: "all", grouping: .labels(["alertname"]), groupWait: 30_000, groupInterval: 60_000, repeatInterval: 600_000)

@Suite("Paging")
struct RoutingPagingTests {
    /// Tells a plain story: alerts at seconds, and what is told at seconds.
    private func story(
        by route: Route = plain, _ steps: (Int64, [Notification])..., until end: Int64
    ) throws -> [String] {
        var desk = try PagingDesk(route)
        var told: [String] = []
        for second in stride(from: 0, through: end, by: 10) {
            for (at, alerts) in steps where at == second { desk.take(alerts, at: at * 1_000) }
            told += desk.told(at: Int64(second) * 1_000).map { "\(second): \($0)" }
        }
        return told
    }

    private let a = #"{}:{alertname="A"}"#

    @Test("new => waits for others => one page")
    func groupWait() throws {
        #expect(
            try story((0, [alert("A", ["i": "1"])]), (20, [alert("A", ["i": "2"], from: 20), alert("B", from: 20)]), until: 100)
                == ["30: \(a) A+ A+", #"50: {}:{alertname="B"} B+"#])
    }

    @Test("told => another alert => told at the group's next turn, not before")
    func groupInterval() throws {
        #expect(
            try story((0, [alert("A", ["i": "1"])]), (40, [alert("A", ["i": "2"], from: 40)]), until: 150)
                == ["30: \(a) A+", "90: \(a) A+ A+"])
    }

    @Test("told => nothing new => repeated when the interval has passed, at a turn of the group")
    func repeats() throws {
        #expect(try story((0, [alert("A")]), until: 1_400) == ["30: \(a) A+", "690: \(a) A+", "1350: \(a) A+"])
    }

    @Test("told => over => told once, and never again though the rules say it again")
    func resolved() throws {
        let over = alert("A", until: 50)
        #expect(
            try story((0, [alert("A")]), (50, [over]), (110, [over]), (200, [over]), until: 900)
                == ["30: \(a) A+", "90: \(a) A-"])
    }

    @Test("fires and ends before anybody is told => nothing")
    func neverTold() throws {
        #expect(try story((0, [alert("A")]), (20, [alert("A", until: 20)]), until: 300) == [])
        // The group is told of, this alert is not.
        #expect(
            try story(
                (0, [alert("A", ["i": "1"])]), (40, [alert("A", ["i": "2"], from: 40)]),
                (50, [alert("A", ["i": "2"], from: 40, until: 50)]), until: 300) == ["30: \(a) A+"])
    }

    @Test("told => one of two over => the other still fires on the page; then the other")
    func partlyResolved() throws {
        #expect(
            try story(
                (0, [alert("A", ["i": "1"]), alert("A", ["i": "2"])]), (50, [alert("A", ["i": "1"], until: 50)]),
                (100, [alert("A", ["i": "2"], until: 100)]), until: 300)
                == ["30: \(a) A+ A+", "90: \(a) A- A+", "150: \(a) A-"])
    }

    @Test("told => over and firing again before the next turn => nothing to say")
    func flaps() throws {
        #expect(
            try story((0, [alert("A")]), (40, [alert("A", until: 40)]), (60, [alert("A", from: 60)]), until: 300)
                == ["30: \(a) A+"])
        // After the end was told it is a new group with its own wait.
        #expect(
            try story((0, [alert("A")]), (40, [alert("A", until: 40)]), (120, [alert("A", from: 120)]), until: 300)
                == ["30: \(a) A+", "90: \(a) A-", "150: \(a) A+"])
    }

    @Test("An alert without further word ends when its word ends")
    func expires() throws {
        var word = alert("A")
        word = Notification(
            labels: word.labels, annotations: [], startsAt: 0, endsAt: 100_000, isResolved: false, generatorURL: "")
        #expect(try story((0, [word]), until: 300) == ["30: \(a) A+", "150: \(a) A-"])
    }

    @Test("Without group_by one page tells of all; with `...` each alert has its own")
    func grouping() throws {
        let alerts = [alert("A"), alert("B")]
        var one = plain
        one.grouping = .labels([])
        #expect(try story(by: one, (0, alerts), until: 60) == ["30: {}:{} A+ B+"])
        one.grouping = .all
        #expect(try story(by: one, (0, alerts), until: 60) == [#"30: {}:{alertname="A"} A+"#, #"30: {}:{alertname="B"} B+"#])
    }

    @Test("A receiver that does not hear of ends hears of no end, and of the next firing")
    func keepsEnds() throws {
        var desk = PagingDesk(try Routing(plain), [("all/0", "all", .kept)])
        var told: [String] = []
        for second in stride(from: Int64(0), through: 400, by: 10) {
            if second == 0 { desk.take([alert("A", ["i": "1"]), alert("A", ["i": "2"])], at: 0) }
            if second == 50 { desk.take([alert("A", ["i": "1"], until: 50)], at: 50_000) }
            if second == 130 { desk.take([alert("A", ["i": "2"], until: 130)], at: 130_000) }
            if second == 300 { desk.take([alert("A", ["i": "1"], from: 300)], at: 300_000) }
            told += desk.told(at: second * 1_000).map { "\(second): \($0)" }
        }
        #expect(told == ["30: \(a) A+ A+", "330: \(a) A+"])
    }

    @Test("told => crash => not told again; then its end is told")
    func crashAfterPage() throws {
        var desk = try PagingDesk(plain)
        desk.take([alert("A")], at: 0)
        #expect(desk.told(at: 30_000) == ["\(a) A+"])
        try desk.crash(at: 200_000)
        #expect(desk.told(at: 200_000) == [])
        desk.take([alert("A", until: 210)], at: 210_000)
        #expect(desk.told(at: 260_000) == ["\(a) A-"])
    }

    @Test("waits => crash => told at once when it has waited long enough, and not before")
    func crashInWait() throws {
        for (restart, told) in [(Int64(10), []), (40, ["\(a) A+"])] {
            var desk = try PagingDesk(plain)
            desk.take([alert("A")], at: 0)
            try desk.crash(at: restart * 1_000)
            #expect(desk.told(at: restart * 1_000) == told)
            #expect(desk.told(at: 30_000 + restart * 1_000) == (told.isEmpty ? ["\(a) A+"] : []))
        }
    }

    @Test("told => its rule is gone after a crash => over when there was time for word of it, however many crashes")
    func crashWithoutRule() throws {
        var desk = try PagingDesk(plain)
        let word = alert("A")
        desk.take(
            [
                Notification(
                    labels: word.labels, annotations: [], startsAt: 0, endsAt: 240_000, isResolved: false, generatorURL: "")
            ], at: 0)
        #expect(desk.told(at: 30_000) == ["\(a) A+"])
        try desk.crash(at: 90_000_000)
        try desk.crash(at: 90_010_000)
        #expect(desk.told(at: 90_100_000) == ["\(a) A+"])
        #expect(desk.told(at: 90_249_000) == [])
        #expect(desk.told(at: 90_340_000) == ["\(a) A-"])
    }

    @Test("page queued => crash before the group knows => told once")
    func crashBetween() throws {
        var desk = try PagingDesk(plain)
        desk.take([alert("A")], at: 0)
        desk.flush(at: 30_000, finishes: false)
        try desk.crash(at: 31_000)
        #expect(desk.told(at: 31_000) == ["\(a) A+"])
        #expect(desk.told(at: 120_000) == [])
    }

    @Test("A page refused for good is not sent again until something changes")
    func refused() throws {
        var desk = try PagingDesk(plain)
        desk.take([alert("A", ["i": "1"])], at: 0)
        desk.flush(at: 30_000)
        #expect(desk.begin(0, at: 30_000) != nil)
        desk.end(0, .refused, at: 30_000)
        #expect(desk.told(at: 90_000) == [] && desk.told(at: 150_000) == [])
        desk.take([alert("A", ["i": "2"], from: 160)], at: 160_000)
        #expect(desk.told(at: 210_000) == ["\(a) A+ A+"])
        desk.take([alert("A", ["i": "1"], until: 220), alert("A", ["i": "2"], from: 160, until: 220)], at: 220_000)
        #expect(desk.told(at: 270_000) == ["\(a) A- A-"])
    }

    @Test("While a receiver is away only the newest word of a group waits, with the ends that it is owed")
    func newestWord() throws {
        var desk = try PagingDesk(plain)
        desk.take([alert("A", ["i": "1"])], at: 0)
        #expect(desk.told(at: 30_000) == ["\(a) A+"])
        desk.take([alert("A", ["i": "1"], until: 40)], at: 40_000)
        desk.flush(at: 90_000)
        #expect(desk.begin(0, at: 90_000) != nil)
        desk.end(0, .failed(mayHaveArrived: false), at: 90_000)
        desk.take([alert("A", ["i": "2"], from: 100)], at: 100_000)
        desk.flush(at: 130_000)
        #expect(desk.lanes[0].queue.count == 1)
        #expect(desk.told(at: 200_000) == ["\(a) A- A+"])
    }

    @Test("A group that the receiver chokes on does not hold the others")
    func stepsBack() throws {
        var desk = try PagingDesk(plain)
        desk.take([alert("A"), alert("B", from: 1)], at: 1_000)
        desk.flush(at: 40_000)
        var now: Int64 = 40_000
        #expect(desk.begin(0, at: now)?.groupKey == a)
        desk.end(0, .failed(mayHaveArrived: true), at: now)
        #expect(desk.begin(0, at: now + 100) == nil)
        now += 10_000
        #expect(desk.begin(0, at: now)?.groupKey == #"{}:{alertname="B"}"#)
        desk.end(0, .delivered, at: now)
        #expect(desk.begin(0, at: now)?.groupKey == a)
    }

    @Test("More alerts than there is room for are counted, and the known ones still heard")
    func bounded() throws {
        var dispatcher = Dispatcher(try Routing(Route(receiver: "all")))
        let many = (0...Dispatcher.alertsMax).map { alert("A", ["i": "\($0)"]) }
        #expect(dispatcher.take(many, now: 0).dropped == 1)
        #expect(dispatcher.take([alert("A", ["i": "0"], until: 5)], now: 5_000).dropped == 0)
        #expect(dispatcher.firing(at: 6_000).count == Dispatcher.alertsMax - 1)
    }
}
