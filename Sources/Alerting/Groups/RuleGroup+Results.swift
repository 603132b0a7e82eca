internal import MetricsModel

extension RuleGroup {
    /// The samples of a recording rule.
    func recording(_ result: [RuleSample], _ rule: RuleDefinition) throws(RuleExpressionError) -> [RuleSample] {
        let own = rule.labels.map { Label($0.name, $0.text) }
        var seen: Set<Labels> = []
        var samples: [RuleSample] = []
        for sample in result {
            let labels = Labels(sample.labels.pairs + [Label(Labels.metricName, rule.name)] + own)
            guard seen.insert(labels).inserted else {
                throw RuleExpressionError("vector contains metrics with the same labelset after applying rule labels")
            }
            samples.append(RuleSample(labels: labels, value: sample.value))
        }
        guard definition.limit <= 0 || samples.count <= definition.limit else {
            throw RuleExpressionError("exceeded limit of \(definition.limit) with \(samples.count) series")
        }
        return samples
    }

    /// One element of an alerting rule's result, with its templates expanded.
    func expand(
        _ sample: RuleSample, _ rule: RuleDefinition, _ annotations: [TemplatedText], _ context: TemplateContext
    ) -> AlertRuleState.Element {
        func text(_ templated: TemplatedText) -> Label {
            guard let template = templated.template else { return Label(templated.name, templated.text) }
            return Label(templated.name, template.expand(labels: sample.labels, value: sample.value, context))
        }
        let labels = Labels(
            sample.labels.removingMetricName().pairs + rule.labels.map(text) + [Label("alertname", rule.name)])
        return AlertRuleState.Element(labels: labels, annotations: annotations.map(text), value: sample.value)
    }

    /// `ALERTS` and `ALERTS_FOR_STATE`. A rule's label that expanded to nothing stands in them as it is written: so Prometheus does.
    static func samples(of alert: ActiveAlert, _ rule: RuleDefinition) -> [RuleSample] {
        let labels = Labels(rule.labels.map { Label($0.name, $0.text) } + alert.labels.pairs)
        let alerts = labels.setting(Labels.metricName, to: "ALERTS").setting("alertstate", to: alert.state.rawValue)
        let forState = labels.setting(Labels.metricName, to: "ALERTS_FOR_STATE")
        return [
            RuleSample(labels: alerts, value: 1),
            RuleSample(labels: forState, value: Double(alert.activeAt / 1_000)),
        ]
    }
}

extension RuleGroup.RuleState {
    func snapshot(queryOffset: Int64) -> RuleSnapshot {
        let kind: RuleSnapshot.Kind =
            switch definition.kind {
            case .record: .recording
            case .alert(let hold, let keepFiring, let annotations):
                .alerting(
                    hold: hold, keepFiring: keepFiring, annotations: annotations.map { Label($0.name, $0.text) },
                    state: alerts.state, alerts: alerts.active)
            }
        return RuleSnapshot(
            name: definition.name, kind: kind, query: definition.expression.text,
            labels: definition.labels.map { Label($0.name, $0.text) }, health: health, lastError: lastError,
            lastEvaluation: lastEvaluation, evaluationSeconds: seconds, samplesReturned: samples, deadSelectors: deadSelectors,
            reach: reads.map { $0.reach.addingReportingOverflow(queryOffset) }.map { $0.overflow ? .max : $0.partialValue } ?? 0)
    }
}
