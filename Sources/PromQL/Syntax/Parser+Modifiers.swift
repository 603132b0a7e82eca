import MetricsModel

extension Parser {
    /// Where a duration stands: the words of an error in it.
    struct DurationPlace {
        let context: String
        let expected: String

        static let range = DurationPlace(
            context: "subquery or range selector", expected: "number, duration, step(), or range()")
        static let step = DurationPlace(
            context: "subquery selector", expected: "number, duration, step(), range(), or \"]\"")
        static let offset = DurationPlace(context: "offset", expected: "number, duration, step(), or range()")
    }

    // MARK: - Brackets

    /// `[5m]` or `[1h:5m]` after a node.
    mutating func brackets(_ operand: Node) throws(PromQLError) -> Node {
        let open = take()
        let window = try positiveDuration(.range)
        if token.kind == .colon {
            take()
            var step: DurationValue?
            if token.kind != .rightBracket {
                step = try positiveDuration(.step)
            }
            guard token.kind == .rightBracket else { throw unexpected("subquery selector", expected: "\"]\"") }
            let end = take().range.end
            let subquery = Subquery(
                inner: operand.expression, window: window, step: step, offset: .milliseconds(0), at: nil, end: end)
            return try node(.subquery(subquery), over: operand.depth)
        }
        guard token.kind == .rightBracket else { throw unexpected("subquery or range", expected: "\":\" or \"]\"") }
        let close = take()
        let range = open.range.merged(close.range)
        guard case .vector(let selector) = operand.expression else {
            throw error("ranges only allowed for vector selectors", range)
        }
        if selector.hasOffset { throw error("no offset modifiers allowed before range", range) }
        if selector.at != nil { throw error("no @ modifiers allowed before range", range) }
        return try node(
            .matrix(MatrixSelector(selector: selector, window: window, end: close.range.end)), over: operand.depth)
    }

    private func unexpected(_ place: DurationPlace) -> PromQLError {
        unexpected(place.context, expected: place.expected)
    }

    private mutating func positiveDuration(_ place: DurationPlace) throws(PromQLError) -> DurationValue {
        let expression = try durationExpression(above: 0, place)
        guard case .literal(let literal) = expression else { return .expression(expression) }
        guard literal.value > 0 else { throw error("duration must be greater than 0", literal.range) }
        return .milliseconds(millisecondsOf(seconds: literal.value))
    }

    // MARK: - Duration expressions

    /// Duration arithmetic with the precedences of the language.
    private mutating func durationExpression(above precedence: Int, _ place: DurationPlace) throws(PromQLError)
        -> DurationExpression
    {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Parser.depthMax else { throw tooDeep(token.range) }
        var left = try durationUnary(place)
        var operations = 0
        while case .op(let op) = token.kind, let durationOp = DurationExpression.Operator(rawValue: op.rawValue),
            op.precedence > precedence
        {
            operations += 1
            guard operations < Parser.depthMax else { throw tooDeep(token.range) }
            let sign = take()
            let right = try durationExpression(above: op == .power ? op.precedence - 1 : op.precedence, place)
            if case .literal(let divisor) = right, divisor.value == 0 {
                if op == .divide { throw error("division by zero", sign.range) }
                if op == .modulo { throw error("modulo by zero", sign.range) }
            }
            left = .binary(durationOp, left, right, left.sourceRange.merged(right.sourceRange))
        }
        return left
    }

    private mutating func durationUnary(_ place: DurationPlace) throws(PromQLError) -> DurationExpression {
        guard case .op(let op) = token.kind, op == .add || op == .subtract else { return try durationPrimary(place) }
        let start = take().range.start
        let operand = try durationExpression(above: BinaryOperator.multiply.precedence, place)
        if case .literal(var literal) = operand {
            if op == .subtract { literal.value = -literal.value }
            literal.range.start = start
            return .literal(literal)
        }
        return op == .subtract ? .negated(operand, start: start) : operand
    }

    private mutating func durationPrimary(_ place: DurationPlace) throws(PromQLError) -> DurationExpression {
        switch token.kind {
        case .number, .duration:
            let literal = try numberLiteral()
            // Prometheus keeps durations as nanoseconds in an Int64.
            guard literal.value.magnitude <= 9.223_372_036_854_775e9 else { throw error("duration out of range", literal.range) }
            return .literal(literal)
        case .keyword(.step), .keyword(.range):
            let isStep = token.kind == .keyword(.step)
            let start = token.range.start
            take()
            guard token.kind == .leftParenthesis else { throw unexpected(place) }
            take()
            guard token.kind == .rightParenthesis else { throw unexpected(place) }
            let range = SourceRange(start, take().range.end)
            return isStep ? .step(range) : .range(range)
        case .identifier where token.text.lowercased() == "min_of" || token.text.lowercased() == "max_of":
            let name = take()
            guard token.kind == .leftParenthesis else { throw unexpected(place) }
            take()
            let left = try durationExpression(above: 0, place)
            guard token.kind == .comma else { throw unexpected(place) }
            take()
            let right = try durationExpression(above: 0, place)
            guard token.kind == .rightParenthesis else { throw unexpected(place) }
            let range = SourceRange(name.range.start, take().range.end)
            return .binary(name.text.lowercased() == "min_of" ? .minOf : .maxOf, left, right, range)
        case .leftParenthesis:
            let start = take().range.start
            let inner = try durationExpression(above: 0, place)
            guard token.kind == .rightParenthesis else { throw unexpected(place) }
            return .wrapped(inner, SourceRange(start, take().range.end))
        default:
            throw unexpected(place)
        }
    }

