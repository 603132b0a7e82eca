import MetricsModel

extension Parser {
    /// A primary expression and what may follow it: `[…]`, `offset`, `@`, `anchored`, `smoothed`.
    mutating func postfix() throws(PromQLError) -> Node {
        var node = try primary()
        while true {
            switch token.kind {
            case .leftBracket: node = try brackets(node)
            case .keyword(.offset): node = try offset(node)
            case .at: node = try evaluationTime(node)
            case .keyword(.anchored): node = try windowEdges(.anchored, node)
            case .keyword(.smoothed): node = try windowEdges(.smoothed, node)
            default: return node
            }
        }
    }

    private mutating func primary() throws(PromQLError) -> Node {
        switch token.kind {
        case .number, .duration:
            let literal = try numberLiteral()
            return Node(expression: .number(literal), depth: 1)
        case .string:
            let bytes = try unquoted(token)
            let range = take().range
            return Node(expression: .string(StringLiteral(bytes: bytes, range: range)), depth: 1)
        case .leftParenthesis:
            let start = take().range.start
            let inner = try expression(above: 0)
            guard token.kind == .rightParenthesis else { throw unexpected() }
            let end = take().range.end
            return try node(
                .parentheses(Parentheses(inner: inner.expression, range: SourceRange(start, end))), over: inner.depth)
        case .leftBrace:
            return try selector(name: nil)
        case .aggregator(let aggregator):
            let name = take()
            switch token.kind {
            case .leftParenthesis, .keyword(.by), .keyword(.without): return try aggregation(aggregator, name)
            default: return try selector(name: name)
            }
        case .identifier, .metricIdentifier:
            let name = take()
            return token.kind == .leftParenthesis && name.kind == .identifier ? try call(name) : try selector(name: name)
        case .keyword(.start), .keyword(.end), .keyword(.step), .keyword(.range):
            let name = take()
            return token.kind == .leftParenthesis ? try call(name) : try selector(name: name)
        case .keyword(.by), .keyword(.without), .keyword(.offset), .keyword(.anchored), .keyword(.smoothed), .op(.and), .op(.or),
            .op(.unless):
            return try selector(name: take())
        default:
            throw unexpected()
        }
    }

    // MARK: - Literals

    /// The number of the current token, which is a number or a duration; takes it.
    mutating func numberLiteral() throws(PromQLError) -> NumberLiteral {
        let isDuration = token.kind == .duration
        let value = isDuration ? Double(try milliseconds(token)) / 1000 : try number(token)
        return NumberLiteral(value: value, isDuration: isDuration, range: take().range)
    }

    mutating func signedNumber(_ context: String = "", expected: String = "") throws(PromQLError) -> Double {
        var negative = false
        if case .op(let op) = token.kind, op == .add || op == .subtract {
            negative = op == .subtract
            take()
        }
        guard token.kind == .number || token.kind == .duration else { throw unexpected(context, expected: expected) }
        let value = try numberLiteral().value
        return negative ? -value : value
    }

    /// As Go's ParseInt with base 0, else ParseFloat.
    func number(_ token: Token) throws(PromQLError) -> Double {
        guard let value = parseNumber(token.text) else {
            throw error(
                "error parsing number: strconv.ParseFloat: parsing \(goQuoted(token.text)): value out of range", token.range)
        }
        return value
    }

    /// The milliseconds of a duration literal.
    func milliseconds(_ token: Token) throws(PromQLError) -> Int64 {
        switch parseDuration(token.text) {
        case .success(let value): return value
        case .failure(let reason): throw error(reason.text, token.range)
        }
    }

    func unquoted(_ token: Token) throws(PromQLError) -> [UInt8] {
        guard let bytes = unquote(Array(self.bytes[token.range.start..<token.range.end])) else {
            throw error("error unquoting string \(goQuoted(token.text)): invalid syntax", token.range)
        }
        return bytes
    }

    // MARK: - Calls and aggregations

    private mutating func arguments() throws(PromQLError) -> (nodes: [Node], end: Int) {
        take()
        var nodes: [Node] = []
        if token.kind == .rightParenthesis { return ([], take().range.end) }
        while true {
            nodes.append(try expression(above: 0))
            guard token.kind == .comma else { break }
            let comma = take()
            try needToken()
            guard startsExpression else { throw error("trailing commas not allowed in function call args", comma.range) }
        }
        guard token.kind == .rightParenthesis else { throw unexpected() }
        return (nodes, take().range.end)
    }

    /// Whether an expression can begin with the current token.
    private var startsExpression: Bool {
        switch token.kind {
        case .number, .duration, .string, .leftParenthesis, .leftBrace, .aggregator, .identifier, .metricIdentifier: true
        case .op(let op): [.add, .subtract, .and, .or, .unless].contains(op)
        case .keyword(let keyword):
            [.start, .end, .step, .range, .by, .without, .offset, .anchored, .smoothed].contains(keyword)
        case .endOfInput, .comment, .error, .rightParenthesis, .rightBrace, .leftBracket, .rightBracket, .comma, .colon, .at,
            .equal, .equalRegex, .notRegex, .space, .blank, .times:
            false
        }
    }

