public import Alerting
internal import MetricsModel

/// Opens and closes incidents through PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/events-api-v2-overview).
///
/// Delivery is at least once, and saying a thing twice changes nothing: PagerDuty folds events of one `dedup_key` into one incident.
/// The key is Alertmanager's, so that incidents outlive a change from one to the other.
public struct PagerDutyNotifier: PageNotifier {
    public struct Link: Sendable, Equatable {
        public var href: PageTemplate
        public var text: PageTemplate

        public init(href: PageTemplate, text: PageTemplate) {
            self.href = href
            self.text = text
        }
    }

    public struct Settings: Sendable, Equatable {
        /// Of the service's integration, 32 characters.
        public var routingKey: Secret
        public var url = PagerDutyNotifier.defaultURL
        public var sendsResolved = true
        /// Texts by their name in the configuration; see `defaultTexts`.
        public var texts: [String: PageTemplate]
        /// `custom_details`, by name.
        public var details: [String: PageTemplate]
        public var links: [Link] = []
        public var http = HTTPSettings()

        /// - Throws: never with the shipped texts.
        public init(routingKey: Secret) throws(PageTemplateError) {
            self.routingKey = routingKey
            texts = [:]
            for (name, text) in PagerDutyNotifier.defaultTexts { texts[name] = try PageTemplate(text) }
            details = [:]
            for (name, text) in PagerDutyNotifier.defaultDetails { details[name] = try PageTemplate(text) }
        }
    }

    public static let defaultURL = "https://events.pagerduty.com/v2/enqueue"

    /// What can be configured, with Alertmanager's defaults. An empty `source` is the `client`.
    public static let defaultTexts: [(name: String, text: String)] = [
        ("client", #"{{template "pagerduty.default.client" .}}"#),
        ("client_url", #"{{template "pagerduty.default.clientURL" .}}"#),
        ("description", #"{{template "pagerduty.default.description" .}}"#), ("severity", "error"), ("source", ""),
        ("class", ""), ("component", ""), ("group", ""),
    ]

    private static let defaultDetails = [
        ("firing", #"{{template "pagerduty.default.instances" .Alerts.Firing}}"#),
        ("resolved", #"{{template "pagerduty.default.instances" .Alerts.Resolved}}"#),
        ("num_firing", "{{len .Alerts.Firing}}"), ("num_resolved", "{{len .Alerts.Resolved}}"),
    ]

    private static let summaryCharactersMax = 1_024
    /// The API takes 512 KB.
    private static let eventBytesMax = 512_000

    public let name: String
    public let receiver: String
    public var sendsResolved: Bool { settings.sendsResolved }
    private let settings: Settings
    private let externalURL: String
    private let sender: HTTPSender

    public init(_ settings: Settings, place: ReceiverPlace) {
        self.settings = settings
        name = place.name("pagerduty")
        receiver = place.receiver
        externalURL = place.externalURL
        sender = HTTPSender(credentials: settings.http.credentials, timeout: settings.http.timeout, client: place.client)
    }

    public func deliver(_ page: Page) async throws(NotifyError) {
        _ = try await answer(to: page)
    }

    /// The event for a page (https://developer.pagerduty.com/docs/send-alert-event).
    func payload(_ page: Page, routingKey: String) throws(NotifyError) -> [UInt8] {
        var details: [Label] = []
        for (name, template) in settings.details.sorted(by: { bytesPrecede($0.key, $1.key) }) {
            details.append(Label(name, try template.expanded(page, externalURL)))
        }
        let event = try event(page, routingKey, details)
        guard event.count > Self.eventBytesMax else { return event }
        let note = "Custom details have been removed: the event was larger than the 512 KB that PagerDuty takes."
        return try self.event(page, routingKey, [Label("error", note)])
    }

    private func event(_ page: Page, _ routingKey: String, _ details: [Label]) throws(NotifyError) -> [UInt8] {
        var texts: [String: String] = [:]
        for (name, template) in settings.texts { texts[name] = try template.expanded(page, externalURL) }
        var links: [(href: String, text: String)] = []
        for link in settings.links {
            links.append((try link.href.expanded(page, externalURL), try link.text.expanded(page, externalURL)))
        }
        func text(_ name: String) -> String { texts[name] ?? "" }
        var json = JSONText()
        json.object { json in
            json.member("routing_key", routingKey)
            json.member("dedup_key", SHA256.hex(page.groupKey))
            json.member("event_action", page.isResolved ? "resolve" : "trigger")
            json.key("payload")
            json.object { json in
                json.member("summary", text("description").cut(to: Self.summaryCharactersMax))
                json.member("source", text("source").isEmpty ? text("client") : text("source"))
                json.member("severity", Self.severity(text("severity")))
                for name in ["class", "component", "group"] { json.member(name, unlessEmpty: text(name)) }
                json.member("custom_details", details)
            }
            json.member("client", unlessEmpty: text("client"))
            json.member("client_url", unlessEmpty: text("client_url"))
            let shown = links.filter { !$0.href.isEmpty }
            if !shown.isEmpty {
                json.key("links")
                json.array { json in
                    for link in shown {
                        json.object { json in
                            json.member("href", link.href)
                            json.member("text", link.text)
                        }
                    }
                }
            }
        }
        return json.bytes
    }

    /// One of the four words of the API. It refuses an event with another, and a page must not be lost to a label's spelling.
    static func severity(_ text: String) -> String {
        switch text.lowercased() {
        case "critical", "page", "emergency", "fatal": "critical"
        case "warning", "warn": "warning"
        case "info", "informational", "none": "info"
        default: "error"
        }
    }
}

extension PagerDutyNotifier: TestableNotifier {
    public func answer(to page: Page) async throws(NotifyError) -> String {
        let key = try settings.routingKey.read()
        let body = try payload(page, routingKey: key)
        return try await sender.postJSON(body, to: settings.url, secrets: [key]).shown
    }
}
