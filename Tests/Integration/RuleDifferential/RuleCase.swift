import Support

/// A rule file, series and unit tests made from a seed. What is made keeps clear of where promtool 2.42 and 3.14 differ: no sample
/// lies exactly one range or one look-back before an evaluation (windows were closed on the left), sums are of whole numbers (other
/// summation), matching is one to one (duplicates of filtered samples were not seen), and no function goes through the mathematics
/// library, in which Go and C may differ in the last digit.
struct RuleCase {
    let rules: String
    let tests: String

    init(seed: UInt64) {
        var maker = RuleCaseMaker(seed: seed)
        (rules, tests) = maker.make()
    }
}

private struct RuleCaseMaker {
    private var random: SeededGenerator
    private var evaluationSeconds = 60
    private var sampleSeconds = 15
    private var rounds = 10
    private var recorded: [String] = []
    private var alerts: [String] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func make() -> (rules: String, tests: String) {
        evaluationSeconds = pick([30, 60, 120])
        sampleSeconds = pick([5, 10, 15, 30, 60])
        rounds = number(3...14)
        let groups = (0..<number(1...3)).map { group(named: "g\($0)") }
        let rules = "groups:\n" + groups.joined()
        var tests = "rule_files: [rules.yml]\nevaluation_interval: \(evaluationSeconds)s\n"
        tests += "group_eval_order: [\(groups.indices.map { "g\($0)" }.reversed().joined(separator: ", "))]\ntests:\n"
        for place in 0..<number(1...2) { tests += test(named: "t\(place)") }
        return (rules, tests)
    }

    // MARK: - Rules

    private mutating func group(named name: String) -> String {
        var out = "- name: \(name)\n"
        if chance(8) { out += "  limit: \(number(1...6))\n" }
        out += "  rules:\n"
        for _ in 0..<number(1...5) { out += chance(50) ? recordingRule() : alertRule() }
        return out
    }

    private mutating func recordingRule() -> String {
        let name = "r\(recorded.count):x"
        var out = "  - record: \(name)\n    expr: \(quoted(expression(depth: 3)))\n"
        if chance(30) { out += "    labels: {\(pick(["kind", "job", "extra"])): \(pick(["a", "b", "'1'"]))}\n" }
        recorded.append(name)
        return out
    }

    private mutating func alertRule() -> String {
        let name = chance(10) ? alerts.first ?? "A0" : "A\(alerts.count)"
        var out = "  - alert: \(name)\n    expr: \(quoted(condition()))\n"
        if chance(60) { out += "    for: \(pick([0, 1, 2, 3]) * evaluationSeconds + pick([0, 0, 7]))s\n" }
        if chance(25) { out += "    keep_firing_for: \(number(1...4) * evaluationSeconds - pick([0, 11]))s\n" }
        if chance(60) {
            let value = pick([
                "page", "{{ $labels.job }}", "v{{ $value }}", "{{ if gt $value 50.0 }}high{{ else }}low{{ end }}", "",
            ])
            out += "    labels: {severity: \(quoted(value))\(chance(20) ? ", team: x" : "")}\n"
        }
        if chance(80) {
            out += "    annotations:\n"
            for (place, _) in (0..<number(1...3)).enumerated() { out += "      a\(place): \(quoted(template()))\n" }
        }
        if !alerts.contains(name) { alerts.append(name) }
        return out
    }

    private mutating func template() -> String {
        pick([
            "plain", "{{ $value }} on {{ $labels.instance }}", "{{ $labels }}", "{{ humanize $value }}",
            "{{ $value | humanize1024 }}",
            "{{ printf \"%.2f|%5.1f|%e\" $value $value $value }}", "{{ humanizePercentage $value }}",
            "{{ range query \"count by (nope) (up)\" }}{{ .Labels.instance }}={{ .Value }};{{ end }}",
            "{{ with query \"sum(up)\" }}{{ . | first | value }}{{ end }}", "{{ $externalLabels.cluster }} {{ $externalURL }}",
            "{{ $labels.job | toUpper }}{{ $labels.nothing }}", "{{ len $labels.job }}{{ index $labels \"instance\" }}",
            "{{ reReplaceAll \"i([0-9])\" \"<$1>\" $labels.instance }}",
            "{{ $x := $value }}{{ if eq $labels.job \"a\" }}{{ $x }}{{ end }}",
            "{{ $labels.job.nope }}", "{{ range $i, $e := query \"up == 1\" | sortByLabel \"instance\" }}{{ $i }}{{ end }}",
            "{{ match \"^a\" $labels.job }} {{ title \"some text\" }}", "{{ $value | printf \"%v %T\" }}",
        ])
    }

