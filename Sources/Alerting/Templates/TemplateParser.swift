/// Why a text is no template, or could not be expanded. In Go's words.
package struct TemplateError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// Parses the language of Go's text/template (https://pkg.go.dev/text/template).
struct TemplateParser {
    /// Nesting of control structures and parentheses: the parser and the evaluation recurse.
    private static let depthMax = 100

    private let name: String
    private let tokens: [TemplateToken]
    private let functions: Set<String>
    private var place = 0
    private var depth = 0
    private var rangeDepth = 0
    private var variables = ["$"]
    /// The line at which the action at hand began.
    private var actionLine = 0
    private var definitions: [String: [TemplateNode]] = [:]

    /// The templates that a text defines by name, the whole under its own.
    static func parse(_ text: String, name: String, functions: Set<String>) throws(TemplateError) -> [String: [TemplateNode]] {
        var parser = TemplateParser(name: name, tokens: TemplateLexer.tokens(of: text), functions: functions)
        let root = try parser.root()
        try parser.define(name, root)
        return parser.definitions
    }

    private init(name: String, tokens: [TemplateToken], functions: Set<String>) {
        self.name = name
        self.tokens = tokens
        self.functions = functions
    }

    // MARK: Lists and actions

    private enum Terminator {
        case end
        case otherwise
    }

    private mutating func root() throws(TemplateError) -> [TemplateNode] {
        var nodes: [TemplateNode] = []
        while peek().kind != .end {
            if peek().kind == .leftDelimiter {
                let before = place
                next()
                if peekPastSpace().isKeyword("define") {
                    nextPastSpace()
                    try definition()
                    continue
                }
                place = before
            }
            let (node, terminator) = try textOrAction()
            if let terminator { throw error("unexpected \(terminator == .end ? "{{end}}" : "{{else}}")") }
            if let node { nodes.append(node) }
        }
        return nodes
    }

    /// Nodes up to `{{end}}` or `{{else}}`.
    private mutating func list() throws(TemplateError) -> ([TemplateNode], Terminator) {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else { throw error("nested deeper than \(Self.depthMax) levels") }
        var nodes: [TemplateNode] = []
        while peekPastSpace().kind != .end {
            let (node, terminator) = try textOrAction()
            if let terminator { return (nodes, terminator) }
            if let node { nodes.append(node) }
        }
        throw error("unexpected EOF")
    }

    private mutating func textOrAction() throws(TemplateError) -> (TemplateNode?, Terminator?) {
        let token = nextPastSpace()
        switch token.kind {
        case .text: return (.text(token.text), nil)
        case .leftDelimiter:
            actionLine = token.line
            defer { actionLine = 0 }
            return try action()
        default: throw unexpected(token, "input")
        }
    }

    private mutating func action() throws(TemplateError) -> (TemplateNode?, Terminator?) {
        let token = peekPastSpace()
        guard token.kind == .keyword else { return (.action(try pipeline("command", ends: .rightDelimiter)), nil) }
        nextPastSpace()
        switch token.text {
        case "block": return (try block(), nil)
        case "break", "continue":
            let close = nextPastSpace()
            guard close.kind == .rightDelimiter else { throw unexpected(close, "{{\(token.text)}}") }
            guard rangeDepth > 0 else { throw error("{{\(token.text)}} outside {{range}}") }
            return (token.text == "break" ? .breakLoop : .continueLoop, nil)
        case "else":
            let following = peekPastSpace()
            if following.isKeyword("if") || following.isKeyword("with") { return (nil, .otherwise) }
            try expect(.rightDelimiter, "else")
            return (nil, .otherwise)
        case "end":
            try expect(.rightDelimiter, "end")
            return (nil, .end)
        case "if": return (try branch(isWith: false), nil)
        case "with": return (try branch(isWith: true), nil)
        case "range": return (try range(), nil)
        case "template": return (try invocation(), nil)
        case "nil":
            place -= 1
            return (.action(try pipeline("command", ends: .rightDelimiter)), nil)
        default: throw unexpected(token, "command")
        }
    }

    private mutating func branch(isWith: Bool) throws(TemplateError) -> TemplateNode {
        let outer = variables.count
        defer { variables.removeLast(variables.count - outer) }
        let word = isWith ? "with" : "if"
        let pipe = try pipeline(word, ends: .rightDelimiter)
        let (then, terminator) = try list()
        guard terminator == .otherwise else { return .branch(isWith: isWith, pipe, then: then, otherwise: []) }
        // `{{else if}}` is `{{else}}{{if}}` whose end is shared.
        if peekPastSpace().isKeyword(word) {
            nextPastSpace()
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.depthMax else { throw error("nested deeper than \(Self.depthMax) levels") }
            return .branch(isWith: isWith, pipe, then: then, otherwise: [try branch(isWith: isWith)])
        }
        return .branch(isWith: isWith, pipe, then: then, otherwise: try otherwise())
    }

