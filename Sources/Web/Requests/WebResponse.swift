import NIOCore

/// What an answer carries.
enum WebBody: Sendable {
    /// There in full, and its length in the head.
    case whole(ByteBuffer)
    /// Made while it is sent.
    case chunks(ExpositionChunks)

    /// Nil while it is not known.
    var byteCount: Int? {
        switch self {
        case .whole(let bytes): bytes.readableBytes
        case .chunks: nil
        }
    }
}

/// An answer: status, headers and body.
struct WebResponse: Sendable {
    var status: Int
    var contentType: String?
    var headers: [(String, String)] = []
    var body: WebBody

    init(status: Int = 200, contentType: String?, body: WebBody) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    init(status: Int = 200, contentType: String?, body: some Sequence<UInt8>) {
        self.init(status: status, contentType: contentType, body: .whole(ByteBuffer(bytes: body)))
    }

    /// JSON that must not be cached.
    static func json(_ bytes: [UInt8], status: Int = 200) -> WebResponse {
        var response = WebResponse(status: status, contentType: "application/json", body: bytes)
        response.headers.append(("Cache-Control", "no-store"))
        return response
    }

    /// Plain text that must not be cached.
    static func text(_ text: String, status: Int = 200) -> WebResponse {
        var response = WebResponse(status: status, contentType: "text/plain; charset=utf-8", body: text.utf8)
        response.headers.append(("Cache-Control", "no-store"))
        return response
    }
}
