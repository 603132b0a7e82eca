import HTTPTypes
import NIOCore
import PromQL

/// Which other sites' pages may read the API's answers (`--web.cors.origin`).
public struct OriginPolicy: Sendable {
    private let pattern: RegularExpression
    private let isAny: Bool

    /// An RE2 expression that an origin must match as a whole. Throws when it is none.
    public init(_ expression: String) throws(WebSettingsError) {
        do {
            pattern = try RegularExpression(expression)
        } catch {
            throw WebSettingsError(error.message)
        }
        isAny = expression == ".*"
    }

    /// The value of `Access-Control-Allow-Origin`; nil for none.
    func allowed(_ origin: String) -> String? {
        isAny ? "*" : pattern.matches(origin) ? origin : nil
    }
}

extension Route {
    /// A path of the API: failures as JSON, gzip, cross-origin headers, `OPTIONS`. As util/httputil of Prometheus.
    static func api(
        _ methods: [HTTPRequest.Method], _ template: String, _ origins: OriginPolicy?,
        handle: @escaping @Sendable (WebRequest) async throws -> WebResponse
    ) -> Route {
        Route(methods + [.options], template) { request throws(WebError) in
            var response: WebResponse
            if request.method == .options {
                response = WebResponse(status: 204, contentType: nil, body: [])
            } else {
                do {
                    response = try await handle(request)
                } catch let failure as QueryFailure {
                    response = failureResponse(failure)
                } catch let error as WebError where error.status == 400 {
                    response = failureResponse(QueryFailure(.badData, error.detail))
                } catch let error as WebError {
                    throw error
                } catch {
                    throw WebError(.internal, "the request could not be answered")
                }
            }
            response = response.gzipped(request.takesGzip)
            if let origin = request.headers[.origin], let origins {
                response.headers.append(("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin"))
                response.headers.append(("Access-Control-Allow-Methods", "GET, POST, OPTIONS"))
                response.headers.append(("Access-Control-Expose-Headers", "Date"))
                response.headers.append(("Vary", "Accept-Encoding, Origin"))
                if let allowed = origins.allowed(origin) { response.headers.append(("Access-Control-Allow-Origin", allowed)) }
            }
            return response
        }
    }
}

extension WebRequest {
    var takesGzip: Bool {
        let values = headers[values: .acceptEncoding]
        return !values.isEmpty && Negotiation.takesGzip(values.joined(separator: ","))
    }
}

extension WebResponse {
    /// What is shorter fits one packet anyway.
    private static let gzipBytesMin = 1_400

    /// With its body compressed, when that is taken, not done yet, and worth it.
    func gzipped(_ isTaken: Bool) -> WebResponse {
        guard isTaken, case .whole(let body) = body, body.readableBytes >= Self.gzipBytesMin,
            !headers.contains(where: { $0.0 == "Content-Encoding" }),
            let compressed = Gzip.compress(Array(body.readableBytesView))
        else { return self }
        var response = self
        response.body = .whole(ByteBuffer(bytes: compressed))
        response.headers.append(("Content-Encoding", "gzip"))
        response.headers.append(("Vary", "Accept-Encoding"))
        return response
    }
}
