public import YAML

extension WebConfig {
    /// exporter-toolkit's five headers; of two, the values it allows.
    private static let headerNames = [
        "Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "X-XSS-Protection", "Strict-Transport-Security",
    ]

    /// Reads the file's text. Paths in it are relative to its directory. nil when there are findings in `report`.
    static func read(_ bytes: [UInt8], report: YAMLReport) -> WebConfig? {
        var config = WebConfig()
        guard let root = report.read(bytes) else { return report.findings.isEmpty ? config : nil }
        let fields = root.fields(["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"])
        if let tls = fields?["tls_server_config"] {
            var reading = TLSReading(directory: directory(of: report.file))
            config.tls = reading.read(tls)
            config.files = reading.files
        }
        if let http = fields?["http_server_config"] { config.readHTTP(http) }
        if let users = fields?["basic_auth_users"] { config.readUsers(users) }
        if let limit = fields?["rate_limit"] { config.readRateLimit(limit) }
        return report.findings.isEmpty ? config : nil
    }

    private mutating func readHTTP(_ reader: YAMLReader) {
        let fields = reader.fields(["http2", "headers"])
        // HTTP/2 is not offered; the flag is read so that a file made for another exporter loads.
        _ = fields?["http2"]?.bool()
        for (key, name, value) in fields?["headers"]?.entries() ?? [] {
            guard let known = Self.headerNames.first(where: { $0 == name }) else {
                key.fail("header '\(name)' can not be configured; known: \(Self.headerNames.joined(separator: ", "))")
                continue
            }
            guard let text = value.string() else { continue }
            if text.isEmpty { continue }
            switch known {
            case "X-Frame-Options" where !["deny", "sameorigin"].contains(text.lowercased()):
                value.fail("X-Frame-Options must be deny or sameorigin, not '\(text)'")
            case "X-Content-Type-Options" where text.lowercased() != "nosniff":
                value.fail("X-Content-Type-Options must be nosniff, not '\(text)'")
            case _ where text.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7F }):
                value.fail("the value of \(known) must be printable ASCII")
            case _:
                headers.append((known, text))
            }
        }
        headers.sort { $0.name < $1.name }
    }

    private mutating func readUsers(_ reader: YAMLReader) {
        for (key, name, value) in reader.entries() ?? [] {
            guard let hash = value.string() else { continue }
            if name.isEmpty || name.contains(":") {
                key.fail("a user name must not be empty nor hold a colon")
            } else if !Bcrypt.isHash(hash) {
                // The value may be a password written in clear by mistake: never repeat it.
                value.fail("the password of user '\(name)' must be a bcrypt hash, as 'htpasswd -nBC 10 \"\"' makes it")
            } else {
                users[name] = hash
            }
        }
    }

    private mutating func readRateLimit(_ reader: YAMLReader) {
        guard let fields = reader.fields(["interval", "burst"]) else { return }
        let interval = fields["interval"].map { $0.duration() } ?? .zero
        let burst = fields["burst"].map { $0.int(in: 0...1_000_000_000) } ?? 1
        guard let interval, let burst, interval > .zero else { return }
        guard burst > 0 else {
            reader.fail("burst must be at least 1, or every request would be refused")
            return
        }
        rateLimit = RateLimitSettings(interval: interval, burst: burst)
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return String(path[...slash])
    }
}

/// Finds what is wrong with a web configuration file, certificates included; none when it can be used.
public func checkWebConfig(file: String) -> [YAMLFinding] {
    let report = YAMLReport(file: file)
    switch FileContent.read(file) {
    case .success(let bytes): _ = WebConfig.read(bytes, report: report)
    case .failure(let error): report.add(error.description, line: 1, column: 1)
    }
    return report.findings.sorted()
}