    private mutating func range() throws(TemplateError) -> TemplateNode {
        let outer = variables.count
        defer { variables.removeLast(variables.count - outer) }
        let pipe = try pipeline("range", ends: .rightDelimiter)
        rangeDepth += 1
        let (body, terminator) = try list()
        rangeDepth -= 1
        return .range(pipe, body: body, otherwise: terminator == .otherwise ? try otherwise() : [])
    }

    private mutating func otherwise() throws(TemplateError) -> [TemplateNode] {
        let (nodes, terminator) = try list()
        guard terminator == .end else { throw error("expected end; found {{else}}") }
        return nodes
    }

    private mutating func definition() throws(TemplateError) {
        let name = try templateName(nextPastSpace(), "define clause")
        try expect(.rightDelimiter, "define clause")
        try define(name, try inNewScope())
    }

    private mutating func block() throws(TemplateError) -> TemplateNode {
        let token = nextPastSpace()
        let name = try templateName(token, "block clause")
        let pipe = try pipeline("block clause", ends: .rightDelimiter)
        try define(name, try inNewScope())
        return .template(name: name, pipe, offset: token.offset)
    }

    private mutating func inNewScope() throws(TemplateError) -> [TemplateNode] {
        let (outerVariables, outerRange) = (variables, rangeDepth)
        (variables, rangeDepth) = (["$"], 0)
        let (nodes, terminator) = try list()
        guard terminator == .end else { throw error("unexpected {{else}} in define clause") }
        (variables, rangeDepth) = (outerVariables, outerRange)
        return nodes
    }

    private mutating func invocation() throws(TemplateError) -> TemplateNode {
        let token = nextPastSpace()
        let name = try templateName(token, "template clause")
        if peekPastSpace().kind == .rightDelimiter {
            nextPastSpace()
            return .template(name: name, nil, offset: token.offset)
        }
        return .template(name: name, try pipeline("template clause", ends: .rightDelimiter), offset: token.offset)
    }

    private mutating func templateName(_ token: TemplateToken, _ context: String) throws(TemplateError) -> String {
        guard token.kind == .string || token.kind == .rawString else { throw unexpected(token, context) }
        guard let name = goUnquoted(token.text) else { throw error("invalid syntax") }
        return name
    }

    private mutating func define(_ name: String, _ nodes: [TemplateNode]) throws(TemplateError) {
        func isEmpty(_ nodes: [TemplateNode]) -> Bool {
            nodes.allSatisfy { if case .text(let text) = $0 { text.allSatisfy(\.isWhitespace) } else { false } }
        }
        if let old = definitions[name], !isEmpty(old) {
            guard isEmpty(nodes) else { throw error("template: multiple definition of template \(goQuoted(name))") }
            return
        }
        definitions[name] = nodes
    }

    // MARK: Pipelines

    private mutating func pipeline(
        _ context: String, ends closing: TemplateToken.Kind
    ) throws(TemplateError) -> TemplatePipe {
        var pipe = TemplatePipe(offset: peekPastSpace().offset)
        try declarations(&pipe, context)
        while true {
            let token = nextPastSpace()
            switch token.kind {
            case closing:
                try check(pipe, context)
                return pipe
            case .bool, .charConstant, .dot, .field, .identifier, .number, .rawString, .string, .variable, .leftParenthesis:
                place -= 1
                pipe.commands.append(try command())
            case .keyword where token.text == "nil":
                place -= 1
                pipe.commands.append(try command())
            default:
                throw unexpected(token, context)
            }
        }
    }

    private mutating func declarations(_ pipe: inout TemplatePipe, _ context: String) throws(TemplateError) {
        while peekPastSpace().kind == .variable {
            let before = place
            let variable = nextPastSpace()
            let token = peekPastSpace()
            switch token.kind {
            case .declare, .assign:
                nextPastSpace()
                pipe.isAssignment = token.kind == .assign
                try declare(variable, &pipe)
                return
            case .char where token.text == ",":
                nextPastSpace()
                try declare(variable, &pipe, isFirstOfTwo: true)
                guard context == "range", pipe.variables.count < 2 else { throw error("too many declarations in \(context)") }
                guard peekPastSpace().kind == .variable else { throw error("range can only initialize variables") }
            default:
                place = before
                return
            }
        }
    }

    private mutating func declare(
        _ variable: TemplateToken, _ pipe: inout TemplatePipe, isFirstOfTwo: Bool = false
    ) throws(TemplateError) {
        if pipe.isAssignment, !isFirstOfTwo, !variables.contains(variable.text) {
            throw error("undefined variable \(goQuoted(variable.text))")
        }
        pipe.variables.append((variable.text, variable.offset))
        variables.append(variable.text)
    }

