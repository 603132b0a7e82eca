import NIOCore
import NIOSSL

/// The file of `--web.config.file`, as exporter-toolkit defines it
/// (https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md).
struct WebConfig: Sendable {
    var tls: TLSSettings?
    /// Headers that every response carries, in the order of their names.
    var headers: [(name: String, value: String)] = []
    /// User name to bcrypt hash.
    var users: [String: String] = [:]
    var rateLimit: RateLimitSettings?
    /// The files that this configuration was read from, besides its own.
    var files: [String] = []

    static let none = WebConfig()
}

/// So many requests at once, and one more each interval.
struct RateLimitSettings: Sendable, Equatable {
    let interval: Duration
    let burst: Int
}

/// What a TLS connection is made with.
struct TLSSettings: Sendable {
    let context: NIOSSLContext
    /// True when a client certificate is taken without a look at who signed it (`RequestClientCert`, `RequireAnyClientCert`).
    let acceptsAnyClient: Bool
    /// `client_allowed_sans`: names of which a client certificate must have one; empty for no such rule.
    let allowedNames: [String]

    func makeHandler() -> NIOSSLServerHandler {
        guard acceptsAnyClient else { return NIOSSLServerHandler(context: context) }
        return NIOSSLServerHandler(context: context) { _, promise in promise.succeed(.certificateVerified) }
    }
}
