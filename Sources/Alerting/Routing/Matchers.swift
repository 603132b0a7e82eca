public import MetricsModel
internal import PromQL

/// Matchers are not written as Alertmanager reads them.
public struct MatcherError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Conditions on an alert's labels, all of which must hold, as routes, inhibitions and mutes have them.
public struct Matchers: Sendable, CustomStringConvertible {
    /// In the order of their names, values and operators.
    public let all: [LabelMatcher]

    public static let none = Matchers([])

    public init(_ matchers: [LabelMatcher]) {
        all = matchers.sorted { a, b in
            if !sameBytes(a.name, b.name) { return bytesPrecede(a.name, b.name) }
            if !sameBytes(a.value, b.value) { return bytesPrecede(a.value, b.value) }
            return Self.rank(a.op) < Self.rank(b.op)
        }
    }

    /// Reads Alertmanager's notation: `severity="page"`, `{a!=b, "ü.x"=~"y|z"}`. Each text may hold several matchers.
    ///
    /// - Throws: which text is wrong, and where.
    public init(parsing texts: [String]) throws(MatcherError) {
        var matchers: [LabelMatcher] = []
        for text in texts { matchers += try MatcherParser.parse(text) }
        self.init(matchers)
    }

    public var isEmpty: Bool { all.isEmpty }

    /// A label that is not there counts as empty.
    public func matches(_ labels: Labels) -> Bool { all.allSatisfy { $0.matches(labels) } }

    /// `{a="b",c=~"d"}`: as Alertmanager prints it, and reads it again.
    public var description: String { "{" + all.map(Self.text).joined(separator: ",") + "}" }

    /// Whether these are the same conditions, in the same words.
    public func isSame(as other: Matchers) -> Bool {
        all.count == other.all.count
            && zip(all, other.all).allSatisfy { a, b in sameBytes(a.name, b.name) && a.op == b.op && sameBytes(a.value, b.value) }
    }

    /// One matcher; regular expressions are RE2 and must match the whole value.
    public static func matcher(
        _ name: String, _ op: LabelMatcher.Operator, _ value: String
    ) throws(MatcherError) -> LabelMatcher {
        switch op {
        case .equal: return LabelMatcher(name, equals: value)
        case .notEqual: return LabelMatcher(name, notEquals: value)
        case .regex, .notRegex:
            do {
                let pattern = try RegularExpression(value)
                return LabelMatcher(name, matching: pattern, text: value, negated: op == .notRegex)
            } catch {
                throw MatcherError("invalid regular expression \(goQuoted(value)): \(error.message)")
            }
        }
    }

    private static func text(_ matcher: LabelMatcher) -> String {
        guard matcher.name.unicodeScalars.contains(where: MatcherParser.isReserved) else {
            let escaped = matcher.value.unicodeScalars.reduce(into: "") { out, scalar in
                switch scalar {
                case "\\": out += "\\\\"
                case "\n": out += "\\n"
                case "\"": out += "\\\""
                default: out.unicodeScalars.append(scalar)
                }
            }
            return "\(matcher.name)\(matcher.op.rawValue)\"\(escaped)\""
        }
        return goQuoted(matcher.name) + matcher.op.rawValue + goQuoted(matcher.value)
    }

    private static func rank(_ op: LabelMatcher.Operator) -> Int {
        switch op {
        case .equal: 0
        case .notEqual: 1
        case .regex: 2
        case .notRegex: 3
        }
    }
}
