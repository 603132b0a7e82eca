import MetricsModel

/// Recursive descent over tokens with one token of look-ahead. It stops at the first error, which is the one that Prometheus reports.
struct Parser {
    /// Expressions nested deeper are refused: parser, evaluator and the destruction of the tree recurse over it, and a thread's stack
    /// may be 512 KiB. Rules in the wild stay under 30.
    static let depthMax = 400

    let bytes: [UInt8]
    let features: PromQLFeatures
    var lexer: Lexer
    var token: Token
    /// End of the last closing token taken: what a selector with modifiers ends with.
    var lastEnd = 0
    var nesting = 0
    /// How many aggregations enclose the current token: within one, what is wrong is wrong "in aggregation".
    var aggregations = 0

    /// A node with its height, which bounds the recursion over it.
    struct Node {
        var expression: Expression
        var depth: Int
    }

    init(_ text: String, features: PromQLFeatures, isSeries: Bool = false) {
        bytes = Array(text.utf8)
        self.features = features
        lexer = Lexer(bytes, isSeries: isSeries)
        token = Token(kind: .endOfInput, range: SourceRange(0, 0), text: "")
    }

    /// Parses a whole expression and checks its types.
    mutating func parse() throws(PromQLError) -> Expression {
        read()
        if case .endOfInput = token.kind {
            throw error("no expression found in input", SourceRange(0, 0))
        }
        let node = try expression(above: 0)
        guard case .endOfInput = token.kind else { throw unexpected() }
        try TypeCheck(bytes: bytes).check(node.expression)
        return node.expression
    }

    // MARK: - Tokens

    /// Reads the next token that is not a comment. One that the lexer could not make is an error only where someone looks at it: what
    /// is complete before it is judged first, as in Prometheus.
    mutating func read() {
        repeat { token = lexer.next() } while token.kind == .comment
    }

    /// Throws when the lexer could not make the current token.
    func needToken() throws(PromQLError) {
        if case .error(let message) = token.kind { throw error(message, token.range) }
    }

    /// Takes the current token and reads the next.
    @discardableResult
    mutating func take() -> Token {
        let taken = token
        lastEnd = taken.range.end
        read()
        return taken
    }

    func error(_ message: String, _ range: SourceRange) -> PromQLError {
        PromQLError(.parse, message, range: range, in: bytes)
    }

    /// An error for syntax that a feature would allow.
    func missing(_ feature: PromQLFeatures, _ message: String, _ range: SourceRange) -> PromQLError {
        var error = error(message, range)
        error.missingFeature = PromQLFeatures.named.first { $0.feature == feature }?.name
        return error
    }

    func unexpected(_ context: String = "", expected: String = "") -> PromQLError {
        if case .error(let message) = token.kind { return error(message, token.range) }
        var message = "unexpected \(token.description)"
        let context = context.isEmpty && aggregations > 0 ? "aggregation" : context
        if !context.isEmpty { message += " in \(context)" }
        if !expected.isEmpty { message += ", expected \(expected)" }
        return error(message, token.range)
    }

    mutating func nested<Result>(_ body: (inout Parser) throws(PromQLError) -> Result) throws(PromQLError) -> Result {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Parser.depthMax else { throw tooDeep(token.range) }
        return try body(&self)
    }

    func tooDeep(_ range: SourceRange) -> PromQLError {
        error("expression is nested more than \(Parser.depthMax) levels deep", range)
    }

    /// A node over children of the given heights.
    func node(_ expression: Expression, over depths: Int...) throws(PromQLError) -> Node {
        let depth = (depths.max() ?? 0) + 1
        if depth > Parser.depthMax {
            // A wrongly typed part is the better thing to say, and what Prometheus says.
            try TypeCheck(bytes: bytes).check(expression)
            throw tooDeep(expression.range)
        }
        return Node(expression: expression, depth: depth)
    }

    // MARK: - Operators

    /// Operator precedence climbing: an expression of operators that bind tighter than `precedence`.
    mutating func expression(above precedence: Int) throws(PromQLError) -> Node {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Parser.depthMax else { throw tooDeep(token.range) }
        var left = try unary()
        while case .op(let op) = token.kind, op.precedence > precedence {
            take()
            let (matching, returnsBool) = try matchingModifiers()
            // Only the power operator is right-associative.
            let right = try expression(above: op == .power ? op.precedence - 1 : op.precedence)
            try needToken()
            left = try binary(op, left, right, matching, returnsBool: returnsBool)
        }
        return left
    }

