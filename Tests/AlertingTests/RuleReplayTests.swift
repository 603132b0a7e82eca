import Alerting
import MetricsModel
import Testing

@Suite("Replays")
struct RuleReplayTests {
    private static let minute: Int64 = 60_000

    private func replay(
        _ text: String, _ history: MemorySeries, from: Int64, through: Int64, begins: Int64? = 0
    ) throws -> ReplayReport {
        var settings = RuleSettings()
        settings.interval = Self.minute
        var replay = RuleReplay(
            [try rules(text)], over: RuleReplay.Span(from: from * Self.minute, through: through * Self.minute, step: Self.minute),
            settings: settings, language: PromQLLanguage(), history: history, begins: begins)
        return replay.run()
    }

    @Test("Alerts have the times at which they were pending, fired and ended; what was waiting before is seen")
    func times() throws {
        let history = MemorySeries()
        for minute in Int64(0)...60 {
            // Down from 8 to 20, and for two minutes at 40.
            let isDown = (8..<20).contains(minute) || (40..<42).contains(minute)
            history.append("up", ["job": "a"], at: minute * Self.minute, isDown ? 0 : 1)
        }
        let report = try replay(
            "groups: [{name: g, rules: [{alert: Down, expr: up == 0, for: 5m, annotations: {s: 'v{{ $value }}'}}]}]", history,
            from: 10, through: 60)
        #expect(report.alerts.map { $0.activeAt / Self.minute } == [8, 40])
        let first = try #require(report.alerts.first)
        #expect(first.firedAt == 13 * Self.minute && first.annotations == [Label("s", "v0")] && first.value == 0)
        #expect(first.labels == Labels(["alertname": "Down", "job": "a"]))
        guard case .resolved(20) = first.end.inMinutes else {
            Issue.record("\(first.end)")
            return
        }
        guard case .neverFired(42) = report.alerts.last?.end.inMinutes else {
            Issue.record("\(report.alerts)")
            return
        }
        #expect(report.gaps.isEmpty)
    }

    @Test("Recorded series are the replay's own; those stored before it are still there")
    func recorded() throws {
        let history = MemorySeries()
        for minute in Int64(0)...30 {
            history.append("x", at: minute * Self.minute, Double(minute))
            history.append("double", at: minute * Self.minute, -1)
        }
        let report = try replay(
            """
            groups:
              - name: g
                rules:
                  - {record: double, expr: x * 2}
                  - {alert: Own, expr: double == 44}
                  - {alert: Old, expr: 'count_over_time(double[3m]) == 3 and min_over_time(double[3m]) < 0'}
            """, history, from: 20, through: 30)
        #expect(report.alerts.map(\.rule) == ["Old", "Own"])
        #expect(report.alerts.map { $0.activeAt / Self.minute } == [20, 22])
    }

    @Test("A history that is too short, rules without series and failures are said")
    func gaps() throws {
        let history = MemorySeries()
        history.append("x", ["a": "1"], at: 0, 1)
        history.append("x", ["a": "2"], at: 0, 1)
        let report = try replay(
            """
            groups:
              - name: g
                rules:
                  - {alert: Far, expr: 'rate(x[1h]) > 0', for: 10m}
                  - {alert: Gone, expr: nothing > 0}
                  - {alert: Broken, expr: 'label_replace(x, "a", "", "", "") > 0'}
            """, history, from: 5, through: 7, begins: 0)
        var said: [String] = []
        for gap in report.gaps {
            switch gap.reason {
            case .historyTooShort(let needed, let begins): said.append("\(gap.rule) \(needed / Self.minute) \(begins ?? -1)")
            case .noSeries(let selectors): said.append("\(gap.rule) \(selectors)")
            case .failed(let count, _): said.append("\(gap.rule) \(count)")
            }
        }
        #expect(said.contains("Far -65 0"), "\(said)")
        #expect(said.contains("Gone [\"nothing\"]"), "\(said)")
        #expect(said.contains { $0.hasPrefix("Broken ") && $0 != "Broken 0" }, "\(said)")
    }
}

extension ReplayedAlert.End {
    fileprivate var inMinutes: ReplayedAlert.End {
        switch self {
        case .resolved(let time): .resolved(time / 60_000)
        case .neverFired(let time): .neverFired(time / 60_000)
        case .open: .open
        }
    }
}

extension MemorySeries: SeriesCatalog {
    func series(_ matchers: [LabelMatcher], from: Int64, through: Int64) -> [Labels] {
        do {
            return try select(matchers, from: from, through: through, selection: .newest, maxSamples: .max).map(\.labels).sorted()
        } catch {
            return []
        }
    }

    func labelNames(_ matchers: [LabelMatcher]) -> [String] {
        Set(series(matchers, from: .min, through: .max).flatMap { $0.pairs.map(\.name) }).sorted()
    }

    func labelValues(_ name: String, _ matchers: [LabelMatcher]) -> [String] {
        Set(series(matchers, from: .min, through: .max).compactMap { $0[name] }).sorted()
    }

    func hasSeries(_ matchers: [LabelMatcher]) -> Bool { !series(matchers, from: .min, through: .max).isEmpty }
}
