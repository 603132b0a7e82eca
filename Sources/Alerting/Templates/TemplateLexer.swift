/// A token of a template. Texts are bytes of the source.
struct TemplateToken: Sendable {
    enum Kind: Sendable, Equatable {
        case error, bool, char, charConstant, declare, assign, end, field, identifier, leftDelimiter, leftParenthesis, number
        case pipe, rawString, rightDelimiter, rightParenthesis, space, string, text, variable
        case dot, keyword
    }

    let kind: Kind
    /// Byte offset.
    let offset: Int
    /// 1-based.
    let line: Int
    let text: String

    /// As Go's lexer prints an item in an error.
    var description: String {
        switch kind {
        case .end: return "EOF"
        case .error: return text
        case .keyword, .dot: return "<\(text)>"
        default:
            return text.count > 10 ? goQuoted(String(text.prefix(10))) + "..." : goQuoted(text)
        }
    }
}

/// Cuts a text into tokens, as Go's text/template/parse lexer does with its default delimiters. Ends with `.end` or `.error`.
struct TemplateLexer {
    private static let keywords: Set<String> = [
        "block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with",
    ]

    private let bytes: [UInt8]
    private var place = 0
    private var line = 1
    private var start = 0
    private var startLine = 1
    private var tokens: [TemplateToken] = []

    static func tokens(of text: String) -> [TemplateToken] {
        var lexer = TemplateLexer(bytes: Array(text.utf8))
        lexer.run()
        return lexer.tokens
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func run() {
        var trimsLeft = false
        while true {
            let open = find("{{", from: place) ?? bytes.count
            var from = place
            if trimsLeft {
                while from < open, isSpace(bytes[from]) { from += 1 }
                trimsLeft = false
            }
            let trimsRight =
                open + 3 < bytes.count && bytes[open + 2] == UInt8(ascii: "-") && isSpace(bytes[open + 3]) && open < bytes.count
            var through = open
            if trimsRight { while through > from, isSpace(bytes[through - 1]) { through -= 1 } }
            advance(to: from)
            begin()
            advance(to: max(from, through))
            if place > start { emit(.text) }
            advance(to: open)
            guard open < bytes.count else {
                begin()
                emit(.end)
                return
            }
            guard action(afterOpen: trimsRight ? 4 : 2, trimsLeft: &trimsLeft) else { return }
        }
    }

    /// One action or comment, from its delimiter on. False when the text ended in an error.
    private mutating func action(afterOpen: Int, trimsLeft: inout Bool) -> Bool {
        begin()
        let contentStart = place + afterOpen
        if starts(with: "/*", at: contentStart) {
            guard let close = find("*/", from: contentStart + 2) else { return fail("unclosed comment") }
            let after = close + 2
            if starts(with: "}}", at: after) {
                advance(to: after + 2)
            } else if after < bytes.count, isSpace(bytes[after]), starts(with: "-}}", at: after + 1) {
                advance(to: after + 4)
                trimsLeft = true
            } else {
                return fail("comment ends before closing delimiter")
            }
            return true
        }
        advance(to: place + 2)
        emit(.leftDelimiter)
        advance(to: contentStart)
        begin()
        return insideAction(&trimsLeft)
    }

    private mutating func insideAction(_ trimsLeft: inout Bool) -> Bool {
        var depth = 0
        while true {
            begin()
            let closesTrimmed = place < bytes.count && isSpace(bytes[place]) && starts(with: "-}}", at: place + 1)
            if closesTrimmed || starts(with: "}}", at: place) {
                guard depth == 0 else { return fail("unclosed left paren") }
                if closesTrimmed { advance(to: place + 2) }
                begin()
                advance(to: place + 2)
                emit(.rightDelimiter)
                trimsLeft = closesTrimmed
                return true
            }
            guard let scalar = peek() else { return fail("unclosed action") }
            if scalar.isASCII, isSpace(UInt8(scalar.value)) {
                while place < bytes.count, isSpace(bytes[place]) {
                    if starts(with: "-}}", at: place + 1) { break }
                    advance(to: place + 1)
                }
                if place > start { emit(.space) }
                continue
            }
            switch scalar {
            case "=": single(.assign)
            case ":":
                guard starts(with: ":=", at: place) else { return fail("expected :=") }
                advance(to: place + 2)
                emit(.declare)
            case "|": single(.pipe)
            case "\"":
                guard quoted(UInt8(ascii: "\"")) else { return fail("unterminated quoted string") }
                emit(.string)
            case "'":
                guard quoted(UInt8(ascii: "'")) else { return fail("unterminated character constant") }
                emit(.charConstant)
            case "`":
                guard let close = bytes[(place + 1)...].firstIndex(of: UInt8(ascii: "`")) else {
                    return fail("unterminated raw quoted string")
                }
                advance(to: close + 1)
                emit(.rawString)
            case "$":
                guard word(.variable) else { return false }
            case "." where !isDigit(at: place + 1):
                guard word(.field) else { return false }
            case "(":
                single(.leftParenthesis)
                depth += 1
            case ")":
                depth -= 1
                guard depth >= 0 else { return fail("unexpected right paren") }
                single(.rightParenthesis)
            case "+", "-", ".", "0"..."9":
                guard number() else { return false }
            default:
                if isAlphanumeric(scalar) {
                    guard word(.identifier) else { return false }
                } else if scalar.isASCII, scalar.value > 0x20, scalar.value < 0x7F {
                    single(.char)
                } else {
                    return fail("unrecognized character in action: \(goUnicode(scalar))")
                }
            }
        }
    }

    private mutating func word(_ kind: TemplateToken.Kind) -> Bool {
        if kind != .identifier { advance(to: place + 1) }
        while let scalar = peek(), isAlphanumeric(scalar) { advance(to: place + scalar.utf8Width) }
        if let next = peek(), !isTerminator(next) { return fail("bad character \(goUnicode(next))") }
        let text = currentText
        switch kind {
        case .identifier where text == "true" || text == "false": emit(.bool)
        case .identifier where Self.keywords.contains(text): emit(.keyword)
        case .field where text == ".": emit(.dot)
        default: emit(kind)
        }
        return true
    }

    private mutating func number() -> Bool {
        if bytes[place] == UInt8(ascii: "+") || bytes[place] == UInt8(ascii: "-") { advance(to: place + 1) }
        // What is wrong with it, the conversion notices; here only its end matters.
        while let scalar = peek() {
            let previous = bytes[place - (place > start ? 1 : 0)]
            let isExponentSign =
                (scalar == "+" || scalar == "-") && (previous | 0x20 == UInt8(ascii: "e") || previous | 0x20 == UInt8(ascii: "p"))
                && !currentText.lowercased().hasPrefix("0x")
            guard isAlphanumeric(scalar) || scalar == "." || isExponentSign else { break }
            advance(to: place + scalar.utf8Width)
        }
        guard GoNumber(currentText) != nil else { return fail("bad number syntax: \(goQuoted(currentText))") }
        emit(.number)
        return true
    }

    private mutating func quoted(_ quote: UInt8) -> Bool {
        var next = place + 1
        while next < bytes.count {
            switch bytes[next] {
            case UInt8(ascii: "\\"):
                guard next + 1 < bytes.count, bytes[next + 1] != UInt8(ascii: "\n") else { return false }
                next += 2
            case UInt8(ascii: "\n"): return false
            case quote:
                advance(to: next + 1)
                return true
            default: next += 1
            }
        }
        return false
    }

    private func isTerminator(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case " ", "\t", "\r", "\n", ".", ",", "|", ":", ")", "(", "}": true
        // `$x=1` assigns without a space.
        case "=": true
        default: false
        }
    }

