internal import Alerting
internal import MetricsModel

/// The JSON of Alertmanager's webhook, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
enum WebhookPayload {
    /// - Parameters:
    ///   - alertsMax: beyond it alerts are left out and counted; 0 means no limit.
    static func encode(_ page: Page, externalURL: String, alertsMax: Int) -> [UInt8] {
        let kept = alertsMax > 0 ? Array(page.alerts.prefix(alertsMax)) : page.alerts
        let shown = Page(groupKey: page.groupKey, groupLabels: page.groupLabels, receiver: page.receiver, alerts: kept)
        var json = JSONText()
        json.object { json in
            json.member("receiver", page.quotedReceiver)
            // Of the whole group: a firing alert that was left out is no reason to call it over.
            json.member("status", page.status)
            json.key("alerts")
            json.array { json in
                for alert in kept { json.alert(alert) }
            }
            json.member("groupLabels", page.groupLabels.pairs)
            json.member("commonLabels", shown.commonLabels.pairs)
            json.member("commonAnnotations", shown.commonAnnotations)
            json.member("externalURL", externalURL)
            json.member("version", "4")
            json.member("groupKey", page.groupKey)
            json.key("truncatedAlerts")
            json.value(page.alerts.count - kept.count)
        }
        return json.bytes
    }
}

extension JSONText {
    fileprivate mutating func alert(_ alert: Notification) {
        object { json in
            json.member("status", alert.isResolved ? "resolved" : "firing")
            json.member("labels", alert.labels.pairs)
            json.member("annotations", alert.annotations)
            json.member("startsAt", Timestamp.rfc3339(milliseconds: alert.startsAt))
            // Go's zero time: the end is not known yet.
            json.member(
                "endsAt", alert.isResolved ? Timestamp.rfc3339(milliseconds: alert.endsAt) : "0001-01-01T00:00:00Z")
            json.member("generatorURL", alert.generatorURL)
            json.member("fingerprint", alert.fingerprintText)
        }
    }
}
