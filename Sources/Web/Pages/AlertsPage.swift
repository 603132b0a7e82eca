import Health
import MetricsModel

extension Pages {
    /// `/alerts`: every rule with its state, and every active alert.
    @Sendable func alerts(_ request: WebRequest) async throws(WebError) -> WebResponse {
        guard let ruleGroups = sources.ruleGroups else { throw WebError(.notFound, "there are no rules here") }
        let groups = await ruleGroups()
        let missing = await sources.missingSeries?()
        let runbooks = await runbooks(for: groups)
        let now = sources.health.report.timestamp
        return HTML.page(title: "Alerts") { html in
            html.markup("<h1>Alerts</h1>")
            counts(groups, &html)
            active(groups, runbooks, now: now, &html)
            for group in groups { rules(of: group, runbooks, now: now, &html) }
            if let missing { gone(missing, now: now, &html) }
            if groups.isEmpty { html.markup("<p>No rules are loaded.</p>") }
        }
    }

    private func counts(_ groups: [RuleGroupView], _ html: inout HTML) {
        var counts: [AlertStateView: Int] = [:]
        for rule in groups.flatMap(\.rules) {
            if case .alerting(let state, _, _, _, _) = rule.kind { counts[state, default: 0] += 1 }
        }
        html.markup("<p class=\"counts\">")
        for state in [AlertStateView.firing, .pending, .inactive, .unknown] {
            html.markup("<span class=\"")
            html.text(state.rawValue)
            html.markup("\">")
            html.text("\(counts[state] ?? 0) \(state.rawValue)")
            html.markup("</span>")
        }
        html.markup("</p>\n")
    }

    private func active(_ groups: [RuleGroupView], _ runbooks: Set<String>, now: Int64, _ html: inout HTML) {
        let alerts = groups.flatMap(\.rules).flatMap { rule in rule.alerts.map { (rule, $0) } }
            .sorted { ($0.1.state == .firing ? 0 : 1, $0.1.activeAt) < ($1.1.state == .firing ? 0 : 1, $1.1.activeAt) }
        guard !alerts.isEmpty else { return html.markup("<p>No alert is active.</p>\n") }
        html.markup(
            "<h2>Active</h2><table><tr><th>Alert</th><th>State</th><th>Since</th><th>Value</th><th>Labels</th><th>Says</th>")
        html.markup("<th>Runbook</th></tr>\n")
        for (rule, alert) in alerts {
            html.row([rule.name], state: (alert.state.rawValue, alert.state.rawValue))
            html.cell("\(isoTimestamp(alert.activeAt)) (\(age(alert.activeAt, now)))")
            html.cell(GoNumber.plain(alert.value))
            html.markup("<td class=\"labels\">")
            for label in alert.labels.pairs where label.name != "alertname" {
                html.text("\(label.name)=\(quoted(label.value)) ")
            }
            html.markup("</td><td>")
            html.text(alert.annotations["summary"] ?? alert.annotations["description"] ?? "")
            if let kept = alert.kept { why(kept, now: now, &html) }
            html.markup("</td><td>")
            runbookLink(rule, alert.annotations, runbooks, &html)
            html.markup("</td></tr>\n")
        }
        html.markup("</table>\n")
    }

    private func rules(of group: RuleGroupView, _ runbooks: Set<String>, now: Int64, _ html: inout HTML) {
        html.markup("<h2>")
        html.text(group.name)
        html.markup("</h2><p class=\"dim\">")
        let last = group.lastEvaluation.map { "last evaluated \(age($0, now)) ago in \(milliseconds(group.evaluationSeconds))" }
        html.text("\(group.file), every \(GoNumber.plain(group.intervalSeconds)) s, \(last ?? "not evaluated yet")")
        html.markup("</p><table><tr><th>Rule</th><th>State</th><th>Expression</th><th>Last evaluation</th><th>Error</th>")
        html.markup("<th>Runbook</th></tr>\n")
        for rule in group.rules {
            html.row([rule.name], state: stateText(rule))
            html.markup("<td><a href=\"/graph?g0.expr=")
            html.path(rule.query)
            html.markup("\"><code>")
            html.text(rule.query)
            html.markup("</code></a>")
            if case .alerting(_, let forSeconds, _, _, _) = rule.kind, forSeconds > 0 {
                html.markup("<br><span class=\"dim\">")
                html.text("for \(GoNumber.plain(forSeconds)) s")
                html.markup("</span>")
            }
            html.markup("</td>")
            html.cell(rule.lastEvaluation.map { "\(age($0, now)) ago, \(milliseconds(rule.evaluationSeconds))" } ?? "never")
            html.markup("<td class=\"err\">")
            if case .failed(let error) = rule.health { html.text(error) }
            remarks(rule, &html)
            html.markup("</td><td>")
            if case .alerting(_, _, _, let annotations, _) = rule.kind { runbookLink(rule, annotations, runbooks, &html) }
            html.markup("</td></tr>\n")
        }
        html.markup("</table>\n")
    }

