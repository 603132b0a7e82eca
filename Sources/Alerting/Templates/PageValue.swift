package import MetricsModel

/// What the texts of a receiver see: Alertmanager's template.Data and its parts
/// (https://prometheus.io/docs/alerting/latest/notifications/#data).
package enum PageValue: Sendable {
    case data(Page, externalURL: String)
    case alerts([Notification])
    case alert(Notification)
    /// template.KV: labels or annotations.
    case map([Label])
    case pairs([Label])
    case pair(Label)

    var typeName: String {
        switch self {
        case .data: "*template.Data"
        case .alerts: "template.Alerts"
        case .alert: "template.Alert"
        case .map: "template.KV"
        case .pairs: "template.Pairs"
        case .pair: "template.Pair"
        }
    }

    /// nil for what has no length.
    var count: Int? {
        switch self {
        case .alerts(let alerts): alerts.count
        case .map(let pairs), .pairs(let pairs): pairs.count
        case .data, .alert, .pair: nil
        }
    }

    /// What `range` goes through, with index or key; nil for what it can't.
    var elements: [(TemplateValue, TemplateValue)]? {
        switch self {
        case .alerts(let alerts): alerts.enumerated().map { (.int(Int64($0)), .page(.alert($1))) }
        case .pairs(let pairs): pairs.enumerated().map { (.int(Int64($0)), .page(.pair($1))) }
        case .map(let pairs):
            pairs.sorted { bytesPrecede($0.name, $1.name) }.map { (.string($0.name), .string($0.value)) }
        case .data, .alert, .pair: nil
        }
    }

    /// nil when there is no such field. A map has every name.
    func field(_ name: String) -> TemplateValue? {
        switch self {
        case .data(let page, let externalURL):
            switch name {
            case "Receiver": .string(page.quotedReceiver)
            case "Status": .string(page.status)
            case "Alerts": .page(.alerts(page.alerts))
            case "GroupLabels": .page(.map(page.groupLabels.pairs))
            case "CommonLabels": .page(.map(page.commonLabels.pairs))
            case "CommonAnnotations": .page(.map(page.commonAnnotations))
            case "ExternalURL": .string(externalURL)
            default: nil
            }
        case .alert(let alert):
            switch name {
            case "Status": .string(alert.isResolved ? "resolved" : "firing")
            case "Labels": .page(.map(alert.labels.pairs))
            case "Annotations": .page(.map(alert.annotations))
            case "StartsAt": .time(Self.nanoseconds(alert.startsAt))
            case "EndsAt": .time(Self.nanoseconds(alert.endsAt))
            case "GeneratorURL": .string(alert.generatorURL)
            case "Fingerprint": .string(alert.fingerprintText)
            default: nil
            }
        case .pair(let pair): name == "Name" ? .string(pair.name) : name == "Value" ? .string(pair.value) : nil
        case .map(let pairs): .string(pairs.first { sameBytes($0.name, name) }?.value ?? "")
        case .alerts, .pairs: nil
        }
    }

    /// As Go's `%v` prints it.
    var text: String {
        switch self {
        case .map(let pairs):
            "map["
                + pairs.sorted { bytesPrecede($0.name, $1.name) }.map { "\($0.name):\($0.value)" }.joined(separator: " ") + "]"
        case .pairs(let pairs): "[" + pairs.map { PageValue.pair($0).text }.joined(separator: " ") + "]"
        case .pair(let pair): "{\(pair.name) \(pair.value)}"
        case .alerts(let alerts): "[" + alerts.map { PageValue.alert($0).text }.joined(separator: " ") + "]"
        case .alert:
            Self.fieldsText(self, ["Status", "Labels", "Annotations", "StartsAt", "EndsAt", "GeneratorURL", "Fingerprint"])
        case .data:
            "&"
                + Self.fieldsText(
                    self, ["Receiver", "Status", "Alerts", "GroupLabels", "CommonLabels", "CommonAnnotations", "ExternalURL"])
        }
    }

    /// By name, `alertname` first.
    static func sorted(_ pairs: [Label]) -> [Label] {
        let named = pairs.filter { $0.name == "alertname" }
        return named + pairs.filter { $0.name != "alertname" }.sorted { bytesPrecede($0.name, $1.name) }
    }

    private static func fieldsText(_ value: PageValue, _ names: [String]) -> String {
        "{" + names.map { (value.field($0) ?? .none).text }.joined(separator: " ") + "}"
    }

    private static func nanoseconds(_ milliseconds: Int64) -> Int64 {
        let (value, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? (milliseconds < 0 ? .min : .max) : value
    }
}

extension TemplateValue {
    static func strings(_ texts: [String]) -> TemplateValue { .list(texts.map { .string($0) }) }
}
