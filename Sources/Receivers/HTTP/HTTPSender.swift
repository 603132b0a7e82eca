internal import Alerting
public import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// One exchange with a receiver over HTTP: what all kinds of receivers have in common.
public struct HTTPSender: Sendable {
    /// What was answered with a status of success.
    struct Answer: Sendable {
        let status: Int
        /// The beginning of the body.
        let text: String
        /// Status and beginning of the body, on one line, without secrets.
        let shown: String
    }

    enum Method: Sendable {
        case get
        case post(body: [UInt8], contentType: String)
    }

    /// Of the answer; more is not read.
    private static let answerBytesMax = 64 << 10
    /// Of the answer in an error: enough to see why.
    private static let shownBytesMax = 500

    /// Settings for the client: a delivery learns at once that nobody listens, instead of when its time is over. Who delivers tries
    /// again. A redirect is not followed: it would carry alerts and credentials to where nobody meant them to go.
    public static var clientConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.redirectConfiguration = .disallow
        return configuration
    }

    let credentials: HTTPCredentials
    /// Of one exchange, connection included.
    let timeout: Duration
    let client: HTTPClient

    public init(credentials: HTTPCredentials = .none, timeout: Duration = .seconds(10), client: HTTPClient) {
        self.credentials = credentials
        self.timeout = timeout
        self.client = client
    }

    func postJSON(_ body: [UInt8], to url: String, secrets: [String] = []) async throws(NotifyError) -> Answer {
        try await send(.post(body: body, contentType: "application/json"), to: url, secrets: secrets)
    }

    /// - Parameters:
    ///   - url: user and password in it are used as basic credentials when there are no others, and shown nowhere.
    ///   - secrets: texts that no error may repeat, beside the credentials: receivers like to quote what they did not understand.
    func send(_ method: Method, to url: String, secrets: [String] = []) async throws(NotifyError) -> Answer {
        guard let parts = URLParts(url) else {
            throw NotifyError(.other, "no http(s) URL", isRetryable: false, mayHaveArrived: false)
        }
        var secrets = secrets
        var request = HTTPClientRequest(url: parts.whole)
        request.headers.add(name: "User-Agent", value: "vitals")
        var header = try credentials.header()
        if header == nil, let user = parts.user {
            header = try HTTPCredentials.basic(username: user, password: .text(parts.password ?? "")).header()
        }
        if let (value, secret) = header {
            // A line's end in a header would be another header.
            guard !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw NotifyError(
                    .authError, "the credentials hold a control character", isRetryable: true, mayHaveArrived: false)
            }
            request.headers.add(name: "Authorization", value: value)
            secrets.append(secret)
            secrets.append(value)
        }
        switch method {
        case .get: request.method = .GET
        case .post(let body, let contentType):
            request.method = .POST
            request.headers.add(name: "Content-Type", value: contentType)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, timeout: TimeAmount(timeout))
        } catch {
            throw HTTPFailure.transport(error)
        }
        let status = Int(response.status.code)
        let text = await text(of: response)
        guard (200...299).contains(status) else {
            throw HTTPFailure.refusal(
                status: status, retryAfter: response.headers.first(name: "Retry-After"),
                answer: Self.shown(text, without: secrets))
        }
        let shown = Self.shown(text, without: secrets)
        return Answer(status: status, text: text, shown: shown.isEmpty ? "HTTP \(status)" : "HTTP \(status): \(shown)")
    }

    /// The beginning of a text, on one line, without secrets.
    static func shown(_ text: String, without secrets: [String]) -> String {
        // More than is shown, so that a secret which is cut off at the end is still known as one.
        var shown = String(String.UnicodeScalarView(text.unicodeScalars.prefix(16 * shownBytesMax)))
        // The longest first: a part of a secret would hide that the whole stands there.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) where secret.utf8.count >= 4 {
            while let range = shown.firstRange(of: secret) { shown.replaceSubrange(range, with: "<secret>") }
        }
        let scalars = shown.unicodeScalars.prefix(Self.shownBytesMax).map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }
        return String(String.UnicodeScalarView(scalars))
    }

    /// The beginning of the answer. What breaks off counts as what came: the status says what matters.
    private func text(of response: HTTPClientResponse) async -> String {
        do {
            return String(buffer: try await response.body.collect(upTo: Self.answerBytesMax))
        } catch {
            return ""
        }
    }
}
