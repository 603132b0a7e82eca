extension Lexer {
    // MARK: - Strings

    mutating func quotedString(_ quote: UInt8) -> Token {
        position += 1
        while let byte = current {
            switch byte {
            case quote: return emit(.string, 1)
            case UInt8(ascii: "\n"): return fail("unterminated quoted string")
            case UInt8(ascii: "\\"):
                position += 1
                if let message = escape(quote) { return fail(message) }
            default:
                guard skipCharacter() else { return fail("invalid UTF-8 rune") }
            }
        }
        return fail("unterminated quoted string")
    }

    mutating func rawString() -> Token {
        position += 1
        while let byte = current {
            if byte == UInt8(ascii: "`") { return emit(.string, 1) }
            guard skipCharacter() else { return fail("invalid UTF-8 rune") }
        }
        return fail("unterminated raw string")
    }

    /// Passes one valid character that is not U+FFFD, which Go's lexer cannot tell from a decoding error.
    private mutating func skipCharacter() -> Bool {
        guard let byte = current, byte >= 0x80 else {
            position += 1
            return true
        }
        let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
        let end = position + length
        guard end <= input.count, let text = String(validating: input[position..<end], as: UTF8.self), text != "\u{FFFD}",
            text.unicodeScalars.count == 1
        else { return false }
        position = end
        return true
    }

    /// Checks one escape sequence, of which the backslash is passed. Answers what is wrong with it.
    private mutating func escape(_ quote: UInt8) -> String? {
        guard let byte = current else { return "escape sequence not terminated" }
        let digits: Int
        let base: UInt32
        let limit: UInt32
        switch byte {
        case quote, UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"),
            UInt8(ascii: "t"),
            UInt8(ascii: "v"), UInt8(ascii: "\\"):
            position += 1
            return nil
        case UInt8(ascii: "0")...UInt8(ascii: "7"): (digits, base, limit) = (3, 8, 255)
        case UInt8(ascii: "x"): (digits, base, limit) = (2, 16, 255)
        case UInt8(ascii: "u"): (digits, base, limit) = (4, 16, 0x10FFFF)
        case UInt8(ascii: "U"): (digits, base, limit) = (8, 16, 0x10FFFF)
        default: return "unknown escape sequence \(unicodeName(at: position))"
        }
        if base == 16 { position += 1 }
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let byte = current else { return "escape sequence not terminated" }
            guard let digit = hexDigit(byte), digit < base else {
                return "illegal character \(unicodeName(at: position)) in escape sequence"
            }
            value = value &* base &+ digit
            position += 1
        }
        let isSurrogate = base == 16 && digits > 2 && value >= 0xD800 && value < 0xE000
        return value > limit || isSurrogate ? "escape sequence is an invalid Unicode code point" : nil
    }

    /// `U+002E '.'`, as Go's %#U.
    private func unicodeName(at position: Int) -> String {
        var end = position + 1
        while end < input.count, input[end] & 0xC0 == 0x80 { end += 1 }
        let text = String(decoding: input[position..<end], as: UTF8.self)
        let hex = String(text.unicodeScalars.first?.value ?? 0xFFFD, radix: 16, uppercase: true)
        return "U+\(String(repeating: "0", count: max(0, 4 - hex.count)))\(hex) '\(text)'"
    }

    // MARK: - Numbers

    mutating func numberOrDuration() -> Token {
        if scanNumber() { return emit(.number) }
        if acceptRestOfDuration() {
            return emit(.duration)
        }
        return fail("bad number or duration syntax: \(goQuoted(String(decoding: input[start..<position], as: UTF8.self)))")
    }

    mutating func number() -> Token {
        if scanNumber() { return emit(.number) }
        return fail("bad number syntax: \(goQuoted(String(decoding: input[start..<position], as: UTF8.self)))")
    }

    private mutating func accept(_ set: StaticString) -> Bool {
        guard let byte = current, set.contains(byte) else { return false }
        position += 1
        return true
    }

    /// After the digits of a duration: a unit, then digits and units. Like Prometheus' it stops past the character that spoils it,
    /// so that error texts show the same piece of input.
    private mutating func acceptRestOfDuration() -> Bool {
        guard accept("smhdwy") else { return false }
        _ = accept("s")
        while accept("0123456789") {
            while accept("0123456789") {}
            guard accept("smhdw") else { return false }
            _ = accept("s")
        }
        if let byte = current, isLetterOrDigit(byte) {
            position += 1
            return false
        }
        return true
    }

    /// Passes a number of any form; false when what follows spoils it. Digits may be separated by single underscores.
    private mutating func scanNumber() -> Bool {
        let begin = position
        var digits: StaticString = "0123456789"
        var isHex = false
        if !isSeries, accept("0"), accept("xX") {
            _ = accept("_")
            digits = "0123456789abcdefABCDEF"
            isHex = true
        }
        var fraction = false
        var exponent = false
        var digitBefore = position > begin && !isHex
        while let byte = current {
            if digits.contains(byte) {
                digitBefore = true
                position += 1
            } else if byte == UInt8(ascii: "_") {
                guard digitBefore, let following = peek(), digits.contains(following) else {
                    position += 1
                    return false
                }
                digitBefore = false
                position += 1
            } else if byte == UInt8(ascii: "."), !fraction, !exponent, !isHex {
                if let following = peek(), following == UInt8(ascii: "_") {
                    position += 2
                    return false
                }
                fraction = true
                digitBefore = false
                position += 1
            } else if byte | 0x20 == UInt8(ascii: "e"), !exponent, !isHex {
                position += 1
                exponent = true
                _ = accept("+-")
                guard let following = current, isDigit(following) else { return false }
                digitBefore = false
            } else {
                break
            }
        }
        // `x` after a number of a series is the sign of repetition.
        if let byte = current {
            if byte == UInt8(ascii: ".") {
                position += 1
                return false
            }
            if isLetterOrDigit(byte) {
                return isSeries && byte == UInt8(ascii: "x")
            }
        }
        return true
    }
}

extension StaticString {
    fileprivate func contains(_ byte: UInt8) -> Bool {
        withUTF8Buffer { $0.contains(byte) }
    }
}

func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}
