internal import MetricsModel

/// Reads matchers as Alertmanager does: by its UTF-8 grammar (matcher/parse), and what that refuses by the older one, in which a
/// value may stand without quotes whatever it holds (pkg/labels).
struct MatcherParser {
    private enum Token: Equatable {
        case openBrace
        case closeBrace
        case comma
        case op(LabelMatcher.Operator)
        case text(String)
    }

    private let input: [Unicode.Scalar]
    private var place = 0
    /// Where the newest token began.
    private var start = 0

    static func parse(_ text: String) throws(MatcherError) -> [LabelMatcher] {
        var parser = MatcherParser(text)
        do {
            return try parser.matchers()
        } catch {
            if let matchers = try? classicMatchers(text) { return matchers }
            throw MatcherError("bad matcher format: \(text): \(error)")
        }
    }

    static func isReserved(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || "{}!=~,\\\"'`".unicodeScalars.contains(scalar)
    }

    private init(_ text: String) {
        input = Array(text.unicodeScalars)
    }

    private mutating func matchers() throws(MatcherError) -> [LabelMatcher] {
        var matchers: [LabelMatcher] = []
        let isBraced = try peek() == .openBrace
        if isBraced { _ = try next() }
        while let token = try peek(), token != .closeBrace {
            matchers.append(try matcher())
            guard try peek() == .comma else { break }
            _ = try next()
        }
        let last = try next()
        switch (isBraced, last) {
        case (true, .closeBrace), (false, nil): break
        case (true, _): throw error("expected close brace")
        case (false, .closeBrace): throw error("expected opening brace")
        case (false, _): throw error("expected a comma")
        }
        guard try next() == nil else { throw error("expected end of input") }
        return matchers
    }

    private mutating func matcher() throws(MatcherError) -> LabelMatcher {
        guard case .text(let name) = try next(), !name.isEmpty else { throw error("expected label name") }
        guard case .op(let op) = try next() else {
            throw error("expected an operator such as '=', '!=', '=~' or '!~'")
        }
        guard case .text(let value) = try next() else { throw error("expected label value") }
        return try Matchers.matcher(name, op, value)
    }

    private mutating func peek() throws(MatcherError) -> Token? {
        let (before, begun) = (place, start)
        defer { (place, start) = (before, begun) }
        return try next()
    }

    private mutating func next() throws(MatcherError) -> Token? {
        while place < input.count, input[place].properties.isWhitespace { place += 1 }
        start = place
        guard place < input.count else { return nil }
        let scalar = input[place]
        switch scalar {
        case "{":
            place += 1
            return .openBrace
        case "}":
            place += 1
            return .closeBrace
        case ",":
            place += 1
            return .comma
        case "=", "!": return .op(try operation())
        case "\"": return .text(try quotedText())
        default:
            guard !Self.isReserved(scalar) else { throw error("invalid input") }
            while place < input.count, !Self.isReserved(input[place]) { place += 1 }
            return .text(text(start..<place))
        }
    }

    private mutating func operation() throws(MatcherError) -> LabelMatcher.Operator {
        let isNegated = input[place] == "!"
        place += 1
        let isPattern = place < input.count && input[place] == "~"
        if isNegated {
            guard isPattern || place < input.count && input[place] == "=" else { throw error("expected one of '=~'") }
            place += 1
            return isPattern ? .notRegex : .notEqual
        }
        if isPattern { place += 1 }
        return isPattern ? .regex : .equal
    }

    private mutating func quotedText() throws(MatcherError) -> String {
        place += 1
        while place < input.count, input[place] != "\"" { place += input[place] == "\\" ? 2 : 1 }
        guard place < input.count else {
            place = input.count
            throw error("missing end \"")
        }
        place += 1
        // A replacement character that was not written is what is left of bytes that are no UTF-8.
        guard let value = goUnquoted(text(start..<place)),
            !value.unicodeScalars.contains("\u{FFFD}") || input[start..<place].contains("\u{FFFD}")
        else { throw error("invalid input") }
        return value
    }

    private func text(_ range: Range<Int>) -> String {
        var text = ""
        text.unicodeScalars += input[range]
        return text
    }

    private func error(_ expected: String) -> MatcherError {
        let found = start < input.count ? text(start..<min(max(place, start + 1), input.count)) : "end of input"
        return MatcherError("\(start):\(max(place, start)): \(found): \(expected)")
    }

    /// The older grammar: a name of ASCII letters, an operator, and everything up to a comma outside of quotes.
    private static func classicMatchers(_ text: String) throws(MatcherError) -> [LabelMatcher] {
        var inner = Substring(text)
        if inner.first == "{", inner.last == "}" { inner = inner.dropFirst().dropLast() }
        var parts: [[Unicode.Scalar]] = [[]]
        var isQuoted = false
        var isEscaped = false
        for scalar in inner.unicodeScalars {
            if scalar == ",", !isQuoted {
                parts.append([])
                continue
            }
            if scalar == "\"", !isEscaped { isQuoted.toggle() }
            isEscaped = scalar == "\\" && !isEscaped
            parts[parts.count - 1].append(scalar)
        }
        if parts.last?.allSatisfy(\.properties.isWhitespace) == true { parts.removeLast() }
        var matchers: [LabelMatcher] = []
        for part in parts { matchers.append(try classicMatcher(part)) }
        return matchers
    }

    private static func classicMatcher(_ part: [Unicode.Scalar]) throws(MatcherError) -> LabelMatcher {
        var parser = MatcherParser("")
        parser = MatcherParser(scalars: trimmed(part[...]))
        let isName = { (scalar: Unicode.Scalar) in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || scalar == "_" || scalar == ":" || scalar.properties.numericType != nil)
        }
        while parser.place < parser.input.count, isName(parser.input[parser.place]) { parser.place += 1 }
        let name = parser.text(0..<parser.place)
        guard let first = name.unicodeScalars.first, first.properties.numericType == nil else {
            throw parser.error("bad matcher")
        }
        while parser.place < parser.input.count, parser.input[parser.place].properties.isWhitespace { parser.place += 1 }
        guard parser.place < parser.input.count, ["=", "!"].contains(parser.input[parser.place]) else {
            throw parser.error("bad matcher")
        }
        let op = try parser.operation()
        var value = trimmed(parser.input[parser.place...])
        if value.first == "\"" {
            guard value.count > 1, value.last == "\"" else { throw parser.error("bad matcher") }
            value = Array(value.dropFirst().dropLast())
        }
        var text = ""
        var place = 0
        while place < value.count {
            let scalar = value[place]
            let following = place + 1 < value.count ? value[place + 1] : nil
            place += 1
            switch (scalar, following) {
            case ("\\", "n"): text += "\n"
            case ("\\", "\""), ("\\", "\\"): text.unicodeScalars.append(following ?? scalar)
            case ("\"", _): throw parser.error("matcher value contains unescaped double quote")
            default:
                text.unicodeScalars.append(scalar)
                continue
            }
            place += 1
        }
        return try Matchers.matcher(name, op, text)
    }

    private init(scalars: [Unicode.Scalar]) {
        input = scalars
    }

    private static func trimmed(_ scalars: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        var rest = scalars.drop(while: \.properties.isWhitespace)
        while rest.last?.properties.isWhitespace == true { rest.removeLast() }
        return Array(rest)
    }
}
