import Alerting
import MetricsModel
import Records

/// A replay's report for people and for programs.
enum ReplayText {
    static func text(_ report: ReplayReport, _ history: String) -> String {
        var out =
            "\(time(report.from)) to \(time(report.through)): \(report.ruleCount) rules, \(report.evaluations) evaluations\n"
        out += "history: \(history)\n"
        out += report.alerts.isEmpty ? "no alert\n" : ""
        for alert in report.alerts {
            out += "\n\(alert.labels.removing(["alertname"]).setting(Labels.metricName, to: alert.rule)) (group \(alert.group))\n"
            out += "  pending   \(time(alert.activeAt))\n"
            if let firedAt = alert.firedAt { out += "  firing    \(time(firedAt))  value \(numberText(alert.value))\n" }
            switch alert.end {
            case .resolved(let end): out += "  resolved  \(time(end))\n"
            case .neverFired(let end): out += "  over      \(time(end))  before it fired\n"
            case .open: out += "  still \(alert.firedAt == nil ? "pending" : "firing") at the end\n"
            }
            for annotation in alert.annotations { out += "  \(annotation.name): \(annotation.value)\n" }
        }
        if !report.gaps.isEmpty { out += "\nwhat this does not say:\n" }
        for gap in report.gaps { out += "  \(gap.rule) (group \(gap.group)): \(reason(gap.reason))\n" }
        return out
    }

    static func json(_ report: ReplayReport, _ history: String) -> JSONValue {
        object([
            ("from", .string(time(report.from))), ("to", .string(time(report.through))), ("history", .string(history)),
            ("rules", .integer(Int64(report.ruleCount))), ("evaluations", .integer(Int64(report.evaluations))),
            ("alerts", .array(report.alerts.map(json))), ("gaps", .array(report.gaps.map(json))),
        ])
    }

    private static func json(_ alert: ReplayedAlert) -> JSONValue {
        let (state, end): (String, Int64?) =
            switch alert.end {
            case .resolved(let end): ("resolved", end)
            case .neverFired(let end): ("inactive", end)
            case .open: (alert.firedAt == nil ? "pending" : "firing", nil)
            }
        return object([
            ("rule", .string(alert.rule)), ("group", .string(alert.group)), ("file", .string(alert.file)),
            ("labels", labels(alert.labels.pairs)), ("annotations", labels(alert.annotations)), ("state", .string(state)),
            ("value", .string(numberText(alert.value))), ("activeAt", .string(time(alert.activeAt))),
            ("firedAt", alert.firedAt.map { .string(time($0)) } ?? .null), ("endedAt", end.map { .string(time($0)) } ?? .null),
        ])
    }

    private static func json(_ gap: ReplayGap) -> JSONValue {
        object([
            ("rule", .string(gap.rule)), ("group", .string(gap.group)), ("file", .string(gap.file)),
            ("reason", .string(reason(gap.reason))),
        ])
    }

    private static func reason(_ reason: ReplayGap.Reason) -> String {
        switch reason {
        case .historyTooShort(let needed, let begins?):
            "looks back to \(time(needed)), but the history begins at \(time(begins)): its first results may be wrong"
        case .historyTooShort(_, nil): "there is no history"
        case .noSeries(let selectors):
            "no series in the history for \(selectors.joined(separator: ", ")): it cannot have a result"
        case .failed(let count, let error): "\(count) evaluations failed: \(error)"
        }
    }

    private static func labels(_ labels: [Label]) -> JSONValue { object(labels.map { ($0.name, .string($0.value)) }) }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(JSONObject(members.map { JSONObject.Member($0.0, $0.1) }))
    }

    private static func time(_ milliseconds: Int64) -> String { Timestamp.rfc3339(milliseconds: milliseconds) }
}
