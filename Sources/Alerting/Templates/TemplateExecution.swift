internal import MetricsModel

/// Runs a template (Go's text/template/exec.go), with its words in errors.
struct TemplateExecution {
    /// Templates within templates; each nests the evaluation.
    private static let depthMax = 100
    /// Steps of one expansion: a range over a query within a range over a query grows fast.
    private static let stepsMax = 1_000_000
    /// An annotation is read by people.
    private static let outputBytesMax = 1 << 20

    private enum Flow {
        case next, breakLoop, continueLoop
    }

    private struct Variable {
        let name: String
        var value: TemplateValue
    }

    private let template: Template
    private let context: TemplateContext
    private var name: String
    private var variables: [Variable] = []
    private var output = ""
    private var depth = 0
    private var steps = 0
    /// The newest part looked at, for errors.
    private var place: (offset: Int, text: String) = (0, "")

    init(template: Template, context: TemplateContext) {
        self.template = template
        self.context = context
        name = template.name
    }

    mutating func run(_ data: TemplateValue) throws(TemplateError) -> String {
        variables = [Variable(name: "$", value: data)]
        _ = try walk(template.templates[template.name] ?? [], data)
        return output
    }

    // MARK: Nodes

    private mutating func walk(_ nodes: [TemplateNode], _ dot: TemplateValue) throws(TemplateError) -> Flow {
        for node in nodes {
            let flow = try walk(node, dot)
            if flow != .next { return flow }
        }
        return .next
    }

