extension Lexer {
    /// A token of the values of a series: `1 _ 2+3x4 stale`.
    mutating func valueToken() -> Token {
        guard let byte = current else { return emit(.endOfInput) }
        switch byte {
        case UInt8(ascii: "{") where peek() == UInt8(ascii: "{"): return fail(nativeHistogramsReason)
        case UInt8(ascii: "+"): return emit(.op(.add), 1)
        case UInt8(ascii: "-"): return emit(.op(.subtract), 1)
        case UInt8(ascii: "x"): return emit(.times, 1)
        case UInt8(ascii: "_"): return emit(.blank, 1)
        default:
            if isSpace(byte) {
                let token = emit(.space, 1)
                skip(while: isSpace)
                return token
            }
            if isDigit(byte) || byte == UInt8(ascii: ".") && peek().map(isDigit) == true { return numberOrDuration() }
            if isLetter(byte) {
                skip { isLetterOrDigit($0) || $0 == UInt8(ascii: ":") }
                let text = String(decoding: input[start..<position], as: UTF8.self)
                return emit(Token.words[text.lowercased()] ?? .identifier)
            }
            return fail("unexpected character in series sequence: \(quotedCharacter(at: position))")
        }
    }
}

/// Why a thing that only makes sense on native histograms is refused.
let nativeHistogramsReason = "native histograms are not supported"
