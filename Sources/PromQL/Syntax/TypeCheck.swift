import MetricsModel

/// Checks types and what the grammar leaves open. The order of the checks decides which error is the first.
struct TypeCheck {
    let bytes: [UInt8]

    func check(_ expression: Expression) throws(PromQLError) {
        switch expression {
        case .number, .string: break
        case .vector(let node): try check(node)
        case .matrix(let node): try check(node.selector)
        case .subquery(let node):
            try check(node.inner)
            guard node.inner.type == .vector else {
                throw error("subquery is only allowed on instant vector, got \(node.inner.type.rawValue) instead", node.range)
            }
        case .parentheses(let node): try check(node.inner)
        case .unary(let node):
            try check(node.operand)
            let type = node.operand.type
            guard type == .scalar || type == .vector else {
                throw error(
                    "unary expression only allowed on expressions of type scalar or instant vector, got \"\(type.documented)\"",
                    expression.range)
            }
        case .aggregation(let node):
            try expect(node.operand, .vector, "aggregation expression")
            if let type = node.aggregator.parameter, let parameter = node.parameter {
                try expect(parameter, type, "aggregation parameter")
            }
        case .call(let node): try check(node)
        case .binary(let node): try check(node, expression.range)
        }
    }

    private func error(_ message: String, _ range: SourceRange) -> PromQLError {
        PromQLError(.parse, message, range: range, in: bytes)
    }

    private func expect(_ expression: Expression, _ type: ValueType, _ context: String) throws(PromQLError) {
        try check(expression)
        guard expression.type == type else {
            throw error(
                "expected type \(type.documented) in \(context), got \(expression.type.documented)", expression.range)
        }
    }

    private func check(_ selector: VectorSelector, allowsEmpty: Bool = false) throws(PromQLError) {
        if !selector.name.isEmpty {
            for matcher in selector.matchers.dropLast() where matcher.name == Labels.metricName {
                throw error(
                    "metric name must not be set twice: \(goQuoted(selector.name)) or \(goQuoted(matcher.value))", selector.range)
            }
            return
        }
        guard allowsEmpty || selector.matchers.contains(where: { !$0.matches("") }) else {
            throw error("vector selector must contain at least one non-empty matcher", selector.range)
        }
    }

    private func check(_ call: Call) throws(PromQLError) {
        let function = call.function
        let count = call.arguments.count
        let name = goQuoted(function.name)
        let listed = function.argumentTypes.count
        if function.variadic == 0 {
            guard count == listed else {
                throw error("expected \(listed) argument(s) in call to \(name), got \(count)", call.range)
            }
        } else {
            let least = listed - 1
            guard count >= least else {
                throw error("expected at least \(least) argument(s) in call to \(name), got \(count)", call.range)
            }
            if function.variadic > 0, count > least + function.variadic {
                throw error(
                    "expected at most \(least + function.variadic) argument(s) in call to \(name), got \(count)", call.range)
            }
        }
        for (index, argument) in call.arguments.enumerated() {
            if function.kind == .info, index == 1 {
                try checkInfoSelector(argument, call)
                continue
            }
            try check(argument)
            guard let wanted = index < listed ? function.argumentTypes[index] : function.argumentTypes.last else { continue }
            guard argument.type == wanted else {
                throw error(
                    "expected type \(wanted.documented) in call to function \(name), got \(argument.type.documented)",
                    argument.range)
            }
        }
    }

    private func checkInfoSelector(_ argument: Expression, _ call: Call) throws(PromQLError) {
        guard argument.type == .vector else {
            throw error(
                "expected type \(ValueType.vector.documented) in call to function \"info\", got \(argument.type.documented)",
                call.range)
        }
        guard case .vector(let selector) = argument else { throw error("expected label selectors only", argument.range) }
        guard selector.name.isEmpty else {
            throw error("expected label selectors only, got vector selector instead", argument.range)
        }
        try check(selector, allowsEmpty: true)
    }

    private func check(_ node: BinaryOperation, _ range: SourceRange) throws(PromQLError) {
        try check(node.left)
        try check(node.right)
        let (left, right) = (node.left.type, node.right.type)
        if node.returnsBool, !node.op.isComparison {
            throw error("bool modifier can only be used on comparison operators", operatorRange(node, in: bytes))
        }
        if node.op.isComparison, !node.returnsBool, left == .scalar, right == .scalar {
            throw error("comparisons between scalars must use BOOL modifier", operatorRange(node, in: bytes))
        }
        let matching = node.matching ?? VectorMatching()
        if matching.on, let both = matching.labels.first(where: { matching.include.contains($0) }) {
            throw error("label \(goQuoted(both)) must not occur in ON and GROUP clause at once", operatorRange(node, in: bytes))
        }
        for operand in [node.left, node.right] where operand.type != .scalar && operand.type != .vector {
            throw error("binary expression must contain only scalar and instant vector types", operand.range)
        }
        let hasFill = matching.fillLeft != nil || matching.fillRight != nil
        if left != .vector || right != .vector {
            if !matching.labels.isEmpty {
                throw error("vector matching only allowed between instant vectors", range)
            }
            if hasFill { throw error("filling in missing series only allowed between instant vectors", range) }
        } else if node.op.isSet {
            if matching.cardinality != .manyToMany {
                throw error("no grouping allowed for \(goQuoted(node.op.rawValue)) operation", range)
            }
            if hasFill { throw error("filling in missing series not allowed for set operators", range) }
        }
        if node.op.isSet, left == .scalar || right == .scalar {
            throw error("set operator \(goQuoted(node.op.rawValue)) not allowed in binary scalar expression", range)
        }
    }
}

/// The operator with its modifiers: what stands between the operands.
func operatorRange(_ node: BinaryOperation, in bytes: [UInt8]) -> SourceRange {
    var start = node.left.range.end
    var end = node.right.range.start - 1
    while start < bytes.count, isSpace(bytes[start]) { start += 1 }
    while end > start, end < bytes.count, isSpace(bytes[end]) { end -= 1 }
    return SourceRange(start, end)
}
