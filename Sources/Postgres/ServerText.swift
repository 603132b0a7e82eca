/// What libpq says of a connection that failed or ended. With verbose errors the server's part reads
/// `FATAL:  28P01: password authentication failed for user "x"` and is followed by `LOCATION:  …`; the words are in the server's
/// language, the code is not.
struct ServerText {
    private let lines: [Substring]

    init(_ text: String) {
        lines = text.split(whereSeparator: \.isNewline)
    }

    func error(redacting redact: (String) -> String) -> PostgresError {
        for line in lines.reversed() {
            if let (state, message) = ServerText.verbose(line) {
                return PostgresError(sqlState: state, message: redact(message))
            }
        }
        let message = redact(lines.filter { !$0.hasPrefix("LOCATION:") }.joined(separator: "; "))
        // Said by libpq itself, in English unless the process has a locale, before any server was asked.
        let isPassword = message.contains("no password supplied")
        return PostgresError(isPassword ? .authentication : .connection, message)
    }

    /// `…:  XXXXX: text`, XXXXX being five of 0-9 A-Z.
    static func verbose(_ line: Substring) -> (state: String, message: String)? {
        let bytes = Array(line.utf8)
        guard bytes.count > 10 else { return nil }
        for place in 0..<(bytes.count - 9)
        where bytes[place] == UInt8(ascii: ":") && bytes[place + 1] == 0x20 && bytes[place + 2] == 0x20 {
            let state = bytes[(place + 3)..<(place + 8)]
            let isState = state.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5A) }
            guard isState, bytes[place + 8] == UInt8(ascii: ":"), bytes[place + 9] == 0x20 else { continue }
            return (String(decoding: state, as: UTF8.self), String(decoding: bytes[(place + 10)...], as: UTF8.self))
        }
        return nil
    }
}
