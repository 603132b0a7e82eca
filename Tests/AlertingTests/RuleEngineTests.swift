import Glibc
import MetricsModel
import Support
import Synchronization
import Testing

@testable import Alerting

private func temporaryDirectory() -> String {
    var template = Array("/tmp/vitals-rules-XXXXXX".utf8CString)
    return mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
}

@Suite("Schedules")
struct GroupScheduleTests {
    @Test("A group keeps its place in the interval; every slot comes once or is counted as missed", arguments: 0..<100)
    func slots(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let interval = Int64(1 + random.below(100_000))
        let schedule = GroupSchedule(file: "f\(random.next())", group: "g", interval: interval)
        #expect((0..<interval).contains(schedule.offset))
        var now = Int64(random.below(1_000_000)) - 500_000
        var last = schedule.slot(atOrBefore: now)
        #expect(last <= now && now < last + interval)
        var seen: Int64 = 0
        let first = last
        for _ in 0..<50 {
            now += Int64(random.below(Int(interval) * 3))
            guard let due = schedule.due(after: last, now: now) else {
                #expect(now < last + interval, "seed \(seed)")
                continue
            }
            #expect(due.slot <= now && due.slot > last && (due.slot - schedule.offset) % interval == 0, "seed \(seed)")
            seen += Int64(due.missed) + 1
            last = due.slot
        }
        #expect(seen == (last - first) / interval, "seed \(seed)")
    }

    @Test("Groups spread over the interval")
    func spread() {
        let offsets = (0..<200).map { GroupSchedule(file: "rules.yml", group: "group\($0)", interval: 60_000).offset }
        for slice in 0..<6 { #expect(offsets.contains { (slice * 10_000..<(slice + 1) * 10_000).contains(Int($0)) }) }
    }

    @Test("A group that is still being evaluated is not due, and its lost rounds are counted")
    func busy() {
        let schedule = GroupSchedule(file: "f", group: "g", interval: 1_000)
        let start = schedule.slot(atOrBefore: 100_000)
        var timetable = GroupTimetable()
        timetable.replace([("k", schedule)], now: start)
        #expect(timetable.takeDue(now: start + 999).isEmpty)
        #expect(timetable.takeDue(now: start + 1_000) == [.init(key: "k", slot: start + 1_000, missed: 0)])
        #expect(timetable.takeDue(now: start + 2_000).isEmpty && timetable.nextDue == nil)
        timetable.finish("k")
        #expect(timetable.takeDue(now: start + 4_500) == [.init(key: "k", slot: start + 4_000, missed: 2)])
    }
}

@Suite("Rule engine")
struct RuleEngineTests {
    private static let text = """
        groups:
        - name: g
          interval: 30s
          rules:
          - {alert: A, expr: m > 5, for: 1m}
          - {alert: Now, expr: m > 5}
        """

    private func engine(
        _ series: MemorySeries, _ clock: ManualClock, directory: String? = nil, told: Collected<Notification> = .init(),
        events: Collected<String> = .init()
    ) -> RuleEngine {
        RuleEngine(
            settings: RuleSettings(), language: PromQLLanguage(), source: series, sink: series, clock: clock,
            stateDirectory: directory, notify: { told.add($0) }, onEvent: { events.add("\($0)") })
    }

    private func states(_ engine: RuleEngine) -> [String] {
        engine.groups.flatMap(\.alerts).map { "\($0.labels["alertname"] ?? "") \($0.state.rawValue) \($0.activeAt / 1_000)" }
    }

    @Test("A restart keeps pending and firing alerts; the pause does not count towards for")
    func restart() async throws {
        let directory = temporaryDirectory() + "/state"
        let series = MemorySeries()
        series.append("m", at: 0, 6)
        let first = engine(series, ManualClock(0), directory: directory)
        await first.load([try rules(Self.text)])
        await first.evaluateAll(at: 0)
        #expect(states(first) == ["A pending 0", "Now firing 0"])
        // Ten minutes later, with a `for` that Prometheus would not restore.
        let clock = ManualClock(600_000)
        let told = Collected<Notification>()
        let second = engine(series, clock, directory: directory, told: told)
        await second.load([try rules(Self.text)])
        #expect(states(second) == ["A pending 600", "Now firing 0"])
        // The data is not there yet: two evaluations are waited for.
        await second.evaluateAll(at: 630_000)
        #expect(states(second) == ["A pending 600", "Now firing 0"])
        series.append("m", at: 655_000, 6)
        await second.evaluateAll(at: 660_000)
        #expect(states(second) == ["A firing 600", "Now firing 0"])
        #expect(told.values.allSatisfy { !$0.isResolved })
        #expect(told.values.last { $0.labels["alertname"] == "Now" }?.startsAt == 0)
    }

