internal import MetricsModel

/// A function that templates can call.
struct TemplateFunction: Sendable {
    /// The Go type of a parameter.
    enum Parameter: Sendable, Equatable {
        case any, string, strings, int, float, sample, samples, duration, time

        var typeName: String {
            switch self {
            case .any: "interface {}"
            case .string: "string"
            case .strings: "[]string"
            case .int: "int"
            case .float: "float64"
            case .sample: "*template.sample"
            case .samples: "template.queryResult"
            case .duration: "time.Duration"
            case .time: "time.Time"
            }
        }

        /// What Go's errors call a literal of the type.
        var literalName: String {
            switch self {
            case .float: "float"
            case .int, .duration: "integer"
            case .any, .string, .strings, .sample, .samples, .time: typeName
            }
        }

        var takesNil: Bool { self == .any || self == .sample || self == .samples }

        func accepts(_ value: TemplateValue) -> Bool {
            switch (self, value) {
            case (.any, _), (.string, .string), (.int, .int), (.float, .float), (.sample, .sample), (.samples, .samples),
                (.duration, .duration), (.time, .time), (.strings, .list):
                true
            default: false
            }
        }

        /// A literal as a value of the type; nil when it is none.
        func literal(_ operand: TemplateOperand) -> TemplateValue? {
            switch (self, operand) {
            case (.string, .string(let text, _, _)): .string(text)
            case (.float, .number(let number, _)): number.float.map { .float($0) }
            case (.int, .number(let number, _)): number.int.map { .int($0) }
            case (.duration, .number(let number, _)): number.int.map { .duration($0) }
            default: nil
            }
        }
    }

    struct Failure: Error {
        let description: String

        init(_ description: String) { self.description = description }
    }

    let parameters: [Parameter]
    /// The type of any number of further arguments.
    let variadic: Parameter?
    private let body: @Sendable ([TemplateValue], TemplateContext) throws(Failure) -> TemplateValue

    init(
        _ parameters: Parameter..., variadic: Parameter? = nil,
        body: @escaping @Sendable ([TemplateValue], TemplateContext) throws(Failure) -> TemplateValue
    ) {
        self.parameters = parameters
        self.variadic = variadic
        self.body = body
    }

    func parameter(_ index: Int) -> Parameter {
        index < parameters.count ? parameters[index] : variadic ?? .any
    }

    func call(_ arguments: [TemplateValue], _ context: TemplateContext) throws(Failure) -> TemplateValue {
        try body(arguments, context)
    }

    static func named(_ name: String) -> TemplateFunction? { all[name] }

    /// What the templates of rules may call.
    static let names = Set(goFunctions.keys).union(prometheusFunctions.keys)

    private static let all = goFunctions.merging(prometheusFunctions) { _, ours in ours }
        .merging(pageFunctions) { _, ours in ours }
}

extension [TemplateValue] {
    /// The text at an index whose type has been checked.
    func string(_ index: Int) -> String {
        if indices.contains(index), case .string(let text) = self[index] { text } else { "" }
    }

    /// The texts at an index whose type has been checked.
    func strings(_ index: Int) -> [String] {
        if case .list(let values) = at(index) { values.map(\.text) } else { [] }
    }

    func at(_ index: Int) -> TemplateValue { indices.contains(index) ? self[index] : .none }
}
