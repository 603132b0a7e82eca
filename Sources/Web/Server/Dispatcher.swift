import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// Takes a request through the layers, in exporter-toolkit's order: rate limit, headers, authentication, route.
struct Dispatcher: Sendable {
    let routes: [Route]
    let access: AccessSettings
    let authenticator: Authenticator
    let metrics: HTTPMetrics
    let limits: WebLimits
    let connections: ConnectionRegistry
    let logger: Logger

    /// Answers one request. Throws only what the connection can not live on after.
    @concurrent func respond(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        metrics.began()
        var random = SystemRandomNumberGenerator()
        let trace = TraceContext(traceparent: request.headers[.traceparent], using: &random)
        let settings = access.current
        let target = RequestTarget(request.head.path ?? "")
        let address = channel.remoteAddress?.ipAddress ?? "unknown"
        let route = target.flatMap { find($0.path, request.method) }
        let departure = Departure()
        connections.serving(channel, departure)
        defer { connections.serving(channel, nil) }
        var response: WebResponse
        do throws(WebError) {
            guard let target else { throw WebError(.validation, "the request's path is malformed") }
            let incoming = WebRequest(request, target: target, bodyBytesMax: limits.bodyBytes, departure: departure)
            response = try await answer(incoming, route, settings)
        } catch {
            response = error.response(path: target?.path ?? "/", traceID: trace.traceID)
        }
        let elapsed = clock.now - start
        metrics.ended(request.method, template: route?.0.template, status: response.status, duration: elapsed)
        log(request, response, path: target?.path, address: address, trace, elapsed)
        // A body that was not read is not worth reading: it would come before the next request on this connection.
        let mustClose = response.status == 413
        let head = head(response, trace, settings, mustClose: mustClose)
        let body = request.method == .head ? ResponseBody() : ResponseBody(response.body)
        try await writer.write(response: head, body: body)
        if mustClose { try await channel.close(mode: .all).get() }
    }

    private func answer(
        _ request: WebRequest, _ found: (Route, [String: String])?, _ settings: AccessSettings.Snapshot
    ) async throws(WebError) -> WebResponse {
        try authenticator.takeToken(settings.config.rateLimit)
        guard let (route, parameters) = found else {
            // Who may not read learns nothing of what there is.
            try await authenticator.authorize(.reader, request.headers, settings)
            throw WebError(.notFound, "there is nothing at this path")
        }
        guard route.allows(request.method) else {
            try await authenticator.authorize(.reader, request.headers, settings)
            let methods = routes.filter { $0.template == route.template }.flatMap(\.methods)
            let allowed = methods.map(\.rawValue) + (methods.contains(.get) ? ["HEAD"] : [])
            throw WebError(
                .validation, "this path takes \(allowed.joined(separator: ", "))", status: 405,
                headers: [("Allow", allowed.joined(separator: ", "))])
        }
        if case .administrator = route.access { try refuseCrossSite(request) }
        try await authenticator.authorize(route.access, request.headers, settings)
        var request = request
        request.parameters = parameters
        return try await route.handle(request)
    }

    /// The route of a path that takes the method, else one that takes another: reading and changing may ask for different access.
    private func find(_ path: String, _ method: HTTPRequest.Method) -> (Route, [String: String])? {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        var other: (Route, [String: String])?
        for route in routes {
            guard let parameters = route.match(segments) else { continue }
            if route.allows(method) { return (route, parameters) }
            other = other ?? (route, parameters)
        }
        return other
    }

    /// A browser that knows a password sends it along with any page's request: another site's page must not change anything here.
    private func refuseCrossSite(_ request: WebRequest) throws(WebError) {
        if let site = request.headers[.forwardedSite], !["same-origin", "none"].contains(site) {
            throw WebError(.forbidden, "requests from other sites change nothing here")
        }
        if let origin = request.headers[.origin] {
            guard origin.split(separator: "/").last.map(String.init) == request.host else {
                throw WebError(.forbidden, "requests from other sites change nothing here")
            }
        }
    }

    private func head(_ response: WebResponse, _ trace: TraceContext, _ settings: AccessSettings.Snapshot, mustClose: Bool)
        -> HTTPResponse
    {
        var head = HTTPResponse(status: .init(code: response.status))
        head.headerFields[.date] = httpDate()
        if let length = response.body.byteCount { head.headerFields[.contentLength] = "\(length)" }
        if let type = response.contentType { head.headerFields[.contentType] = type }
        head.headerFields[.xContentTypeOptions] = "nosniff"
        head.headerFields[.traceparent] = trace.traceparent
        if mustClose { head.headerFields[.connection] = "close" }
        for (name, value) in response.headers + settings.config.headers.map({ ($0.name, $0.value) }) {
            if let field = HTTPField.Name(name) { head.headerFields[field] = value }
        }
        return head
    }

    /// Never the query: it may hold what nobody should read.
    private func log(
        _ request: Request, _ response: WebResponse, path: String?, address: String, _ trace: TraceContext, _ elapsed: Duration
    ) {
        let level: Logger.Level =
            switch response.status {
            case 401, 403, 429: .warning
            case 500..<600: .error
            case 400..<500: .info
            default: .debug
            }
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "method": "\(printable(request.method.rawValue, 16))", "path": "\(printable(path ?? "malformed", 200))",
            "status": "\(response.status)", "bytes": "\(response.body.byteCount.map(String.init) ?? "chunked")",
            "duration_ms": "\((elapsed.secondsValue * 1e6).rounded() / 1000)", "trace_id": "\(trace.traceID)",
        ]
        if level >= .warning {
            metadata["remote"] = "\(address)"
            metadata["user_agent"] = "\(printable(request.headers[.userAgent] ?? "", 200))"
        }
        logger.log(level: level, "request", metadata: metadata)
    }

    /// What a client sent, fit for a line of a log.
    private func printable(_ text: String, _ lengthMax: Int) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.prefix(lengthMax).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 })
        )
    }
}

extension ResponseBody {
    fileprivate init(_ body: WebBody) {
        switch body {
        case .whole(let bytes): self.init(byteBuffer: bytes)
        case .chunks(let chunks):
            self.init { writer in
                for chunk in chunks { try await writer.write(chunk) }
                try await writer.finish(nil)
            }
        }
    }
}
