import MetricsModel

extension Expression {
    /// The tree as `/api/v1/parse_query` answers it. UTF-8, keys sorted.
    public var json: [UInt8] {
        var out: [UInt8] = []
        tree.write(to: &out)
        return out
    }

    private var tree: JSONTree {
        switch self {
        case .number(let node): .object(["type": .string("numberLiteral"), "val": .string(goFixedText(node.value))])
        case .string(let node): .object(["type": .string("stringLiteral"), "val": .string(node.value)])
        case .vector(let node): .object(node.fields.merging(["type": .string("vectorSelector")]) { $1 })
        case .matrix(let node):
            .object(
                node.selector.fields.merging(node.window.fields("range")) { $1 }.merging(["type": .string("matrixSelector")]) {
                    $1
                })
        case .subquery(let node):
            .object(
                ["type": .string("subquery"), "expr": node.inner.tree]
                    .merging(node.window.fields("range")) { $1 }
                    .merging((node.step ?? .milliseconds(0)).fields("step")) { $1 }
                    .merging(node.offset.fields("offset")) { $1 }
                    .merging(timeFields(node.at)) { $1 })
        case .aggregation(let node):
            .object([
                "type": .string("aggregation"), "op": .string(node.aggregator.rawValue), "expr": node.operand.tree,
                "param": node.parameter?.tree ?? .null, "grouping": .array(node.grouping.map(JSONTree.string)),
                "without": .bool(node.without),
            ])
        case .binary(let node):
            .object([
                "type": .string("binaryExpr"), "op": .string(node.op.rawValue), "lhs": node.left.tree, "rhs": node.right.tree,
                "matching": node.effectiveMatching?.tree ?? .null, "bool": .bool(node.returnsBool),
            ])
        case .unary(let node):
            .object(["type": .string("unaryExpr"), "op": .string(node.negative ? "-" : "+"), "expr": node.operand.tree])
        case .call(let node):
            .object([
                "type": .string("call"), "args": .array(node.arguments.map(\.tree)),
                "func": .object([
                    "name": .string(node.function.name),
                    "argTypes": .array(node.function.argumentTypes.map { .string($0.rawValue) }),
                    "variadic": .integer(Int64(node.function.variadic)), "returnType": .string(node.function.returns.rawValue),
                ]),
            ])
        case .parentheses(let node): .object(["type": .string("parenExpr"), "expr": node.inner.tree])
        }
    }
}

extension VectorMatching {
    fileprivate var tree: JSONTree {
        .object([
            "card": .string(cardinality.rawValue), "labels": .array(labels.map(JSONTree.string)), "on": .bool(on),
            "include": .array(include.map(JSONTree.string)),
            "fillValues": .object([
                "lhs": fillLeft.map { .number($0) } ?? .null, "rhs": fillRight.map { .number($0) } ?? .null,
            ]),
        ])
    }
}

extension VectorSelector {
    fileprivate var fields: [String: JSONTree] {
        let matchers: [JSONTree] = matchers.map {
            .object(["name": .string($0.name), "type": .string($0.op.rawValue), "value": .string($0.value)])
        }
        return [
            "name": .string(name), "matchers": .array(matchers), "anchored": .bool(edges == .anchored),
            "smoothed": .bool(edges == .smoothed),
        ].merging(offset.fields("offset")) { $1 }.merging(timeFields(at)) { $1 }
    }
}

private func timeFields(_ at: EvaluationTime?) -> [String: JSONTree] {
    switch at {
    case nil: ["timestamp": .null, "startOrEnd": .null]
    case .start?: ["timestamp": .null, "startOrEnd": .string("start")]
    case .end?: ["timestamp": .null, "startOrEnd": .string("end")]
    case .at(let milliseconds)?: ["timestamp": .integer(milliseconds), "startOrEnd": .null]
    }
}

extension DurationValue {
    fileprivate func fields(_ name: String) -> [String: JSONTree] {
        switch self {
        case .milliseconds(let value): [name: .integer(value), name + "Expr": .null]
        case .expression(let expression): [name: .integer(0), name + "Expr": expression.tree]
        }
    }
}

extension DurationExpression {
    fileprivate var tree: JSONTree {
        func node(_ op: String, _ left: JSONTree, _ right: JSONTree, wrapped: Bool) -> JSONTree {
            .object([
                "type": .string("durationExpr"), "op": .string(op), "lhs": left, "rhs": right, "wrapped": .bool(wrapped),
            ])
        }
        func tree(_ expression: DurationExpression, wrapped: Bool) -> JSONTree {
            switch expression {
            case .literal(let literal):
                let number = JSONTree.object([
                    "type": .string("numberLiteral"), "val": .string(goFixedText(literal.value)),
                    "duration": .bool(literal.isDuration),
                ])
                return wrapped ? node("+", .null, number, wrapped: true) : number
            case .step: return node("step", .null, .null, wrapped: wrapped)
            case .range: return node("range", .null, .null, wrapped: wrapped)
            case .negated(let inner, _): return node("-", .null, inner.tree, wrapped: wrapped)
            case .binary(let op, let left, let right, _): return node(op.rawValue, left.tree, right.tree, wrapped: wrapped)
            case .wrapped(let inner, _): return tree(inner, wrapped: true)
            }
        }
        return tree(self, wrapped: false)
    }
}

/// A JSON value on its way out.
private indirect enum JSONTree {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    func write(to out: inout [UInt8]) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .integer(let value): out += String(value).utf8
        case .number(let value): out += value.isFinite ? goFixedText(value).utf8 : "null".utf8
        case .string(let value): writeString(value, to: &out)
        case .array(let values):
            out.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                value.write(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let fields):
            out.append(UInt8(ascii: "{"))
            for (index, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                writeString(field.key, to: &out)
                out.append(UInt8(ascii: ":"))
                field.value.write(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    private func writeString(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
            case 0x00..<0x20:
                let hex = String(byte, radix: 16)
                out += "\\u\(String(repeating: "0", count: 4 - hex.count))\(hex)".utf8
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
