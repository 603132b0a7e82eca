extension RedisURL {
    /// Reads `redis://`, `rediss://`, `valkey://`, `valkeys://` (`[[USER]:PASSWORD@]HOST[:PORT][/DB]`) and
    /// `unix://[[USER]:PASSWORD@]/PATH`, with the parameters `db`, `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile` and `server_name`
    /// (the first four are redis-py's). User, password and values are percent-decoded.
    ///
    /// Throws `.invalidURL`. No part of the text is quoted in the message: any part of a mistyped URL may be the password.
    public init(_ text: String) throws(RedisError) {
        let lower = text.lowercased()
        guard let scheme = ["redis", "rediss", "valkey", "valkeys", "unix"].first(where: { lower.hasPrefix($0 + "://") }) else {
            throw .url("it must begin with redis://, rediss://, valkey://, valkeys:// or unix://")
        }
        guard !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw .url("it holds a space or a control character; write such characters as %20 and the like")
        }
        let rest = text.dropFirst(scheme.count + 3)
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let place = parts.first ?? ""
        if parts.count == 2, parts[1].contains("@") {
            throw .url("there is a '@' after '?': write '?' in a password as %3F, and '@' in a value as %40")
        }
        guard !rest.contains("#") else { throw .url("it holds a '#'; in a password write %23") }

        let at = place.lastIndex(of: "@")
        let slash = place.firstIndex(of: "/")
        if let at, let slash, slash < at, scheme != "unix" || slash != place.startIndex {
            throw .url("there is a '/' before '@': write '/' in a user or password as %2F")
        }
        // A socket's path may hold '@'; credentials come before its first '/'.
        let credentialsEnd = scheme == "unix" && slash == place.startIndex ? nil : at
        let credentials = try credentialsEnd.map { end throws(RedisError) in try Credentials(place[..<end]) }
        let address = credentialsEnd.map { place[place.index(after: $0)...] } ?? place

        let parameters = try Parameters(parts.count == 2 ? parts[1] : "")
        var database = parameters.database
        let endpoint: Endpoint
        if scheme == "unix" {
            guard address.first == "/" else { throw .url("a socket needs an absolute path: unix:///run/redis.sock") }
            let path = try percentDecoded(address)
            // sizeof(sockaddr_un.sun_path), unix(7).
            guard path.utf8.count < 108 else { throw .url("the path of a socket has at most 107 bytes") }
            endpoint = .unix(path: path)
        } else {
            let pieces = address.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            endpoint = try hostAndPort(pieces.first ?? "")
            if pieces.count == 2, !pieces[1].isEmpty {
                guard let number = databaseNumber(pieces[1]) else {
                    throw .url("what follows the '/' is the number of the database, 0 or more")
                }
                guard database == nil || database == number else { throw .url("'/DB' and 'db=' name different databases") }
                database = number
            }
        }
        let encrypted = scheme.hasSuffix("s") && scheme != "redis" && scheme != "valkey"
        guard encrypted || !parameters.hasTLS else {
            throw .url("ssl_ca_certs, ssl_certfile, ssl_keyfile and server_name need rediss:// or valkeys://")
        }
        guard (parameters.tls.certificateFile == nil) == (parameters.tls.keyFile == nil) else {
            throw .url("ssl_certfile and ssl_keyfile come together")
        }
        self.init(
            endpoint: endpoint, user: credentials?.user, password: credentials?.password, database: database ?? 0,
            tls: encrypted ? parameters.tls : nil)
    }
}

private struct Credentials {
    let user: String?
    let password: String

    init(_ text: Substring) throws(RedisError) {
        guard let colon = text.firstIndex(of: ":") else {
            throw .url("before '@' stands USER:PASSWORD or :PASSWORD; a password alone needs its ':'")
        }
        let name = try percentDecoded(text[..<colon])
        user = name.isEmpty ? nil : name
        password = try percentDecoded(text[text.index(after: colon)...])
        guard !password.isEmpty else { throw .url("the password before '@' is empty") }
    }
}

private struct Parameters {
    var database: Int?
    var tls = RedisURL.TLS()

    var hasTLS: Bool { tls != RedisURL.TLS() }

    init(_ text: Substring) throws(RedisError) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count == 2 ? try percentDecoded(parts[1]) : ""
            guard let name = parts.first, !value.isEmpty else { throw .url("a parameter after '?' has no value") }
            switch name {
            case "db":
                guard let number = databaseNumber(Substring(value)) else { throw .url("'db' is a number, 0 or more") }
                database = number
            case "ssl_ca_certs": tls.authorityFile = value
            case "ssl_certfile": tls.certificateFile = value
            case "ssl_keyfile": tls.keyFile = value
            case "server_name":
                guard !isAddress(value) else { throw .url("server_name is a name, not an address") }
                tls.serverName = value
            default:
                throw .url("a parameter is unknown; known are db, ssl_ca_certs, ssl_certfile, ssl_keyfile and server_name")
            }
        }
    }
}

private func hostAndPort(_ text: Substring) throws(RedisError) -> RedisURL.Endpoint {
    var host = text
    var port: Substring?
    if text.first == "[" {
        guard let end = text.firstIndex(of: "]") else { throw .url("an IPv6 address ends with ']'") }
        host = text[text.index(after: text.startIndex)..<end]
        let rest = text[text.index(after: end)...]
        guard rest.isEmpty || rest.first == ":" else { throw .url("after ']' comes ':' and the port") }
        port = rest.isEmpty ? nil : rest.dropFirst()
    } else if let colon = text.firstIndex(of: ":") {
        host = text[..<colon]
        port = text[text.index(after: colon)...]
        guard port?.contains(":") == false else { throw .url("an IPv6 address stands in brackets: redis://[::1]:6379") }
    }
    guard !host.isEmpty else { throw .url("the host is missing") }
    guard let port else { return .tcp(host: try percentDecoded(host), port: 6379) }
    guard let number = UInt16(port), number > 0 else { throw .url("the port is a number from 1 to 65535") }
    return .tcp(host: try percentDecoded(host), port: Int(number))
}

private func databaseNumber(_ text: Substring) -> Int? {
    guard let number = Int32(text), number >= 0, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    return Int(number)
}

/// RFC 3986, section 2.1.
private func percentDecoded(_ text: Substring) throws(RedisError) -> String {
    func digit(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case .some(let byte) where byte >= 0x30 && byte <= 0x39: byte - 0x30
        case .some(let byte) where byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66: (byte | 0x20) - 0x61 + 10
        case .some, .none: nil
        }
    }
    var out: [UInt8] = []
    var bytes = text.utf8.makeIterator()
    while let byte = bytes.next() {
        guard byte == UInt8(ascii: "%") else {
            out.append(byte)
            continue
        }
        guard let high = digit(bytes.next()), let low = digit(bytes.next()) else {
            throw .url("after '%' come two hexadecimal digits; a '%' itself is %25")
        }
        out.append(high << 4 | low)
    }
    guard !out.contains(0), let decoded = String(validating: out, as: UTF8.self) else {
        throw .url("a percent-encoded part is not UTF-8 text")
    }
    return decoded
}

extension RedisError {
    fileprivate static func url(_ what: String) -> RedisError {
        RedisError(.invalidURL, "not the URL of a Redis: \(what)")
    }
}
