public import Alerting
internal import MetricsModel

/// Delivers pages to Slack's incoming webhooks, with the fields and default texts of Alertmanager.
public struct SlackNotifier: PageNotifier {
    /// One field of the attachment.
    public struct Field: Sendable, Equatable {
        public var title: PageTemplate
        public var value: PageTemplate
        public var isShort: Bool

        public init(title: PageTemplate, value: PageTemplate, isShort: Bool) {
            self.title = title
            self.value = value
            self.isShort = isShort
        }
    }

    public struct Settings: Sendable, Equatable {
        /// The hook's address, which is its secret.
        public var url: Secret
        public var sendsResolved = false
        /// Texts by their name in the payload and in the configuration; see `defaultTexts`.
        public var texts: [String: PageTemplate]
        public var fields: [Field] = []
        public var linksNames = false
        /// Where Slack reads its markup.
        public var markdownIn = ["fallback", "pretext", "text"]
        public var http = HTTPSettings()

        /// - Throws: never with the shipped texts.
        public init(url: Secret) throws(PageTemplateError) {
            self.url = url
            texts = [:]
            for (name, text) in SlackNotifier.defaultTexts { texts[name] = try PageTemplate(text) }
        }
    }

    /// What can be configured, with Alertmanager's defaults.
    public static let defaultTexts: [(name: String, text: String)] = [
        ("channel", ""), ("username", #"{{template "slack.default.username" .}}"#),
        ("color", #"{{if eq .Status "firing"}}danger{{else}}good{{end}}"#),
        ("title", #"{{template "slack.default.title" .}}"#), ("title_link", #"{{template "slack.default.titlelink" .}}"#),
        ("pretext", ""), ("text", ""), ("fallback", #"{{template "slack.default.fallback" .}}"#), ("callback_id", ""),
        ("footer", ""), ("icon_emoji", ""), ("icon_url", ""), ("image_url", ""), ("thumb_url", ""),
    ]

    /// https://api.slack.com/reference/messaging/attachments#legacy_fields
    private static let titleCharactersMax = 1_024

    public let name: String
    public let receiver: String
    public var sendsResolved: Bool { settings.sendsResolved }
    private let settings: Settings
    private let externalURL: String
    private let sender: HTTPSender

    public init(_ settings: Settings, place: ReceiverPlace) {
        self.settings = settings
        name = place.name("slack")
        receiver = place.receiver
        externalURL = place.externalURL
        sender = HTTPSender(credentials: settings.http.credentials, timeout: settings.http.timeout, client: place.client)
    }

    public func deliver(_ page: Page) async throws(NotifyError) {
        _ = try await answer(to: page)
    }

    /// The message for a page (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
    func payload(_ page: Page) throws(NotifyError) -> [UInt8] {
        var texts: [String: String] = [:]
        for (name, template) in settings.texts { texts[name] = try template.expanded(page, externalURL) }
        var fields: [(title: String, value: String, isShort: Bool)] = []
        for field in settings.fields {
            fields.append(
                (try field.title.expanded(page, externalURL), try field.value.expanded(page, externalURL), field.isShort))
        }
        func text(_ name: String) -> String { texts[name] ?? "" }
        var json = JSONText()
        json.object { json in
            json.member("channel", unlessEmpty: text("channel"))
            json.member("username", unlessEmpty: text("username"))
            json.member("icon_emoji", unlessEmpty: text("icon_emoji"))
            json.member("icon_url", unlessEmpty: text("icon_url"))
            if settings.linksNames {
                json.key("link_names")
                json.value(true)
            }
            json.key("attachments")
            json.array { json in
                json.object { json in
                    json.member("title", unlessEmpty: text("title").cut(to: Self.titleCharactersMax))
                    json.member("title_link", unlessEmpty: text("title_link"))
                    json.member("pretext", unlessEmpty: text("pretext"))
                    for name in ["text", "fallback", "callback_id"] { json.member(name, text(name)) }
                    if !fields.isEmpty {
                        json.key("fields")
                        json.array { json in
                            for field in fields {
                                json.object { json in
                                    json.member("title", field.title)
                                    json.member("value", field.value)
                                    json.key("short")
                                    json.value(field.isShort)
                                }
                            }
                        }
                    }
                    json.member("image_url", unlessEmpty: text("image_url"))
                    json.member("thumb_url", unlessEmpty: text("thumb_url"))
                    json.member("footer", text("footer"))
                    json.member("color", unlessEmpty: text("color"))
                    if !settings.markdownIn.isEmpty {
                        json.key("mrkdwn_in")
                        json.array { json in
                            for name in settings.markdownIn { json.value(name) }
                        }
                    }
                }
            }
        }
        return json.bytes
    }
}

extension SlackNotifier: TestableNotifier {
    public func answer(to page: Page) async throws(NotifyError) -> String {
        let url = try settings.url.read()
        let answer = try await sender.postJSON(try payload(page), to: url, secrets: URLParts.secrets(of: url))
        // chat.postMessage and its kind say 200 to what they refuse (https://docs.slack.dev/apis/web-api/#evaluating_responses).
        let compact = answer.text.utf8.filter { $0 > 0x20 }
        if compact.firstRange(of: Array(#""ok":false"#.utf8)) != nil {
            let isBusy = answer.text.contains("ratelimited") || answer.text.contains("rate_limited")
            throw NotifyError(
                isBusy ? .rateLimited : .clientError, answer.shown, isRetryable: isBusy, mayHaveArrived: false)
        }
        return answer.shown
    }
}