    // MARK: - Expressions

    private mutating func condition() -> String {
        switch number(0...6) {
        case 0: "\(selector()) \(comparison()) \(number(0...100))"
        case 1: "\(overTime()) \(comparison()) \(number(0...100))"
        case 2: "absent(\(selector()))"
        case 3: "\(selector("up")) == 0"
        case 4: "\(aggregation()) \(comparison()) \(number(0...200))"
        case 5: "ALERTS{alertstate=\"\(pick(["firing", "pending"]))\"}"
        default: "\(expression(depth: 2)) \(comparison()) \(number(0...100))"
        }
    }

    private mutating func expression(depth: Int) -> String {
        guard depth > 0 else { return chance(80) ? selector() : "\(number(0...9))" }
        switch number(0...13) {
        case 0, 1: return selector()
        case 2, 3: return overTime()
        case 4: return aggregation()
        case 5: return "(\(expression(depth: depth - 1))) \(pick(["+", "-", "*"])) \(number(1...9))"
        case 6: return "\(number(1...9)) \(comparison()) bool (\(scalarish()))"
        case 7: return "(\(expression(depth: depth - 1))) \(pick(["and", "or", "unless"])) (\(expression(depth: depth - 1)))"
        case 8: return "g \(pick(["+", "-", "*", ">", "<=", "=="])) on(job, instance) h"
        case 9: return "g \(pick(["-", "/", ">"])) on(job) group_left() sum by (job) (up)"
        case 10: return "label_replace(\(selector()), \"dst\", \"$1-x\", \"instance\", \"(i.)\")"
        case 11:
            // Dates of infinity are the processor's.
            if chance(30) { return "\(pick(["minute", "day_of_week"]))(\(selector(pick(["g", "h"]))))" }
            return "\(pick(["abs", "ceil", "floor", "sgn", "-", "timestamp", "sort"]))(\(selector()))"
        case 12:
            return pick([
                "vector(\(number(0...5)))", "time()", "scalar(sum(up))", "clamp(g, 10, 60)", "round(h, 5)", "clamp_max(g, 7)",
            ])
        default: return "count_values(\"v\", \(selector("up")))"
        }
    }

    private mutating func scalarish() -> String { pick(["vector(3)", "up", "sum(g)"]) }

    private mutating func selector(_ metric: String? = nil) -> String {
        let name = metric ?? pick(["g", "h", "up", "c_total"] + (recorded.isEmpty ? [] : recorded.suffix(3)))
        var matchers: [String] = []
        if chance(30) { matchers.append("job\(pick(["=", "!=", "=~", "!~"]))\"\(pick(["a", "b", "a|b", "nope"]))\"") }
        if chance(15) { matchers.append("instance=~\"i[01]\"") }
        var out = matchers.isEmpty ? name : "\(name){\(matchers.joined(separator: ", "))}"
        if chance(12) { out += " offset \(pick([1, 2, 5]) * evaluationSeconds)s" }
        if chance(5) { out += " @ \(number(0...rounds) * evaluationSeconds + 3)" }
        return out
    }

    /// Ranges end in 3 seconds and every time is a multiple of 5: no sample lies on an edge.
    private mutating func overTime() -> String {
        let range = "\(pick([60, 120, 180, 300, 400]) / 5 * 5 + 3)s"
        switch number(0...4) {
        case 0:
            // Where a counter falls back, the two versions cap the extrapolation in another order.
            return chance(60)
                ? "\(pick(["rate", "increase"]))(d_total[\(range)])"
                : "\(pick(["irate", "resets", "changes"]))(c_total[\(range)])"
        case 1:
            let call = pick(["delta", "idelta", "changes", "count_over_time", "min_over_time", "max_over_time", "sum_over_time"])
            return "\(call)(\(pick(["g", "h"]))[\(range)])"
        case 2:
            return "\(pick(["last_over_time", "present_over_time", "absent_over_time"]))(\(pick(["g", "up", "nope"]))[\(range)])"
        case 3: return "max_over_time((\(selector()))[\(range):\(pick([15, 30, 60]))s])"
        default: return "count_over_time(\(pick(["g", "h", "up"]))[\(range):])"
        }
    }

