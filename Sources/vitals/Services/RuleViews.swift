import Alerting
import MetricsModel
import Web

// What the rules' room says, in the words of the pages and the API.

extension RuleGroupView {
    init(_ group: RuleGroupSnapshot) {
        self.init(
            name: group.name, file: group.file, intervalSeconds: Double(group.interval) / 1_000, limit: group.limit,
            rules: group.rules.map(RuleView.init), evaluationSeconds: group.evaluationSeconds,
            lastEvaluation: group.lastEvaluation)
    }
}

extension RuleView {
    fileprivate init(_ rule: RuleSnapshot) {
        let kind: RuleView.Kind =
            switch rule.kind {
            case .recording: .recording
            case .alerting(let hold, let keepFiring, let annotations, let state, let alerts):
                .alerting(
                    state: rule.health == .unknown ? .unknown : AlertStateView(state), forSeconds: Double(hold) / 1_000,
                    keepFiringForSeconds: Double(keepFiring) / 1_000, annotations: dictionary(annotations),
                    alerts: alerts.filter { $0.state != .inactive }.map(AlertView.init))
            }
        let health: RuleHealthView =
            switch rule.health {
            case .unknown: .unknown
            case .ok: .ok
            case .err: .failed(error: rule.lastError ?? "unknown error")
            }
        self.init(
            name: rule.name, query: rule.query, labels: Labels(rule.labels), kind: kind, health: health,
            evaluationSeconds: rule.evaluationSeconds, lastEvaluation: rule.lastEvaluation)
    }
}

extension AlertView {
    fileprivate init(_ alert: ActiveAlert) {
        self.init(
            labels: alert.labels, annotations: dictionary(alert.annotations), state: AlertStateView(alert.state),
            activeAt: alert.activeAt, keepFiringSince: alert.keepFiringSince, value: alert.value)
    }
}

extension AlertStateView {
    fileprivate init(_ state: AlertState) {
        self =
            switch state {
            case .inactive: .inactive
            case .pending: .pending
            case .firing: .firing
            }
    }
}

private func dictionary(_ labels: [Label]) -> [String: String] {
    Dictionary(labels.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
}
