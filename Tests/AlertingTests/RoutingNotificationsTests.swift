import Glibc
import MetricsModel
import Support
import Testing

@testable import Alerting

/// A pager that answers as it is told to, and remembers the pages that it took.
private final class ScriptedPager: PageNotifier {
    let name: String
    let receiver: String
    let sendsResolved: Bool
    let heard = Collected<String>()
    let calls = Collected<Page>()
    private let answer: @Sendable (_ call: Int, Page) async throws(NotifyError) -> Void

    init(
        _ name: String, sendsResolved: Bool = true,
        _ answer: @escaping @Sendable (Int, Page) async throws(NotifyError) -> Void = { _, _ in }
    ) {
        self.name = name
        receiver = String(name.prefix { $0 != "/" })
        self.sendsResolved = sendsResolved
        self.answer = answer
    }

    func deliver(_ page: Page) async throws(NotifyError) {
        calls.add(page)
        try await answer(calls.values.count, page)
        heard.add(phrase(page.alerts))
    }
}

private final class Listener: Notifier {
    let name = "http://alertmanager"
    let heard = Collected<Notification>()

    func deliver(_ batch: [Notification]) async throws(NotifyError) { heard.add(batch) }
}

private let unreachable = NotifyError(.networkError, "refused", isRetryable: true, mayHaveArrived: false)

@Suite("Notifications")
struct RoutingNotificationsTests {
    private let route = Route(
        receiver: "all", grouping: .labels(["alertname"]), groupWait: 30_000, groupInterval: 60_000, repeatInterval: 600_000)

    private func folder() -> String {
        var template = Array("/tmp/vitals-notifications-XXXXXX".utf8CString)
        return mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
    }

    private func service(
        _ pagers: [any PageNotifier], _ clock: ManualClock, alertmanagers: [any Notifier] = [], route: Route? = nil,
        inhibitions: [InhibitionRule] = [], directory: String? = nil, events: Collected<String> = .init()
    ) throws -> Notifications {
        Notifications(
            alertmanagers: alertmanagers, pagers: pagers, routing: try Routing(route ?? self.route, inhibitions: inhibitions),
            directory: directory, clock: clock, jitter: { 0.5 }, newID: { "m" },
            onEvent: { events.add("\($0)".prefix { $0 != "(" }.description) })
    }

    /// Lets other tasks run until something holds.
    private func eventually(_ condition: () async -> Bool) async -> Bool {
        for _ in 0..<100_000 {
            if await condition() { return true }
            await Task.yield()
        }
        return await condition()
    }

    @Test("Alertmanagers hear of every alert at once, direct receivers of groups after their wait")
    func both() async throws {
        let (clock, pager, listener) = (ManualClock(), ScriptedPager("all/0"), Listener())
        let service = try service([pager], clock, alertmanagers: [listener])
        let task = Task { await service.run() }
        await service.enqueue([alert("A", ["i": "1"]), alert("A", ["i": "2"])])
        #expect(await eventually { listener.heard.values.count == 2 && clock.sleepers.contains(30_000) })
        #expect(pager.calls.values.isEmpty)
        clock.move(to: 30_000)
        #expect(await eventually { pager.heard.values == ["A+ A+"] })
        #expect(await eventually { service.receivers.map(\.sent) == [2, 1] })
        #expect(service.receivers.last?.attempts.map(\.notifications) == [2])
        let page = try #require(pager.calls.values.first)
        #expect(
            page.groupKey == #"{}:{alertname="A"}"# && page.groupLabels == Labels(["alertname": "A"]) && page.receiver == "all")
        task.cancel()
        await task.value
    }