    private func binary(_ op: BinaryOperator, _ left: Node, _ right: Node, _ matching: VectorMatching, returnsBool: Bool)
        throws(PromQLError) -> Node
    {
        var matching = matching
        if op.isSet, matching.cardinality == .oneToOne { matching.cardinality = .manyToMany }
        let operation = BinaryOperation(
            op: op, left: left.expression, right: right.expression, matching: matching, returnsBool: returnsBool)
        if !features.contains(.fillModifiers), matching.fillLeft != nil || matching.fillRight != nil {
            throw missing(
                .fillModifiers, "binop fill modifiers are experimental and not enabled", Expression.binary(operation).range)
        }
        return try node(.binary(operation), over: left.depth, right.depth)
    }

    private mutating func unary() throws(PromQLError) -> Node {
        let negative: Bool
        switch token.kind {
        case .op(.add): negative = false
        case .op(.subtract): negative = true
        default: return try postfix()
        }
        let start = take().range.start
        let operand = try expression(above: BinaryOperator.multiply.precedence)
        if case .number(var literal) = operand.expression {
            if negative { literal.value = -literal.value }
            literal.range.start = start
            return Node(expression: .number(literal), depth: operand.depth)
        }
        return try node(
            .unary(UnaryOperation(negative: negative, operand: operand.expression, start: start)), over: operand.depth)
    }

    private mutating func matchingModifiers() throws(PromQLError) -> (VectorMatching, returnsBool: Bool) {
        var matching = VectorMatching()
        var returnsBool = false
        if token.kind == .keyword(.bool) {
            returnsBool = true
            take()
        }
        if token.kind == .keyword(.on) || token.kind == .keyword(.ignoring) {
            matching.on = token.kind == .keyword(.on)
            take()
            matching.labels = try groupingLabels()
            if token.kind == .keyword(.groupLeft) || token.kind == .keyword(.groupRight) {
                matching.cardinality = token.kind == .keyword(.groupLeft) ? .manyToOne : .oneToMany
                take()
                if token.kind == .leftParenthesis { matching.include = try groupingLabels() }
            }
        }
        try fillModifiers(&matching)
        return (matching, returnsBool)
    }

    private mutating func fillModifiers(_ matching: inout VectorMatching) throws(PromQLError) {
        if token.kind == .keyword(.fill) {
            let value = try fillValue()
            matching.fillLeft = value
            matching.fillRight = value
            return
        }
        for _ in 0..<2 {
            if token.kind == .keyword(.fillLeft), matching.fillLeft == nil {
                matching.fillLeft = try fillValue()
            } else if token.kind == .keyword(.fillRight), matching.fillRight == nil {
                matching.fillRight = try fillValue()
            }
        }
    }

    private mutating func fillValue() throws(PromQLError) -> Double {
        take()
        guard token.kind == .leftParenthesis else { throw unexpected() }
        take()
        let value = try signedNumber()
        guard token.kind == .rightParenthesis else { throw unexpected() }
        take()
        return value
    }

    /// `(a, b, "c",)`.
    mutating func groupingLabels() throws(PromQLError) -> [String] {
        guard token.kind == .leftParenthesis else { throw unexpected("grouping opts", expected: "\"(\"") }
        take()
        var labels: [String] = []
        while token.kind != .rightParenthesis {
            labels.append(try groupingLabel())
            if token.kind == .comma {
                take()
            } else if token.kind != .rightParenthesis {
                throw unexpected("grouping opts", expected: "\",\" or \")\"")
            }
        }
        take()
        return labels
    }

    private mutating func groupingLabel() throws(PromQLError) -> String {
        switch token.kind {
        case .identifier, .aggregator, .keyword, .op(.and), .op(.or), .op(.unless), .op(.atan2):
            return take().text
        case .string:
            let bytes = try unquoted(token)
            guard !bytes.isEmpty, let name = String(validating: bytes, as: UTF8.self) else {
                throw error("invalid label name for grouping: \(goQuoted(bytes))", token.range)
            }
            take()
            return name
        default:
            throw unexpected("grouping opts", expected: "label")
        }
    }
}
