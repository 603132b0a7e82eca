/// Reads the few tokens of SQL that tell a statement's verb (PostgreSQL manual, 4.1 Lexical Structure).
///
/// It always moves forward and stops at the end of what it was given, so its cost is linear in the bytes read.
struct SQLScanner {
    enum Token: Equatable {
        /// An unquoted keyword or identifier, in lower case when it is ASCII.
        case word(String)
        case open, close, comma
        /// What ends a statement.
        case semicolon
        /// A literal, a quoted identifier, a parameter, an operator.
        case opaque
    }

    /// No keyword looked for is longer, and a longer word need not be kept.
    private static let wordBytesMax = 16
    private let bytes: [UInt8]
    /// The text is longer than what is read of it.
    let isCut: Bool
    /// The byte behind the last token.
    private(set) var place = 0
    /// Inside parentheses no word matters, and none is made into a string.
    private var isInGroup = false

    init(_ text: String, bytesMax: Int) {
        bytes = Array(text.utf8.prefix(bytesMax))
        isCut = bytes.count == bytesMax && text.utf8.count > bytesMax
    }

    /// The word that says what the statement does, or nil when none comes before the end.
    mutating func mainVerb() -> String? {
        var token = next()
        while let seen = token {
            switch seen {
            case .open: token = next()
            case .word("with"): token = skipCommonTableExpressions()
            case .word(let word): return word
            case .close, .comma, .semicolon, .opaque: return nil
            }
        }
        return nil
    }

    /// The next part of the text with its bytes; blanks and comments are passed over.
    mutating func nextPiece() -> SQLPiece? {
        let before = place
        skipBlanks()
        let start = place
        guard let first = byte() else { return nil }
        let isNumber = first.isDigit || (first == UInt8(ascii: ".") && byte(1)?.isDigit == true)
        if isNumber { skipNumber() } else if next() == nil { return nil }
        let piece = bytes[start..<place]
        let kind: SQLPiece.Kind
        switch first {
        case _ where isNumber: kind = .literal
        case UInt8(ascii: "'"):
            kind = SQLScanner.hasBackslashBeforeQuote(piece) ? .doubtful : .literal
        case UInt8(ascii: "\""): kind = .name
        case UInt8(ascii: "$"): kind = piece.count > 1 && piece[start + 1].isDigit ? .other : .literal
        case _ where first.startsIdentifier && isQuote(at: start + 1):
            let knowsBackslashes = first.asciiLowercased == UInt8(ascii: "e")
            kind = !knowsBackslashes && SQLScanner.hasBackslashBeforeQuote(piece) ? .doubtful : .literal
        case _ where first.startsIdentifier: kind = .word
        default: kind = .other
        }
        return SQLPiece(kind: kind, bytes: piece, isAfterBlank: start > before)
    }

    private func isQuote(at place: Int) -> Bool { place < self.place && bytes[place] == UInt8(ascii: "'") }

    private static func hasBackslashBeforeQuote(_ piece: ArraySlice<UInt8>) -> Bool {
        zip(piece, piece.dropFirst()).contains { $0 == UInt8(ascii: "\\") && $1 == UInt8(ascii: "'") }
    }

    /// `1`, `1.5e-3`, `.5`, `0x1F`, `1_000`, and letters that follow at once.
    private mutating func skipNumber() {
        while let seen = byte() {
            let isExponentSign =
                (seen == UInt8(ascii: "+") || seen == UInt8(ascii: "-")) && bytes[place - 1] | 0x20 == UInt8(ascii: "e")
                && byte(1)?.isDigit == true
            guard seen.continuesIdentifier || seen == UInt8(ascii: ".") || isExponentSign else { return }
            place += 1
        }
    }

    /// From behind `WITH` to the first token of the main statement. A name may be a keyword (`WITH insert AS (…)`), hence by the
    /// grammar: name, columns, AS, the query in parentheses, SEARCH and CYCLE clauses, comma.
    private mutating func skipCommonTableExpressions() -> Token? {
        while true {
            guard let name = next() else { return nil }
            if name == .word("recursive"), next() == nil { return nil }
            guard skip(to: .word("as")), skip(to: .open), skipGroup() else { return nil }
            var token = next()
            while token == .word("search") || token == .word("cycle") {
                guard skip(to: .word(token == .word("search") ? "set" : "using")), next() != nil else { return nil }
                token = next()
            }
            guard token == .comma else { return token }
        }
    }

