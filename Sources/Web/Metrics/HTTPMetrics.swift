import HTTPTypes
import MetricsModel

/// The server's own metrics (catalogue M). Every label is from a closed set: a client must not be able to make series (CVE-2022-21698).
final class HTTPMetrics: Sendable {
    private static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    private static let other = "other"

    private let requests: Labelled<Counter>
    private let durations: Labelled<Histogram>
    private let inFlight: Gauge

    init(registry: Registry) {
        requests = registry.counter(
            "http_requests_total", labels: ["method", "path", "status"],
            help: "Requests answered, by method, route and status. Source: Vitals' web server.")
        durations = registry.histogram(
            "http_request_duration_seconds", labels: ["method", "path"],
            help: "Time from a request's head to its response, by method and route. Source: Vitals' web server.")
        inFlight = registry.gauge(
            "http_requests_in_flight", help: "Requests being answered. Source: Vitals' web server.")
    }

    func began() { inFlight.increment() }

    /// `template` is the route's, nil when there is none for the path.
    func ended(_ method: HTTPRequest.Method, template: String?, status: Int, duration: Duration) {
        inFlight.decrement()
        let method = Self.methods.contains(method.rawValue) ? method.rawValue : Self.other
        let path = template ?? Self.other
        requests.with(method, path, "\(status)").increment()
        durations.with(method, path).observe(duration)
    }
}
