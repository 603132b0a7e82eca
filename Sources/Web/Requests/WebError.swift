import Health

/// The application's error codes (catalogue K2).
enum ErrorCode: String, Sendable {
    case notFound = "NOT_FOUND"
    case validation = "VALIDATION_ERROR"
    case conflict = "CONFLICT"
    case unauthorized = "UNAUTHORIZED"
    case forbidden = "FORBIDDEN"
    case `internal` = "INTERNAL_ERROR"
    case rateLimited = "RATE_LIMIT_EXCEEDED"

    var status: Int {
        switch self {
        case .notFound: 404
        case .validation: 400
        case .conflict: 409
        case .unauthorized: 401
        case .forbidden: 403
        case .internal: 500
        case .rateLimited: 429
        }
    }
}

/// A request that ends without what it asked for. Answered as RFC 9457 problem details.
struct WebError: Error, Sendable {
    let code: ErrorCode
    /// For the client: no internals, no secrets.
    let detail: String
    let status: Int
    var headers: [(String, String)]

    /// `status` differs from the code's own where HTTP has a finer one.
    init(_ code: ErrorCode, _ detail: String, status: Int? = nil, headers: [(String, String)] = []) {
        self.code = code
        self.detail = detail
        self.status = status ?? code.status
        self.headers = headers
    }

    func response(path: String, traceID: String) -> WebResponse {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "about:blank")
            json.member("title", reasonPhrase(status))
            json.member("status", status)
            json.member("detail", detail)
            json.member("instance", path)
            json.member("code", code.rawValue)
            json.member("traceId", traceID)
        }
        var response = WebResponse(status: status, contentType: "application/problem+json", body: json.bytes)
        response.headers.append(("Cache-Control", "no-store"))
        response.headers += headers
        return response
    }
}

/// The title of a status (RFC 9110, section 15), of those that we send.
func reasonPhrase(_ status: Int) -> String {
    switch status {
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 500: "Internal Server Error"
    case 503: "Service Unavailable"
    default: "Error"
    }
}
