import Alerting
import MetricsModel
import Receivers
import YAML

/// The section `alerting`: Prometheus' `alertmanagers` and Alertmanager's own names, so that the parts of an alertmanager.yml can stand here.
extension ConfigurationFile {
    /// What holds for receivers that do not say otherwise: Alertmanager's `global`.
    struct ReceiverDefaults {
        var slackURL: Secret?
        var pagerDutyURL = PagerDutyNotifier.defaultURL
        var http = HTTPSettings()
    }

    /// Parts of an alertmanager.yml that Vitals does not have, with what to do instead.
    private static let absent = [
        "templates": "template files are not read; write the text at the receiver",
        "mute_time_intervals": "times at which a route is muted are not supported; use `vitals mute`",
        "time_intervals": "times at which a route is muted are not supported; use `vitals mute`",
    ]

    func read(_ reader: YAMLReader, into alerting: inout Configuration.AlertingConfiguration) {
        let keys = [
            "alertmanagers", "external_labels", "external_url", "target_down", "global", "route", "receivers",
            "inhibit_rules", "heartbeats",
        ]
        guard let fields = reader.fields(keys, absent: Self.absent) else { return }
        alerting.alertmanagers = fields["alertmanagers"]?.list(alertmanager) ?? []
        alerting.externalLabels = fields["external_labels"].map(labels) ?? .empty
        alerting.externalURL = fields["external_url"]?.nonEmptyString()
        set(&alerting.targetDown, fields["target_down"]) { reader in
            reader.choice(TargetDownPolicy.allCases.map { ($0.rawValue, $0) })
        }
        let defaults = fields["global"].map(receiverDefaults) ?? ReceiverDefaults()
        alerting.receivers = fields["receivers"]?.list { receiver($0, defaults) } ?? []
        reportSameNames(fields["receivers"], alerting.receivers.map(\.name), "receivers")
        alerting.routing = routing(fields, receivers: alerting.receivers.map(\.name))
        alerting.heartbeats = fields["heartbeats"]?.list(heartbeat) ?? []
        reportSameNames(fields["heartbeats"], alerting.heartbeats.map(\.name), "heartbeats")
    }

    private func reportSameNames(_ reader: YAMLReader?, _ names: [String], _ what: String) {
        for (place, name) in names.enumerated() where names[..<place].contains(name) {
            reader?.fail("two \(what) are named '\(name)'; a name is an identity in routes, metrics and on disk")
        }
    }

    private func receiverDefaults(_ reader: YAMLReader) -> ReceiverDefaults {
        var defaults = ReceiverDefaults()
        let absent = ["resolve_timeout": "it has no meaning here: Vitals knows when its alerts end; leave it out"]
        guard
            let fields = reader.fields(
                ["slack_api_url", "slack_api_url_file", "pagerduty_url", "http_config"], absent: absent)
        else { return defaults }
        if fields.has("slack_api_url") || fields.has("slack_api_url_file") {
            defaults.slackURL = secretAddress(fields, "slack_api_url")
        }
        set(&defaults.pagerDutyURL, fields["pagerduty_url"], address)
        if let http = fields["http_config"] { readHTTP(http, into: &defaults.http) }
        return defaults
    }

    private func alertmanager(_ reader: YAMLReader) -> Configuration.AlertmanagerConfiguration? {
        // A plain address is enough.
        if case .scalar = reader.node.content {
            return reader.nonEmptyString().flatMap { alertmanagerAddress(reader, $0) }
                .map { Configuration.AlertmanagerConfiguration(url: $0) }
        }
        let keys = ["url", "timeout", "basic_auth", "authorization", "bearer_token", "bearer_token_file"]
        guard let fields = reader.fields(keys),
            let url = fields.required("url")?.nonEmptyString().flatMap({ alertmanagerAddress(reader, $0) })
        else { return nil }
        var alertmanager = Configuration.AlertmanagerConfiguration(url: url)
        set(&alertmanager.http.timeout, fields["timeout"], positive)
        readCredentials(fields, into: &alertmanager.http.credentials)
        return alertmanager
    }

