public import MetricsModel

/// The type of an expression's value. The raw value is the word of the query API.
public enum ValueType: String, Sendable, Hashable {
    case scalar, vector, matrix, string

    /// The word of Prometheus' error texts.
    public var documented: String {
        switch self {
        case .scalar: "scalar"
        case .vector: "instant vector"
        case .matrix: "range vector"
        case .string: "string"
        }
    }
}

/// A node of the syntax tree. Every node knows its bytes in the text.
public indirect enum Expression: Sendable {
    case number(NumberLiteral)
    case string(StringLiteral)
    case vector(VectorSelector)
    case matrix(MatrixSelector)
    case subquery(Subquery)
    case aggregation(Aggregation)
    case binary(BinaryOperation)
    case unary(UnaryOperation)
    case call(Call)
    case parentheses(Parentheses)

    public var type: ValueType {
        switch self {
        case .number: .scalar
        case .string: .string
        case .vector, .aggregation: .vector
        case .matrix, .subquery: .matrix
        case .binary(let node): node.left.type == .scalar && node.right.type == .scalar ? .scalar : .vector
        case .unary(let node): node.operand.type
        case .call(let node): node.function.returns
        case .parentheses(let node): node.inner.type
        }
    }

    public var range: SourceRange {
        switch self {
        case .number(let node): node.range
        case .string(let node): node.range
        case .vector(let node): node.range
        case .matrix(let node): node.range
        case .subquery(let node): node.range
        case .aggregation(let node): node.range
        case .binary(let node): node.left.range.merged(node.right.range)
        case .unary(let node): SourceRange(node.start, node.operand.range.end)
        case .call(let node): node.range
        case .parentheses(let node): node.range
        }
    }

    /// The node inside any parentheses around it.
    public var withoutParentheses: Expression {
        var node = self
        while case .parentheses(let outer) = node { node = outer.inner }
        return node
    }
}

public struct NumberLiteral: Sendable {
    public var value: Double
    /// Written as a duration (`5m` = 300).
    public var isDuration: Bool
    public var range: SourceRange
}

public struct StringLiteral: Sendable {
    /// Escapes resolved; `\xff` can make it something other than UTF-8.
    public let bytes: [UInt8]
    public let range: SourceRange

    public var value: String { String(decoding: bytes, as: UTF8.self) }
}

/// What `@` was given.
public enum EvaluationTime: Sendable, Hashable {
    /// Milliseconds since the epoch.
    case at(Int64)
    case start
    case end
}

/// An offset, range or step: milliseconds, or an expression that needs the query's step or range.
public enum DurationValue: Sendable {
    case milliseconds(Int64)
    case expression(DurationExpression)
}

/// How a selector sees the edges of its window (`anchored`, `smoothed`).
public enum WindowEdges: String, Sendable {
    case plain, anchored, smoothed
}

public struct VectorSelector: Sendable {
    /// The name before the braces; empty when there is none.
    public var name: String
    /// With the one for the name, which comes last.
    public var matchers: [LabelMatcher]
    public var offset: DurationValue
    public var at: EvaluationTime?
    public var edges: WindowEdges
    public var range: SourceRange
}

public struct MatrixSelector: Sendable {
    public var selector: VectorSelector
    public var window: DurationValue
    public var end: Int

    public var range: SourceRange { SourceRange(selector.range.start, end) }
}

public struct Subquery: Sendable {
    public var inner: Expression
    public var window: DurationValue
    /// Nil: the engine's default step.
    public var step: DurationValue?
    public var offset: DurationValue
    public var at: EvaluationTime?
    public var end: Int

    public var range: SourceRange { SourceRange(inner.range.start, end) }
}

public enum Aggregator: String, Sendable, CaseIterable {
    case avg, bottomk, count, group, limitk, max, min, quantile, stddev, stdvar, sum, topk
    case countValues = "count_values"
    case limitRatio = "limit_ratio"

    /// The type of the parameter before the vector; nil when there is none.
    public var parameter: ValueType? {
        switch self {
        case .topk, .bottomk, .quantile, .limitk, .limitRatio: .scalar
        case .countValues: .string
        case .avg, .count, .group, .max, .min, .stddev, .stdvar, .sum: nil
        }
    }

    public var isExperimental: Bool { self == .limitk || self == .limitRatio }
}

public struct Aggregation: Sendable {
    public let aggregator: Aggregator
    public let operand: Expression
    public let parameter: Expression?
    public let grouping: [String]
    public let without: Bool
    public let range: SourceRange
}

public enum BinaryOperator: String, Sendable, CaseIterable {
    case or, and, unless
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case trimUpper = "</"
    case trimLower = ">/"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case atan2
    case power = "^"

    public var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
        default: false
        }
    }

    public var isSet: Bool { self == .or || self == .and || self == .unless }

    /// Larger binds tighter.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .trimUpper, .trimLower: 3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo, .atan2: 5
        case .power: 6
        }
    }
}

public enum MatchCardinality: String, Sendable {
    case oneToOne = "one-to-one"
    case manyToOne = "many-to-one"
    case oneToMany = "one-to-many"
    case manyToMany = "many-to-many"
}

/// How the series of two operands are paired.
public struct VectorMatching: Sendable {
    public var cardinality: MatchCardinality = .oneToOne
    public var labels: [String] = []
    /// `on (labels)`; otherwise `ignoring (labels)`.
    public var on = false
    /// The labels of `group_left` / `group_right`.
    public var include: [String] = []
    /// `fill_left` / `fill_right`: the value of a side that has no partner.
    public var fillLeft: Double?
    public var fillRight: Double?
}

public struct BinaryOperation: Sendable {
    public let op: BinaryOperator
    public let left: Expression
    public let right: Expression
    /// Nil when one side is a scalar.
    public let matching: VectorMatching?
    public let returnsBool: Bool
}

public struct UnaryOperation: Sendable {
    public let negative: Bool
    public let operand: Expression
    let start: Int
}

public struct Call: Sendable {
    public let function: Function
    public let arguments: [Expression]
    public let range: SourceRange
}

public struct Parentheses: Sendable {
    public let inner: Expression
    public let range: SourceRange
}

/// Arithmetic on durations, in seconds.
public indirect enum DurationExpression: Sendable {
    public enum Operator: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case modulo = "%"
        case power = "^"
        case minOf = "min_of"
        case maxOf = "max_of"
    }

    case literal(NumberLiteral)
    case step(SourceRange)
    case range(SourceRange)
    case negated(DurationExpression, start: Int)
    case binary(Operator, DurationExpression, DurationExpression, SourceRange)
    case wrapped(DurationExpression, SourceRange)

    public var sourceRange: SourceRange {
        switch self {
        case .literal(let node): node.range
        case .step(let range), .range(let range), .binary(_, _, _, let range), .wrapped(_, let range): range
        case .negated(let inner, let start): SourceRange(start, inner.sourceRange.end)
        }
    }
}
