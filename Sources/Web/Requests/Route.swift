import HTTPTypes

/// Who may ask for a route.
enum RouteAccess: Sendable {
    /// Everyone: probes, which say no details.
    case open
    /// Everyone, or those with credentials when the web configuration names users.
    case reader
    /// An administrator with credentials, always.
    case administrator
}

/// One path of the server.
struct Route: Sendable {
    /// HEAD comes with GET.
    let methods: [HTTPRequest.Method]
    /// `/runbooks/{alert}`: also the `path` label of the HTTP metrics.
    let template: String
    let access: RouteAccess
    let handle: @Sendable (WebRequest) async throws(WebError) -> WebResponse
    private let segments: [Substring]

    init(
        _ methods: [HTTPRequest.Method], _ template: String, _ access: RouteAccess = .reader,
        handle: @escaping @Sendable (WebRequest) async throws(WebError) -> WebResponse
    ) {
        self.methods = methods
        self.template = template
        self.access = access
        self.handle = handle
        segments = template.split(separator: "/", omittingEmptySubsequences: false)
    }

    func allows(_ method: HTTPRequest.Method) -> Bool {
        methods.contains(method) || (method == .head && methods.contains(.get))
    }

    /// The values of the `{name}` segments when the path is this route's.
    func match(_ path: [Substring]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (want, have) in zip(segments, path) {
            if want.hasPrefix("{"), want.hasSuffix("}") {
                guard !have.isEmpty else { return nil }
                parameters[String(want.dropFirst().dropLast())] = String(have)
            } else if want != have {
                return nil
            }
        }
        return parameters
    }
}