    private func alertmanagerAddress(_ reader: YAMLReader, _ text: String) -> String? {
        secrets.add(passwordInAddress(text))
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
            reader.fail("an Alertmanager's address begins with http:// or https://, for example http://127.0.0.1:9093")
            return nil
        }
        return text
    }

    private func heartbeat(_ reader: YAMLReader) -> Heartbeat.Settings? {
        guard let fields = reader.fields(["name", "url", "url_file", "interval", "timeout", "http_config"]) else { return nil }
        let name = fields.required("name")?.nonEmptyString()
        let url = secretAddress(fields, "url")
        guard let name, let url else { return nil }
        var heartbeat = Heartbeat.Settings(name: name, url: url)
        set(&heartbeat.interval, fields["interval"], positive)
        if let http = fields["http_config"] { readHTTP(http, into: &heartbeat.http) }
        set(&heartbeat.http.timeout, fields["timeout"], positive)
        return heartbeat
    }

    // MARK: - What all kinds have in common

    func readHTTP(_ reader: YAMLReader, into http: inout HTTPSettings) {
        guard
            let fields = reader.fields(["basic_auth", "authorization", "bearer_token", "bearer_token_file", "follow_redirects"])
        else { return }
        readCredentials(fields, into: &http.credentials)
        if fields["follow_redirects"]?.bool() == true {
            fields["follow_redirects"]?.fail("redirects are never followed: they would carry alerts and credentials elsewhere")
        }
    }

    private func readCredentials(_ fields: YAMLFields, into credentials: inout HTTPCredentials) {
        let kinds = ["basic_auth", "authorization", "bearer_token", "bearer_token_file"].filter { fields.has($0) }
        if kinds.count > 1, kinds != ["bearer_token", "bearer_token_file"] {
            fields.reader.fail("\(kinds.joined(separator: " and ")) are both there; keep one")
        }
        if let basic = fields["basic_auth"]?.fields(["username", "password", "password_file"]) {
            let username = basic.required("username")?.nonEmptyString()
            let password = keptSecret(basic, "password")
            if let username, let password { credentials = .basic(username: username, password: password) }
        }
        if let authorization = fields["authorization"]?.fields(["type", "credentials", "credentials_file"]) {
            let scheme = authorization["type"]?.nonEmptyString() ?? "Bearer"
            if scheme.lowercased() == "basic" { authorization.reader.fail("use basic_auth for the type Basic") }
            if let secret = keptSecret(authorization, "credentials") {
                credentials = .authorization(scheme: scheme, secret)
            }
        }
        if fields.has("bearer_token") || fields.has("bearer_token_file") {
            if let token = keptSecret(fields, "bearer_token") { credentials = .bearer(token) }
        }
    }

    /// `KEY` as it stands, or `KEY_file`, which is read anew for each delivery. It is read here too: what is wrong with it is known
    /// at the start, and not when somebody should be paged.
    func keptSecret(_ fields: YAMLFields, _ key: String) -> Secret? {
        guard let value = secret(fields, key) else { return nil }
        secrets.add(value)
        return fields[key + "_file"]?.nonEmptyString().map { .file($0) } ?? .text(value)
    }

    /// As `keptSecret`, of an address: whoever has it can send.
    func secretAddress(_ fields: YAMLFields, _ key: String) -> Secret? {
        guard let value = secret(fields, key) else { return nil }
        secrets.add(value)
        // The path alone gives it away too.
        if let scheme = value.firstRange(of: "://") {
            let path = value[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
            if path.utf8.count >= 16 { secrets.add(String(path)) }
        }
        secrets.add(passwordInAddress(value))
        guard value.hasPrefix("http://") || value.hasPrefix("https://") else {
            (fields[key] ?? fields[key + "_file"])?.fail("it must be an address that begins with http:// or https://")
            return nil
        }
        return fields[key + "_file"]?.nonEmptyString().map { .file($0) } ?? .text(value)
    }

    func address(_ reader: YAMLReader) -> String? {
        guard let text = reader.nonEmptyString() else { return nil }
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
            reader.fail("it must be an address that begins with http:// or https://")
            return nil
        }
        return text
    }
}

extension YAMLReader {
    /// As `fields`, with words of their own for keys that somebody may expect and that are not there.
    func fields(_ known: [String], absent: [String: String]) -> YAMLFields? {
        guard let entries = entries() else { return nil }
        for entry in entries {
            if let reason = absent[entry.name] { entry.key.fail("'\(entry.name)' is not supported: \(reason)") }
        }
        return fields(known + entries.map(\.name).filter { absent[$0] != nil })
    }
}
