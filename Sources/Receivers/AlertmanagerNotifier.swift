public import Alerting
public import AsyncHTTPClient

/// Delivers to one Alertmanager through its API v2 (https://github.com/prometheus/alertmanager, api/v2/openapi.yaml).
public struct AlertmanagerNotifier: Notifier {
    public let name: String
    private let endpoint: String
    private let sender: HTTPSender

    /// - Parameters:
    ///   - url: where Alertmanager is, without `/api/v2/alerts`. User and password in it are used as basic credentials and shown nowhere.
    ///   - name: as metrics and files name it; the URL without credentials when nil.
    ///   - timeout: of one batch, connection included.
    /// - Throws: `ReceiverError` when `url` is not an http(s) URL.
    public init(
        url: String, name: String? = nil, credentials: HTTPCredentials = .none, timeout: Duration = .seconds(10),
        client: HTTPClient
    ) throws(ReceiverError) {
        guard let parts = URLParts(url) else {
            throw ReceiverError("the URL of an Alertmanager must begin with http:// or https:// and name a host")
        }
        self.name = name ?? parts.withoutCredentials
        endpoint = parts.withoutCredentials + "/api/v2/alerts"
        var credentials = credentials
        if credentials == .none, let user = parts.user {
            credentials = .basic(username: user, password: .text(parts.password ?? ""))
        }
        sender = HTTPSender(credentials: credentials, timeout: timeout, client: client)
    }

    public func deliver(_ batch: [Notification]) async throws(NotifyError) {
        _ = try await sender.postJSON(AlertmanagerPayload.encode(batch), to: endpoint)
    }
}

/// A receiver that cannot be made as it is configured.
public struct ReceiverError: Error, Sendable, CustomStringConvertible {
    /// Without secrets.
    public let description: String

    init(_ description: String) { self.description = description }
}
