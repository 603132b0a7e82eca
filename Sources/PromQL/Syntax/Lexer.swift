/// Cuts an expression, or a line of series notation, into tokens. What a character means depends on where it stands: inside braces
/// every word is an identifier, inside brackets only durations are expected, after the labels of a series come its values.
struct Lexer {
    let input: [UInt8]
    let isSeries: Bool
    var start = 0
    var position = 0
    private var parenthesisDepth = 0
    private var inBraces = false
    private var inBrackets = false
    private var atDurationStart = false
    private var gotColon = false
    private var ended = false
    /// In series notation: past the labels.
    var inValues = false

    init(_ input: [UInt8], isSeries: Bool = false) {
        self.input = input
        self.isSeries = isSeries
    }

    /// The next token; after an error or the end only ends of input.
    mutating func next() -> Token {
        if ended { return Token(kind: .endOfInput, range: SourceRange(input.count, input.count), text: "") }
        start = position
        if inValues { return valueToken() }
        return inBraces ? bracesToken() : statementToken()
    }

    // MARK: - Bytes

    var current: UInt8? { position < input.count ? input[position] : nil }

    func peek(_ distance: Int = 1) -> UInt8? {
        position + distance < input.count ? input[position + distance] : nil
    }

    mutating func emit(_ kind: Token.Kind, _ length: Int) -> Token {
        position = min(position + length, input.count)
        return emit(kind)
    }

    mutating func emit(_ kind: Token.Kind) -> Token {
        let token = Token(
            kind: kind, range: SourceRange(start, position), text: String(decoding: input[start..<position], as: UTF8.self))
        start = position
        return token
    }

    mutating func fail(_ message: String) -> Token {
        ended = true
        return Token(kind: .error(message), range: SourceRange(start, input.count), text: message)
    }

    mutating func skip(while isWanted: (UInt8) -> Bool) {
        while let byte = current, isWanted(byte) { position += 1 }
    }

    /// The character at `position`, quoted as Go's %q quotes a rune.
    func quotedCharacter(at position: Int) -> String {
        guard position < input.count else { return "'\\x00'" }
        var end = position + 1
        while end < input.count, input[end] & 0xC0 == 0x80 { end += 1 }
        let text = String(decoding: input[position..<end], as: UTF8.self)
        if text == "'" { return "'\\''" }
        if text == "\"" { return "'\"'" }
        return "'\(goQuoted(text).dropFirst().dropLast())'"
    }

    // MARK: - Outside braces

    private mutating func statementToken() -> Token {
        skip(while: isSpace)
        start = position
        guard let byte = current else { return endOfInput() }
        if byte == UInt8(ascii: "#") { return comment() }
        if inBrackets, atDurationStart { return durationStartToken(byte) }
        switch byte {
        case UInt8(ascii: ","): return emit(.comma, 1)
        case UInt8(ascii: "*"): return emit(.op(.multiply), 1)
        case UInt8(ascii: "/"): return emit(.op(.divide), 1)
        case UInt8(ascii: "%"): return emit(.op(.modulo), 1)
        case UInt8(ascii: "+"): return emit(.op(.add), 1)
        case UInt8(ascii: "-"): return emit(.op(.subtract), 1)
        case UInt8(ascii: "^"): return emit(.op(.power), 1)
        case UInt8(ascii: "@"): return emit(.at, 1)
        case UInt8(ascii: "="):
            if peek() == UInt8(ascii: "=") { return emit(.op(.equal), 2) }
            if peek() == UInt8(ascii: "~") { return fail("unexpected character after '=': '~'") }
            return emit(.equal, 1)
        case UInt8(ascii: "!"):
            guard peek() == UInt8(ascii: "=") else {
                return fail("unexpected character after '!': \(quotedCharacter(at: position + 1))")
            }
            return emit(.op(.notEqual), 2)
        case UInt8(ascii: "<"):
            if peek() == UInt8(ascii: "=") { return emit(.op(.lessOrEqual), 2) }
            return peek() == UInt8(ascii: "/") ? emit(.op(.trimUpper), 2) : emit(.op(.less), 1)
        case UInt8(ascii: ">"):
            if peek() == UInt8(ascii: "=") { return emit(.op(.greaterOrEqual), 2) }
            return peek() == UInt8(ascii: "/") ? emit(.op(.trimLower), 2) : emit(.op(.greater), 1)
        case UInt8(ascii: "("):
            parenthesisDepth += 1
            return emit(.leftParenthesis, 1)
        case UInt8(ascii: ")"): return rightParenthesis()
        case UInt8(ascii: "{"):
            inBraces = true
            return emit(.leftBrace, 1)
        case UInt8(ascii: "["): return leftBracket()
        case UInt8(ascii: "]"):
            guard inBrackets else { return fail("unexpected right bracket ']'") }
            inBrackets = false
            return emit(.rightBracket, 1)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return quotedString(byte)
        case UInt8(ascii: "`"): return rawString()
        default:
            if isDigit(byte) || byte == UInt8(ascii: ".") && peek().map(isDigit) == true { return numberOrDuration() }
            if isLetter(byte) || byte == UInt8(ascii: ":") { return inBrackets ? bracketWord(byte) : word() }
            return fail("unexpected character: \(quotedCharacter(at: position))")
        }
    }