    private func check(_ pipe: TemplatePipe, _ context: String) throws(TemplateError) {
        guard !pipe.commands.isEmpty else { throw error("missing value for \(context)") }
        for (stage, command) in pipe.commands.enumerated().dropFirst() {
            switch command.operands.first {
            case .bool, .dot, .nil, .number, .string: throw error("non executable command in pipeline stage \(stage + 1)")
            case .identifier, .field, .variable, .chain, .pipe, nil: break
            }
        }
    }

    private mutating func command() throws(TemplateError) -> TemplateCommand {
        var command = TemplateCommand(offset: peekPastSpace().offset)
        while true {
            peekPastSpace()
            if let operand = try operand() { command.operands.append(operand) }
            let token = next()
            switch token.kind {
            case .space: continue
            case .rightDelimiter, .rightParenthesis: place -= 1
            case .pipe: break
            default: throw unexpected(token, "operand")
            }
            break
        }
        guard !command.operands.isEmpty else { throw error("empty command") }
        return command
    }

    private mutating func operand() throws(TemplateError) -> TemplateOperand? {
        guard let node = try term() else { return nil }
        guard peek().kind == .field else { return node }
        let offset = peek().offset
        var fields: [String] = []
        while peek().kind == .field { fields.append(String(next().text.dropFirst())) }
        switch node {
        case .field(let names, _): return .field(names + fields, offset: offset)
        case .variable(let names, _): return .variable(names + fields, offset: offset)
        case .bool, .string, .number, .nil, .dot: throw error("unexpected . after term \(goQuoted(node.description))")
        case .identifier, .chain, .pipe: return .chain(node, fields: fields, offset: offset)
        }
    }

    private mutating func term() throws(TemplateError) -> TemplateOperand? {
        let token = nextPastSpace()
        switch token.kind {
        case .identifier:
            guard functions.contains(token.text) else { throw error("function \(goQuoted(token.text)) not defined") }
            return .identifier(token.text, offset: token.offset)
        case .dot: return .dot(offset: token.offset)
        case .keyword where token.text == "nil": return .nil(offset: token.offset)
        case .variable:
            guard variables.contains(token.text) else { throw error("undefined variable \(goQuoted(token.text))") }
            return .variable([token.text], offset: token.offset)
        case .field: return .field([String(token.text.dropFirst())], offset: token.offset)
        case .bool: return .bool(token.text == "true", offset: token.offset)
        case .charConstant:
            guard let text = goUnquoted(token.text), let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1,
                let number = GoNumber(String(scalar.value))
            else { throw error("malformed character constant: \(token.text)") }
            return .number(number, offset: token.offset)
        case .number:
            guard let number = GoNumber(token.text) else { throw error("illegal number syntax: \(goQuoted(token.text))") }
            return .number(number, offset: token.offset)
        case .leftParenthesis:
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.depthMax else { throw error("nested deeper than \(Self.depthMax) levels") }
            return .pipe(try pipeline("parenthesized pipeline", ends: .rightParenthesis))
        case .string, .rawString:
            guard let text = goUnquoted(token.text) else { throw error("invalid syntax") }
            return .string(text, source: token.text, offset: token.offset)
        default:
            place -= 1
            return nil
        }
    }

    // MARK: Tokens

    /// The last token ends the text or is an error; it is given again and again.
    private func peek() -> TemplateToken {
        tokens.indices.contains(place)
            ? tokens[place] : tokens.last ?? TemplateToken(kind: .end, offset: 0, line: 1, text: "")
    }

    @discardableResult
    private mutating func next() -> TemplateToken {
        let token = peek()
        place += 1
        return token
    }

    @discardableResult
    private mutating func peekPastSpace() -> TemplateToken {
        while peek().kind == .space { place += 1 }
        return peek()
    }

    @discardableResult
    private mutating func nextPastSpace() -> TemplateToken {
        peekPastSpace()
        return next()
    }

    private mutating func expect(_ kind: TemplateToken.Kind, _ context: String) throws(TemplateError) {
        let token = nextPastSpace()
        guard token.kind == kind else { throw unexpected(token, context) }
    }

    private func unexpected(_ token: TemplateToken, _ context: String) -> TemplateError {
        guard token.kind == .error else { return error("unexpected \(token.description) in \(context)", line: token.line) }
        guard actionLine != 0, actionLine != token.line else { return error(token.text, line: token.line) }
        let place = "\(name):\(actionLine)"
        let extra = token.text.hasSuffix(" action") ? " started at \(place)" : " in action started at \(place)"
        return error(token.text + extra, line: token.line)
    }

    private func error(_ message: String, line: Int? = nil) -> TemplateError {
        let current = tokens.indices.contains(place - 1) ? tokens[place - 1] : peek()
        return TemplateError(description: "template: \(name):\(line ?? current.line): \(message)")
    }
}

extension TemplateToken {
    func isKeyword(_ word: String) -> Bool { kind == .keyword && text == word }
}