    private mutating func single(_ kind: TemplateToken.Kind) {
        advance(to: place + 1)
        emit(kind)
    }

    private mutating func begin() {
        start = place
        startLine = line
    }

    private var currentText: String { String(decoding: bytes[start..<place], as: UTF8.self) }

    private mutating func emit(_ kind: TemplateToken.Kind) {
        tokens.append(TemplateToken(kind: kind, offset: start, line: startLine, text: currentText))
        begin()
    }

    private mutating func fail(_ message: String) -> Bool {
        tokens.append(TemplateToken(kind: .error, offset: start, line: startLine, text: message))
        return false
    }

    private mutating func advance(to end: Int) {
        let end = min(end, bytes.count)
        guard end > place else { return }
        for byte in bytes[place..<end] where byte == UInt8(ascii: "\n") { line += 1 }
        place = end
    }

    private func peek() -> Unicode.Scalar? {
        guard place < bytes.count else { return nil }
        var decoder = UTF8()
        var iterator = bytes[place..<min(place + 4, bytes.count)].makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return "\u{FFFD}" }
        return scalar
    }

    private func starts(with text: String, at offset: Int) -> Bool {
        offset <= bytes.count && bytes[offset...].starts(with: text.utf8)
    }

    private func find(_ text: String, from offset: Int) -> Int? {
        var next = offset
        while next < bytes.count {
            if starts(with: text, at: next) { return next }
            next += 1
        }
        return nil
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }

    private func isDigit(at offset: Int) -> Bool { offset < bytes.count && (0x30...0x39).contains(bytes[offset]) }

    private func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal
    }
}

extension Unicode.Scalar {
    var utf8Width: Int { value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4 }
}

/// Go's `%#U`: `U+0021 '!'`; without the character when it is not printable.
private func goUnicode(_ scalar: Unicode.Scalar) -> String {
    let hex = String(scalar.value, radix: 16, uppercase: true)
    let code = "U+" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
    switch scalar.properties.generalCategory {
    case .control, .format, .spaceSeparator, .unassigned, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator:
        return code
    default: return "\(code) '\(scalar)'"
    }
}