    private mutating func walk(_ node: TemplateNode, _ dot: TemplateValue) throws(TemplateError) -> Flow {
        try step()
        switch node {
        case .text(let text):
            try write(text)
        case .action(let pipe):
            let value = try evaluate(pipe, dot)
            if pipe.variables.isEmpty { try write(Self.printed(value)) }
        case .branch(let isWith, let pipe, let then, let otherwise):
            let mark = variables.count
            defer { variables.removeLast(variables.count - mark) }
            let value = try evaluate(pipe, dot)
            return value.isTrue ? try walk(then, isWith ? value : dot) : try walk(otherwise, dot)
        case .range(let pipe, let body, let otherwise):
            return try range(pipe, body, otherwise, dot)
        case .template(let called, let pipe, let offset):
            place = (offset, "{{template \(goQuoted(called))" + (pipe.map { " \($0.description)" } ?? "") + "}}")
            guard let nodes = template.templates[called] else { throw error("template \(goQuoted(called)) not defined") }
            guard depth < Self.depthMax else { throw error("exceeded maximum template depth (\(Self.depthMax))") }
            let value: TemplateValue = if let pipe { try evaluate(pipe, dot) } else { .none }
            let (outer, outerName) = (variables, name)
            (variables, name) = ([Variable(name: "$", value: value)], called)
            depth += 1
            _ = try walk(nodes, value)
            depth -= 1
            (variables, name) = (outer, outerName)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .next
    }

    private mutating func range(
        _ pipe: TemplatePipe, _ body: [TemplateNode], _ otherwise: [TemplateNode], _ dot: TemplateValue
    ) throws(TemplateError) -> Flow {
        let outer = variables.count
        defer { variables.removeLast(variables.count - outer) }
        let value = try evaluate(pipe, dot)
        let elements: [(TemplateValue, TemplateValue)]
        switch value {
        case .samples(let samples): elements = samples.enumerated().map { (.int(Int64($0)), .sample($1)) }
        case .list(let values): elements = values.enumerated().map { (.int(Int64($0)), $1) }
        case .labels(let labels): elements = labels.pairs.map { (.string($0.name), .string($0.value)) }
        case .dictionary(let values):
            elements = values.sorted { bytesPrecede($0.key, $1.key) }.map { (.string($0.key), $0.value) }
        case .int(let count): elements = (0..<min(max(0, count), Int64(Self.stepsMax))).map { (.int($0), .int($0)) }
        case .page(let value):
            guard let found = value.elements else { throw error("range can't iterate over \(value.text)") }
            elements = found
        case .none: elements = []
        case .bool, .uint, .float, .string, .sample, .time, .duration, .alert:
            throw error("range can't iterate over \(value.text)")
        }
        guard !elements.isEmpty else { return try walk(otherwise, dot) }
        let mark = variables.count
        for (index, element) in elements {
            try step()
            let count = pipe.variables.count
            if pipe.isAssignment {
                if let last = pipe.variables.last { try assign(last.name, element) }
                if count > 1, let first = pipe.variables.first { try assign(first.name, index) }
            } else {
                if count > 0 { variables[mark - 1].value = element }
                if count > 1 { variables[mark - 2].value = index }
            }
            let flow = try walk(body, element)
            variables.removeLast(variables.count - mark)
            if flow == .breakLoop { break }
        }
        return .next
    }

    // MARK: Pipelines

    private mutating func evaluate(_ pipe: TemplatePipe, _ dot: TemplateValue) throws(TemplateError) -> TemplateValue {
        try step()
        place = (pipe.offset, pipe.description)
        var value: TemplateValue?
        for command in pipe.commands { value = try evaluate(command, dot, last: value) }
        let result = value ?? .none
        for variable in pipe.variables {
            if pipe.isAssignment {
                try assign(variable.name, result)
            } else {
                variables.append(Variable(name: variable.name, value: result))
            }
        }
        return result
    }

    private mutating func assign(_ name: String, _ value: TemplateValue) throws(TemplateError) {
        guard let index = variables.lastIndex(where: { $0.name == name }) else { throw error("undefined variable: \(name)") }
        variables[index].value = value
    }

    private mutating func evaluate(
        _ command: TemplateCommand, _ dot: TemplateValue, last: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        guard let first = command.operands.first else { return .none }
        let arguments = Array(command.operands.dropFirst())
        switch first {
        case .identifier(let name, _):
            return try call(
                name, first, arguments, dot, last: last, blame: (command.offset, command.description))
        case .field(let names, _):
            at(first)
            return try fields(names, of: dot, arguments, dot, last: last)
        case .variable(let names, _):
            at(first)
            let value = try variable(names[0])
            guard names.count > 1 else {
                try noArguments(first, arguments, last)
                return value
            }
            return try fields(Array(names.dropFirst()), of: value, arguments, dot, last: last)
        case .chain(let node, let names, _):
            at(first)
            let value = try argument(node, dot, wanted: .any)
            return try fields(names, of: value, arguments, dot, last: last)
        case .pipe(let pipe):
            try noArguments(first, arguments, last)
            return try evaluate(pipe, dot)
        case .bool, .dot, .nil, .number, .string:
            at(first)
            try noArguments(first, arguments, last)
            if case .nil = first { throw error("nil is not a command") }
            return try literal(first, dot)
        }
    }

    private mutating func literal(_ operand: TemplateOperand, _ dot: TemplateValue) throws(TemplateError) -> TemplateValue {
        switch operand {
        case .bool(let value, _): return .bool(value)
        case .dot: return dot
        case .string(let text, _, _): return .string(text)
        case .number(let number, _):
            guard let value = number.ideal else { throw error("\(number.text) overflows int") }
            return value
        case .nil, .identifier, .field, .variable, .chain, .pipe: return .none
        }
    }

    private func noArguments(
        _ operand: TemplateOperand, _ arguments: [TemplateOperand], _ last: TemplateValue?
    ) throws(TemplateError) {
        guard arguments.isEmpty, last == nil else {
            throw error("can't give argument to non-function \(operand.description)")
        }
    }

    private mutating func argument(
        _ operand: TemplateOperand, _ dot: TemplateValue, wanted: TemplateFunction.Parameter
    ) throws(TemplateError) -> TemplateValue {
        try step()
        at(operand)
        switch operand {
        case .dot: return try checked(dot, wanted)
        case .nil:
            guard wanted.takesNil else { throw error("cannot assign nil to \(wanted.typeName)") }
            return .none
        case .field(let names, _): return try checked(try fields(names, of: dot, [], dot, last: nil), wanted)
        case .variable(let names, _):
            let value = try variable(names[0])
            return try checked(try fields(Array(names.dropFirst()), of: value, [], dot, last: nil), wanted)
        case .pipe(let pipe): return try checked(try evaluate(pipe, dot), wanted)
        case .identifier(let name, _):
            let value = try call(name, operand, [], dot, last: nil, blame: (operand.offset, operand.description))
            return try checked(value, wanted)
        case .chain(let node, let names, _):
            let value = try argument(node, dot, wanted: .any)
            return try checked(try fields(names, of: value, [], dot, last: nil), wanted)
        case .bool, .number, .string:
            if let converted = wanted.literal(operand) { return converted }
            guard wanted == .any else {
                throw error("expected \(wanted.literalName); found \(operand.description)")
            }
            return try literal(operand, dot)
        }
    }

    private func checked(
        _ value: TemplateValue, _ wanted: TemplateFunction.Parameter
    ) throws(TemplateError) -> TemplateValue {
        if wanted.accepts(value) { return value }
        if case .none = value { throw error("invalid value; expected \(wanted.typeName)") }
        throw error("wrong type for value; expected \(wanted.typeName); got \(value.typeName)")
    }

    private func variable(_ name: String) throws(TemplateError) -> TemplateValue {
        guard let found = variables.last(where: { $0.name == name }) else { throw error("undefined variable: \(name)") }
        return found.value
    }

    // MARK: Fields and calls

    private mutating func fields(
        _ names: [String], of receiver: TemplateValue, _ arguments: [TemplateOperand], _ dot: TemplateValue,
        last: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        var value = receiver
        for (index, name) in names.enumerated() {
            let isLast = index == names.count - 1
            value = try field(name, of: value, isLast ? arguments : [], dot, last: isLast ? last : nil)
        }
        return value
    }

    private mutating func field(
        _ name: String, of receiver: TemplateValue, _ arguments: [TemplateOperand], _ dot: TemplateValue,
        last: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        if let method = TemplateMethod(name, of: receiver) {
            let blame = place
            var values: [TemplateValue] = []
            guard arguments.count + (last == nil ? 0 : 1) == method.parameters.count else {
                throw error(
                    "wrong number of args for \(name): want \(method.parameters.count) got "
                        + "\(arguments.count + (last == nil ? 0 : 1))")
            }
            for (operand, wanted) in zip(arguments, method.parameters) {
                values.append(try argument(operand, dot, wanted: wanted))
            }
            if let last, let wanted = method.parameters.last { values.append(try checked(last, wanted)) }
            place = blame
            return method.call(values)
        }
        let hasArguments = !arguments.isEmpty || last != nil
        func plain(_ value: TemplateValue) throws(TemplateError) -> TemplateValue {
            guard !hasArguments else { throw error("\(name) has arguments but cannot be invoked as function") }
            return value
        }
        switch receiver {
        case .none:
            if template.missingKey == .error { throw error("nil data; no entry for key \(goQuoted(name))") }
            return .none
        case .labels(let labels):
            guard !hasArguments else { throw error("\(name) is not a method but has arguments") }
            if let value = labels[name] { return .string(value) }
            if template.missingKey == .error { throw error("map has no entry for key \(goQuoted(name))") }
            return .string("")
        case .dictionary(let values):
            guard !hasArguments else { throw error("\(name) is not a method but has arguments") }
            if let value = values[name] { return value }
            if template.missingKey == .error { throw error("map has no entry for key \(goQuoted(name))") }
            return .none
        case .sample(let sample) where name == "Labels": return try plain(.labels(sample.labels))
        case .sample(let sample) where name == "Value": return try plain(.float(sample.value))
        case .alert(let data):
            switch name {
            case "Labels": return try plain(.labels(data.labels))
            case "ExternalLabels": return try plain(.labels(data.externalLabels))
            case "ExternalURL": return try plain(.string(data.externalURL))
            case "Value": return try plain(.float(data.value))
            default: break
            }
        case .page(let value):
            if let found = value.field(name) { return try plain(found) }
        case .bool, .int, .uint, .float, .string, .sample, .samples, .list, .time, .duration: break
        }
        throw error("can't evaluate field \(name) in type \(receiver.typeName)")
    }

    private mutating func call(
        _ name: String, _ operand: TemplateOperand, _ arguments: [TemplateOperand], _ dot: TemplateValue,
        last: TemplateValue?, blame: (offset: Int, text: String)
    ) throws(TemplateError) -> TemplateValue {
        at(operand)
        guard let function = TemplateFunction.named(name) else { throw error("\(goQuoted(name)) is not a defined function") }
        let count = arguments.count + (last == nil ? 0 : 1)
        guard count >= function.parameters.count, function.variadic != nil || count == function.parameters.count else {
            let least = function.variadic == nil ? "" : "at least "
            throw error("wrong number of args for \(name): want \(least)\(function.parameters.count) got \(count)")
        }
        // These two look at no more arguments than they need.
        if name == "and" || name == "or" {
            var value = TemplateValue.none
            for argument in arguments {
                value = try self.argument(argument, dot, wanted: .any)
                if value.isTrue == (name == "or") { return value }
            }
            return last ?? value
        }
        var values: [TemplateValue] = []
        for (index, argument) in arguments.enumerated() {
            values.append(try self.argument(argument, dot, wanted: function.parameter(index)))
        }
        if let last { values.append(try checked(last, function.parameter(arguments.count))) }
        do {
            return try function.call(values, context)
        } catch {
            place = blame
            throw self.error("error calling \(name): \(error.description)")
        }
    }

    // MARK: Output and errors

    private static func printed(_ value: TemplateValue) -> String {
        if case .none = value { return "<no value>" }
        return value.text
    }

    private mutating func write(_ text: String) throws(TemplateError) {
        guard output.utf8.count + text.utf8.count <= Self.outputBytesMax else {
            throw error("the text grows beyond \(Self.outputBytesMax) bytes")
        }
        output += text
    }

    private mutating func step() throws(TemplateError) {
        steps += 1
        guard steps <= Self.stepsMax else { throw error("the expansion takes more than \(Self.stepsMax) steps") }
    }

    private mutating func at(_ operand: TemplateOperand) {
        place = (operand.offset, operand.description)
    }

    private func error(_ message: String) -> TemplateError {
        let before = Array(template.text.utf8.prefix(place.offset))
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        return TemplateError(
            description: "template: \(template.name):\(line):\(before.count - lineStart): executing \(goQuoted(name)) at "
                + "<\(place.text)>: \(message)")
    }
}
