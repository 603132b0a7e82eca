import Alerting
import MetricsModel
import Receivers
import YAML

/// The receivers of the section `alerting`, with Alertmanager's names and defaults.
extension ConfigurationFile {
    private static let kinds = ["webhook_configs", "pagerduty_configs", "slack_configs"]

    /// Alertmanager's other kinds. An alert for them goes through an Alertmanager.
    private static let absentKinds = [
        "discord_configs", "email_configs", "incidentio_configs", "jira_configs", "mattermost_configs", "msteams_configs",
        "msteamsv2_configs", "opsgenie_configs", "pushover_configs", "rocketchat_configs", "sns_configs", "telegram_configs",
        "victorops_configs", "webex_configs", "wechat_configs",
    ]

    func receiver(_ reader: YAMLReader, _ defaults: ReceiverDefaults) -> Configuration.ReceiverConfiguration? {
        let advice =
            "Vitals has \(Self.kinds.joined(separator: ", ")); for the others keep an Alertmanager in alerting.alertmanagers"
        let absent = Dictionary(uniqueKeysWithValues: Self.absentKinds.map { ($0, advice) })
        guard let fields = reader.fields(["name"] + Self.kinds, absent: absent),
            let name = fields.required("name")?.nonEmptyString()
        else { return nil }
        var receiver = Configuration.ReceiverConfiguration(name: name)
        receiver.webhooks = fields["webhook_configs"]?.list { webhook($0, defaults) } ?? []
        receiver.pagerDuty = fields["pagerduty_configs"]?.list { pagerDuty($0, defaults) } ?? []
        receiver.slack = fields["slack_configs"]?.list { slack($0, defaults) } ?? []
        return receiver
    }

    private func webhook(_ reader: YAMLReader, _ defaults: ReceiverDefaults) -> WebhookNotifier.Settings? {
        let keys = ["url", "url_file", "send_resolved", "max_alerts", "timeout", "http_config"]
        guard let fields = reader.fields(keys), let url = secretAddress(fields, "url") else { return nil }
        var webhook = WebhookNotifier.Settings(url: url)
        set(&webhook.sendsResolved, fields["send_resolved"]) { $0.bool() }
        set(&webhook.alertsMax, fields["max_alerts"]) { $0.int(in: 0...Int.max) }
        webhook.http = http(fields, defaults)
        return webhook
    }

    private func pagerDuty(_ reader: YAMLReader, _ defaults: ReceiverDefaults) -> PagerDutyNotifier.Settings? {
        let texts = PagerDutyNotifier.defaultTexts.map(\.name)
        let keys = ["routing_key", "routing_key_file", "url", "send_resolved", "details", "links", "timeout", "http_config"]
        let old = "it speaks PagerDuty's Events API v1; make a routing_key (an Events API v2 integration) in the same service"
        let absent = [
            "service_key": old, "service_key_file": old, "images": "leave it out",
        ]
        guard let fields = reader.fields(keys + texts, absent: absent) else { return nil }
        if fields.has("service_key") || fields.has("service_key_file") {
            secrets.add(fields["service_key"]?.string())
            guard fields.has("routing_key") || fields.has("routing_key_file") else { return nil }
        }
        guard let key = keptSecret(fields, "routing_key") else { return nil }
        guard var pagerDuty = made(reader, { () throws(PageTemplateError) in try PagerDutyNotifier.Settings(routingKey: key) })
        else { return nil }
        pagerDuty.url = fields["url"].map { address($0) ?? defaults.pagerDutyURL } ?? defaults.pagerDutyURL
        set(&pagerDuty.sendsResolved, fields["send_resolved"]) { $0.bool() }
        for name in texts { set(&pagerDuty.texts[name], fields[name]) { template($0) } }
        for (_, name, value) in fields["details"]?.entries() ?? [] {
            if let text = template(value) { pagerDuty.details[name] = text }
        }
        pagerDuty.links =
            fields["links"]?.list { reader in
                guard let fields = reader.fields(["href", "text"]), let href = fields.required("href").flatMap(template)
                else { return nil }
                return fields["text"].map { template($0) }.flatMap { $0 }.map { PagerDutyNotifier.Link(href: href, text: $0) }
                    ?? PagerDutyNotifier.Link(href: href, text: href)
            } ?? []
        pagerDuty.http = http(fields, defaults)
        return pagerDuty
    }

    private func slack(_ reader: YAMLReader, _ defaults: ReceiverDefaults) -> SlackNotifier.Settings? {
        let texts = SlackNotifier.defaultTexts.map(\.name)
        let keys = [
            "api_url", "api_url_file", "send_resolved", "fields", "short_fields", "link_names", "mrkdwn_in", "timeout",
            "http_config",
        ]
        let absent = [
            "actions": "buttons need an application that answers them; leave it out",
            "app_token": "use an incoming webhook's api_url",
        ]
        guard let fields = reader.fields(keys + texts, absent: absent) else { return nil }
        let url: Secret?
        if fields.has("api_url") || fields.has("api_url_file") {
            url = secretAddress(fields, "api_url")
        } else if let global = defaults.slackURL {
            url = global
        } else {
            reader.fail("'api_url' or 'api_url_file' is missing, here and as slack_api_url in global")
            url = nil
        }
        guard let url, var slack = made(reader, { () throws(PageTemplateError) in try SlackNotifier.Settings(url: url) })
        else { return nil }
        set(&slack.sendsResolved, fields["send_resolved"]) { $0.bool() }
        set(&slack.linksNames, fields["link_names"]) { $0.bool() }
        for name in texts { set(&slack.texts[name], fields[name]) { template($0) } }
        set(&slack.markdownIn, fields["mrkdwn_in"]) { $0.list { $0.nonEmptyString() } }
        let areShort = fields["short_fields"]?.bool() ?? false
        slack.fields =
            fields["fields"]?.list { reader in
                guard let fields = reader.fields(["title", "value", "short"]) else { return nil }
                let title = fields.required("title").flatMap(template)
                let value = fields.required("value").flatMap(template)
                guard let title, let value else { return nil }
                return SlackNotifier.Field(title: title, value: value, isShort: fields["short"]?.bool() ?? areShort)
            } ?? []
        slack.http = http(fields, defaults)
        return slack
    }

    private func http(_ fields: YAMLFields, _ defaults: ReceiverDefaults) -> HTTPSettings {
        var http = fields.has("http_config") ? HTTPSettings() : defaults.http
        if let reader = fields["http_config"] { readHTTP(reader, into: &http) }
        set(&http.timeout, fields["timeout"], positive)
        return http
    }

    /// A text with Alertmanager's templates. What is wrong with it is known before the first page.
    private func template(_ reader: YAMLReader) -> PageTemplate? {
        guard let text = reader.string() else { return nil }
        return made(reader) { () throws(PageTemplateError) in try PageTemplate(text) }
    }

    private func made<Value>(_ reader: YAMLReader, _ make: () throws(PageTemplateError) -> Value) -> Value? {
        do {
            return try make()
        } catch {
            reader.fail(error.description)
            return nil
        }
    }
}
