public import Alerting
import MetricsModel

extension RuleGroupView {
    /// A group of the local engine as the API and the pages show it. `retention`: for how many milliseconds series are kept.
    public init(_ group: RuleGroupSnapshot, retention: Int64 = .max) {
        self.init(
            name: group.name, file: group.file, intervalSeconds: Double(group.interval) / 1000, limit: group.limit,
            rules: group.rules.map { RuleView($0, retention: retention) }, evaluationSeconds: group.evaluationSeconds,
            lastEvaluation: group.lastEvaluation)
    }
}

extension RuleView {
    init(_ rule: RuleSnapshot, retention: Int64) {
        let kind: Kind =
            switch rule.kind {
            case .recording: .recording
            case .alerting(let hold, let keepFiring, let annotations, let state, let alerts):
                .alerting(
                    state: rule.health == .unknown ? .unknown : AlertStateView(state), forSeconds: Double(hold) / 1000,
                    keepFiringForSeconds: Double(keepFiring) / 1000, annotations: texts(annotations),
                    alerts: alerts.filter { $0.state != .inactive }.map(AlertView.init))
            }
        let health: RuleHealthView =
            switch rule.health {
            case .unknown: .unknown
            case .ok: .ok
            case .err: .failed(error: rule.lastError ?? "unknown")
            }
        self.init(
            name: rule.name, query: rule.query, labels: Labels(rule.labels), kind: kind, health: health,
            evaluationSeconds: rule.evaluationSeconds, lastEvaluation: rule.lastEvaluation, deadSelectors: rule.deadSelectors,
            reachPastRetentionSeconds: rule.reach > retention ? Double(rule.reach) / 1000 : nil)
    }
}

extension AlertView {
    init(_ alert: ActiveAlert) {
        self.init(
            labels: alert.labels, annotations: texts(alert.annotations), state: AlertStateView(alert.state),
            activeAt: alert.activeAt,
            keepFiringSince: alert.keepFiringSince, value: alert.value,
            kept: alert.kept.map {
                KeptAlertView(since: $0.since, reason: $0.reason, series: $0.series, seriesCount: $0.seriesCount)
            })
    }
}

extension MissingSeriesView {
    /// What the local engine found.
    public init(_ found: (series: [MissingSeries], isWhole: Bool)) {
        self.init(
            entries: found.series.map { Entry(rule: $0.rule, series: $0.series.labels, since: $0.series.since) },
            isWhole: found.isWhole)
    }
}

extension AlertStateView {
    init(_ state: AlertState) {
        switch state {
        case .inactive: self = .inactive
        case .pending: self = .pending
        case .firing: self = .firing
        }
    }
}

/// By name; of two with one name the later.
private func texts(_ labels: [Label]) -> [String: String] {
    Dictionary(labels.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
}
