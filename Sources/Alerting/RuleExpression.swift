public import MetricsModel

/// One element of an expression's instant vector. A scalar result is one element without labels.
public struct RuleSample: Sendable {
    public let labels: Labels
    public let value: Double

    public init(labels: Labels, value: Double) {
        self.labels = labels
        self.value = value
    }
}

/// Why an expression gave no result: an error of evaluation, a limit, a source that could not answer.
public struct RuleExpressionError: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// A parsed expression of a rule.
public protocol RuleExpression: Sendable {
    /// The expression as the language prints it.
    var text: String { get }
    /// Its value at an instant (milliseconds since the epoch).
    func evaluate(at timestamp: Int64, source: any SeriesSource) throws(RuleExpressionError) -> [RuleSample]
    /// What it reads. Taken apart at each call.
    var reads: RuleReads { get }
}

extension RuleExpression {
    public var reads: RuleReads { .nothing }
}

/// Why a text is no expression.
public struct RuleSyntaxError: Error, Sendable {
    public let message: String
    /// Of the expression's text, 1-based.
    public let line: Int
    /// Of the expression's text, 1-based.
    public let column: Int

    public init(message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }
}

/// The language in which rules are written.
public protocol RuleLanguage: Sendable {
    func parse(_ text: String) throws(RuleSyntaxError) -> any RuleExpression
}
