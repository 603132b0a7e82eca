internal import CLibPQ
internal import Glibc

/// Reads connection strings with libpq's own parser.
enum ConnectionString {
    /// Longer than any real one; a bound on what is handed to C.
    static let bytesMax = 64 * 1024

    static func parse(_ text: String) throws(PostgresError) -> [String: String] {
        guard text.utf8.count <= bytesMax, !text.utf8.contains(0) else {
            throw PostgresError(.configuration, "the connection string is too long or holds a NUL byte")
        }
        var complaint: UnsafeMutablePointer<CChar>?
        let parsed = unsafe PQconninfoParse(text, &complaint)
        defer {
            unsafe PQconninfoFree(parsed)
            unsafe PQfreemem(complaint)
        }
        guard var option = unsafe parsed else {
            let message = unsafe complaint.map { unsafe String(cString: $0) } ?? "out of memory"
            throw PostgresError(.configuration, "bad connection string: \(withoutQuotes(message))")
        }
        var found: [String: String] = [:]
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val, unsafe value.pointee != 0 {
                unsafe found[String(cString: keyword)] = String(cString: value)
            }
            unsafe option += 1
        }
        try check(found)
        return found
    }

    /// An unescaped `@` or `:` in a password moves a part of it into the host or the port, which are shown: better refused.
    private static func check(_ options: [String: String]) throws(PostgresError) {
        for port in (options["port"] ?? "").split(separator: ",") {
            guard let number = Int(port), (1...65_535).contains(number) else {
                throw PostgresError(.configuration, "bad connection string: the port is not a number from 1 to 65535 \(hint)")
            }
        }
        for host in (options["host"] ?? "").split(separator: ",") where host.dropFirst().contains("@") {
            throw PostgresError(.configuration, "bad connection string: the host holds an @ \(hint)")
        }
    }

    private static let hint =
        "(special characters in a user name or password must be percent-encoded in a URL, quoted in keyword form)"

    /// libpq quotes the part of the string that it stumbled over, which is the password when that holds an unescaped `@`, `%`
    /// or space. Only single characters stay.
    static func withoutQuotes(_ message: String) -> String {
        var out = ""
        for (place, part) in message.split(separator: "\"", omittingEmptySubsequences: false).enumerated() {
            let isQuoted = place % 2 == 1
            out += isQuoted ? (part.count == 1 ? "\"\(part)\"" : "\"…\"") : String(part)
        }
        return out.split(whereSeparator: \.isNewline).joined(separator: " ") + " " + hint
    }
}

func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
}
