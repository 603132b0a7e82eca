import Alerting
import AsyncHTTPClient
import MetricsModel
import Support
import Testing

@testable import Receivers

@Suite(.serialized) struct SameAsAlertmanagerTests {
    @Test("A real Alertmanager and Vitals send the same for the same alerts: web hook, PagerDuty, Slack, firing and over")
    func same() async throws {
        let stub = try HTTPStub()
        defer { stub.stop() }
        let server = try Alertmanager(
            receivers: """
                  webhook_configs: [{url: "\(stub.url)/webhook"}]
                  pagerduty_configs: [{routing_key: R0, url: "\(stub.url)/pagerduty", links: [{href: "https://r/{{ .GroupLabels.alertname }}", text: r}]}]
                  slack_configs: [{api_url: "\(stub.url)/slack", channel: "#x", send_resolved: true, text: "{{ range .Alerts }}{{ .Labels.SortedPairs.Values | join \\"-\\" }} {{ .Annotations }} {{ .Status }} {{ end }}"}]

                """)
        defer { server.stop() }
        // Whole seconds: Alertmanager keeps what it is told.
        let now = SystemWallClock().now / 1_000 * 1_000
        func alert(_ labels: [String: String], _ annotations: [Label], over: Bool) -> Notification {
            Notification(
                labels: Labels(labels), annotations: annotations, startsAt: now - 60_000, endsAt: over ? now : now + 600_000,
                isResolved: over, generatorURL: "http://v/graph?g0.expr=a%3Cb&g0.tab=1")
        }
        func both(over: Bool) -> [Notification] {
            [
                alert(
                    ["alertname": "Disk<full>", "machine": "a\"b", "severity": "critical", "z": "é"],
                    [Label("runbook_url", "https://r/x"), Label("summary", "one & two")], over: over),
                alert(
                    ["alertname": "Disk<full>", "machine": "a\"b", "severity": "critical", "z": "ü"],
                    [Label("summary", "one & two")], over: over),
            ]
        }
        try await withClient { client in
            let alertmanager = try AlertmanagerNotifier(url: "http://127.0.0.1:\(server.port)", client: client)
            #expect(await eventually { await alerts(of: server.port, client) == "[]\n" })
            var slack = try SlackNotifier.Settings(url: .text(stub.url + "/slack"))
            slack.texts["channel"] = try PageTemplate("#x")
            slack.texts["text"] = try PageTemplate(
                "{{ range .Alerts }}{{ .Labels.SortedPairs.Values | join \"-\" }} {{ .Annotations }} {{ .Status }} {{ end }}")
            var pagerDuty = try PagerDutyNotifier.Settings(routingKey: .text("R0"))
            pagerDuty.url = stub.url + "/pagerduty"
            pagerDuty.links = [
                .init(href: try PageTemplate("https://r/{{ .GroupLabels.alertname }}"), text: try PageTemplate("r"))
            ]
            let notifiers: [any PageNotifier] = [
                WebhookNotifier(WebhookNotifier.Settings(url: .text(stub.url + "/webhook")), place: place(client)),
                PagerDutyNotifier(pagerDuty, place: place(client)), SlackNotifier(slack, place: place(client)),
            ]
            for over in [false, true] {
                let before = stub.requests.count
                try await alertmanager.deliver(both(over: over))
                #expect(await eventually { stub.requests.count == before + 3 })
                let group = ["alertname": "Disk<full>", "machine": "a\"b"]
                let labels = Labels(group)
                let page = Page(
                    groupKey: "{}:\(labels)", groupLabels: labels, receiver: "night.shift", alerts: both(over: over))
                for notifier in notifiers { try await notifier.deliver(page) }
                let requests = stub.requests.dropFirst(before)
                #expect(requests.count == 6)
                for path in ["/webhook", "/pagerduty", "/slack"] {
                    let bodies = try requests.filter { $0.path == path }.map { try sorted(JSON($0.body.utf8)) }
                    #expect(bodies.count == 2 && bodies.first == bodies.last, "\(path): \(bodies)")
                }
            }
        }
    }

    /// Alertmanager keeps its alerts in no particular order.
    private func sorted(_ json: JSON) -> JSON {
        guard case .object(var members) = json, case .list(let alerts)? = members["alerts"] else { return json }
        members["alerts"] = .list(alerts.sorted { "\($0)" < "\($1)" })
        return .object(members)
    }
}