    @Test("A restart waits for the rules, but no longer than a minute")
    func settles() async throws {
        let evaluated = Collected<Bool>()
        for isStuck in [false, true] {
            let (clock, pager) = (ManualClock(100_000), ScriptedPager("all/0"))
            let service = try service([pager], clock)
            await service.enqueue([alert("A")])
            let task = Task { await service.run { !isStuck && !evaluated.values.isEmpty } }
            for step in 1...40 {
                #expect(await eventually { clock.sleepers.contains(100_000 + Int64(step) * 250) })
                clock.move(to: 100_000 + Int64(step) * 250)
            }
            #expect(pager.calls.values.isEmpty)
            if isStuck { clock.move(to: 160_000) } else { evaluated.add(true) }
            var now = clock.now
            #expect(
                await eventually {
                    now += 250
                    clock.move(to: now)
                    return pager.heard.values == ["A+"]
                })
            task.cancel()
            await task.value
        }
    }

    @Test("A dead receiver delays no other; what waits for it survives a restart, and is told once")
    func restart() async throws {
        let (clock, directory) = (ManualClock(), folder())
        let events = Collected<String>()
        let dead = ScriptedPager("all/dead") { _, _ throws(NotifyError) in throw unreachable }
        let alive = ScriptedPager("all/alive")
        var first: Notifications? = try service([dead, alive], clock, directory: directory, events: events)
        await first?.enqueue([alert("A")])
        clock.move(to: 30_000)
        var task = Task { [first] in await first?.run() }
        #expect(await eventually { alive.heard.values == ["A+"] && dead.calls.values.count == 1 })
        #expect(await eventually { first?.receivers.map(\.queueLength) == [1, 0] })
        #expect(await eventually { first?.receivers.first?.attempts.first?.nextTry == 30_500 })
        task.cancel()
        await task.value
        first = nil
        let back = ScriptedPager("all/dead")
        let again = ScriptedPager("all/alive")
        let second = try service([back, again], clock, directory: directory, events: events)
        #expect(second.receivers.map(\.queueLength) == [1, 0] && second.alerts.map(\.fingerprint).count == 1)
        clock.move(to: 90_000)
        task = Task { await second.run() }
        #expect(await eventually { back.heard.values == ["A+"] && second.receivers.map(\.queueLength) == [0, 0] })
        await second.enqueue([alert("A", until: 95)])
        clock.move(to: 150_000)
        #expect(await eventually { back.heard.values == ["A+", "A-"] && again.heard.values == ["A-"] })
        #expect(events.values == ["receiverFailing"])
        task.cancel()
        await task.value
    }

    @Test("A mute holds at once, also for a page that waits, and over a restart")
    func mutes() async throws {
        let (clock, directory) = (ManualClock(), folder())
        let dead = ScriptedPager("all/0") { _, _ throws(NotifyError) in throw unreachable }
        let service = try service([dead], clock, directory: directory)
        await service.enqueue([alert("A")])
        clock.move(to: 30_000)
        await service.flush()
        #expect(service.receivers.map(\.queueLength) == [1])
        let mute = try await service.mute(
            MuteDraft(matchers: try matchers("alertname=A"), endsAt: 100_000, createdBy: "ann", comment: "deploy"))
        #expect(mute.id == "m" && mute.startsAt == 30_000 && service.receivers.map(\.queueLength) == [0])
        #expect(service.suppressed == SuppressionCounts(firing: 1, muted: 1, inhibited: 0))
        #expect(service.alerts.first?.mutedBy == ["m"] && service.alerts.first?.receivers == ["all"])
        let second = try self.service([dead], clock, directory: directory)
        #expect(second.allMutes.map(\.comment) == ["deploy"] && second.mute(id: "m")?.createdBy == "ann")
        clock.move(to: 90_000)
        await second.flush()
        #expect(second.receivers.map(\.queueLength) == [0])
        try await second.unmute("m")
        #expect(second.suppressed.muted == 0)
        clock.move(to: 150_000)
        await second.flush()
        #expect(second.receivers.map(\.queueLength) == [1])
        await #expect(throws: MuteError.self) { try await second.unmute("x") }
    }

    @Test("What inhibits is shown with what it inhibits")
    func inhibited() async throws {
        let rule = InhibitionRule(
            sources: try matchers("alertname=Down"), targets: try matchers("alertname!=Down"), equal: ["db"])
        let service = try service([], ManualClock(), inhibitions: [rule])
        let (down, slow) = (alert("Down", ["db": "x"]), alert("Slow", ["db": "x"]))
        await service.enqueue([slow, down, alert("Slow", ["db": "y"])])
        #expect(service.suppressed == SuppressionCounts(firing: 3, muted: 0, inhibited: 1))
        let shown = try #require(service.alerts.first { $0.alert.labels == slow.labels })
        #expect(shown.inhibitedBy == [AlertStatus.fingerprint(down.labels.fingerprint)] && shown.isSuppressed)
    }

    @Test("After a reload known groups keep their times and known receivers their queues; those that are gone are forgotten")
    func reload() async throws {
        let (clock, directory) = (ManualClock(), folder())
        let (kept, gone) = (ScriptedPager("all/0"), ScriptedPager("gone/0") { _, _ throws(NotifyError) in throw unreachable })
        var route = route
        route.routes = [Route(receiver: "gone", matchers: try matchers("alertname=G"))]
        let service = try service([kept, gone], clock, route: route, directory: directory)
        let task = Task { await service.run() }
        await service.enqueue([alert("A"), alert("G")])
        clock.move(to: 30_000)
        #expect(await eventually { kept.heard.values == ["A+"] && service.receivers.map(\.queueLength) == [0, 1] })
        let (renewed, new) = (ScriptedPager("all/0"), ScriptedPager("new/0"))
        route.routes = [Route(receiver: "new", matchers: try matchers("alertname=G"))]
        await service.reload(alertmanagers: [], pagers: [renewed, new], routing: try Routing(route))
        #expect(service.receivers.map(\.name) == ["all/0", "new/0"])
        // It has waited long enough already.
        #expect(await eventually { new.heard.values == ["G+"] })
        clock.move(to: 60_000)
        await service.enqueue([alert("A", ["i": "2"], from: 60)])
        clock.move(to: 89_000)
        #expect(renewed.calls.values.isEmpty)
        clock.move(to: 90_000)
        #expect(await eventually { renewed.heard.values == ["A+ A+"] })
        #expect(kept.calls.values.count == 1)
        task.cancel()
        await task.value
    }

    @Test("A test page tells every way of the receiver of a firing and of its end, past mutes and routes")
    func test() async throws {
        let (one, two, other) = (
            ScriptedPager("a/0"), ScriptedPager("a/1", sendsResolved: false) { _, _ throws(NotifyError) in throw unreachable },
            ScriptedPager("b/0")
        )
        let service = try service([one, two, other], ManualClock())
        let outcomes = await service.test(receiver: "a")
        #expect(outcomes.map(\.name) == ["a/0", "a/1"] && outcomes.map { $0.error?.reason } == [nil, .networkError])
        #expect(one.heard.values == ["VitalsTest+", "VitalsTest-"] && other.calls.values.isEmpty)
        #expect(Set(one.calls.values.map(\.groupKey)).count == 1)
        #expect(await service.test(receiver: "c").isEmpty)
    }

    @Test("When the disk takes nothing it is said once, and paging goes on")
    func brokenDisk() async throws {
        let events = Collected<String>()
        let (clock, pager) = (ManualClock(), ScriptedPager("all/0"))
        let service = try service([pager], clock, directory: "/proc/nowhere", events: events)
        let task = Task { await service.run() }
        await service.enqueue([alert("A")])
        clock.move(to: 30_000)
        #expect(await eventually { pager.heard.values == ["A+"] })
        #expect(events.values == ["journalFailed", "journalFailed", "journalFailed"])
        task.cancel()
        await task.value
    }
}
