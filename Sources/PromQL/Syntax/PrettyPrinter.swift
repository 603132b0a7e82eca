extension Expression {
    /// What a line may hold before the expression on it is broken up, in bytes (promql/parser/prettier.go).
    private static let lineMax = 100

    /// The expression over several lines where one is too long, two spaces for each level: what `/api/v1/format_query` answers.
    public var pretty: String {
        pretty(level: 0)
    }

    private func pretty(level: Int) -> String {
        let indent = String(repeating: "  ", count: level)
        let line = description
        // As in Prometheus: a subquery that fits stands without its indent.
        if case .subquery(let node) = self {
            guard line.utf8.count > Expression.lineMax else { return line }
            return node.inner.pretty(level: level)
                + String(decoding: line.utf8.dropFirst(node.inner.description.utf8.count), as: UTF8.self)
        }
        if case .unary(let node) = self {
            let operand = node.operand.pretty(level: level)
            return indent + (node.negative ? "-" : "+") + operand.drop { $0 == " " }
        }
        guard line.utf8.count > Expression.lineMax else { return indent + line }
        switch self {
        case .number, .string, .vector, .matrix, .subquery, .unary: return indent + line
        case .aggregation(let node):
            var inner = node.operand.pretty(level: level + 1)
            var innerLine = node.operand.description
            if let parameter = node.parameter {
                inner = "\(parameter.pretty(level: level + 1)),\n\(inner)"
                innerLine = "\(parameter.description), \(innerLine)"
            }
            // The line is `sum by (a) (` inner `)`.
            let head = String(decoding: line.utf8.dropLast(innerLine.utf8.count + 1), as: UTF8.self)
            return "\(indent)\(head)\n\(inner)\n\(indent))"
        case .binary(let node):
            // The line is left, ` op bool on (…) `, right.
            let middle = line.utf8.dropFirst(node.left.description.utf8.count).dropLast(node.right.description.utf8.count)
            let operation = String(decoding: middle.dropFirst().dropLast(), as: UTF8.self)
            return "\(node.left.pretty(level: level + 1))\n\(indent)\(operation)\n\(node.right.pretty(level: level + 1))"
        case .call(let node):
            let arguments = node.arguments.map { $0.pretty(level: level + 1) }.joined(separator: ",\n")
            return "\(indent)\(node.function.name)(\n\(arguments)\n\(indent))"
        case .parentheses(let node):
            return "\(indent)(\n\(node.inner.pretty(level: level + 1))\n\(indent))"
        }
    }
}
