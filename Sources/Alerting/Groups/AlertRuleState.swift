internal import MetricsModel

/// The alerts of one alerting rule: a state machine over the results of its expression (Prometheus' AlertingRule.Eval).
struct AlertRuleState: Sendable {
    /// A resolved alert stays this long, so that a receiver that was away hears of it (resolvedRetention of Prometheus).
    static let resolvedRetention: Int64 = 15 * 60_000

    struct Settings {
        let hold: Int64
        let keepFiring: Int64
        /// The most pending and firing alerts; 0 is no limit.
        let limit: Int
        /// After a target is back, its series need two samples before `rate` and its kind have a value: so long an alert is kept on.
        var settling: Int64 = 0
    }

    /// One element of a result with its labels and annotations expanded.
    struct Element {
        let labels: Labels
        let annotations: [Label]
        let value: Double
    }

    private(set) var alerts: [Labels: ActiveAlert] = [:]

    init() {}

    /// With alerts kept from before a restart.
    init(restored: [ActiveAlert]) {
        for alert in restored { alerts[alert.labels] = alert }
    }

    /// The highest state of any alert.
    var state: AlertState {
        var state = AlertState.inactive
        for alert in alerts.values {
            switch alert.state {
            case .firing: return .firing
            case .pending: state = .pending
            case .inactive: break
            }
        }
        return state
    }

    /// Those pending or firing, in the order of their labels.
    var active: [ActiveAlert] {
        alerts.values.filter { $0.state != .inactive }.sorted { $0.labels < $1.labels }
    }

    /// Takes the result of one evaluation. Two elements with the same labels make the rule fail and change nothing; more alerts
    /// than the limit make it fail and clear it.
    ///
    /// - Parameter keep: asked for each pending or firing alert that has no element: why it keeps its state all the same.
    mutating func take(
        _ elements: [Element], at timestamp: Int64, settings: Settings, keep: (ActiveAlert) -> KeptAlert? = { _ in nil }
    ) throws(RuleExpressionError) {
        var present: Set<Labels> = []
        for element in elements where !present.insert(element.labels).inserted {
            throw RuleExpressionError("vector contains metrics with the same labelset after applying alert labels")
        }
        for element in elements {
            if let known = alerts[element.labels], known.state != .inactive {
                alerts[element.labels]?.value = element.value
                alerts[element.labels]?.annotations = element.annotations
            } else {
                alerts[element.labels] = ActiveAlert(
                    state: .pending, labels: element.labels, annotations: element.annotations, value: element.value,
                    activeAt: timestamp)
            }
        }
        var activeCount = 0
        for (labels, alert) in alerts {
            let next: ActiveAlert?
            if present.contains(labels) {
                next = Self.present(alert, at: timestamp, hold: settings.hold)
            } else if alert.state != .inactive, let kept = Self.kept(alert, at: timestamp, settling: settings.settling, keep) {
                next = kept
            } else {
                next = Self.absent(alert, at: timestamp, keepFiring: settings.keepFiring)
            }
            alerts[labels] = next
            if let next, next.state != .inactive { activeCount += 1 }
        }
        if settings.limit > 0, activeCount > settings.limit {
            alerts = [:]
            throw RuleExpressionError("exceeded limit of \(settings.limit) with \(activeCount) alerts")
        }
    }

    /// The alerts that receivers are to be told about now, marked as sent.
    mutating func takeUnsent(at timestamp: Int64, resendDelay: Int64, interval: Int64) -> [ActiveAlert] {
        var unsent: [ActiveAlert] = []
        for (labels, alert) in alerts where alert.needsSending(at: timestamp, resendDelay: resendDelay) {
            var sent = alert
            sent.lastSentAt = timestamp
            // Outlasts the failure of two evaluations or deliveries.
            sent.validUntil = timestamp + 4 * max(interval, resendDelay)
            alerts[labels] = sent
            unsent.append(sent)
        }
        return unsent.sorted { $0.labels < $1.labels }
    }

    private static func present(_ alert: ActiveAlert, at timestamp: Int64, hold: Int64) -> ActiveAlert {
        var next = alert
        next.keepFiringSince = nil
        next.graceEvaluations = 0
        next.kept = nil
        let isDue = timestamp - alert.activeAt >= hold
        switch alert.state {
        case .pending where isDue:
            next.state = .firing
            next.firedAt = timestamp
        case .firing where !isDue:
            // A reload brought a longer `for`: it is not over.
            next.state = .pending
            next.firedAt = nil
            next.lastSentAt = nil
        case .pending, .firing, .inactive: break
        }
        return next
    }

    /// A firing alert goes on firing, a pending one neither advances nor loses the time that it has waited: when the condition still holds
    /// afterwards, it has most likely held all along.
    private static func kept(
        _ alert: ActiveAlert, at timestamp: Int64, settling: Int64, _ keep: (ActiveAlert) -> KeptAlert?
    ) -> ActiveAlert? {
        var next = alert
        if let kept = keep(alert) {
            next.kept = kept
            // It is known why there are no data after a restart.
            next.graceEvaluations = 0
            return next
        }
        guard let kept = alert.kept, timestamp - kept.lastAway <= settling else { return nil }
        return next
    }

    /// nil when the alert is gone.
    private static func absent(_ alert: ActiveAlert, at timestamp: Int64, keepFiring: Int64) -> ActiveAlert? {
        var next = alert
        next.kept = nil
        switch alert.state {
        case .pending:
            guard alert.graceEvaluations > 0 else { return nil }
            next.graceEvaluations -= 1
            return next
        case .inactive:
            guard let resolvedAt = alert.resolvedAt, timestamp - resolvedAt <= resolvedRetention else { return nil }
            return next
        case .firing:
            if alert.graceEvaluations > 0 {
                next.graceEvaluations -= 1
                return next
            }
            if keepFiring > 0 {
                let since = alert.keepFiringSince ?? timestamp
                next.keepFiringSince = since
                if timestamp - since < keepFiring { return next }
            }
            next.state = .inactive
            next.resolvedAt = timestamp
            return next
        }
    }
}
