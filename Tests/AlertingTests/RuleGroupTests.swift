import MetricsModel
import Testing

@testable import Alerting

/// Drives one group over a `value` series and notes the path of its alert's states.
private struct Drive {
    let series = MemorySeries()
    var group: RuleGroup
    var path: [String] = []
    var notifications: [(at: Int64, Notification)] = []

    init(_ rule: String, interval: Int64 = 30, settings: RuleSettings = RuleSettings(), group extra: String = "") throws {
        let text = "groups:\n- name: g\n  interval: \(interval)s\n\(extra)  rules:\n  - {\(rule)}\n"
        let definition = try #require(try rules(text).groups.first)
        group = RuleGroup(definition, settings: settings, language: PromQLLanguage())
    }

    /// One evaluation at a second, with the value there or gone.
    mutating func step(_ second: Int64, _ value: Double?) {
        if let value {
            series.append("m", ["i": "a"], at: second * 1_000, value)
        } else {
            series.append("m", ["i": "a"], at: second * 1_000, staleMarker)
        }
        for notification in group.evaluate(at: second * 1_000, source: series, sink: series) {
            notifications.append((second, notification))
        }
        let state = group.snapshot.alerts.first?.state ?? .inactive
        if path.last.map({ $0 != state.rawValue }) ?? true { path.append(state.rawValue) }
    }

    var pathText: String { path.joined(separator: " => ") }
}

