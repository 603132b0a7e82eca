/// A part of a parsed template.
indirect enum TemplateNode: Sendable {
    case text(String)
    case action(TemplatePipe)
    case branch(isWith: Bool, TemplatePipe, then: [TemplateNode], otherwise: [TemplateNode])
    case range(TemplatePipe, body: [TemplateNode], otherwise: [TemplateNode])
    case template(name: String, TemplatePipe?, offset: Int)
    case breakLoop
    case continueLoop
}

/// Commands of which each gets the value of the one before as its last argument.
struct TemplatePipe: Sendable {
    var offset: Int
    /// Names with the `$`.
    var variables: [(name: String, offset: Int)] = []
    var isAssignment = false
    var commands: [TemplateCommand] = []

    /// As Go prints it in an error.
    var description: String {
        var out = variables.map(\.name).joined(separator: ", ")
        if !variables.isEmpty { out += isAssignment ? " = " : " := " }
        return out + commands.map(\.description).joined(separator: " | ")
    }
}

struct TemplateCommand: Sendable {
    let offset: Int
    /// At least one.
    var operands: [TemplateOperand] = []

    var description: String {
        operands.map { operand in
            if case .pipe(let pipe) = operand { "(\(pipe.description))" } else { operand.description }
        }.joined(separator: " ")
    }
}

indirect enum TemplateOperand: Sendable {
    case identifier(String, offset: Int)
    case field([String], offset: Int)
    /// The first is the variable's name with its `$`.
    case variable([String], offset: Int)
    case chain(TemplateOperand, fields: [String], offset: Int)
    case dot(offset: Int)
    case `nil`(offset: Int)
    case bool(Bool, offset: Int)
    case number(GoNumber, offset: Int)
    case string(String, source: String, offset: Int)
    case pipe(TemplatePipe)

    var offset: Int {
        switch self {
        case .identifier(_, let offset), .field(_, let offset), .variable(_, let offset), .chain(_, _, let offset),
            .dot(let offset), .nil(let offset), .bool(_, let offset), .number(_, let offset), .string(_, _, let offset):
            offset
        case .pipe(let pipe): pipe.offset
        }
    }

    var description: String {
        switch self {
        case .identifier(let name, _): name
        case .field(let names, _): names.map { "." + $0 }.joined()
        case .variable(let names, _): names.joined(separator: ".")
        case .chain(let node, let fields, _):
            if case .pipe(let pipe) = node {
                "(\(pipe.description))" + fields.map { "." + $0 }.joined()
            } else {
                node.description + fields.map { "." + $0 }.joined()
            }
        case .dot: "."
        case .nil: "nil"
        case .bool(let value, _): value ? "true" : "false"
        case .number(let number, _): number.text
        case .string(_, let source, _): source
        case .pipe(let pipe): pipe.description
        }
    }
}
