import Alerting
import Health
import MetricsModel

extension Pages {
    /// Attempts shown of a receiver; the API of the room keeps more.
    private static let attemptsShown = 10

    /// `/receivers`: who is told, what came of it and when it is tried again; mutes; what is held back.
    @Sendable func receivers(_ request: WebRequest) async throws(WebError) -> WebResponse {
        guard let notifications = sources.notifications else { throw WebError(.notFound, "there are no receivers here") }
        let now = SystemWallClock().now
        return HTML.page(title: "Receivers") { html in
            html.markup("<h1>Receivers</h1>")
            let receivers = notifications.receivers
            if receivers.isEmpty {
                html.markup("<p>Nobody is told of alerts: neither alertmanagers nor receivers are configured.</p>\n")
            }
            overview(receivers, now: now, &html)
            heartbeats(now: now, &html)
            held(notifications.alerts, &html)
            mutes(notifications.allMutes, now: now, &html)
            for receiver in receivers { attempts(receiver, now: now, &html) }
        }
    }

    private func overview(_ receivers: [ReceiverSnapshot], now: Int64, _ html: inout HTML) {
        guard !receivers.isEmpty else { return }
        html.markup("<table><tr><th>Receiver</th><th>State</th><th>Waiting</th><th>Sent</th><th>Failed</th><th>Given up</th>")
        html.markup("<th>Last success</th><th>Next try</th></tr>\n")
        for receiver in receivers {
            let isFailing = receiver.attempts.last?.error != nil
            let state = receiver.attempts.isEmpty ? "idle" : isFailing ? "failing" : "ok"
            html.row([receiver.name], state: (state, isFailing ? "unhealthy" : "ok"))
            html.cell("\(receiver.queueLength)")
            html.cell("\(receiver.sent)")
            html.cell("\(receiver.failed.values.reduce(0, +))")
            html.cell("\(receiver.refused + receiver.dropped)")
            html.cell(receiver.lastSuccess.map { "\(isoTimestamp($0)) (\(span(now - $0)) ago)" } ?? "never")
            html.cell(receiver.nextAttempt.map { $0 <= now ? "now" : "in \(span($0 - now))" } ?? "")
            html.markup("</tr>\n")
        }
        html.markup("</table>\n")
    }

    private func heartbeats(now: Int64, _ html: inout HTML) {
        let heartbeats = sources.heartbeats?() ?? []
        guard !heartbeats.isEmpty else { return }
        html.markup("<h2>Heartbeats</h2><table><tr><th>Dead man's switch</th><th>State</th><th>Last success</th><th>Said</th>")
        html.markup("<th>Error</th></tr>\n")
        for heartbeat in heartbeats {
            let isFailing = heartbeat.error != nil
            html.row([heartbeat.name], state: (isFailing ? "failing" : "ok", isFailing ? "unhealthy" : "ok"))
            html.cell(heartbeat.lastSuccess.map { "\(isoTimestamp($0)) (\(span(now - $0)) ago)" } ?? "never")
            html.cell(heartbeat.lastAttempt == nil ? "" : heartbeat.problem ?? "evaluation works")
            html.cell(heartbeat.error ?? "")
            html.markup("</tr>\n")
        }
        html.markup("</table>\n")
    }

    private func held(_ alerts: [AlertStatus], _ html: inout HTML) {
        let held = alerts.filter(\.isSuppressed)
        guard !held.isEmpty else { return }
        html.markup("<h2>Held back</h2><table><tr><th>Alert</th><th>Why</th><th>Labels</th></tr>\n")
        for status in held {
            html.markup("<tr>")
            html.cell(status.alert.labels["alertname"] ?? "")
            let names = status.inhibitedBy.map { print in
                alerts.first { $0.fingerprint == print }?.alert.labels["alertname"] ?? print
            }
            html.cell(
                (status.mutedBy.map { "muted by \($0)" } + names.map { "inhibited by \($0)" }).joined(separator: ", "))
            html.markup("<td class=\"labels\">")
            for label in status.alert.labels.pairs where label.name != "alertname" {
                html.text("\(label.name)=\(quoted(label.value)) ")
            }
            html.markup("</td></tr>\n")
        }
        html.markup("</table>\n")
    }

    private func mutes(_ mutes: [Mute], now: Int64, _ html: inout HTML) {
        html.markup("<h2>Mutes</h2>")
        guard !mutes.isEmpty else {
            return html.markup("<p>None. <code>vitals mute --reason WHY --for 2h MATCHER…</code> sets one.</p>\n")
        }
        html.markup(
            "<table><tr><th>Mute</th><th>State</th><th>Alerts</th><th>Reason</th><th>By</th><th>From</th><th>To</th></tr>\n")
        for mute in mutes {
            let state = mute.state(at: now)
            html.row([mute.id], state: (state.rawValue, state == .active ? "pending" : "inactive"))
            html.markup("<td class=\"labels\">")
            html.text(mute.matchers.description)
            html.markup("</td>")
            html.cell(mute.comment)
            html.cell(mute.createdBy)
            html.cell(isoTimestamp(mute.startsAt))
            html.cell(isoTimestamp(mute.endsAt) + (state == .active ? " (in \(span(mute.endsAt - now)))" : ""))
            html.markup("</tr>\n")
        }
        html.markup("</table>\n")
    }

    private func attempts(_ receiver: ReceiverSnapshot, now: Int64, _ html: inout HTML) {
        guard !receiver.attempts.isEmpty else { return }
        html.markup("<h2>")
        html.text(receiver.name)
        html.markup(
            "</h2><table><tr><th>Attempt</th><th>Result</th><th>Took</th><th>Alerts</th><th>Answer</th><th>Next try</th></tr>\n")
        for attempt in receiver.attempts.suffix(Self.attemptsShown).reversed() {
            html.row(
                ["\(isoTimestamp(attempt.startedAt)) (\(span(now - attempt.startedAt)) ago)"],
                state: attempt.error == nil ? ("delivered", "ok") : ("failed", "unhealthy"))
            html.cell("\(GoNumber.plain((attempt.seconds * 1e5).rounded() / 100)) ms")
            html.cell("\(attempt.notifications)")
            html.markup("<td class=\"err\">")
            if let error = attempt.error { html.text("\(error)") }
            html.markup("</td>")
            html.cell(attempt.nextTry.map(isoTimestamp) ?? (attempt.error == nil ? "" : "never"))
            html.markup("</tr>\n")
        }
        html.markup("</table>\n")
    }

    private func span(_ milliseconds: Int64) -> String {
        let seconds = max(0, milliseconds) / 1_000
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7_200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3_600) h"
        default: return "\(seconds / 86_400) d"
        }
    }
}
