import HTTPTypes
import HummingbirdCore
import NIOCore

/// A request as the handlers see it: path, parameters and headers read, the body still to be asked for.
struct WebRequest: Sendable {
    let method: HTTPRequest.Method
    /// Percent-decoded, without the query.
    let path: String
    /// The values of the route's `{name}` segments.
    var parameters: [String: String] = [:]
    let query: FormFields
    let headers: HTTPFields
    let host: String
    /// Tells when the client goes away before it is answered.
    let departure: Departure
    private let body: RequestBody
    private let bodyBytesMax: Int

    init(_ request: Request, target: RequestTarget, bodyBytesMax: Int, departure: Departure) {
        method = request.method
        path = target.path
        query = target.query
        headers = request.headers
        host = request.head.authority ?? ""
        body = request.body
        self.bodyBytesMax = bodyBytesMax
        self.departure = departure
    }

    /// The fields of the query and, for a form, of the body (body first, as Go's `FormValue`).
    func form() async throws(WebError) -> FormFields {
        guard method == .post || method == .put else { return query }
        guard let type = headers[.contentType], type.lowercased().hasPrefix("application/x-www-form-urlencoded") else {
            return query
        }
        var text = String(buffer: try await body(upTo: bodyBytesMax))
        if text.isEmpty { return query }
        guard var fields = FormFields(parsing: text) else {
            throw WebError(.validation, "the body is not a valid form")
        }
        text = ""
        fields.append(query)
        return fields
    }

    /// The whole body. Throws 413 when it is larger than `bytesMax`, which its declared length already may say.
    func body(upTo bytesMax: Int) async throws(WebError) -> ByteBuffer {
        let tooLarge = WebError(.validation, "the body is larger than \(bytesMax) bytes", status: 413)
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > bytesMax { throw tooLarge }
        do {
            return try await body.collect(upTo: bytesMax)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        } catch {
            throw WebError(.validation, "the body could not be read")
        }
    }
}