    private mutating func aggregation() -> String {
        let grouping = pick(["", " by (job)", " by (instance)", " without (instance)", " by (nope)"])
        let operand = pick(["g", "h", "up", "d_total"])
        switch number(0...3) {
        case 0: return "histogram_quantile(0.\(pick([5, 9])), sum by (job, le) (rate(b_bucket[123s])))"
        case 1: return "quantile\(grouping)(0.5, \(operand))"
        default: return "\(pick(["sum", "min", "max", "count", "group"]))\(grouping) (\(operand))"
        }
    }

    private mutating func comparison() -> String { pick([">", "<", ">=", "<=", "==", "!="]) }

    // MARK: - Tests

    private mutating func test(named name: String) -> String {
        var out = "- name: \(name)\n  interval: \(sampleSeconds)s\n  input_series:\n"
        for line in series() { out += "  - \(line)\n" }
        if chance(40) { out += "  external_labels: {cluster: c1}\n  external_url: http://x\n" }
        if !alerts.isEmpty {
            out += "  alert_rule_test:\n"
            for alert in alerts {
                for _ in 0..<2 {
                    out += "  - {eval_time: \(number(0...rounds) * evaluationSeconds)s, alertname: \(alert), exp_alerts: []}\n"
                }
            }
        }
        out += "  promql_expr_test:\n"
        for name in recorded + ["ALERTS", "ALERTS_FOR_STATE", expression(depth: 2), expression(depth: 2)] {
            let time = number(0...rounds) * evaluationSeconds + pick([0, 0, 5])
            let expected = chance(20) ? "[{labels: 'x{b=\"1\", a=\"2\"}', value: \(number(0...9)).5}, {value: 1}]" : "[]"
            out += "  - {expr: \(quoted(name)), eval_time: \(time)s, exp_samples: \(expected)}\n"
        }
        return out
    }

    private mutating func series() -> [String] {
        var out: [String] = []
        for job in ["a", "b"] {
            for instance in ["i0", "i1"] {
                let labels = "{job=\"\(job)\", instance=\"\(instance)\"}"
                for metric in ["g", "h", "up", "c_total"] where chance(80) {
                    out.append("{series: '\(metric)\(labels)', values: '\(values(of: metric))'}")
                }
                out.append("{series: 'd_total\(labels)', values: '\(1_000_000 + number(0...9))+\(number(0...50))x\(count)'}")
            }
            guard chance(60) else { continue }
            var slope = 0
            for le in ["0.1", "1", "10", "+Inf"] {
                slope += number(0...20)
                out.append("{series: 'b_bucket{job=\"\(job)\", le=\"\(le)\"}', values: '1000000+\(slope)x\(count)'}")
            }
        }
        return out.isEmpty ? ["{series: 'up{job=\"a\", instance=\"i0\"}', values: '1x\(count)'}"] : out
    }

    /// Enough values for the whole test and a little more.
    private var count: Int { rounds * evaluationSeconds / sampleSeconds + 2 }

    /// A series runs to the end or ends with a stale marker: none fades out of the look-back. Gaps stay below it.
    private mutating func values(of metric: String) -> String {
        var parts: [String] = []
        var left = count
        while left > 0 {
            let run = min(left, number(1...max(1, count / 2)))
            left -= run
            switch metric {
            case "up": parts.append("\(pick([0, 1, 1]))x\(run - 1)")
            case "c_total": parts.append("\(1_000_000 + number(0...100) * 1_000)+\(number(0...50))x\(run - 1)")
            default: parts.append("\(number(0...100))\(pick(["+", "-"]))\(number(0...7))x\(run - 1)")
            }
            let gap = number(1...2)
            if chance(15), left > gap, gap * sampleSeconds < 200 {
                parts.append(gap == 1 ? "_" : "_x\(gap)")
                left -= gap
            }
            if chance(8), left > 1 {
                parts.append("stale")
                left -= 1
                if chance(50) { break }
            }
        }
        return parts.joined(separator: " ")
    }

    // MARK: - Chance

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[number(0...elements.count - 1)]
    }

    private func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}