    private mutating func endOfInput() -> Token {
        if inBrackets { return fail("unexpected end of input in duration expression") }
        if parenthesisDepth != 0 { return fail("unclosed left parenthesis") }
        ended = true
        return emit(.endOfInput)
    }

    private mutating func comment() -> Token {
        skip { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return emit(.comment)
    }

    private mutating func rightParenthesis() -> Token {
        parenthesisDepth -= 1
        let token = emit(.rightParenthesis, 1)
        return parenthesisDepth < 0 ? fail("unexpected right parenthesis ')'") : token
    }

    private mutating func leftBracket() -> Token {
        guard !inBrackets else { return fail("unexpected left bracket '['") }
        inBrackets = true
        atDurationStart = true
        gotColon = false
        return emit(.leftBracket, 1)
    }

    /// Before the first number of a duration expression.
    private mutating func durationStartToken(_ byte: UInt8) -> Token {
        switch byte {
        case UInt8(ascii: "]"):
            inBrackets = false
            atDurationStart = false
            return emit(.rightBracket, 1)
        case UInt8(ascii: "("):
            parenthesisDepth += 1
            return emit(.leftParenthesis, 1)
        case UInt8(ascii: ")"): return rightParenthesis()
        case UInt8(ascii: ":"):
            _ = emit(.colon, 1)
            return fail("unexpected colon before duration in duration expression")
        case UInt8(ascii: ","): return emit(.comma, 1)
        case UInt8(ascii: "*"): return emit(.op(.multiply), 1)
        case UInt8(ascii: "/"): return emit(.op(.divide), 1)
        case UInt8(ascii: "%"): return emit(.op(.modulo), 1)
        case UInt8(ascii: "+"): return emit(.op(.add), 1)
        case UInt8(ascii: "-"): return emit(.op(.subtract), 1)
        case UInt8(ascii: "^"): return emit(.op(.power), 1)
        default:
            if isDigit(byte) || byte == UInt8(ascii: ".") && peek().map(isDigit) == true {
                atDurationStart = false
                return numberOrDuration()
            }
            if isLetter(byte) { return bracketWord(byte) }
            return fail("unexpected character in duration expression: \(quotedCharacter(at: position))")
        }
    }

    /// A letter or colon inside brackets: only the words of duration expressions, and the colon before a step.
    private mutating func bracketWord(_ byte: UInt8) -> Token {
        if byte == UInt8(ascii: ":") {
            if gotColon { return fail("unexpected colon ':'") }
            gotColon = true
            return emit(.colon, 1)
        }
        let first = quotedCharacter(at: position)
        let begin = position
        skip(while: isLetter)
        switch String(decoding: input[begin..<position], as: UTF8.self).lowercased() {
        case "step":
            atDurationStart = false
            return emit(.keyword(.step))
        case "range":
            atDurationStart = false
            return emit(.keyword(.range))
        case "min_of", "max_of":
            return emit(.identifier)
        default:
            return fail("unexpected character: \(first), expected ':'")
        }
    }

    private mutating func word() -> Token {
        skip { isLetterOrDigit($0) || $0 == UInt8(ascii: ":") }
        let text = String(decoding: input[start..<position], as: UTF8.self)
        let kind: Token.Kind
        switch Token.words[text.lowercased()] {
        case .keyword(.fill), .keyword(.fillLeft), .keyword(.fillRight):
            var ahead = position
            while ahead < input.count, isSpace(input[ahead]) { ahead += 1 }
            let isCall = ahead < input.count && input[ahead] == UInt8(ascii: "(")
            kind = isCall ? Token.words[text.lowercased()] ?? .identifier : .identifier
        case let found?: kind = found
        case nil: kind = text.utf8.contains(UInt8(ascii: ":")) ? .metricIdentifier : .identifier
        }
        let token = emit(kind)
        if isSeries, current != UInt8(ascii: "{") { inValues = true }
        return token
    }

    // MARK: - Inside braces

    private mutating func bracesToken() -> Token {
        skip(while: isSpace)
        start = position
        guard let byte = current else { return fail("unexpected end of input inside braces") }
        switch byte {
        case UInt8(ascii: "#"): return comment()
        case UInt8(ascii: ","): return emit(.comma, 1)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return quotedString(byte)
        case UInt8(ascii: "`"): return rawString()
        case UInt8(ascii: "="):
            return peek() == UInt8(ascii: "~") ? emit(.equalRegex, 2) : emit(.equal, 1)
        case UInt8(ascii: "!"):
            if peek() == UInt8(ascii: "~") { return emit(.notRegex, 2) }
            if peek() == UInt8(ascii: "=") { return emit(.op(.notEqual), 2) }
            return fail("unexpected character after '!' inside braces: \(quotedCharacter(at: position + 1))")
        case UInt8(ascii: "{"): return fail("unexpected left brace '{'")
        case UInt8(ascii: "}"):
            inBraces = false
            let token = emit(.rightBrace, 1)
            if isSeries { inValues = true }
            return token
        default:
            guard isLetter(byte) else {
                return fail("unexpected character inside braces: \(quotedCharacter(at: position))")
            }
            skip(while: isLetterOrDigit)
            return emit(.identifier)
        }
    }
}

func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

func isLetter(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
}

func isLetterOrDigit(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) }
