/// The series and rules on which rule evaluation is compared: gauges under thresholds, counters under `rate`, classic histograms
/// under `histogram_quantile`, a third each.
struct RuleWorkload {
    /// Metric names of each kind.
    static let names = 21
    private static let bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"]

    enum Kind: Int, CaseIterable {
        case threshold, rate, quantile
    }

    /// One series and how its value grows.
    struct Series {
        /// Sorted by name.
        let labels: [(String, String)]
        let base: Double
        /// Per second; 0 for a gauge, which swings around `base`.
        let slope: Double

        func value(at second: Int) -> Double {
            slope == 0 ? base + Double((second &* 7919) % 100) / 1e6 : (slope * Double(second % 10_000_000)).rounded(.down)
        }
    }

    let series: [Series]

    /// - Parameter scale: 10 for about 20,000 series, 1 for about 2,000.
    init(scale: Int) {
        var series: [Series] = []
        for name in 0..<Self.names {
            let gauges = 20 * scale
            for place in 0..<gauges {
                let labels = Self.labels("bench_gauge_\(name)", place)
                series.append(Series(labels: labels, base: Double(place) / Double(gauges), slope: 0))
            }
            let counters = 15 * scale
            for place in 0..<counters {
                let labels = Self.labels("bench_requests_\(name)_total", place)
                series.append(Series(labels: labels, base: 0, slope: 10 * Double(place + 1) / Double(counters)))
            }
            for place in 0..<5 * scale {
                for (rank, bound) in Self.bounds.enumerated() {
                    let labels = Self.labels("bench_duration_\(name)_seconds_bucket", place, bound: bound)
                    series.append(Series(labels: labels, base: 0, slope: Double(rank + 1) * 3))
                }
            }
        }
        self.series = series
    }

    private static func labels(_ name: String, _ place: Int, bound: String? = nil) -> [(String, String)] {
        [("__name__", name), ("instance", "10.0.0.\(place):9100"), ("job", "bench")] + (bound.map { [("le", $0)] } ?? [])
    }

    /// A rule file; every group is evaluated every 15 seconds. One element of each threshold and each rate fires.
    static func rules(_ count: Int, groupSize: Int = 50) -> String {
        var text = count == 0 ? "groups: []\n" : "groups:\n"
        for place in 0..<count {
            if place % groupSize == 0 { text += "  - name: bench-\(place / groupSize)\n    interval: 15s\n    rules:\n" }
            let name = place / Kind.allCases.count % names
            let shift = Double(place) / Double(count) / 1000
            let expression =
                switch Kind.allCases[place % Kind.allCases.count] {
                case .threshold: "bench_gauge_\(name) > \(0.949 + shift)"
                case .rate: "rate(bench_requests_\(name)_total[5m]) > \(9.5 + shift)"
                case .quantile:
                    "histogram_quantile(0.99, sum by (le) (rate(bench_duration_\(name)_seconds_bucket[5m]))) > \(20 + shift)"
                }
            text += """
                      - alert: Bench\(place)
                        expr: \(expression)
                        for: 1m
                        labels:
                          severity: warning
                        annotations:
                          summary: Bench\(place) on {{ $labels.instance }}
                          description: "The value is {{ $value | humanize }}, too much for {{ $labels.job }}."

                """
        }
        return text
    }

    /// A unit test of that many rules: a few series, one round for each minute.
    static func unitTest(ruleFile: String, rounds: Int) -> String {
        """
        rule_files: ["\(ruleFile)"]
        evaluation_interval: 1m
        tests:
          - interval: 1m
            input_series:
              - series: bench_gauge_0{instance="a", job="bench"}
                values: 1+1x20
              - series: bench_requests_0_total{instance="a", job="bench"}
                values: 0+60x20
            promql_expr_test:
              - expr: bench_gauge_0
                eval_time: \(rounds - 1)m
                exp_samples:
                  - labels: bench_gauge_0{instance="a", job="bench"}
                    value: \(rounds)

        """
    }
}
