internal import Alerting
internal import MetricsModel

/// The JSON of `POST /api/v2/alerts`.
enum AlertmanagerPayload {
    static func encode(_ batch: [Notification]) -> [UInt8] {
        var json = JSONText()
        json.array { json in
            for notification in batch {
                json.object { json in
                    json.member("labels", notification.labels.pairs)
                    json.member("annotations", notification.annotations)
                    json.member("startsAt", Timestamp.rfc3339(milliseconds: notification.startsAt))
                    json.member("endsAt", Timestamp.rfc3339(milliseconds: notification.endsAt))
                    // An address that is none would be refused with 422, and the alert with it.
                    if notification.generatorURL.hasPrefix("http://") || notification.generatorURL.hasPrefix("https://") {
                        json.member("generatorURL", notification.generatorURL)
                    }
                }
            }
        }
        return json.bytes
    }
}