    // MARK: - Offset, @, anchored, smoothed

    mutating func offset(_ node: Node) throws(PromQLError) -> Node {
        take()
        // Without parentheses an offset is one operand: `a offset 5m + 2` adds 2 to the samples.
        let negative: Bool?
        let start = token.range.start
        switch token.kind {
        case .op(.add): negative = false
        case .op(.subtract): negative = true
        default: negative = nil
        }
        if negative != nil { take() }
        var expression = try durationPrimary(.offset)
        if negative == true {
            if case .literal(var literal) = expression {
                literal.value = -literal.value
                literal.range.start = start
                expression = .literal(literal)
            } else {
                expression = .negated(expression, start: start)
            }
        }
        let offset: DurationValue
        if case .literal(let literal) = expression {
            offset = .milliseconds(millisecondsOf(seconds: literal.value))
        } else {
            offset = .expression(expression)
        }
        let end = lastEnd
        let subject = node.expression
        return try modifying(node, "offset modifier") { selector throws(PromQLError) in
            if selector.hasOffset { throw error("offset may not be set multiple times", subject.range) }
            selector.offset = offset
            selector.range.end = end
        } subquery: { subquery throws(PromQLError) in
            if subquery.hasOffset { throw error("offset may not be set multiple times", subject.range) }
            subquery.offset = offset
            subquery.end = end
        } end: {
            end
        }
    }

    mutating func evaluationTime(_ node: Node) throws(PromQLError) -> Node {
        let subject = node.expression
        take()
        let time: EvaluationTime
        if token.kind == .keyword(.start) || token.kind == .keyword(.end) {
            time = token.kind == .keyword(.start) ? .start : .end
            take()
            guard token.kind == .leftParenthesis else { throw unexpected("@", expected: "timestamp") }
            take()
            guard token.kind == .rightParenthesis else { throw unexpected("@", expected: "timestamp") }
            take()
        } else {
            let seconds = try signedNumber("@", expected: "timestamp")
            guard seconds.isFinite, seconds < 0x1p63, seconds > -0x1p63 else {
                let text = seconds.isFinite ? fixedSix(seconds) : goGeneralText(seconds)
                throw error("timestamp out of bounds for @ modifier: \(text)", subject.range)
            }
            time = .at(millisecondsOf(seconds: seconds))
        }
        let end = lastEnd
        return try modifying(node, "@ modifier") { selector throws(PromQLError) in
            if selector.at != nil { throw error("@ <timestamp> may not be set multiple times", subject.range) }
            selector.at = time
            selector.range.end = end
        } subquery: { subquery throws(PromQLError) in
            if subquery.at != nil { throw error("@ <timestamp> may not be set multiple times", subject.range) }
            subquery.at = time
            subquery.end = end
        } end: {
            end
        }
    }

    mutating func windowEdges(_ edges: WindowEdges, _ node: Node) throws(PromQLError) -> Node {
        take()
        let range = node.expression.range
        guard features.contains(.extendedRangeSelectors) else {
            throw missing(
                .extendedRangeSelectors, "\(edges.rawValue) modifier is experimental and not enabled", range)
        }
        func apply(_ selector: inout VectorSelector) throws(PromQLError) {
            if selector.edges != .plain, selector.edges != edges {
                throw error("anchored and smoothed modifiers cannot be used together", range)
            }
            selector.edges = edges
        }
        switch node.expression {
        case .vector(var selector):
            try apply(&selector)
            return Node(expression: .vector(selector), depth: node.depth)
        case .matrix(var matrix):
            try apply(&matrix.selector)
            return Node(expression: .matrix(matrix), depth: node.depth)
        case .subquery: throw error("\(edges.rawValue) modifier is not supported for subqueries", range)
        default: throw error("\(edges.rawValue) modifier not implemented", range)
        }
    }

    private func modifying(
        _ node: Node, _ what: String, selector: (inout VectorSelector) throws(PromQLError) -> Void,
        subquery: (inout Subquery) throws(PromQLError) -> Void, end: () -> Int
    ) throws(PromQLError) -> Node {
        switch node.expression {
        case .vector(var node):
            try selector(&node)
            return Node(expression: .vector(node), depth: 1)
        case .matrix(var matrix):
            let range = matrix.selector.range
            try selector(&matrix.selector)
            matrix.selector.range = range
            matrix.end = end()
            return Node(expression: .matrix(matrix), depth: node.depth)
        case .subquery(var inner):
            try subquery(&inner)
            return Node(expression: .subquery(inner), depth: node.depth)
        default:
            throw error(
                "\(what) must be preceded by an instant vector selector or range vector selector or a subquery",
                node.expression.range)
        }
    }
}

extension VectorSelector {
    var hasOffset: Bool { offset.isSet }
}

extension Subquery {
    var hasOffset: Bool { offset.isSet }
}

extension DurationValue {
    var isSet: Bool {
        switch self {
        case .milliseconds(let value): value != 0
        case .expression: true
        }
    }
}
