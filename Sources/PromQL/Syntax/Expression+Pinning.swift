extension Expression {
    /// With `@ time` (milliseconds) on every selector and subquery that has none, except inside subqueries, whose own time fixes what
    /// is in them: what the expression means at that time, whatever time it is evaluated at.
    public func pinned(to time: Int64) -> Expression {
        switch self {
        case .number, .string: return self
        case .vector(var node):
            node.at = node.at ?? .at(time)
            return .vector(node)
        case .matrix(var node):
            node.selector.at = node.selector.at ?? .at(time)
            return .matrix(node)
        case .subquery(var node):
            node.at = node.at ?? .at(time)
            return .subquery(node)
        case .aggregation(let node):
            return .aggregation(
                Aggregation(
                    aggregator: node.aggregator, operand: node.operand.pinned(to: time),
                    parameter: node.parameter?.pinned(to: time),
                    grouping: node.grouping, without: node.without, range: node.range))
        case .binary(let node):
            return .binary(
                BinaryOperation(
                    op: node.op, left: node.left.pinned(to: time), right: node.right.pinned(to: time), matching: node.matching,
                    returnsBool: node.returnsBool))
        case .unary(let node):
            return .unary(UnaryOperation(negative: node.negative, operand: node.operand.pinned(to: time), start: node.start))
        case .call(let node):
            return .call(
                Call(function: node.function, arguments: node.arguments.map { $0.pinned(to: time) }, range: node.range))
        case .parentheses(let node):
            return .parentheses(Parentheses(inner: node.inner.pinned(to: time), range: node.range))
        }
    }

    /// The names of the functions called anywhere in it.
    public var functionNames: Set<String> {
        switch self {
        case .number, .string, .vector, .matrix: return []
        case .subquery(let node): return node.inner.functionNames
        case .aggregation(let node): return node.operand.functionNames.union(node.parameter?.functionNames ?? [])
        case .binary(let node): return node.left.functionNames.union(node.right.functionNames)
        case .unary(let node): return node.operand.functionNames
        case .call(let node): return node.arguments.reduce([node.function.name]) { $0.union($1.functionNames) }
        case .parentheses(let node): return node.inner.functionNames
        }
    }
}
