/// Where the server listens: `host:port`, `[::1]:port`, or `:port` for every address.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    public let host: String
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Loopback unless told otherwise.
    public static let standard = ListenAddress(host: "127.0.0.1", port: 9876)

    /// Reads a flag's text. Port 0 asks the system for a free one.
    public init(parsing text: String) throws(WebSettingsError) {
        guard let colon = text.lastIndex(of: ":") else {
            throw WebSettingsError("listen address '\(text)': expected host:port, as in 127.0.0.1:9876 or [::1]:9876")
        }
        guard let port = UInt16(text[text.index(after: colon)...]) else {
            throw WebSettingsError("listen address '\(text)': the port must be a number from 0 to 65535")
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw WebSettingsError("listen address '\(text)': an IPv6 address stands in brackets, as in [::1]:9876")
        }
        self.init(host: host.isEmpty ? "0.0.0.0" : String(host), port: Int(port))
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}

/// A setting that cannot be used.
public struct WebSettingsError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// The server's settings, from the command line's flags.
public struct WebSettings: Sendable {
    public var listen: [ListenAddress] = [.standard]
    /// `--web.telemetry-path`.
    public var telemetryPath = "/metrics"
    /// `--web.max-requests`: scrapes at one time; beyond it 503. 0 means no limit. exporter-toolkit's default.
    public var maxRequests = 40
    /// `--web.config.file`: the file as exporter-toolkit defines it.
    public var configFile: String?
    /// A file with a bearer token for administration.
    public var tokenFile: String?
    public var limits = WebLimits()
    /// `--web.cors.origin`; nil: no other site's page may read the API.
    public var origins: OriginPolicy?

    public init() {}
}

/// Limits on what a client can make the server hold.
public struct WebLimits: Sendable {
    /// Open connections over all addresses; past it the one that has been idle longest is closed, so that a new reader always gets in.
    public var connections = 512
    /// Time for the first request's head, TLS handshake included: slow headers end here.
    public var headTimeout: Duration = .seconds(10)
    /// Time between a response and the next request's head.
    public var idleTimeout: Duration = .seconds(120)
    /// Time for a request's body.
    public var bodyTimeout: Duration = .seconds(20)
    /// Time from a request's end to its response being taken by the client: longer than any scrape's deadline.
    public var responseTimeout: Duration = .seconds(150)
    /// The request line and all headers, in bytes. Prometheus sends under 1 KiB; browsers' cookies rarely 8.
    public var headBytes = 16_384
    public var headerFields = 100
    /// A form of a query, in bytes.
    public var bodyBytes = 262_144
    /// What requests in flight get at shutdown (U3).
    public var shutdownTimeout: Duration = .seconds(30)
    /// How long readiness is down before the server stops accepting.
    public var shutdownDelay: Duration = .zero
    /// The longest a scrape may take when its client names no deadline: Prometheus' default scrape time-out.
    public var scrapeTimeout: Duration = .seconds(10)
    /// Taken off the scraper's deadline for rendering and the network.
    public var scrapeTimeoutOffset: Duration = .milliseconds(500)
    /// A query's time: Prometheus' `--query.timeout`.
    public var queryTimeout: Duration = .seconds(120)
    /// Queries that compute at one time; the others wait.
    public var queriesAtOnce = 2

    public init() {}
}
