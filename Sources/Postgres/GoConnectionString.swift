internal import CLibPQ

/// Connection strings as lib/pq, the Go driver of postgres_exporter, takes them, turned into what libpq takes
/// (https://pkg.go.dev/github.com/lib/pq#hdr-Connection_String_Parameters).
///
/// Two things differ: a parameter that lib/pq does not know is a setting of the session (`search_path=app`), and a password in a URL
/// may hold characters that belong into percent-encoding (the exporter's users write them so, whether they work or not).
public enum GoConnectionString {
    /// Parameters of the driver itself, without meaning for the server.
    private static let ofDriver: Set<String> = ["binary_parameters", "disable_prepared_binary_result"]

    /// Throws `configuration` when libpq cannot read what came of it; the error repeats no part that could be a password.
    public static func libpq(_ text: String) throws(PostgresError) -> String {
        let trimmed = text.trimmingSpaces
        let address: String
        if let scheme = ["postgres://", "postgresql://"].first(where: trimmed.hasPrefix) {
            address = url(scheme, trimmed.dropFirst(scheme.count))
        } else {
            guard let pairs = keywords(trimmed) else {
                throw PostgresError(.configuration, "bad connection string: neither a URL nor keyword=value pairs")
            }
            address = keywordForm(pairs)
        }
        _ = try ConnectionString.parse(address)
        return address
    }

