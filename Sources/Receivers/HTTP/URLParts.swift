/// What a receiver needs of its URL.
package struct URLParts: Sendable {
    /// Scheme, host, port and path, without a slash at the end.
    package let withoutCredentials: String
    /// All of it but user, password and fragment: what is asked for.
    package let whole: String
    /// Percent-decoded.
    package let user: String?
    package let password: String?

    package init?(_ url: String) {
        guard let scheme = ["http://", "https://"].first(where: { url.lowercased().hasPrefix($0) }) else { return nil }
        let address = url.dropFirst(scheme.count).prefix { $0 != "#" }
        let rest = address.prefix { $0 != "?" }
        let query = address.dropFirst(rest.count)
        let authority = rest.prefix { $0 != "/" }
        let wholePath = rest.dropFirst(authority.count)
        var path = wholePath
        while path.hasSuffix("/") { path = path.dropLast() }
        let host: Substring
        if let at = authority.lastIndex(of: "@") {
            host = authority[authority.index(after: at)...]
            let pair = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = pair.first.map { Self.decoded($0) }
            password = pair.count > 1 ? Self.decoded(pair[1]) : nil
        } else {
            host = authority
            (user, password) = (nil, nil)
        }
        guard !host.isEmpty, !host.hasPrefix(":") else { return nil }
        withoutCredentials = scheme + host + path
        whole = scheme + host + wholePath + query
    }

    /// The texts by which an address that is a secret could be told: itself, its path and query, and those parts of them that look like
    /// no word. Web servers like to quote the path that they did not find.
    static func secrets(of url: String) -> [String] {
        guard let parts = URLParts(url), let scheme = parts.whole.firstRange(of: "://") else { return [url] }
        let path = parts.whole[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
        guard path.utf8.count > 1 else { return [url] }
        let words = path.split { "/?&=".contains($0) }.filter { word in
            word.utf8.count >= 16 || word.utf8.count >= 8 && word.contains(where: \.isNumber)
        }
        return [url, parts.whole, String(path), Self.decoded(path)] + words.flatMap { [String($0), Self.decoded($0)] }
    }

    private static func decoded(_ text: Substring) -> String {
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                out.append(value)
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
