internal import MetricsModel
internal import PromQL

/// Which rules unit tests exercised: what each rule did in any test, and what the tests expected of it.
struct RuleCoverage {
    /// One rule, by where it is declared.
    private struct Place: Hashable {
        let group: String
        let number: Int
    }

    private struct Entry {
        let rule: RuleDefinition
        /// A recording rule gave a sample, an alert was pending or firing.
        var hasResult = false
        var fired = false
        var resolved = false
        /// A test expected it to fire while it did, or to be silent while it was; for a recording rule, an expression read it.
        var isExpected = false
        var isExpectedSilent = false
        var written: Set<Labels> = []

        mutating func note(_ state: RuleGroup.RuleState) {
            if !state.written.isEmpty { hasResult = true }
            written.formUnion(state.written)
            guard state.definition.isAlert else { return }
            for alert in state.alerts.alerts.values {
                switch alert.state {
                case .firing: fired = true
                case .inactive: resolved = true
                case .pending: break
                }
            }
        }
    }

    /// How much of something was covered.
    struct Share {
        var covered = 0
        var total = 0

        var text: String {
            guard total > 0 else { return "0/0 covered" }
            // A rounded share must not claim what the counts deny.
            let tenths = min(covered == total ? 1_000 : 999, covered * 1_000 / total)
            return "\(covered)/\(total) covered (\(tenths / 10).\(tenths % 10)%)"
        }

        mutating func add(_ isCovered: Bool) {
            total += 1
            if isCovered { covered += 1 }
        }
    }

    private var files: [String] = []
    private var groups: [String: [RuleGroupDefinition]] = [:]
    private var entries: [Place: Entry] = [:]

    init() {}

    /// Counts the rules of a file towards the total, once however many tests name it.
    mutating func add(_ file: RuleFile) {
        guard groups[file.path] == nil else { return }
        files.append(file.path)
        groups[file.path] = file.groups
        for group in file.groups {
            for (number, rule) in group.rules.enumerated() {
                entries[Place(group: group.key, number: number)] = Entry(rule: rule)
            }
        }
    }

    /// Notes what the rules did in the round just evaluated.
    mutating func note(_ groups: [RuleGroup]) {
        for group in groups {
            for (number, rule) in group.rules.enumerated() {
                guard !rule.written.isEmpty || rule.definition.isAlert else { continue }
                entries[Place(group: group.definition.key, number: number)]?.note(rule)
            }
        }
    }

    /// Notes what a test expects of alerts right now.
    mutating func note(_ expectation: RuleTest.AlertExpectation, in groups: [RuleGroup]) {
        for group in groups {
            for (number, rule) in group.rules.enumerated()
            where rule.definition.isAlert && sameBytes(rule.definition.name, expectation.alertName) {
                let place = Place(group: group.definition.key, number: number)
                let isFiring = rule.alerts.alerts.values.contains { $0.state == .firing }
                if isFiring, !expectation.alerts.isEmpty { entries[place]?.isExpected = true }
                if !isFiring, expectation.alerts.isEmpty { entries[place]?.isExpectedSilent = true }
            }
        }
    }

    /// Notes that a test reads series: by metric name, and those of alerts by the alert's name. A selector that names neither reads
    /// everything, which says nothing about a rule.
    mutating func note(_ expression: PromQLExpression) {
        for use in expression.selectors {
            guard use.matchers.contains(where: { sameBytes($0.name, Labels.metricName) }) else { continue }
            let namesAlert = use.matchers.contains { sameBytes($0.name, "alertname") }
            for (place, entry) in entries where !entry.isExpected && (!entry.rule.isAlert || namesAlert) {
                let isRead = entry.written.contains { labels in use.matchers.allSatisfy { $0.matches(labels) } }
                if isRead { entries[place]?.isExpected = true }
            }
        }
    }

    private func isCovered(_ entry: Entry) -> Bool {
        entry.isExpected && (entry.rule.isAlert ? entry.fired || entry.hasResult : entry.hasResult)
    }

    private func entries(of file: String) -> [(group: String, number: Int, entry: Entry)] {
        (groups[file] ?? []).flatMap { group in
            group.rules.indices.compactMap { number in
                entries[Place(group: group.key, number: number)].map { (group.name, number, $0) }
            }
        }
    }

    /// Alerts and recording rules of these files.
    func shares(of files: [String]) -> (alerts: Share, recording: Share) {
        var (alerts, recording) = (Share(), Share())
        for (_, _, entry) in files.flatMap(entries(of:)) {
            if entry.rule.isAlert { alerts.add(isCovered(entry)) } else { recording.add(isCovered(entry)) }
        }
        return (alerts, recording)
    }

    /// The share of all rules that is covered, of 1; 1 where there are none.
    var fraction: Double {
        let (alerts, recording) = shares(of: files)
        let total = alerts.total + recording.total
        return total == 0 ? 1 : Double(alerts.covered + recording.covered) / Double(total)
    }

    /// A summary for people: totals, then by file every rule of which something was not exercised, and what.
    var report: String {
        let (alerts, recording) = shares(of: files)
        let total = Share(covered: alerts.covered + recording.covered, total: alerts.total + recording.total)
        var out = "Rule test coverage:\n"
        out += "  Alerting rules:  \(alerts.text)\n"
        out += "  Recording rules: \(recording.text)\n"
        out += "  Total:           \(total.text)\n"
        for file in files {
            let (alerts, recording) = shares(of: [file])
            out +=
                "  \(file): \(alerts.covered)/\(alerts.total) alerts, \(recording.covered)/\(recording.total) recording rules\n"
            for (group, number, entry) in entries(of: file) {
                let gaps = gaps(entry)
                guard !gaps.isEmpty else { continue }
                let mark = isCovered(entry) ? "partly" : "NOT COVERED"
                out +=
                    "    \(entry.rule.name) (group \(group), rule \(number + 1), line \(entry.rule.line)): "
                    + "\(mark): \(gaps.joined(separator: "; "))\n"
            }
        }
        return out
    }

    private func gaps(_ entry: Entry) -> [String] {
        guard entry.rule.isAlert else {
            if !entry.hasResult { return ["never had a result"] }
            return entry.isExpected ? [] : ["no test reads it"]
        }
        var gaps: [String] = []
        if !entry.hasResult {
            gaps.append("its expression never had a result")
        } else if !entry.fired {
            gaps.append("never pending long enough to fire")
        } else {
            if !entry.isExpected { gaps.append("fired, but no test expects it") }
            if !entry.resolved { gaps.append("never resolved") }
        }
        if !entry.isExpectedSilent { gaps.append("no test expects its silence") }
        return gaps
    }
}