    @Test("A restored alert whose condition is gone resolves after the second evaluation without it")
    func restoredAndGone() async throws {
        let directory = temporaryDirectory()
        let series = MemorySeries()
        series.append("m", at: 0, 6)
        let first = engine(series, ManualClock(0), directory: directory)
        await first.load([try rules(Self.text)])
        await first.evaluateAll(at: 0)
        let told = Collected<Notification>()
        let second = engine(series, ManualClock(400_000), directory: directory, told: told)
        await second.load([try rules(Self.text)])
        for time in [Int64(430_000), 460_000, 490_000] { await second.evaluateAll(at: time) }
        #expect(states(second).isEmpty)
        #expect(told.values.last.map { "\($0.labels["alertname"] ?? "") \($0.isResolved) \($0.endsAt)" } == "Now true 490000")
    }

    @Test("After an outage longer than the tolerance nothing is restored; a damaged file is said and forgotten")
    func notRestored() async throws {
        let directory = temporaryDirectory()
        let series = MemorySeries()
        series.append("m", at: 0, 6)
        let first = engine(series, ManualClock(0), directory: directory)
        await first.load([try rules(Self.text)])
        await first.evaluateAll(at: 0)
        let late = engine(series, ManualClock(3_600_001), directory: directory)
        await late.load([try rules(Self.text)])
        #expect(states(late).isEmpty)
        let key = Labels(["file": "rules.yml", "name": "g"]).fingerprint
        let path = "\(directory)/\(String(key, radix: 16)).state"
        let whole = try #require(try DurableFile.read(path))
        for length in stride(from: 0, to: whole.count, by: 7) {
            try DurableFile.replace(path, with: Array(whole.prefix(length)))
            let events = Collected<String>()
            let damaged = engine(series, ManualClock(1), directory: directory, events: events)
            await damaged.load([try rules(Self.text)])
            #expect(states(damaged).isEmpty && events.values.count == 1)
        }
    }

    @Test("A reload keeps the state of known rules and forgets removed groups, whose series end")
    func reload() async throws {
        let series = MemorySeries()
        let clock = ManualClock(0)
        let engine = engine(series, clock, directory: temporaryDirectory())
        await engine.load([
            try rules(Self.text), try rules("groups: [{name: other, rules: [{record: r, expr: vector(1)}]}]", path: "o.yml"),
        ])
        series.append("m", at: 0, 6)
        await engine.evaluateAll(at: 0)
        clock.move(to: 10_000)
        await engine.load([try rules(Self.text)])
        #expect(engine.groups.map(\.name) == ["g"])
        await engine.evaluateAll(at: 60_000)
        #expect(states(engine) == ["A firing 0", "Now firing 0"])
        let task = Task { try await engine.run() }
        clock.move(to: 130_000)
        for _ in 0..<100_000 where series.samples("r")["{}"]?.count != 2 { await Task.yield() }
        #expect(series.samples("r") == ["{}": ["0:1", "10:stale"]])
        task.cancel()
        _ = await task.result
    }

    @Test("Groups are evaluated at their slots while the clock moves, and missed rounds are counted")
    func scheduled() async throws {
        let series = MemorySeries()
        let clock = ManualClock(1_000_000)
        let engine = engine(series, clock)
        await engine.load([try rules("groups: [{name: g, interval: 10s, rules: [{record: t, expr: time()}]}]")])
        let schedule = GroupSchedule(file: "rules.yml", group: "g", interval: 10_000)
        let task = Task { try await engine.run() }
        func evaluated(_ count: UInt64) async -> Bool {
            for _ in 0..<100_000 {
                if engine.groups.first?.iterations == count { return true }
                await Task.yield()
            }
            return false
        }
        let slot = schedule.slot(after: 1_000_000)
        clock.move(to: slot)
        #expect(await evaluated(1))
        clock.move(to: slot + 10_000)
        #expect(await evaluated(2))
        clock.move(to: slot + 45_000)
        #expect(await evaluated(3))
        #expect(engine.groups.first?.lastEvaluation == slot + 40_000)
        #expect(engine.groups.first?.iterationsMissed == 2)
        task.cancel()
        _ = await task.result
    }