@Suite("Rule groups")
struct RuleGroupTests {
    @Test("inactive => pending => firing => inactive, with its notifications")
    func wholePath() throws {
        var drive = try Drive(
            "alert: A, expr: m > 5, for: 1m, labels: {severity: page}, annotations: {s: 'v={{ $value }} {{ $labels.i }}'}")
        for (second, value) in zip(stride(from: Int64(0), through: 300, by: 30), [1, 6, 7, 8, 9, 9, 9, 9, 1, 1, 1]) {
            drive.step(second, Double(value))
        }
        #expect(drive.pathText == "inactive => pending => firing => inactive")
        let told = drive.notifications.map {
            "\($0.at):\($0.1.isResolved ? "resolved" : "firing")@\($0.1.startsAt / 1_000)-\($0.1.endsAt / 1_000)"
        }
        // Sent at once, again after a minute, and the end at once and again after a minute.
        #expect(
            told == ["90:firing@90-330", "150:firing@90-390", "210:firing@90-450", "240:resolved@90-240", "300:resolved@90-240"])
        let first = try #require(drive.notifications.first?.1)
        #expect(first.labels == Labels(["alertname": "A", "i": "a", "severity": "page"]))
        #expect(first.annotations == [Label("s", "v=8 a")])
        #expect(first.generatorURL == "/graph?g0.expr=m+%3E+5&g0.tab=1")
    }

    @Test("ALERTS and ALERTS_FOR_STATE are written, and end in stale markers")
    func alertsSeries() throws {
        var drive = try Drive("alert: A, expr: m > 5, for: 30s")
        for (second, value) in [(Int64(0), 6.0), (30, 6), (60, 1)] { drive.step(second, value) }
        #expect(
            drive.series.samples("ALERTS") == [
                "{alertname=\"A\", alertstate=\"pending\", i=\"a\"}": ["0:1", "30:stale"],
                "{alertname=\"A\", alertstate=\"firing\", i=\"a\"}": ["30:1", "60:stale"],
            ])
        #expect(drive.series.samples("ALERTS_FOR_STATE") == ["{alertname=\"A\", i=\"a\"}": ["0:0", "30:0", "60:stale"]])
    }

    static let paths: [(String, [Double?], String)] = [
        ("alert: A, expr: m > 5", [6, 1], "firing => inactive"),
        ("alert: A, expr: m > 5, for: 10s", [6, 6, 1], "pending => firing => inactive"),
        ("alert: A, expr: m > 5, for: 1m", [6, 6, 1, 6, 6], "pending => inactive => pending"),
        ("alert: A, expr: m > 5", [6, 1, 6], "firing => inactive => firing"),
        ("alert: A, expr: m > 5, keep_firing_for: 1m", [6, 1, 1, 1, 1], "firing => inactive"),
        ("alert: A, expr: m > 5, keep_firing_for: 1m", [6, 1, 6, 1, 1], "firing"),
        ("alert: A, expr: m > 5, for: 30s, keep_firing_for: 1m", [6, 1, 1], "pending => inactive"),
        ("alert: A, expr: m > 5", [6, nil, nil], "firing => inactive"),
        ("alert: A, expr: absent(m)", [6, nil, 6], "inactive => firing => inactive"),
    ]

    @Test("Alerts go the paths that Prometheus gives them", arguments: paths)
    func path(rule: String, values: [Double?], wanted: String) throws {
        var drive = try Drive(rule)
        for (place, value) in values.enumerated() { drive.step(Int64(place) * 30, value) }
        #expect(drive.pathText == wanted)
    }

    @Test("keep_firing_for holds to the second: one interval before its end it fires, at its end it does not")
    func keepFiring() throws {
        var drive = try Drive("alert: A, expr: m > 5, keep_firing_for: 1m")
        drive.step(0, 6)
        drive.step(30, 1)
        drive.step(60, 1)
        #expect(drive.group.snapshot.alerts.count == 1)
        drive.step(90, 1)
        #expect(drive.group.snapshot.alerts.isEmpty)
        #expect(drive.notifications.last?.1.isResolved == true)
    }

    @Test("A resolved alert is told for 15 minutes and then forgotten")
    func retention() throws {
        var drive = try Drive("alert: A, expr: m > 5", interval: 60)
        drive.step(0, 6)
        for minute in 1...20 { drive.step(Int64(minute) * 60, 1) }
        let resolved = drive.notifications.filter(\.1.isResolved).map(\.at)
        #expect(resolved == (1...16).map { Int64($0) * 60 })
        #expect(resolved.count == 16)
    }

    @Test("An error keeps the state and tells nobody")
    func errorKeepsState() throws {
        var drive = try Drive("alert: A, expr: 'm > 5 and on () n', for: 30s")
        drive.series.append("n", at: 0, 1)
        drive.step(0, 6)
        drive.step(30, 6)
        #expect(drive.path.last == "firing")
        let failing = FailingSource()
        let told = drive.group.evaluate(at: 120_000, source: failing, sink: drive.series)
        #expect(told.isEmpty)
        let snapshot = drive.group.snapshot
        #expect(snapshot.alerts.map(\.state) == [.firing])
        #expect(snapshot.rules.first?.health == .err)
        #expect(snapshot.rules.first?.lastError?.contains("disk on fire") == true)
        #expect(snapshot.evaluationFailures == 1 && snapshot.evaluations == 3)
        #expect(drive.series.samples("ALERTS").values.joined().contains("120:stale") == false)
    }

    @Test("Two results with the same labels make the rule fail")
    func duplicates() throws {
        var drive = try Drive("alert: A, expr: '{__name__=~\"m|n\"} > 5'")
        drive.series.append("n", ["i": "a"], at: 0, 7)
        drive.step(0, 6)
        #expect(
            drive.group.snapshot.rules.first?.lastError
                == "vector contains metrics with the same labelset after applying alert labels")
    }

    @Test("A limit passed clears the rule's alerts and is an error; the limit itself is none")
    func limit() throws {
        var drive = try Drive("alert: A, expr: m > 5", group: "  limit: 2\n")
        drive.series.append("m", ["i": "b"], at: 0, 6)
        drive.step(0, 6)
        #expect(drive.group.snapshot.alerts.count == 2)
        drive.series.append("m", ["i": "c"], at: 20_000, 6)
        drive.step(30, 6)
        #expect(drive.group.snapshot.alerts.isEmpty)
        #expect(drive.group.snapshot.rules.first?.lastError == "exceeded limit of 2 with 3 alerts")
    }

    @Test("A later rule of the same round sees what an earlier one wrote")
    func sameRound() throws {
        let series = MemorySeries()
        let text = """
            groups:
            - name: g
              rules:
              - {record: double, expr: m * 2, labels: {x: y}}
              - {alert: A, expr: double > 10}
              - {alert: Meta, expr: 'ALERTS{alertname="A"} == 1'}
            """
        let definition = try #require(try rules(text).groups.first)
        var group = RuleGroup(definition, settings: RuleSettings(), language: PromQLLanguage())
        series.append("m", at: 0, 6)
        _ = group.evaluate(at: 0, source: series, sink: series)
        #expect(series.samples("double") == ["{x=\"y\"}": ["0:12"]])
        #expect(group.snapshot.alerts.map { $0.labels["alertname"] } == ["A", "Meta"])
    }

    @Test("External labels are on notifications only, and an alert's own label wins")
    func externalLabels() throws {
        var settings = RuleSettings()
        settings.externalLabels = Labels(["region": "eu", "i": "outside"])
        settings.externalURL = "http://v:9187"
        var drive = try Drive(
            "alert: A, expr: m > 5, annotations: {r: '{{ $externalLabels.region }} {{ $externalURL }}'}", settings: settings)
        drive.step(0, 6)
        let told = try #require(drive.notifications.first?.1)
        #expect(told.labels == Labels(["alertname": "A", "i": "a", "region": "eu"]))
        #expect(told.generatorURL.hasPrefix("http://v:9187/graph?"))
        #expect(told.annotations == [Label("r", "eu http://v:9187")])
        #expect(drive.group.snapshot.alerts.first?.labels == Labels(["alertname": "A", "i": "a"]))
    }

    @Test("A template that fails becomes text, and the alert still fires")
    func failingTemplate() throws {
        var drive = try Drive("alert: A, expr: m > 5, annotations: {s: '{{ query \"none\" | first | value }}'}")
        drive.step(0, 6)
        #expect(drive.pathText == "firing")
        #expect(
            drive.notifications.first?.1.annotations.first?.value.hasPrefix("<error expanding template: error executing") == true)
    }

    @Test("query_offset moves the query and the samples, not the alert's times")
    func queryOffset() throws {
        var drive = try Drive("alert: A, expr: m > 5", group: "  query_offset: 1m\n")
        drive.step(0, 6)
        drive.step(60, 1)
        #expect(drive.pathText == "inactive => firing")
        #expect(drive.series.samples("ALERTS") == ["{alertname=\"A\", alertstate=\"firing\", i=\"a\"}": ["0:1"]])
        #expect(drive.notifications.first?.1.startsAt == 60_000)
    }

    @Test("A reload keeps state by name and labels, and marks the series of removed rules as stale")
    func reload() throws {
        var drive = try Drive("alert: A, expr: m > 5, for: 1m")
        drive.step(0, 6)
        let other = """
            groups:
            - name: g
              interval: 30s
              rules:
              - {alert: B, expr: m > 5}
              - {alert: A, expr: m > 4, for: 30s}
            """
        var next = RuleGroup(try #require(try rules(other).groups.first), settings: RuleSettings(), language: PromQLLanguage())
        next.takeState(from: drive.group)
        drive.group = next
        drive.step(30, 6)
        let states = drive.group.snapshot.alerts.map {
            "\($0.labels["alertname"] ?? "") \($0.state.rawValue) \($0.activeAt / 1_000)"
        }
        #expect(states == ["B firing 30", "A firing 0"])
        var empty = RuleGroup(
            try #require(try rules("groups: [{name: g, interval: 30s, rules: []}]").groups.first), settings: RuleSettings(),
            language: PromQLLanguage())
        empty.takeState(from: drive.group)
        _ = empty.evaluate(at: 60_000, source: drive.series, sink: drive.series)
        #expect(drive.series.samples("ALERTS").values.allSatisfy { $0.last?.hasSuffix("stale") == true })
    }
}

