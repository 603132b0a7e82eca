extension PromQLExpression {
    /// The first thing in the expression that has no meaning on the samples that are stored here, with its place and the reason: a
    /// function or operator of native histograms, or of start timestamps. Such an expression is well formed and has the value that
    /// Prometheus gives for floats, none; a rule with it would never fire, so rules are refused with this.
    public var unsupported: PromQLError? { unsupported(in: root) }

    private func unsupported(in node: Expression) -> PromQLError? {
        switch node {
        case .number, .string, .vector, .matrix: return nil
        case .subquery(let node): return unsupported(in: node.inner)
        case .aggregation(let node):
            return node.parameter.flatMap { unsupported(in: $0) } ?? unsupported(in: node.operand)
        case .unary(let node): return unsupported(in: node.operand)
        case .parentheses(let node): return unsupported(in: node.inner)
        case .call(let call):
            if let reason = call.function.refusal { return error(reason, call.range) }
            return call.arguments.lazy.compactMap { unsupported(in: $0) }.first
        case .binary(let operation):
            if let found = unsupported(in: operation.left) { return found }
            if operation.op == .trimUpper || operation.op == .trimLower {
                let name = goQuoted(operation.op.rawValue)
                let range = operatorRange(operation, in: Array(text.utf8))
                return error("operator \(name) only makes sense on native histograms: \(nativeHistogramsReason)", range)
            }
            return unsupported(in: operation.right)
        }
    }

    private func error(_ message: String, _ range: SourceRange) -> PromQLError {
        PromQLError(.parse, message, range: range, in: Array(text.utf8))
    }
}
