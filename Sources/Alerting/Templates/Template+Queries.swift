/// What a template asks the source.
struct TemplateQueries {
    /// Expressions that stand in the template.
    private(set) var texts: [String] = []
    /// Whether it also puts expressions together when it is expanded.
    private(set) var areOthersPossible = false

    init(_ template: Template) {
        for nodes in template.templates.values { visit(nodes) }
    }

    private mutating func visit(_ nodes: [TemplateNode]) {
        for node in nodes {
            switch node {
            case .text, .breakLoop, .continueLoop: break
            case .action(let pipe): visit(pipe)
            case .branch(_, let pipe, let then, let otherwise):
                visit(pipe)
                visit(then)
                visit(otherwise)
            case .range(let pipe, let body, let otherwise):
                visit(pipe)
                visit(body)
                visit(otherwise)
            case .template(_, let pipe, _):
                if let pipe { visit(pipe) }
            }
        }
    }

    private mutating func visit(_ pipe: TemplatePipe) {
        for command in pipe.commands {
            if command.operands.count == 2, case .identifier("query", _) = command.operands[0],
                case .string(let text, _, _) = command.operands[1]
            {
                texts.append(text)
            } else {
                for operand in command.operands { visit(operand) }
            }
        }
    }

    private mutating func visit(_ operand: TemplateOperand) {
        switch operand {
        case .identifier(let name, _): areOthersPossible = areOthersPossible || name == "query"
        case .chain(let inner, _, _): visit(inner)
        case .pipe(let pipe): visit(pipe)
        case .field, .variable, .dot, .nil, .bool, .number, .string: break
        }
    }
}