private struct FailingSource: SeriesSource {
    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        throw SeriesSourceError("disk on fire")
    }
}

/// Prometheus' rules/*_test.go by what they pin down.
@Suite("Rule groups as Prometheus has them")
struct RuleGroupSemanticsTests {
    private func group(_ text: String) throws -> RuleGroup {
        RuleGroup(try #require(try rules(text).groups.first), settings: RuleSettings(), language: PromQLLanguage())
    }

    @Test("firing => pending => firing, when a reload brings a longer for")
    func longerFor() throws {
        var drive = try Drive("alert: A, expr: m > 5, for: 30s")
        for second in [Int64(0), 30, 60] { drive.step(second, 6) }
        var next = try group("groups: [{name: g, interval: 30s, rules: [{alert: A, expr: m > 5, for: 2m}]}]")
        next.takeState(from: drive.group)
        drive.group = next
        for second in [Int64(90), 120, 150] { drive.step(second, 6) }
        #expect(drive.pathText == "pending => firing => pending => firing")
        #expect(drive.group.snapshot.alerts.first?.activeAt == 0)
        // It is told at once when it fires again, however short the time since it was told last.
        #expect(drive.notifications.map(\.at) == [30, 120])
    }

    @Test("A shorter for fires at the next evaluation")
    func shorterFor() throws {
        var drive = try Drive("alert: A, expr: m > 5, for: 10m")
        drive.step(0, 6)
        var next = try group("groups: [{name: g, interval: 30s, rules: [{alert: A, expr: m > 5, for: 30s}]}]")
        next.takeState(from: drive.group)
        drive.group = next
        drive.step(30, 6)
        #expect(drive.pathText == "pending => firing")
    }

    @Test("Rules of one name and labels are matched in their order, and what is too many ends")
    func duplicateRules() throws {
        let text = "groups: [{name: g, rules: [{record: r, expr: a}, {record: r, expr: b}]}]"
        let series = MemorySeries()
        series.append("a", ["x": "1"], at: 0, 1)
        series.append("b", ["x": "2"], at: 0, 2)
        var old = try group(text)
        _ = old.evaluate(at: 0, source: series, sink: series)
        var next = try group("groups: [{name: g, rules: [{record: r, expr: a}]}]")
        next.takeState(from: old)
        _ = next.evaluate(at: 60_000, source: series, sink: series)
        #expect(series.samples("r") == ["{x=\"1\"}": ["0:1", "60:1"], "{x=\"2\"}": ["0:2", "60:stale"]])
    }

    @Test("A renamed rule that writes the same series goes on with it")
    func movedSeries() throws {
        let series = MemorySeries()
        series.append("a", at: 0, 1)
        var old = try group("groups: [{name: g, rules: [{record: r, expr: a, labels: {x: y}}]}]")
        _ = old.evaluate(at: 0, source: series, sink: series)
        var next = try group("groups: [{name: g, rules: [{record: r, expr: 'label_replace(a, \"x\", \"y\", \"\", \"\")'}]}]")
        next.takeState(from: old)
        _ = next.evaluate(at: 60_000, source: series, sink: series)
        #expect(series.samples("r") == ["{x=\"y\"}": ["0:1", "60:1"]])
    }

    @Test("A sample that the store refuses makes the rule unwell, not its alerts")
    func refusedSample() throws {
        let sink = RefusingSink()
        let series = MemorySeries()
        series.append("m", at: 0, 6)
        var group = try group("groups: [{name: g, rules: [{record: r, expr: m}, {alert: A, expr: m > 5}]}]")
        let told = group.evaluate(at: 0, source: series, sink: sink)
        #expect(told.count == 1)
        let snapshot = group.snapshot
        #expect(snapshot.rules.map(\.health) == [.err, .err])
        #expect(snapshot.rules.first?.lastError == "out of order sample")
        #expect(snapshot.evaluationFailures == 0 && snapshot.alerts.map(\.state) == [.firing])
    }

    @Test("An alert's value and annotations follow while it is pending and firing")
    func follows() throws {
        var drive = try Drive("alert: A, expr: m > 5, for: 1m, annotations: {v: '{{ $value }}'}")
        var seen: [String] = []
        for (place, value) in [6.0, 7, 8, 9].enumerated() {
            drive.step(Int64(place) * 30, value)
            let alert = try #require(drive.group.snapshot.alerts.first)
            seen.append("\(alert.state.rawValue) \(alert.annotations.first?.value ?? "")")
        }
        #expect(seen == ["pending 6", "pending 7", "firing 8", "firing 9"])
    }

    @Test("An alert that comes again after its end is a new one: pending first, told with its own start")
    func comesAgain() throws {
        var drive = try Drive("alert: A, expr: m > 5, for: 30s")
        for (place, value) in [6.0, 6, 1, 6, 6].enumerated() { drive.step(Int64(place) * 30, value) }
        #expect(drive.pathText == "pending => firing => inactive => pending => firing")
        #expect(
            drive.notifications.map { "\($0.at) \($0.1.isResolved) \($0.1.startsAt / 1_000)" } == [
                "30 false 30", "60 true 30", "120 false 120",
            ])
    }

