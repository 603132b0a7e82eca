import MetricsModel
import Testing

@testable import Alerting

/// Two Postgres targets, sampled each 15 s, that can go away and come back; one group over them, evaluated each 15 s.
private struct Targets {
    static let settings = {
        var settings = RuleSettings()
        settings.interval = 15_000
        settings.targetDown = .keep
        return settings
    }()

    let series = MemorySeries()
    var group: RuleGroup
    var time: Int64 = 0
    private(set) var told: [String] = []

    init(_ rules: String, settings: RuleSettings = Self.settings) throws {
        let text = "groups:\n- name: g\n  interval: 15s\n  rules:\n" + rules
        let file = try Self.file(text)
        group = RuleGroup(try #require(file.groups.first), settings: settings, language: PromQLLanguage())
        for rule in group.definition.rules where !rule.isAlert { group.recorded[rule.name, default: []].append(rule.expression) }
    }

    private static func file(_ text: String) throws -> RuleFile { try AlertingTests.rules(text) }

    /// One sample of each target (its values by metric; nil: it does not answer) and one evaluation, 15 s later.
    mutating func tick(_ values: [String: [String: Double]?]) {
        time += 15_000
        for (instance, metrics) in values {
            let labels = ["job": "postgres", "instance": instance]
            series.append("up", labels, at: time, metrics == nil ? 0 : 1)
            series.append("pg_up", labels, at: time, metrics == nil ? 0 : 1)
            for name in ["conns", "size", "xacts"] where metrics?[name] == nil && known.contains(name + instance) {
                series.append(name, labels.merging(["datname": "app"]) { $1 }, at: time, staleMarker)
            }
            for (name, value) in metrics ?? [:] {
                known.insert(name + instance)
                series.append(name, labels.merging(["datname": "app"]) { $1 }, at: time, value)
            }
        }
        let found = group.evaluate(at: time, source: series, sink: series) { Outage.targetsDown(at: $0, source: $1) }
        told += found.map { "\(time / 1_000) \($0.labels["alertname"] ?? "") \($0.isResolved ? "resolved" : "firing")" }
    }

    private var known: Set<String> = []

    var states: [String] {
        group.snapshot.alerts.map {
            "\($0.labels["alertname"] ?? "") \($0.state.rawValue)\($0.kept == nil ? "" : " kept")"
        }
    }
}

@Suite("Alerts of targets that are down")
struct KeptAlertTests {
    private static let two = """
          - {alert: Full, expr: conns > 80}
          - {alert: Down, expr: pg_up == 0}

        """

    @Test("firing => kept while the target is down => firing when the condition still holds; nobody hears of an end")
    func keptAndStillTrue() throws {
        var targets = try Targets(Self.two)
        targets.tick(["a": ["conns": 90]])
        #expect(targets.states == ["Full firing"])
        for _ in 0..<20 {
            targets.tick(["a": nil])
            #expect(targets.states == ["Full firing kept", "Down firing"])
        }
        let kept = try #require(targets.group.snapshot.alerts.first?.kept)
        #expect(kept.since == 30_000 && kept.seriesCount == 1)
        #expect(kept.series.map(\.description) == ["conns{datname=\"app\", instance=\"a\", job=\"postgres\"}"])
        #expect(kept.reason == "postgres at a does not answer")
        targets.tick(["a": ["conns": 91]])
        #expect(targets.states == ["Full firing"])
        #expect(targets.group.snapshot.alerts.first?.activeAt == 15_000)
        #expect(!targets.told.contains { $0.contains("Full resolved") })
        #expect(targets.told.filter { $0.contains("Full firing") }.count == 6, "once a minute: \(targets.told)")
        // The series of the alert went on all the while.
        let alerts = targets.series.samples("ALERTS").first { $0.key.contains("Full") }?.value ?? []
        #expect(alerts.count == 22 && !alerts.contains { $0.hasSuffix("stale") })
    }

