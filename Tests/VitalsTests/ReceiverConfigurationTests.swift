import Alerting
import MetricsModel
import Receivers
import Support
import Testing

@testable import vitals

@Suite struct ReceiverConfigurationTests {
    @Test("The receivers of an alertmanager.yml are read as they stand there")
    func pasted() throws {
        let file = """
            alerting:
              global:
                slack_api_url: https://hooks.slack.com/services/T/B/global
                pagerduty_url: https://events.eu.pagerduty.com/v2/enqueue
                http_config: {bearer_token: everywhere}
              route:
                receiver: oncall
                group_by: [alertname, instance]
                group_wait: 10s
                routes:
                - matchers: ['severity="none"']
                  receiver: 'null'
                - match: {team: db}
                  match_re: {zone: "eu-.*"}
                  group_by: ['...']
                  continue: true
                  repeat_interval: 1d
              inhibit_rules:
              - source_matchers: [alertname="A"]
                target_match_re: {alertname: "B|C"}
                equal: [instance]
              receivers:
              - name: 'null'
              - name: oncall
                webhook_configs:
                - url: http://hook:8080/alerts
                  send_resolved: false
                  max_alerts: 20
                  timeout: 3s
                  http_config: {basic_auth: {username: u, password: p}}
                - url: ${HOOK_URL}
                pagerduty_configs:
                - routing_key: ${PD_KEY}
                  severity: '{{ .CommonLabels.severity }}'
                  client: Vitals
                  details: {team: db}
                  links: [{href: 'https://r/{{ .GroupLabels.alertname }}', text: runbook}]
                slack_configs:
                - channel: '#db'
                  title: '{{ template "slack.default.title" . }}'
                  text: >-
                    {{ range .Alerts }}{{ .Annotations.summary }}{{ end }}
                  send_resolved: true
                  fields: [{title: a, value: b}, {title: c, value: d, short: false}]
                  short_fields: true
              heartbeats:
              - {name: healthchecks, url: "https://hc-ping.com/uuid", interval: 30s, timeout: 2s}
            """
        let alerting = try settings(
            file: file, environment: ["HOOK_URL": "https://h/secret", "PD_KEY": "R0123456789"]
        ).configuration.alerting
        #expect(alerting.receivers.map(\.name) == ["null", "oncall"])
        let root = try #require(alerting.routing.root)
        #expect(root.receiver == "oncall" && root.grouping == .labels(["alertname", "instance"]) && root.groupWait == 10_000)
        #expect(root.routes.map(\.receiver) == ["null", nil] && root.routes.map(\.continues) == [false, true])
        #expect(root.routes.last?.grouping == .all && root.routes.last?.repeatInterval == 86_400_000)
        #expect(root.routes.map(\.matchers.description) == ["{severity=\"none\"}", "{team=\"db\",zone=~\"eu-.*\"}"])
        #expect(alerting.routing.inhibitions.map(\.targets.description) == ["{alertname=~\"B|C\"}"])
        let routing = try alerting.routing.made()
        #expect(routing.receivers(for: Labels(["severity": "none"])) == ["null"])
        let oncall = try #require(alerting.receivers.last)
        let hook = try #require(oncall.webhooks.first)
        #expect(hook.url == .text("http://hook:8080/alerts") && !hook.sendsResolved && hook.alertsMax == 20)
        #expect(hook.http.timeout == .seconds(3))
        #expect(hook.http.credentials == .basic(username: "u", password: .text("p")))
        let second = try #require(oncall.webhooks.last)
        #expect(second.url == .text("https://h/secret") && second.sendsResolved && second.alertsMax == 0)
        #expect(second.http.credentials == .bearer(.text("everywhere")))
        let pagerDuty = try #require(oncall.pagerDuty.first)
        #expect(pagerDuty.routingKey == .text("R0123456789") && pagerDuty.sendsResolved)
        #expect(pagerDuty.url == "https://events.eu.pagerduty.com/v2/enqueue")
        #expect(pagerDuty.texts["severity"]?.text == "{{ .CommonLabels.severity }}")
        #expect(pagerDuty.texts["description"]?.text == #"{{template "pagerduty.default.description" .}}"#)
        #expect(pagerDuty.details.keys.sorted() == ["firing", "num_firing", "num_resolved", "resolved", "team"])
        #expect(pagerDuty.links.first?.text.text == "runbook")
        let slack = try #require(oncall.slack.first)
        #expect(slack.url == .text("https://hooks.slack.com/services/T/B/global") && slack.sendsResolved)
        #expect(slack.texts["channel"]?.text == "#db" && slack.fields.map(\.isShort) == [true, false])
        #expect(alerting.heartbeats.map(\.name) == ["healthchecks"])
        #expect(alerting.heartbeats.first?.interval == .seconds(30))
        #expect(alerting.heartbeats.first?.http.timeout == .seconds(2))
    }

