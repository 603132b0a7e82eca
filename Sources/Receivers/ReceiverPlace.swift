public import Alerting
public import AsyncHTTPClient

/// Where a notifier stands: its receiver, its number there, and what all notifiers share.
public struct ReceiverPlace: Sendable {
    /// The receiver's name in the configuration.
    public let receiver: String
    /// Among the receiver's notifiers of the same kind, from 0.
    public let index: Int
    /// Where people reach Vitals, without a slash at the end.
    public let externalURL: String
    public let client: HTTPClient

    public init(receiver: String, index: Int, externalURL: String, client: HTTPClient) {
        self.receiver = receiver
        self.index = index
        self.externalURL = externalURL
        self.client = client
    }

    func name(_ kind: String) -> String { "\(receiver)/\(kind)[\(index)]" }
}

/// How a receiver is asked over HTTP.
public struct HTTPSettings: Sendable, Equatable {
    public var credentials = HTTPCredentials.none
    /// Of one attempt, connection included.
    public var timeout: Duration = .seconds(10)

    public init() {}
}

/// A notifier that can say what its receiver answered, for `vitals notify test`.
public protocol TestableNotifier: PageNotifier {
    /// Delivers once; the answer's status and beginning, without secrets.
    func answer(to page: Page) async throws(NotifyError) -> String
}

extension PageTemplate {
    /// A text that can't be expanded for this page can't be for a second attempt either.
    func expanded(_ page: Page, _ externalURL: String) throws(NotifyError) -> String {
        do {
            return try expand(page, externalURL: externalURL)
        } catch {
            throw NotifyError(.clientError, error.description, isRetryable: false, mayHaveArrived: false)
        }
    }
}

extension String {
    /// At most so many characters as receivers count them (code points); a cut text ends in `…`.
    func cut(to count: Int) -> String {
        guard unicodeScalars.count > count else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.prefix(count - 1))) + "…"
    }
}