    @Test("firing => kept => resolved once, when the target is back and the condition is over")
    func keptAndOver() throws {
        var targets = try Targets(Self.two)
        targets.tick(["a": ["conns": 90]])
        for _ in 0..<3 { targets.tick(["a": nil]) }
        var states: [[String]] = []
        for _ in 0..<4 {
            targets.tick(["a": ["conns": 10]])
            states.append(targets.states)
        }
        #expect(states.last == [])
        #expect(targets.told.filter { $0.contains("Full resolved") }.count == 1)
        #expect(targets.told.filter { $0.contains("Down resolved") }.count == 1)
        #expect(states.prefix(2).allSatisfy { $0 == ["Full firing kept"] }, "two samples are waited for: \(states)")
    }

    @Test("A rate needs two samples after the target is back: the alert does not flap in between")
    func rateAfterReturn() throws {
        var targets = try Targets("  - {alert: Busy, expr: 'rate(xacts[30s]) > 1'}\n")
        for count in 0..<4 { targets.tick(["a": ["xacts": Double(count) * 100]]) }
        #expect(targets.states == ["Busy firing"])
        for _ in 0..<5 { targets.tick(["a": nil]) }
        #expect(targets.states == ["Busy firing kept"])
        for count in 0..<4 { targets.tick(["a": ["xacts": Double(count) * 100]]) }
        #expect(targets.states == ["Busy firing"])
        #expect(!targets.told.contains { $0.contains("resolved") })
    }

    @Test("pending => kept without progress => firing at once when the condition still holds")
    func pending() throws {
        var targets = try Targets("  - {alert: Full, expr: conns > 80, for: 1m}\n")
        targets.tick(["a": ["conns": 90]])
        for _ in 0..<10 { targets.tick(["a": nil]) }
        #expect(targets.states == ["Full pending kept"])
        #expect(targets.told == [])
        targets.tick(["a": ["conns": 90]])
        #expect(targets.states == ["Full firing"])
    }

    @Test("With the policy 'resolve' it ends, as in Prometheus")
    func resolve() throws {
        var settings = Targets.settings
        settings.targetDown = .resolve
        var targets = try Targets(Self.two, settings: settings)
        targets.tick(["a": ["conns": 90]])
        targets.tick(["a": nil])
        #expect(targets.states == ["Down firing"])
    }

    @Test("The other target's alert ends while one is down; a sum over both is kept")
    func others() throws {
        var targets = try Targets(
            """
              - {alert: Full, expr: conns > 80}
              - {alert: Sum, expr: sum by (datname) (conns) > 150}

            """)
        targets.tick(["a": ["conns": 90], "b": ["conns": 90]])
        #expect(targets.states == ["Full firing", "Full firing", "Sum firing"])
        targets.tick(["a": nil, "b": ["conns": 10]])
        #expect(
            targets.group.snapshot.alerts.map { "\($0.labels["alertname"] ?? "") \($0.labels["instance"] ?? "-")" } == [
                "Full a", "Sum -",
            ])
        #expect(targets.states.allSatisfy { $0.hasSuffix("kept") })
    }

    @Test("A table that is dropped on a living server ends its alert")
    func dropped() throws {
        var targets = try Targets("  - {alert: Big, expr: size > 5}\n")
        targets.tick(["a": ["size": 9, "conns": 1]])
        targets.tick(["a": ["conns": 1]])
        #expect(targets.states == [])
    }

    @Test(
        "Rules about the absence itself end as ever",
        arguments: [
            "absent(conns)", "pg_up == 0", "up == 0", "up unless on (instance) conns", "count(up == 0) > 0",
            "absent(conns) and on () up",
        ])
    func aboutAbsence(expression: String) throws {
        var targets = try Targets("  - {alert: Gone, expr: '\(expression)'}\n")
        targets.tick(["a": ["conns": 1], "b": ["conns": 1]])
        #expect(targets.states == [])
        targets.tick(["a": nil, "b": nil])
        #expect(!targets.states.isEmpty)
        // Both are back, and b goes again: nothing that was about a is kept for b's sake.
        targets.tick(["a": ["conns": 1], "b": ["conns": 1]])
        #expect(targets.states == [])
    }

