import Alerting
import MetricsModel
import PromQL
import SampleStore

/// What evaluating the rules of `RuleWorkload` costs inside one process: with nothing known of the windows, and with what the
/// evaluation before has left.
struct EvaluationFigures {
    struct Row {
        let name: String
        /// Microseconds of one evaluation.
        let cold: Double
        let warm: Double
    }

    /// Every group once, from files to samples written.
    struct Round {
        let rules: Int
        let milliseconds: Double
        let activeAlerts: Int
        /// What the rules' state and their windows hold.
        let allocatedMiB: Double
    }

    private static let history = 330
    private static let start = 1_790_000_000
    let workload: RuleWorkload

    init(scale: Int) {
        workload = RuleWorkload(scale: scale)
    }

    /// The kinds one by one, without the state of alerts.
    func kinds() throws -> [Row] {
        let store = SampleStore()
        let scope = store.scope(.empty)
        let series = self.series
        let engine = PromQLEngine()
        let source = WindowedStore(store)
        let expressions = [
            ("threshold", "bench_gauge_3 > 2"), ("rate", "rate(bench_requests_3_total[5m]) > 1e9"),
            ("quantile", "histogram_quantile(0.99, sum by (le) (rate(bench_duration_3_seconds_bucket[5m]))) > 100"),
            ("max_over_time", "max_over_time(bench_gauge_3[5m]) > 2"),
        ]
        write(series, to: scope, seconds: 0..<Self.history)
        var rows: [Row] = []
        var second = Self.history
        for (name, text) in expressions {
            let expression = try engine.parse(text)
            let memory = EvaluationMemory()
            var cold: [Double] = []
            var warm: [Double] = []
            for _ in 0..<12 {
                write(series, to: scope, seconds: second..<second + 15)
                second += 15
                let at = Int64(Self.start + second) * 1_000
                cold.append(try microseconds { _ = try engine.evaluate(expression, at: at, over: store) })
                warm.append(try microseconds { _ = try engine.evaluate(expression, at: at, over: source, memory: memory) })
            }
            rows.append(Row(name: name, cold: cold.sorted()[cold.count / 2], warm: warm.sorted()[warm.count / 2]))
        }
        return rows
    }

    /// Whole rounds as the engine runs them, with all that firing alerts write.
    func round(rules count: Int, rounds: Int = 6) async throws -> Round {
        let store = SampleStore()
        let scope = store.scope(.empty)
        let series = self.series
        write(series, to: scope, seconds: 0..<Self.history)
        let before = allocatedBytes()
        let language = PromQLLanguage()
        let text = RuleWorkload.rules(count)
        let (file, findings) = RuleFile.read(Array(text.utf8), path: "bench.yml", language: language)
        guard let file else { throw FigureError(description: "\(findings)") }
        var settings = RuleSettings()
        settings.interval = 15_000
        let engine = RuleEngine(
            settings: settings, language: language, source: WindowedStore(store), sink: store, stateDirectory: nil,
            notify: { _ in },
            onEvent: { print($0) })
        await engine.load([file])
        var second = Self.history
        var spent: [Double] = []
        for _ in 0..<rounds {
            write(series, to: scope, seconds: second..<second + 15)
            second += 15
            let start = processSeconds()
            await engine.evaluateAll(at: Int64(Self.start + second) * 1_000)
            spent.append((processSeconds() - start) * 1_000)
        }
        let active = engine.groups.flatMap(\.rules).reduce(0) { sum, rule in
            if case .alerting(_, _, _, _, let alerts) = rule.kind { return sum + alerts.count }
            return sum
        }
        // The first round builds what the others find.
        let rest = spent.dropFirst().sorted()
        return Round(
            rules: count, milliseconds: rest[rest.count / 2], activeAlerts: active,
            allocatedMiB: Double(allocatedBytes() - before) / 1_048_576)
    }

    static func report(_ rows: [Row], series: Int) {
        print("\nEvaluation: \(series) series, microseconds of one evaluation")
        print(columns("", ["cold", "warm"]))
        for row in rows { print(columns(row.name, [fixed(row.cold), fixed(row.warm)])) }
    }

    static func report(_ round: Round, series: Int) {
        print(
            columns(
                "\(series) series, \(round.rules) rules",
                ["\(fixed(round.milliseconds)) ms/round", "\(round.activeAlerts) alerts", "\(fixed(round.allocatedMiB)) MiB"]))
    }

    private var series: [(MetricsModel.Series, RuleWorkload.Series)] {
        workload.series.map { one in
            let labels = one.labels.filter { $0.0 != Labels.metricName }.map { Label($0.0, $0.1) }
            return (MetricsModel.Series(name: one.labels[0].1, labels: Labels(labels)), one)
        }
    }

    private func write(_ series: [(MetricsModel.Series, RuleWorkload.Series)], to scope: TargetScope, seconds: Range<Int>) {
        let family = Family("bench", .unknown, help: "")
        for second in seconds {
            let now = Self.start + second
            scope.append(
                [FamilySamples(family, series.map { Point($0.0, $0.1.value(at: now)) })], at: Int64(now) * 1_000)
        }
    }

    private func microseconds(_ body: () throws -> Void) rethrows -> Double {
        let start = processSeconds()
        try body()
        return (processSeconds() - start) * 1e6
    }
}

struct FigureError: Error, CustomStringConvertible {
    let description: String
}
