/// One lexical item.
struct Token: Sendable {
    enum Keyword: String, Sendable, CaseIterable {
        case offset, by, without, on, ignoring, bool, start, end, step, range, anchored, smoothed, fill
        case groupLeft = "group_left"
        case groupRight = "group_right"
        case fillLeft = "fill_left"
        case fillRight = "fill_right"
    }

    enum Kind: Sendable, Equatable {
        case endOfInput, comment, error(String)
        case leftParenthesis, rightParenthesis, leftBrace, rightBrace, leftBracket, rightBracket
        case comma, colon, at
        /// `=`, `=~`, `!~`; `!=` is an operator.
        case equal, equalRegex, notRegex
        case number, duration, string, identifier, metricIdentifier
        case op(BinaryOperator)
        case aggregator(Aggregator)
        case keyword(Keyword)
        // Series notation only.
        case space, blank, times
    }

    var kind: Kind
    var range: SourceRange
    /// As written.
    var text: String

    /// As Prometheus names it in `unexpected …`.
    var description: String {
        switch kind {
        case .endOfInput: "end of input"
        case .error(let message): message
        case .identifier: "identifier \(goQuoted(text))"
        case .metricIdentifier: "metric identifier \(goQuoted(text))"
        case .number: "number \(shortQuoted)"
        case .duration: "duration \(shortQuoted)"
        case .string: "string \(shortQuoted)"
        case .comment: "comment \(shortQuoted)"
        case .op, .at, .equalRegex, .notRegex: "<op:\(text)>"
        case .aggregator: "<aggr:\(text)>"
        case .keyword(.start), .keyword(.end), .keyword(.step), .keyword(.range): shortQuoted
        case .keyword: "<\(text)>"
        case .leftParenthesis, .rightParenthesis, .leftBrace, .rightBrace, .leftBracket, .rightBracket, .comma, .colon, .equal,
            .space, .blank, .times:
            shortQuoted
        }
    }

    private var shortQuoted: String {
        text.unicodeScalars.count > 10
            ? goQuoted(String(String.UnicodeScalarView(text.unicodeScalars.prefix(10)))) + "..." : goQuoted(text)
    }

    /// The words that are not identifiers, in lower case.
    static let words: [String: Kind] = {
        var words: [String: Kind] = ["inf": .number, "nan": .number]
        for op in [BinaryOperator.and, .or, .unless, .atan2] { words[op.rawValue] = .op(op) }
        for aggregator in Aggregator.allCases { words[aggregator.rawValue] = .aggregator(aggregator) }
        for keyword in Keyword.allCases { words[keyword.rawValue] = .keyword(keyword) }
        return words
    }()
}

/// One lexical item as tools see it: Prometheus' name of its type, its byte offset, its text.
public struct LexicalItem: Sendable {
    public let kind: String
    public let position: Int
    public let text: String
}

/// Cuts `text` into lexical items, comments included. After an error item there is nothing.
public func lexicalItems(of text: String, isSeries: Bool = false) -> [LexicalItem] {
    var lexer = Lexer(Array(text.utf8), isSeries: isSeries)
    var items: [LexicalItem] = []
    while true {
        let token = lexer.next()
        if token.kind == .endOfInput { return items }
        items.append(LexicalItem(kind: token.kindName, position: token.range.start, text: token.text))
        if case .error = token.kind { return items }
    }
}

extension Token {
    fileprivate var kindName: String {
        switch kind {
        case .endOfInput: "EOF"
        case .comment: "comment"
        case .error: "error"
        case .number: "number"
        case .duration: "duration"
        case .string: "string"
        case .identifier: "identifier"
        case .metricIdentifier: "metric identifier"
        case .space: "<space>"
        case .op(let op): op.rawValue
        case .aggregator(let aggregator): aggregator.rawValue
        case .keyword(let keyword): keyword.rawValue
        case .leftParenthesis, .rightParenthesis, .leftBrace, .rightBrace, .leftBracket, .rightBracket, .comma, .colon, .at,
            .equal,
            .equalRegex, .notRegex, .blank, .times:
            text
        }
    }
}