    @Test("What a recording rule reads counts as read by the alert")
    func recorded() throws {
        var targets = try Targets(
            """
              - {record: app:conns:sum, expr: sum by (datname) (conns)}
              - {alert: Full, expr: app:conns:sum > 80}

            """)
        targets.tick(["a": ["conns": 90]])
        targets.tick(["a": nil])
        #expect(targets.states == ["Full firing kept"])
        #expect(targets.series.samples("app:conns:sum").values.first?.last == "30:stale")
    }

    @Test("Labels that the rule or its expression makes do not tell the series apart")
    func madeLabels() throws {
        var targets = try Targets(
            "  - {alert: Full, expr: 'label_replace(conns, \"instance\", \"$1-short\", \"instance\", \"(.*)\") > 80', labels: {datname: other}}\n"
        )
        targets.tick(["a": ["conns": 90]])
        targets.tick(["a": nil])
        #expect(targets.states == ["Full firing kept"])
    }

    @Test("keep_firing_for that runs already goes on: the condition had ended while the data were there")
    func keepFiring() throws {
        var targets = try Targets("  - {alert: Full, expr: conns > 80, keep_firing_for: 1m}\n")
        targets.tick(["a": ["conns": 90]])
        targets.tick(["a": ["conns": 10]])
        for _ in 0..<3 { targets.tick(["a": nil]) }
        #expect(targets.states == ["Full firing"])
        targets.tick(["a": nil])
        #expect(targets.states == [])
    }

    @Test("A collector that fails keeps the alerts of the series that ended with it, and of no other")
    func collector() throws {
        let series = MemorySeries()
        let file = try rules("groups: [{name: g, interval: 15s, rules: [{alert: Big, expr: size > 5}]}]")
        var group = RuleGroup(try #require(file.groups.first), settings: Targets.settings, language: PromQLLanguage())
        let target = ["job": "postgres", "instance": "a"]
        func evaluate(_ time: Int64, _ outages: [Outage]) {
            _ = group.evaluate(at: time, source: series, sink: series) { _, _ in outages }
        }
        for table in ["t1", "t2"] { series.append("size", target.merging(["relname": table]) { $1 }, at: 0, 9) }
        evaluate(0, [])
        series.append("size", target.merging(["relname": "t1"]) { $1 }, at: 15_000, staleMarker)
        series.append("size", target.merging(["relname": "t2"]) { $1 }, at: 15_000, 9)
        evaluate(15_000, [])
        #expect(group.snapshot.alerts.map { $0.labels["relname"] } == ["t2"])
        series.append("size", target.merging(["relname": "t2"]) { $1 }, at: 30_000, staleMarker)
        let outage = Outage(target: Labels(target), collector: "tables", since: 30_000)
        evaluate(30_000, [outage])
        #expect(group.snapshot.alerts.first?.kept?.reason == "postgres at a: the collector tables fails")
        // Later the fall lies too far back to be seen.
        evaluate(45_000, [Outage(target: Labels(target), collector: "tables")])
        #expect(group.snapshot.alerts.count == 1)
        for time in [Int64(60_000), 75_000, 90_000] { evaluate(time, []) }
        #expect(group.snapshot.alerts.isEmpty)
    }

    @Test("A restart in the middle of it keeps the alert and why it is kept")
    func restart() throws {
        var targets = try Targets(Self.two)
        targets.tick(["a": ["conns": 90]])
        targets.tick(["a": nil])
        let bytes = RuleStateFile.encode(targets.group, savedAt: targets.time)
        var next = RuleGroup(targets.group.definition, settings: Targets.settings, language: PromQLLanguage())
        #expect(RuleStateFile.restore(bytes, into: &next, now: targets.time + 60_000, outageTolerance: 3_600_000))
        #expect(next.rules.first?.alerts.active.first?.kept == targets.group.rules.first?.alerts.active.first?.kept)
        targets.group = next
        targets.time += 60_000
        for _ in 0..<5 { targets.tick(["a": nil]) }
        #expect(targets.states == ["Full firing kept", "Down firing"])
        for _ in 0..<4 { targets.tick(["a": ["conns": 1]]) }
        #expect(targets.states == [])
        #expect(targets.told.filter { $0.contains("Full resolved") }.count == 1)
    }
}