    /// What keeps a rule from doing its work although nothing fails.
    private func remarks(_ rule: RuleView, _ html: inout HTML) {
        if !rule.deadSelectors.isEmpty {
            html.markup("<p>No series matches ")
            for (place, selector) in rule.deadSelectors.enumerated() {
                if place > 0 { html.markup(", ") }
                html.markup("<code>")
                html.text(selector)
                html.markup("</code>")
            }
            html.markup(": the rule cannot have a result.</p>")
        }
        if let seconds = rule.reachPastRetentionSeconds {
            html.markup("<p>")
            html.text("It looks \(GoNumber.plain(seconds)) s back, further than series are kept.")
            html.markup("</p>")
        }
    }

    private func why(_ kept: KeptAlertView, now: Int64, _ html: inout HTML) {
        html.markup("<p class=\"dim\">")
        html.text(
            "Kept as it was \(age(kept.since, now)) ago: \(kept.reason). Gone: \(kept.series.map(\.description).joined(separator: ", "))"
        )
        if kept.seriesCount > kept.series.count { html.text(" and \(kept.seriesCount - kept.series.count) more") }
        html.markup("</p>")
    }

    /// What rules have read and can read no more: a rule says nothing about a series that is not there.
    private func gone(_ missing: MissingSeriesView, now: Int64, _ html: inout HTML) {
        guard !missing.entries.isEmpty else { return }
        html.markup("<h2>Series that went away</h2><p class=\"dim\">Read by a rule within the last hour, and no longer there.")
        if !missing.isWhole { html.markup(" There are more than these.") }
        html.markup("</p><table><tr><th>Rule</th><th>Series</th><th>Since</th></tr>\n")
        for entry in missing.entries {
            html.markup("<tr>")
            html.cell(entry.rule)
            html.markup("<td class=\"labels\"><code>")
            html.text(entry.series.description)
            html.markup("</code></td>")
            html.cell("\(isoTimestamp(entry.since)) (\(age(entry.since, now)))")
            html.markup("</tr>\n")
        }
        html.markup("</table>\n")
    }

    private func stateText(_ rule: RuleView) -> (text: String, kind: String) {
        switch rule.kind {
        case .alerting(let state, _, _, _, _): (state.rawValue, state.rawValue)
        case .recording:
            switch rule.health {
            case .unknown: ("recording", "unknown")
            case .ok: ("recording", "ok")
            case .failed: ("recording", "err")
            }
        }
    }

    /// The names of the alerts for which Vitals has a runbook.
    private func runbooks(for groups: [RuleGroupView]) async -> Set<String> {
        var known: Set<String> = []
        for name in Set(groups.flatMap(\.rules).map(\.name)) where await sources.runbook?(name) != nil { known.insert(name) }
        return known
    }

    /// The annotation's runbook, or ours of the alert's name.
    private func runbookLink(_ rule: RuleView, _ annotations: [String: String], _ runbooks: Set<String>, _ html: inout HTML) {
        if let url = annotations["runbook_url"], HTML.isLinkable(url) { return html.link(url, text: "runbook") }
        guard runbooks.contains(rule.name) else { return }
        html.markup("<a href=\"/runbooks/")
        html.path(rule.name)
        html.markup("\">runbook</a>")
    }

    private func age(_ then: Int64, _ now: Int64) -> String {
        let seconds = max(0, now - then) / 1000
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) d"
        }
    }

    private func milliseconds(_ seconds: Double) -> String {
        "\(GoNumber.plain((seconds * 1e5).rounded() / 100)) ms"
    }
}