    @Test("Every mistake is reported at once, with its place and what would be right, and no secret")
    func mistakes() throws {
        let file = """
            alerting:
              templates: [a.tmpl]
              global: {resolve_timeout: 5m}
              receivers:
              - name: a
                email_configs: [{to: x@y}]
                webhook_configs:
                - {max_alerts: -1}
                - {url: canary-no-url}
                - {url: "http://h/canary", url_file: /nothing}
                - {url: "http://h/canary", http_config: {follow_redirects: true, basic_auth: {username: u}}}
                pagerduty_configs:
                - {service_key: canary-service}
                - {routing_key: canary-routing, severity: "{{ .Nope"}
                - {}
                slack_configs:
                - {channel: x}
                - {api_url: "http://h/canary", title: "{{ template \\"nope\\" . }}", actions: []}
              - name: a
                webhook_config: []
              heartbeats:
              - {name: h, url: "http://h/canary", interval: 0s}
              - {url: "http://h/canary"}
            """
        let found = try findings(file: file)
        let lines = found.map { "\($0.line ?? 0): \($0.message)" }
        for wanted in [
            "2: 'templates' is not supported", "3: 'resolve_timeout' is not supported",
            "6: 'email_configs' is not supported: Vitals has webhook_configs, pagerduty_configs, slack_configs",
            "8: 'url' or 'url_file' is missing", "9: it must be an address", "10: 'url' and 'url_file' are both there",
            "11: redirects are never followed", "11: 'password' or 'password_file' is missing",
            "13: 'service_key' is not supported", "14: template: :1: unclosed action",
            "15: 'routing_key' or 'routing_key_file' is missing",
            "17: 'api_url' or 'api_url_file' is missing", "18: template: template \"nope\" not defined",
            "18: 'actions' is not supported", "20: unknown key 'webhook_config'; did you mean 'webhook_configs'?",
            "5: two receivers are named 'a'", "22: a duration longer than 0", "23: 'name' is missing",
        ] {
            #expect(lines.contains { $0.hasPrefix(wanted) }, "\(wanted) is not among \(lines)")
        }
        #expect(!lines.joined().contains("canary"))
        #expect(found.allSatisfy { $0.line != nil && $0.column != nil })
    }

    @Test("A secret's file must be there at the start, and its content is never shown")
    func secretFiles() throws {
        let directory = try TemporaryDirectory()
        let address = try directory.write("url", "https://hooks.example/canary-path-of-a-hook\n")
        let key = try directory.write("key", "canary-key\n")
        let file = """
            alerting:
              route: {receiver: a}
              receivers:
              - name: a
                webhook_configs: [{url_file: \(address)}]
                slack_configs: [{api_url_file: \(address)}]
                pagerduty_configs: [{routing_key_file: \(key)}]
              heartbeats: [{name: h, url_file: \(address)}]
            """
        let settings = try settings(file: file)
        let receiver = try #require(settings.configuration.alerting.receivers.first)
        #expect(receiver.webhooks.first?.url == .file(address) && receiver.slack.first?.url == .file(address))
        #expect(receiver.pagerDuty.first?.routingKey == .file(key))
        #expect(
            !settings.secrets.redacting("x canary-key y /canary-path-of-a-hook z https://hooks.example/canary-path-of-a-hook")
                .contains("canary"))
        #expect(!"\(settings.configuration)".contains("canary"))
        let missing = try findings(file: file.replacing(key, with: directory.path("nothing")))
        #expect(missing.map(\.line) == [7] && missing.first?.message.contains(directory.path("nothing")) == true)
    }

    @Test("Routes that can't be are found, each where it stands")
    func wrongRoutes() throws {
        let file = """
            alerting:
              route:
                receiver: nobody
                group_by: ['...', alertname]
                mute_time_intervals: [night]
                group_interval: 0s
                routes:
                - {matchers: ['a=~"("'], match: {b: 1}, recevier: x}
                - {receiver: a, active_time_intervals: []}
              receivers: [{name: a}]
              inhibit_rules: [{source_matchers: ['x'], equals: [a]}]
            """
        let lines = try findings(file: file).map { "\($0.line ?? 0): \($0.message)" }
        for wanted in [
            "3: there is no receiver 'nobody'; known: a", "4: cannot have wildcard group_by",
            "5: 'mute_time_intervals' is not supported",
            "6: a duration longer than 0", "8: bad matcher format", "8: unknown key 'recevier'; did you mean 'receiver'?",
            "9: 'active_time_intervals' is not supported", "11: bad matcher format",
            "11: unknown key 'equals'; did you mean 'equal'?",
        ] {
            #expect(lines.contains { $0.hasPrefix(wanted) }, "\(wanted) is not among \(lines)")
        }
        let root = try findings(file: "alerting: {route: {receiver: a, matchers: ['a=b']}, receivers: [{name: a}]}")
        #expect(root.map(\.message) == ["root route must not have any matchers"])
        let none = try findings(file: "alerting: {receivers: [{name: a}]}")
        #expect(none.first?.message.contains("'route' is missing") == true)
    }

    @Test("Without inhibit_rules a dead database mutes what is said of it; an empty list mutes nothing")
    func shippedInhibition() throws {
        let shipped = try settings(file: "alerting: {alertmanagers: []}").configuration.alerting.routing.inhibitions
        #expect(shipped.map(\.sources.description) == ["{alertname=\"DatabaseDown\"}"])
        #expect(shipped.first?.equal == ["job", "instance", "target"])
        for text in ["inhibit_rules: []", "inhibit_rules:"] {
            #expect(try settings(file: "alerting:\n  \(text)").configuration.alerting.routing.inhibitions.isEmpty)
        }
    }

    @Test("A token in an Authorization header, for an Alertmanager too")
    func authorization() throws {
        let file = """
            alerting:
              alertmanagers:
              - {url: "http://am", authorization: {credentials: token}}
              - {url: "http://am", authorization: {type: Token, credentials: token}}
            """
        let configuration = try settings(file: file).configuration
        #expect(
            configuration.alerting.alertmanagers.map(\.http.credentials) == [
                .bearer(.text("token")), .authorization(scheme: "Token", .text("token")),
            ])
        let both = try findings(
            file: "alerting: {alertmanagers: [{url: \"http://am\", bearer_token: a, basic_auth: {username: u, password: p}}]}")
        #expect(both.first?.message.contains("keep one") == true)
    }
}
