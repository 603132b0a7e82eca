internal import Alerting
internal import AsyncHTTPClient
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// What a failed exchange means for the delivery.
enum HTTPFailure {
    /// No receiver may hold back a page for longer by its `Retry-After`.
    private static let retryAfterMaxSeconds: Int64 = 86_400

    /// By status, as Alertmanager's own notifiers judge: 429 and 5xx may be tried again, other refusals are final.
    static func refusal(status: Int, retryAfter: String?, answer: String) -> NotifyError {
        let seconds = retryAfter.flatMap { Int64($0) }.map { min(max(0, $0), retryAfterMaxSeconds) * 1_000 }
        let message = answer.isEmpty ? "HTTP \(status)" : "HTTP \(status): \(answer)"
        switch status {
        case 300...399:
            return NotifyError(
                .other, "HTTP \(status): redirects are not followed", isRetryable: false, mayHaveArrived: false)
        case 401, 403: return NotifyError(.authError, message, isRetryable: false, mayHaveArrived: false)
        case 429: return NotifyError(.rateLimited, message, isRetryable: true, retryAfter: seconds, mayHaveArrived: false)
        case 400...499: return NotifyError(.clientError, message, isRetryable: false, mayHaveArrived: false)
        case 500...599:
            // A gateway does not know what the server behind it did; a server that fails says that it did not take it.
            return NotifyError(
                .serverError, message, isRetryable: true, retryAfter: seconds, mayHaveArrived: [502, 504].contains(status))
        default: return NotifyError(.other, message, isRetryable: false, mayHaveArrived: true)
        }
    }

    /// No answer. Never names the URL: with many receivers it is a secret.
    static func transport(_ error: any Error) -> NotifyError {
        switch error {
        case let error as HTTPClientError: return client(error)
        case is CancellationError: return NotifyError(.other, "cancelled", isRetryable: true, mayHaveArrived: true)
        case let error as IOError:
            let neverBegan = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, EACCES].contains(error.errnoCode)
            return NotifyError(
                .networkError, String(cString: strerror(error.errnoCode)), isRetryable: true, mayHaveArrived: !neverBegan)
        case let error as NIOConnectionError:
            let reasons = error.connectionErrors.map { "\($0.error)" }.joined(separator: "; ")
            return NotifyError(
                .networkError, error.connectionErrors.isEmpty ? "the host name does not resolve" : "no connection: \(reasons)",
                isRetryable: true, mayHaveArrived: false)
        default: return NotifyError(.networkError, "\(type(of: error))", isRetryable: true, mayHaveArrived: true)
        }
    }

    private static func client(_ error: HTTPClientError) -> NotifyError {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
            NotifyError(.timeout, "no connection in time", isRetryable: true, mayHaveArrived: false)
        case .deadlineExceeded, .readTimeout, .writeTimeout:
            NotifyError(.timeout, "no answer in time", isRetryable: true, mayHaveArrived: true)
        case .remoteConnectionClosed:
            NotifyError(.networkError, "the connection was closed", isRetryable: true, mayHaveArrived: true)
        case .cancelled: NotifyError(.other, "cancelled", isRetryable: true, mayHaveArrived: true)
        default: NotifyError(.networkError, error.shortDescription, isRetryable: true, mayHaveArrived: true)
        }
    }
}