    private mutating func call(_ name: Token) throws(PromQLError) -> Node {
        let (nodes, end) = try arguments()
        guard let function = Function.named(name.kind == .identifier ? name.text : name.text.lowercased()) else {
            throw error("unknown function with name \(goQuoted(name.text))", name.range)
        }
        if function.isExperimental, !features.contains(.experimentalFunctions) {
            throw missing(.experimentalFunctions, "function \(goQuoted(name.text)) is not enabled", name.range)
        }
        let call = Call(
            function: function, arguments: nodes.map(\.expression), range: SourceRange(name.range.start, end))
        return try node(.call(call), over: nodes.map(\.depth).max() ?? 0)
    }

    private mutating func aggregation(_ aggregator: Aggregator, _ name: Token) throws(PromQLError) -> Node {
        aggregations += 1
        var modifier = try aggregationModifier()
        guard token.kind == .leftParenthesis else { throw unexpected() }
        var (nodes, end) = try arguments()
        aggregations -= 1
        if modifier == nil {
            try needToken()
            modifier = try aggregationModifier()
            if modifier != nil { end = lastEnd }
        }
        let range = SourceRange(name.range.start, end)
        guard !nodes.isEmpty else { throw error("no arguments for aggregate expression provided", range) }
        if aggregator.isExperimental, !features.contains(.experimentalFunctions) {
            throw missing(
                .experimentalFunctions,
                "\(aggregator.rawValue)() is experimental and must be enabled with --enable-feature=promql-experimental-functions",
                range)
        }
        let wanted = aggregator.parameter == nil ? 1 : 2
        guard nodes.count == wanted, let operand = nodes.last else {
            throw error(
                "wrong number of arguments for aggregate expression provided, expected \(wanted), got \(nodes.count)", range)
        }
        let aggregation = Aggregation(
            aggregator: aggregator, operand: operand.expression, parameter: wanted == 2 ? nodes.first?.expression : nil,
            grouping: modifier?.labels ?? [], without: modifier?.without ?? false, range: range)
        return try node(.aggregation(aggregation), over: nodes.map(\.depth).max() ?? 0)
    }

    private mutating func aggregationModifier() throws(PromQLError) -> (labels: [String], without: Bool)? {
        guard token.kind == .keyword(.by) || token.kind == .keyword(.without) else { return nil }
        let without = token.kind == .keyword(.without)
        take()
        return (try groupingLabels(), without)
    }

    // MARK: - Selectors

    /// A selector, its name (if any) being taken already.
    private mutating func selector(name: Token?) throws(PromQLError) -> Node {
        var matchers: [LabelMatcher] = []
        var range = name?.range ?? token.range
        if token.kind == .leftBrace {
            matchers = try labelMatchers()
            range.end = lastEnd
        }
        if let name { matchers.append(LabelMatcher(Labels.metricName, equals: name.text)) }
        let selector = VectorSelector(
            name: name?.text ?? "", matchers: matchers, offset: .milliseconds(0), at: nil, edges: .plain, range: range)
        return Node(expression: .vector(selector), depth: 1)
    }

    private mutating func labelMatchers() throws(PromQLError) -> [LabelMatcher] {
        take()
        var matchers: [LabelMatcher] = []
        while token.kind != .rightBrace {
            matchers.append(try labelMatcher())
            if token.kind == .comma {
                take()
            } else if token.kind != .rightBrace {
                throw unexpected("label matching", expected: "\",\" or \"}\"")
            }
        }
        take()
        return matchers
    }

    private mutating func labelMatcher() throws(PromQLError) -> LabelMatcher {
        let first = token
        let name: String
        switch token.kind {
        case .identifier:
            name = take().text
        case .string:
            name = String(decoding: try unquoted(token), as: UTF8.self)
            take()
            switch token.kind {
            case .equal, .op(.notEqual), .equalRegex, .notRegex: break
            default: return LabelMatcher(Labels.metricName, equals: name)
            }
        default:
            throw unexpected("label matching", expected: "identifier or \"}\"")
        }
        let op: LabelMatcher.Operator
        switch token.kind {
        case .equal: op = .equal
        case .op(.notEqual): op = .notEqual
        case .equalRegex: op = .regex
        case .notRegex: op = .notRegex
        default: throw unexpected("label matching", expected: "label matching operator")
        }
        take()
        guard token.kind == .string else { throw unexpected("label matching", expected: "string") }
        let value = String(decoding: try unquoted(token), as: UTF8.self)
        let range = first.range.merged(token.range)
        take()
        switch op {
        case .equal: return LabelMatcher(name, equals: value)
        case .notEqual: return LabelMatcher(name, notEquals: value)
        case .regex, .notRegex:
            do {
                return LabelMatcher(name, matching: try RegularExpression(value), text: value, negated: op == .notRegex)
            } catch {
                throw self.error(error.message, range)
            }
        }
    }
}
