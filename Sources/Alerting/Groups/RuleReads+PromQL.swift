internal import MetricsModel
internal import PromQL

extension PromQLRuleExpression {
    var reads: RuleReads {
        var reader = ReadsOfPromQL(expression)
        let root = reader.node(expression.root)
        return RuleReads(
            root: root, reach: expression.reach(lookback: engine.lookback), madeLabels: reader.madeLabels,
            selectors: expression.selectors.map(\.matchers))
    }
}

/// Walks a syntax tree and notes what it reads.
private struct ReadsOfPromQL {
    private let text: [UInt8]
    /// By where they stand in the text.
    private let uses: [Int: SelectorUse]
    private(set) var madeLabels: Set<String> = []

    init(_ expression: PromQLExpression) {
        text = Array(expression.text.utf8)
        uses = Dictionary(expression.selectors.map { ($0.range.start, $0) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func node(_ node: Expression) -> RuleReads.Node {
        switch node {
        case .number, .string: return .always
        case .vector(let selector): return self.selector(selector)
        case .matrix(let matrix): return selector(matrix.selector)
        case .subquery(let subquery): return self.node(subquery.inner)
        case .parentheses(let inner): return self.node(inner.inner)
        case .unary(let unary): return self.node(unary.operand)
        case .aggregation(let aggregation):
            if aggregation.aggregator == .countValues, case .string(let name)? = aggregation.parameter?.withoutParentheses {
                madeLabels.insert(name.value)
            }
            let parameter = aggregation.parameter.map { self.node($0) }
            return .all([parameter, self.node(aggregation.operand)].compactMap { $0 })
        case .binary(let binary): return self.binary(binary)
        case .call(let call): return self.call(call)
        }
    }

    private func selector(_ selector: VectorSelector) -> RuleReads.Node {
        guard let use = uses[selector.range.start] else { return .always }
        let range = max(0, use.range.start)..<min(text.count, max(use.range.start, use.range.end))
        return .selector(
            RuleSelector(
                matchers: use.matchers, text: String(decoding: text[range], as: UTF8.self), window: use.window, shift: use.shift,
                isFixed: use.isFixed))
    }

    private mutating func binary(_ binary: BinaryOperation) -> RuleReads.Node {
        madeLabels.formUnion(binary.matching?.include ?? [])
        let (left, right) = (node(binary.left), node(binary.right))
        switch binary.op {
        case .or: return .any([left, right])
        // What stands on the right only takes away.
        case .unless: return left
        case .and: return .all([left, right])
        default:
            // A side without a partner gets the value of `fill`.
            if binary.matching?.fillLeft != nil || binary.matching?.fillRight != nil { return .any([left, right]) }
            return .all([left, right])
        }
    }

    private mutating func call(_ call: Call) -> RuleReads.Node {
        let arguments = call.arguments.map { node($0) }
        switch call.function.name {
        case "absent", "absent_over_time", "scalar", "vector": return .always
        // The series of the second argument only add labels.
        case "info": return arguments.first ?? .always
        case "label_replace", "label_join":
            if call.arguments.count > 1, case .string(let name) = call.arguments[1].withoutParentheses {
                madeLabels.insert(name.value)
            }
            return .all(arguments)
        default: return .all(arguments)
        }
    }
}
