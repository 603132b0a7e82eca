import MetricsModel

extension Expression: CustomStringConvertible {
    /// The expression as Prometheus prints it: one line, matchers sorted, durations in their shortest form. Parsing it gives the
    /// same expression.
    public var description: String {
        var out = ""
        write(to: &out)
        return out
    }

    private func write(to out: inout String) {
        switch self {
        case .number(let node): out += node.text
        case .string(let node): out += literalText(node.bytes)
        case .vector(let node):
            node.writeSelector(to: &out)
            node.writeModifiers(to: &out)
        case .matrix(let node):
            node.selector.writeSelector(to: &out)
            out += "[\(node.window.text)]"
            node.selector.writeModifiers(to: &out)
        case .subquery(let node):
            node.inner.write(to: &out)
            out += "[\(node.window.text):\(node.step?.text ?? "")]"
            writeAt(node.at, to: &out)
            writeOffset(node.offset, to: &out)
        case .aggregation(let node):
            out += node.aggregator.rawValue
            if node.without {
                out += " without (\(labelList(node.grouping))) "
            } else if !node.grouping.isEmpty {
                out += " by (\(labelList(node.grouping))) "
            }
            out += "("
            if let parameter = node.parameter {
                parameter.write(to: &out)
                out += ", "
            }
            node.operand.write(to: &out)
            out += ")"
        case .binary(let node):
            if node.op == .power, case .number(let base) = node.left, base.value == .infinity {
                // `+Inf ^ 2` would be +(Inf ^ 2).
                out += "Inf"
            } else {
                node.left.write(to: &out)
            }
            out += " \(node.op.rawValue)"
            if node.returnsBool { out += " bool" }
            if let matching = node.effectiveMatching { out += matching.text }
            out += " "
            node.right.write(to: &out)
        case .unary(let node):
            out += node.negative ? "-" : "+"
            node.operand.write(to: &out)
        case .call(let node):
            out += node.function.name + "("
            for (index, argument) in node.arguments.enumerated() {
                if index > 0 { out += ", " }
                argument.write(to: &out)
            }
            out += ")"
        case .parentheses(let node):
            out += "("
            node.inner.write(to: &out)
            out += ")"
        }
    }
}

extension BinaryOperation {
    /// The matching when it has a meaning: both sides are vectors.
    var effectiveMatching: VectorMatching? {
        left.type == .vector && right.type == .vector ? matching ?? VectorMatching() : nil
    }
}

extension NumberLiteral {
    var text: String { isDuration ? durationText(milliseconds: millisecondsOf(seconds: value)) : goFixedText(value) }
}

extension VectorMatching {
    fileprivate var text: String {
        var out = ""
        let isGrouped = cardinality == .manyToOne || cardinality == .oneToMany
        if !labels.isEmpty || on || isGrouped {
            out += " \(on ? "on" : "ignoring") (\(labelList(labels)))"
        }
        if isGrouped {
            out += " group_\(cardinality == .manyToOne ? "left" : "right") (\(labelList(include)))"
        }
        if let fillLeft, let fillRight, fillLeft == fillRight {
            return out + " fill (\(goFixedText(fillLeft)))"
        }
        if let fillLeft { out += " fill_left (\(goFixedText(fillLeft)))" }
        if let fillRight { out += " fill_right (\(goFixedText(fillRight)))" }
        return out
    }
}

extension VectorSelector {
    fileprivate func writeSelector(to out: inout String) {
        out += name
        let inner = matchers.filter {
            !($0.name == Labels.metricName && $0.op == .equal && !$0.value.isEmpty && sameBytes($0.value, name))
        }
        guard !inner.isEmpty else { return }
        let texts = inner.map { "\(labelNameText($0.name))\($0.op.rawValue)\(literalText($0.value.utf8))" }
        out += "{\(texts.sorted(by: bytesPrecede).joined(separator: ","))}"
    }

    fileprivate func writeModifiers(to out: inout String) {
        if edges != .plain { out += " \(edges.rawValue)" }
        writeAt(at, to: &out)
        writeOffset(offset, to: &out)
    }
}

private func writeAt(_ at: EvaluationTime?, to out: inout String) {
    switch at {
    case nil: break
    case .start?: out += " @ start()"
    case .end?: out += " @ end()"
    case .at(let milliseconds)?: out += " @ \(fixedText(Double(milliseconds) / 1000, decimals: 3))"
    }
}

private func writeOffset(_ offset: DurationValue, to out: inout String) {
    if offset.isSet { out += " offset \(offset.text)" }
}

/// Label names as a grouping list shows them.
private func labelList(_ labels: [String]) -> String {
    labels.map(labelNameText).joined(separator: ", ")
}

/// A label name, quoted when it is not an identifier.
func labelNameText(_ name: String) -> String {
    isIdentifier(name) ? name : literalText(name.utf8)
}

/// A string literal. As Go quotes it, but for U+FFFD, which the lexer takes for broken UTF-8: Prometheus prints what it cannot read.
private func literalText(_ bytes: some Sequence<UInt8>) -> String {
    goQuoted(bytes).replacing("\u{FFFD}", with: "\\ufffd")
}

private func isIdentifier(_ name: String) -> Bool {
    guard let first = name.utf8.first, isLetter(first) else { return false }
    return name.utf8.allSatisfy(isLetterOrDigit)
}

extension DurationValue {
    var text: String {
        switch self {
        case .milliseconds(let value): durationText(milliseconds: value)
        case .expression(let expression): expression.text
        }
    }
}

extension DurationExpression {
    var text: String {
        switch self {
        case .literal(let literal): literal.text
        case .step: "step()"
        case .range: "range()"
        case .negated(let inner, _): "-\(inner.text)"
        case .binary(.minOf, let left, let right, _): "min_of(\(left.text), \(right.text))"
        case .binary(.maxOf, let left, let right, _): "max_of(\(left.text), \(right.text))"
        case .binary(let op, let left, let right, _): "\(left.text) \(op.rawValue) \(right.text)"
        case .wrapped(let inner, _): "(\(inner.text))"
        }
    }
}