    /// Several strings with commas between them, as `DATA_SOURCE_NAME` has them. A comma within one (in a password, or between hosts) stays.
    public static func list(_ text: String) -> [String] {
        var parts: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            if let last = parts.indices.last, !startsSource(part) || hasOpenQuote(parts[last]) {
                parts[last] += "," + part
            } else {
                parts.append(part)
            }
        }
        return parts.map(\.trimmingSpaces).filter { $0.contains { $0 != "," && !$0.isWhitespace } }
    }

    private static func startsSource(_ text: String) -> Bool {
        let start = text.trimmingSpaces
        if start.hasPrefix("postgres://") || start.hasPrefix("postgresql://") { return true }
        let name = start.prefix { $0.isASCII && ($0.isLetter || $0 == "_") }
        return !name.isEmpty && start.dropFirst(name.count).drop { $0 == " " }.first == "="
    }

    private static func hasOpenQuote(_ text: String) -> Bool {
        !text.contains("://") && text.replacing("\\'", with: "").count { $0 == "'" } % 2 == 1
    }

    // MARK: - URLs

    private static func url(_ scheme: String, _ rest: Substring) -> String {
        let (userinfo, tail) = split(rest)
        var address = scheme
        if let userinfo {
            let parts = userinfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            address += parts.map { percentEncoded(String($0), keepingEscapes: true) }.joined(separator: ":") + "@"
        }
        guard let mark = tail.firstIndex(of: "?") else { return address + tail }
        address += tail[..<mark]
        var kept: [Substring] = []
        var settings: [(String, String)] = []
        for item in tail[tail.index(after: mark)...].split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = pair.first.map(String.init) ?? ""
            let value = percentDecoded(pair.count == 2 ? pair[1] : "")
            if known.contains(name) || name == "ssl" {
                if name == "options" { settings.insert(("", value), at: 0) } else { kept.append(item) }
            } else if !ofDriver.contains(name) {
                settings.append((name, value))
            }
        }
        var items = kept.map(String.init)
        if !settings.isEmpty { items.append("options=" + percentEncoded(options(settings))) }
        return items.isEmpty ? address : address + "?" + items.joined(separator: "&")
    }

    /// Before and behind the `@` that ends the user's part: the last one behind which stands something like hosts.
    private static func split(_ rest: Substring) -> (Substring?, Substring) {
        var end = rest.endIndex
        while let at = rest[..<end].lastIndex(of: "@") {
            let tail = rest[rest.index(after: at)...]
            let hosts = tail.prefix { $0 != "/" && $0 != "?" }
            if hosts.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-:[],%".contains($0)) }) {
                return (rest[..<at], tail)
            }
            end = at
        }
        return (nil, rest)
    }

    // MARK: - Keywords

    /// Nil for what is no list of pairs.
    private static func keywords(_ text: String) -> [(String, String)]? {
        var pairs: [(String, String)] = []
        var rest = text[...].drop(while: \.isWhitespace)
        while !rest.isEmpty {
            let name = rest.prefix { $0 != "=" && !$0.isWhitespace }
            rest = rest[name.endIndex...].drop(while: \.isWhitespace)
            guard !name.isEmpty, rest.first == "=" else { return nil }
            rest = rest.dropFirst().drop(while: \.isWhitespace)
            let isQuoted = rest.first == "'"
            if isQuoted { rest = rest.dropFirst() }
            var value = ""
            var isClosed = !isQuoted
            while let next = rest.first {
                rest = rest.dropFirst()
                if next == "\\", let escaped = rest.first {
                    value.append(escaped)
                    rest = rest.dropFirst()
                } else if isQuoted, next == "'" {
                    isClosed = true
                    break
                } else if !isQuoted, next.isWhitespace {
                    break
                } else {
                    value.append(next)
                }
            }
            guard isClosed else { return nil }
            pairs.append((String(name), value))
            rest = rest.drop(while: \.isWhitespace)
        }
        return pairs.isEmpty ? nil : pairs
    }

    private static func keywordForm(_ pairs: [(String, String)]) -> String {
        var kept: [(String, String)] = []
        var settings: [(String, String)] = []
        for (name, value) in pairs where !ofDriver.contains(name) {
            if name == "options" {
                settings.insert(("", value), at: 0)
            } else if known.contains(name) {
                kept.append((name, value))
            } else {
                settings.append((name, value))
            }
        }
        if !settings.isEmpty { kept.append(("options", options(settings))) }
        return kept.map { name, value in
            "\(name)='\(value.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
        }.joined(separator: " ")
    }

    // MARK: - Parts

    /// The text of libpq's `options`: each setting as a switch of the server, blanks escaped. One without a name is such a text already.
    private static func options(_ settings: [(String, String)]) -> String {
        settings.map { name, value in
            name.isEmpty
                ? value
                : "-c \(name)=\(value.replacing("\\", with: "\\\\").replacing(" ", with: "\\ "))"
        }.joined(separator: " ")
    }

    /// The keywords that libpq has.
    private static let known: Set<String> = {
        let defaults = unsafe PQconndefaults()
        defer { unsafe PQconninfoFree(defaults) }
        guard var option = unsafe defaults else { return [] }
        var names: Set<String> = []
        while let keyword = unsafe option.pointee.keyword {
            unsafe names.insert(String(cString: keyword))
            unsafe option += 1
        }
        return names
    }()

    /// Everything but unreserved characters (RFC 3986, section 2.3) encoded. With `keepingEscapes`, what is an escape already stays one.
    public static func percentEncoded(_ text: String, keepingEscapes: Bool = false) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        for (place, byte) in bytes.enumerated() {
            let letter = byte | 0x20
            let isUnreserved =
                (letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z"))
                || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
                || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~")].contains(byte)
            let isEscape =
                keepingEscapes && byte == UInt8(ascii: "%") && place + 2 < bytes.count && isHex(bytes[place + 1])
                && isHex(bytes[place + 2])
            if isUnreserved || isEscape {
                out.append(byte)
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                out += (hex.utf8.count == 1 ? "%0" : "%").utf8
                out += hex.utf8
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func percentDecoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let two = rest.prefix(2)
            if byte == UInt8(ascii: "%"), two.count == 2, two.allSatisfy(isHex),
                let value = UInt8(String(decoding: two, as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
            || (letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "f"))
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var text = self[...].drop(while: \.isWhitespace)
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}