    /// Moves behind the next such token outside parentheses. False at the end.
    private mutating func skip(to wanted: Token) -> Bool {
        while let token = next() {
            if token == wanted { return true }
            if token == .open, !skipGroup() { return false }
        }
        return false
    }

    /// From behind an opening parenthesis to behind the one that closes it. False when none does.
    private mutating func skipGroup() -> Bool {
        isInGroup = true
        defer { isInGroup = false }
        var depth = 1
        while depth > 0 {
            guard let token = next() else { return false }
            if token == .open { depth += 1 } else if token == .close { depth -= 1 }
        }
        return true
    }

    private func byte(_ ahead: Int = 0) -> UInt8? {
        place + ahead < bytes.count ? bytes[place + ahead] : nil
    }

    /// The next token, or nil at the end; what is left open there (a comment, a string) ends with it.
    mutating func next() -> Token? {
        skipBlanks()
        guard let first = byte() else { return nil }
        switch first {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","):
            place += 1
            return first == UInt8(ascii: "(") ? .open : first == UInt8(ascii: ")") ? .close : .comma
        case UInt8(ascii: ";"):
            place += 1
            return .semicolon
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            skipQuoted(by: first, hasEscapes: false)
        case UInt8(ascii: "$"):
            skipDollar()
        case _ where first.startsIdentifier:
            return word()
        case _ where first.continuesIdentifier:
            while byte()?.continuesIdentifier == true { place += 1 }
        default:
            place += 1
        }
        return .opaque
    }

    private mutating func word() -> Token {
        let start = place
        while byte()?.continuesIdentifier == true { place += 1 }
        if byte() == UInt8(ascii: "'"), place - start == 1 {
            // E'…' knows backslashes; B, N, X and U& do not.
            skipQuoted(by: UInt8(ascii: "'"), hasEscapes: bytes[start].asciiLowercased == UInt8(ascii: "e"))
            return .opaque
        }
        if isInGroup { return .opaque }
        guard place - start <= SQLScanner.wordBytesMax else { return .word("") }
        return .word(String(decoding: bytes[start..<place].map { $0.asciiLowercased }, as: UTF8.self))
    }

    private mutating func skipBlanks() {
        while let first = byte() {
            if first == 0x20 || (first >= 0x09 && first <= 0x0D) {
                place += 1
            } else if first == UInt8(ascii: "-"), byte(1) == first {
                while let seen = byte(), seen != 0x0A, seen != 0x0D { place += 1 }
            } else if first == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
                skipComment()
            } else {
                return
            }
        }
    }

    /// Block comments nest.
    private mutating func skipComment() {
        var depth = 0
        while let first = byte() {
            if first == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
                depth += 1
                place += 2
            } else if first == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
                depth -= 1
                place += 2
                if depth == 0 { return }
            } else {
                place += 1
            }
        }
    }

    /// A doubled quote stands for itself.
    private mutating func skipQuoted(by quote: UInt8, hasEscapes: Bool) {
        place += 1
        while let seen = byte() {
            place += hasEscapes && seen == UInt8(ascii: "\\") ? 2 : 1
            guard seen == quote else { continue }
            guard byte() == quote else { return }
            place += 1
        }
        place = min(place, bytes.count)
    }

    /// `$1`, or a string between `$tag$` and the next `$tag$`.
    private mutating func skipDollar() {
        let start = place
        place += 1
        if byte()?.startsIdentifier == true {
            while let seen = byte(), seen.continuesIdentifier, seen != UInt8(ascii: "$") { place += 1 }
        }
        guard byte() == UInt8(ascii: "$") else {
            while byte()?.continuesIdentifier == true { place += 1 }
            return
        }
        place += 1
        let tag = bytes[start..<place]
        while let seen = byte() {
            if seen == UInt8(ascii: "$"), bytes[place...].starts(with: tag) {
                place += tag.count
                return
            }
            place += 1
        }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    fileprivate var startsIdentifier: Bool {
        let letter = self | 0x20
        return (letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")) || self == UInt8(ascii: "_") || self >= 0x80
    }

    fileprivate var continuesIdentifier: Bool {
        startsIdentifier || (self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9")) || self == UInt8(ascii: "$")
    }

    fileprivate var asciiLowercased: UInt8 {
        self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self
    }
}
