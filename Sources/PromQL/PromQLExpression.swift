public import MetricsModel

/// A whole expression: its text, and the checked syntax tree.
public struct PromQLExpression: Sendable, Hashable, CustomStringConvertible {
    /// As it was written.
    public let text: String
    public let root: Expression
    /// As Prometheus prints it; `/api/v1/rules` shows this. Two expressions are equal when they print alike.
    public let description: String

    /// Parses `text`. Throws with `line:column` and Prometheus' words when it is not PromQL, is wrongly typed, or asks for what is
    /// not in `features` or not supported.
    public init(_ text: String, features: PromQLFeatures = []) throws(PromQLError) {
        var parser = Parser(text, features: features)
        root = try parser.parse()
        self.text = text
        description = root.description
    }

    public var type: ValueType { root.type }

    public static func == (a: PromQLExpression, b: PromQLExpression) -> Bool { a.description == b.description }

    public func hash(into hasher: inout Hasher) { hasher.combine(description) }

    /// Every selector, in the order of the text.
    public var selectors: [SelectorUse] {
        var found: [SelectorUse] = []
        collect(root, outer: .zero, into: &found)
        return found
    }

    /// How far back of its evaluation time the expression reads, in milliseconds, with a look-back of `lookback`. What `@` fixes
    /// and what depends on a query's step or range does not count.
    public func reach(lookback: Int64 = 300_000) -> Int64 {
        selectors.map { $0.reach(lookback: lookback) }.max() ?? 0
    }

    private struct Shift {
        static let zero = Shift(back: 0, isFixed: false)
        var back: Int64
        var isFixed: Bool
    }

    private func collect(_ node: Expression, outer: Shift, into found: inout [SelectorUse]) {
        func use(_ selector: VectorSelector, window: Int64?) {
            found.append(
                SelectorUse(
                    matchers: selector.matchers, window: window,
                    shift: outer.back.addingSaturated(selector.offset.constant), isFixed: outer.isFixed || selector.at != nil,
                    range: selector.range))
        }
        switch node {
        case .number, .string: break
        case .vector(let selector): use(selector, window: nil)
        case .matrix(let matrix): use(matrix.selector, window: matrix.window.constant)
        case .subquery(let subquery):
            let back = outer.back.addingSaturated(subquery.offset.constant).addingSaturated(subquery.window.constant)
            collect(subquery.inner, outer: Shift(back: back, isFixed: outer.isFixed || subquery.at != nil), into: &found)
        case .aggregation(let aggregation):
            if let parameter = aggregation.parameter { collect(parameter, outer: outer, into: &found) }
            collect(aggregation.operand, outer: outer, into: &found)
        case .binary(let binary):
            collect(binary.left, outer: outer, into: &found)
            collect(binary.right, outer: outer, into: &found)
        case .unary(let unary): collect(unary.operand, outer: outer, into: &found)
        case .call(let call): for argument in call.arguments { collect(argument, outer: outer, into: &found) }
        case .parentheses(let inner): collect(inner.inner, outer: outer, into: &found)
        }
    }
}

/// A selector where it stands in an expression.
public struct SelectorUse: Sendable {
    /// With the one for the metric name, if there is one.
    public let matchers: [LabelMatcher]
    /// The milliseconds of a range selector; nil for an instant selector.
    public let window: Int64?
    /// How far back its newest instant is from the evaluation: its offset, and the windows and offsets of subqueries around it.
    public let shift: Int64
    /// Whether `@` ties it to a time of its own.
    public let isFixed: Bool
    /// Its bytes in the text, without range and modifiers that follow a range.
    public let range: SourceRange

    /// Milliseconds before the evaluation time of the oldest sample it can see; 0 when `@` fixes it.
    public func reach(lookback: Int64) -> Int64 {
        isFixed ? 0 : max(0, shift.addingSaturated(window ?? lookback))
    }
}

extension DurationValue {
    /// The milliseconds where they are known without a query.
    var constant: Int64 {
        switch self {
        case .milliseconds(let value): return value
        case .expression(let expression):
            do {
                return try expression.milliseconds(step: 0, range: 0)
            } catch {
                // What it says needs a query's step or range.
                return 0
            }
        }
    }
}

extension Int64 {
    func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? Int64.min : Int64.max) : sum
    }
}