    @Test("A rule that fails is said once, and once when it recovers")
    func events() async throws {
        let series = MemorySeries()
        let events = Collected<String>()
        let engine = engine(series, ManualClock(0), events: events)
        await engine.load([try rules("groups: [{name: g, rules: [{record: r, expr: 'a + on () b'}]}]")])
        for time in [Int64(0), 60_000] {
            series.append("a", at: time, 1)
            series.append("b", ["x": "1"], at: time, 1)
            series.append("b", ["x": "2"], at: time, 1)
            await engine.evaluateAll(at: time)
        }
        series.append("b", ["x": "2"], at: 110_000, staleMarker)
        await engine.evaluateAll(at: 120_000)
        #expect(events.values.count == 2)
        #expect(events.values.first?.contains("ruleFailed") == true && events.values.last?.contains("ruleRecovered") == true)
    }
}

@Suite("Rule engine beside other work")
struct RuleEngineThreadsTests {
    @Test("Groups that take their time run beside each other and hold none of the threads that all tasks share")
    func slowGroups() async throws {
        let source = SlowSource()
        let clock = ManualClock(0)
        let engine = RuleEngine(
            settings: RuleSettings(), language: PromQLLanguage(), source: source, sink: MemorySeries(), clock: clock,
            stateDirectory: nil, notify: { _ in }, onEvent: { _ in })
        let groups = (0..<4).map { "{name: g\($0), interval: 10s, rules: [{record: r, expr: m}]}" }.joined(separator: ", ")
        await engine.load([try rules("groups: [\(groups)]")])
        let task = Task { try await engine.run() }
        while clock.sleepers.isEmpty { await Task.yield() }
        clock.move(to: 20_000)
        // All four are in the source at once, on a machine of any size, and this task still runs.
        while source.waiting < 4 { await Task.yield() }
        source.release()
        while engine.groups.contains(where: { $0.iterations == 0 }) { await Task.yield() }
        task.cancel()
        _ = await task.result
        #expect(engine.groups.allSatisfy { $0.evaluationFailures == 0 })
    }

    @Test("A group that was renamed while it writes the same series is not cut short by the old one's end")
    func renamedGroup() async throws {
        let series = MemorySeries()
        series.append("m", at: 0, 1)
        let clock = ManualClock(0)
        let engine = RuleEngine(
            settings: RuleSettings(), language: PromQLLanguage(), source: series, sink: series, clock: clock,
            stateDirectory: nil, notify: { _ in }, onEvent: { _ in })
        func text(_ name: String) -> String { "groups: [{name: \(name), interval: 10s, rules: [{record: r, expr: m}]}]" }
        await engine.load([try rules(text("old"))])
        await engine.evaluateAll(at: 1_000)
        clock.move(to: 2_000)
        await engine.load([try rules(text("new"))])
        await engine.evaluateAll(at: 11_000)
        let task = Task { try await engine.run() }
        clock.move(to: 40_000)
        for _ in 0..<100_000 where engine.groups.first?.iterations != 2 { await Task.yield() }
        task.cancel()
        _ = await task.result
        let samples = try #require(series.samples("r").values.first)
        #expect(!samples.contains { $0.hasSuffix("stale") }, "\(samples)")
    }

    @Test("New settings of a reload hold at once: interval, external labels, external URL")
    func settings() async throws {
        let series = MemorySeries()
        series.append("m", at: 0, 6)
        let told = Collected<Notification>()
        let engine = RuleEngine(
            settings: RuleSettings(), language: PromQLLanguage(), source: series, sink: series, clock: ManualClock(0),
            stateDirectory: nil, notify: { told.add($0) }, onEvent: { _ in })
        let file = try rules("groups: [{name: g, rules: [{alert: A, expr: m > 5}]}]")
        await engine.load([file])
        await engine.evaluateAll(at: 0)
        var settings = RuleSettings()
        settings.interval = 5_000
        settings.externalLabels = Labels(["region": "eu"])
        settings.externalURL = "http://new"
        await engine.load([file], settings: settings)
        #expect(engine.groups.first?.interval == 5_000)
        await engine.evaluateAll(at: 60_000)
        #expect(told.values.map { $0.labels["region"] ?? "-" } == ["-", "eu"])
        #expect(told.values.last?.generatorURL.hasPrefix("http://new/graph") == true)
        #expect(told.values.last?.startsAt == 0)
    }
}

/// Answers nobody before it is told to.
private final class SlowSource: SeriesSource {
    private let state = Mutex((waiting: 0, isOpen: false))

    var waiting: Int { state.withLock { $0.waiting } }

    func release() { state.withLock { $0.isOpen = true } }

    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        state.withLock { $0.waiting += 1 }
        while !state.withLock({ $0.isOpen }) { usleep(1_000) }
        return []
    }
}
