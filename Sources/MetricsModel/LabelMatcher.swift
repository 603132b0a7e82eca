/// A compiled regular expression of a matcher: RE2 syntax, anchored at both ends, a dot also matches a newline.
public protocol LabelPattern: Sendable {
    func matches(_ value: String) -> Bool
    /// When the pattern is nothing but alternatives of plain text (`a|b`), those texts: a source can look them up in its index.
    var literals: [String]? { get }
}

/// One condition of a selector on one label. A label that a series does not have counts as the empty string.
public struct LabelMatcher: Sendable {
    public enum Operator: String, Sendable {
        case equal = "="
        case notEqual = "!="
        case regex = "=~"
        case notRegex = "!~"
    }

    public let name: String
    public let op: Operator
    /// The text compared with, or the text of the pattern.
    public let value: String
    /// There for `regex` and `notRegex` only.
    public let pattern: (any LabelPattern)?

    public init(_ name: String, equals value: String) {
        self.init(name: name, op: .equal, value: value, pattern: nil)
    }

    public init(_ name: String, notEquals value: String) {
        self.init(name: name, op: .notEqual, value: value, pattern: nil)
    }

    /// `text` is what `pattern` was compiled from.
    public init(_ name: String, matching pattern: any LabelPattern, text: String, negated: Bool) {
        self.init(name: name, op: negated ? .notRegex : .regex, value: text, pattern: pattern)
    }

    private init(name: String, op: Operator, value: String, pattern: (any LabelPattern)?) {
        self.name = name
        self.op = op
        self.value = value
        self.pattern = pattern
    }

    public func matches(_ text: String) -> Bool {
        switch op {
        case .equal: sameBytes(text, value)
        case .notEqual: !sameBytes(text, value)
        case .regex: pattern?.matches(text) ?? false
        case .notRegex: !(pattern?.matches(text) ?? true)
        }
    }

    public func matches(_ labels: Labels) -> Bool {
        matches(labels[name] ?? "")
    }
}
