public import Alerting

/// Delivers pages to a web hook in the form of Alertmanager (version 4 of its payload).
///
/// Delivery is at least once: after an attempt whose answer got lost the same page comes again. `groupKey` with the alerts'
/// `fingerprint`, `status` and `startsAt` says to the hook that it has it already.
public struct WebhookNotifier: PageNotifier {
    public struct Settings: Sendable, Equatable {
        /// Where to post. Its path or query often is the secret.
        public var url: Secret
        public var sendsResolved = true
        /// Alerts of one page; beyond it they are left out and counted. 0: no limit.
        public var alertsMax = 0
        public var http = HTTPSettings()

        public init(url: Secret) { self.url = url }
    }

    public let name: String
    public let receiver: String
    public var sendsResolved: Bool { settings.sendsResolved }
    private let settings: Settings
    private let externalURL: String
    private let sender: HTTPSender

    public init(_ settings: Settings, place: ReceiverPlace) {
        self.settings = settings
        name = place.name("webhook")
        receiver = place.receiver
        externalURL = place.externalURL
        sender = HTTPSender(credentials: settings.http.credentials, timeout: settings.http.timeout, client: place.client)
    }

    public func deliver(_ page: Page) async throws(NotifyError) {
        _ = try await answer(to: page)
    }
}

extension WebhookNotifier: TestableNotifier {
    public func answer(to page: Page) async throws(NotifyError) -> String {
        let url = try settings.url.read()
        let body = WebhookPayload.encode(page, externalURL: externalURL, alertsMax: settings.alertsMax)
        return try await sender.postJSON(body, to: url, secrets: URLParts.secrets(of: url)).shown
    }
}
