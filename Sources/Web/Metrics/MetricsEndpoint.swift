import HTTPTypes
import MetricsModel
import Synchronization

extension HTTPField.Name {
    static let scrapeTimeout = parsed("X-Prometheus-Scrape-Timeout-Seconds")
    static let traceparent = parsed("traceparent")
    static let forwardedSite = parsed("Sec-Fetch-Site")

    /// For names that are tokens by their look.
    private static func parsed(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is a token") }
        return field
    }
}

/// `GET /metrics`.
final class MetricsEndpoint: Sendable {
    private let provider: any MetricsProvider
    private let cache: ExpositionCache
    private let limits: WebLimits
    private let maxRequests: Int
    private let running = Atomic(0)

    init(provider: any MetricsProvider, registry: Registry, limits: WebLimits, maxRequests: Int) {
        self.provider = provider
        self.limits = limits
        self.maxRequests = maxRequests
        cache = ExpositionCache(registry: registry)
    }

    func respond(to request: WebRequest) async throws(WebError) -> WebResponse {
        let before = running.wrappingAdd(1, ordering: .relaxed).oldValue
        defer { running.wrappingSubtract(1, ordering: .relaxed) }
        guard maxRequests <= 0 || before < maxRequests else {
            throw WebError(
                .rateLimited, "\(maxRequests) scrapes are running already (--web.max-requests), try again later", status: 503,
                headers: [("Retry-After", "1")])
        }
        let wanted = Negotiation(accept: joined(request, .accept), acceptEncoding: joined(request, .acceptEncoding))
        let sample = await provider.sample(deadline: .now + allowance(request))
        let names = Set(request.query.all("name[]"))
        let format = wanted.format.format
        let (body, isGzip) =
            names.isEmpty
            ? cache.body(of: sample, format: format, isGzip: wanted.isGzip)
            : cache.body(of: sample, names: names, format: format, isGzip: wanted.isGzip)
        var response = WebResponse(contentType: wanted.format.contentType, body: body)
        response.headers.append(("Vary", "Accept, Accept-Encoding"))
        if isGzip { response.headers.append(("Content-Encoding", "gzip")) }
        return response
    }

    /// The scraper's time-out less what rendering and the way back need; our own where it names none.
    private func allowance(_ request: WebRequest) -> Duration {
        guard let text = request.headers[.scrapeTimeout], let seconds = Double(text), seconds > 0, seconds.isFinite else {
            return limits.scrapeTimeout
        }
        let asked = Duration.seconds(min(seconds, limits.responseTimeout.secondsValue - 30))
        return max(asked - limits.scrapeTimeoutOffset, asked / 2)
    }

    private func joined(_ request: WebRequest, _ name: HTTPField.Name) -> String? {
        let values = request.headers[values: name]
        return values.isEmpty ? nil : values.joined(separator: ",")
    }
}

extension Duration {
    var secondsValue: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
