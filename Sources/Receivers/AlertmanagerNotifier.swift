public import Alerting
public import AsyncHTTPClient
internal import Glibc
internal import MetricsModel
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Delivers to one Alertmanager through its API v2 (https://github.com/prometheus/alertmanager, api/v2/openapi.yaml).
public struct AlertmanagerNotifier: Notifier {
    /// How Alertmanager knows who asks. Files are read anew for each batch, so that a rotated secret is taken up.
    public enum Credentials: Sendable {
        case none
        case basic(username: String, password: String)
        case basicFile(username: String, passwordFile: String)
        case bearer(String)
        case bearerFile(String)
    }

    /// A URL that cannot be used.
    public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Of the answer to a batch; more is not read.
    private static let answerBytesMax = 64 << 10

    /// Settings for the client: a batch learns at once that nobody listens, instead of when its time is over. The outbox tries again.
    public static var clientConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.redirectConfiguration = .disallow
        return configuration
    }

    public let name: String
    private let endpoint: String
    private let credentials: Credentials
    private let timeout: Duration
    private let client: HTTPClient

    /// - Parameters:
    ///   - url: where Alertmanager is, without `/api/v2/alerts`. User and password in it are used as basic credentials and shown nowhere.
    ///   - name: as metrics and files name it; the URL without credentials when nil.
    ///   - timeout: of one batch, connection included.
    /// - Throws: `ConfigurationError` when `url` is not an http(s) URL.
    public init(
        url: String, name: String? = nil, credentials: Credentials = .none, timeout: Duration = .seconds(10), client: HTTPClient
    ) throws(ConfigurationError) {
        guard let parts = URLParts(url) else {
            throw ConfigurationError(
                description: "the URL of an Alertmanager must begin with http:// or https:// and name a host")
        }
        self.name = name ?? parts.withoutCredentials
        endpoint = parts.withoutCredentials + "/api/v2/alerts"
        if case .none = credentials, let user = parts.user {
            self.credentials = .basic(username: user, password: parts.password ?? "")
        } else {
            self.credentials = credentials
        }
        self.timeout = timeout
        self.client = client
    }

    public func deliver(_ batch: [Notification]) async throws(NotifyError) {
        var request = HTTPClientRequest(url: endpoint)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "vitals")
        if let authorization = try authorization() { request.headers.add(name: "Authorization", value: authorization) }
        request.body = .bytes(ByteBuffer(bytes: AlertmanagerPayload.encode(batch)))
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, timeout: TimeAmount(timeout))
        } catch {
            throw Self.transportError(error)
        }
        let status = response.status.code
        guard !(200...299).contains(status) else {
            await discard(response)
            return
        }
        let answer = await text(of: response)
        throw Self.refusal(status: Int(status), retryAfter: response.headers.first(name: "Retry-After"), answer: answer)
    }

    private func authorization() throws(NotifyError) -> String? {
        func secret(_ path: String) throws(NotifyError) -> String {
            do {
                return try SecretFile.read(path)
            } catch {
                throw NotifyError(.authError, error.description, isRetryable: true, mayHaveArrived: false)
            }
        }
        func basic(_ user: String, _ password: String) -> String {
            "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
        }
        switch credentials {
        case .none: return nil
        case .basic(let username, let password): return basic(username, password)
        case .basicFile(let username, let path): return basic(username, try secret(path))
        case .bearer(let token): return "Bearer \(token)"
        case .bearerFile(let path): return "Bearer \(try secret(path))"
        }
    }

    private func discard(_ response: HTTPClientResponse) async {
        _ = await text(of: response)
    }

    /// The beginning of the answer. What breaks off counts as what came: the status says what matters.
    private func text(of response: HTTPClientResponse) async -> String {
        do {
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            return String(decoding: body.readableBytesView.prefix(500), as: UTF8.self)
        } catch {
            return ""
        }
    }

    /// By status, as Alertmanager's own notifiers judge: 429 and 5xx may be tried again, other refusals are final.
    static func refusal(status: Int, retryAfter: String?, answer: String) -> NotifyError {
        let seconds = retryAfter.flatMap { Int64($0) }.map { min(max(0, $0), 86_400) * 1_000 }
        let message = answer.isEmpty ? "HTTP \(status)" : "HTTP \(status): \(answer)"
        switch status {
        case 401, 403: return NotifyError(.authError, message, isRetryable: false, mayHaveArrived: false)
        case 429: return NotifyError(.rateLimited, message, isRetryable: true, retryAfter: seconds, mayHaveArrived: false)
        case 400...499: return NotifyError(.clientError, message, isRetryable: false, mayHaveArrived: false)
        case 500...599:
            return NotifyError(.serverError, message, isRetryable: true, retryAfter: seconds, mayHaveArrived: true)
        default: return NotifyError(.other, message, isRetryable: false, mayHaveArrived: true)
        }
    }

    private static func transportError(_ error: any Error) -> NotifyError {
        if let error = error as? HTTPClientError {
            switch error {
            case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
                return NotifyError(.timeout, "no connection in time", isRetryable: true, mayHaveArrived: false)
            case .deadlineExceeded, .readTimeout, .writeTimeout:
                return NotifyError(.timeout, "no answer in time", isRetryable: true, mayHaveArrived: true)
            case .remoteConnectionClosed:
                return NotifyError(.networkError, "the connection was closed", isRetryable: true, mayHaveArrived: true)
            case .cancelled:
                return NotifyError(.other, "cancelled", isRetryable: true, mayHaveArrived: true)
            default:
                return NotifyError(.networkError, error.shortDescription, isRetryable: true, mayHaveArrived: true)
            }
        }
        if error is CancellationError { return NotifyError(.other, "cancelled", isRetryable: true, mayHaveArrived: true) }
        if let error = error as? IOError {
            let neverBegan = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, EACCES].contains(error.errnoCode)
            return NotifyError(
                .networkError, String(cString: strerror(error.errnoCode)), isRetryable: true, mayHaveArrived: !neverBegan)
        }
        if let error = error as? NIOConnectionError {
            let reasons = error.connectionErrors.map { "\($0.error)" }.joined(separator: "; ")
            let isName = error.connectionErrors.isEmpty
            return NotifyError(
                .networkError, isName ? "the host name does not resolve" : "no connection: \(reasons)", isRetryable: true,
                mayHaveArrived: false)
        }
        if let error = error as? IOError {
            let isRefused = error.errnoCode == ECONNREFUSED
            return NotifyError(
                .networkError, String(cString: strerror(error.errnoCode)), isRetryable: true, mayHaveArrived: !isRefused)
        }
        return NotifyError(.networkError, "\(type(of: error))", isRetryable: true, mayHaveArrived: true)
    }
}