    @Test("A limit on a recording rule, and a template in a label that becomes empty")
    func recordingLimit() throws {
        let series = MemorySeries()
        for x in ["1", "2", "3"] { series.append("a", ["x": x], at: 0, 6) }
        var limited = try group("groups: [{name: g, limit: 2, rules: [{record: r, expr: a}]}]")
        _ = limited.evaluate(at: 0, source: series, sink: series)
        #expect(limited.snapshot.rules.first?.lastError == "exceeded limit of 2 with 3 series")
        #expect(series.samples("r").isEmpty)
        var labelled = try group(
            "groups: [{name: g, rules: [{alert: A, expr: 'a{x=\"1\"}', labels: {x: '{{ $labels.none }}', y: 'v{{ $labels.x }}'}}]}]"
        )
        _ = labelled.evaluate(at: 0, source: series, sink: series)
        #expect(labelled.snapshot.alerts.map(\.labels) == [Labels(["alertname": "A", "y": "v1"])])
    }

    @Test("Labels of a recording rule replace those of the result, and an empty one removes")
    func recordingLabels() throws {
        let series = MemorySeries()
        series.append("a", ["x": "1", "y": "2"], at: 0, 6)
        var group = try group("groups: [{name: g, rules: [{record: r, expr: a, labels: {x: '', y: new}}]}]")
        _ = group.evaluate(at: 0, source: series, sink: series)
        #expect(series.samples("r") == ["{y=\"new\"}": ["0:6"]])
    }

    @Test("An error in one rule does not keep the next from being evaluated; the series of the failed one stay as they were")
    func errorOfOne() throws {
        let series = MemorySeries()
        series.append("a", ["x": "1"], at: 0, 1)
        series.append("b", ["x": "1"], at: 0, 1)
        var group = try group("groups: [{name: g, rules: [{record: r, expr: a * on () b}, {record: s, expr: vector(1)}]}]")
        _ = group.evaluate(at: 0, source: series, sink: series)
        for metric in ["a", "b"] { series.append(metric, ["x": "2"], at: 60_000, 1) }
        _ = group.evaluate(at: 60_000, source: series, sink: series)
        #expect(group.snapshot.rules.map(\.health) == [.err, .ok])
        #expect(series.samples("r").values.first == ["0:1"])
        #expect(series.samples("s").values.first == ["0:1", "60:1"])
    }
}

private struct RefusingSink: SampleSink {
    func append(_ labels: Labels, at timestamp: Int64, _ value: Double) {}
    func appendOrRefuse(_ labels: Labels, at timestamp: Int64, _ value: Double) -> String? { "out of order sample" }
}
