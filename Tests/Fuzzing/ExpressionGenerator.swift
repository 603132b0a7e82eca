import PromQL

/// Random expressions that are well typed, over the whole language.
struct ExpressionGenerator {
    var random: FuzzRandom
    /// What is still to be spent: each node costs one, so that no expression grows without end.
    var budget: Int

    init(_ random: FuzzRandom, budget: Int) {
        self.random = random
        self.budget = budget
    }

    /// An expression of a type that a query can ask for.
    mutating func expression() -> String {
        switch random.below(12) {
        case 0: scalar()
        case 1: string()
        case 2: matrix()
        default: vector()
        }
    }

    mutating func value(_ type: ValueType) -> String {
        switch type {
        case .scalar: scalar()
        case .vector: vector()
        case .matrix: matrix()
        case .string: string()
        }
    }

    mutating func vector() -> String {
        budget -= 1
        if budget <= 0 || random.chance(15) { return selector() + modifiers() }
        switch random.below(10) {
        case 0: return "(\(space())\(vector())\(space()))"
        case 1: return random.pick(["-", "+"]) + space() + vector()
        case 2, 3: return aggregation()
        case 4, 5, 6: return call(returning: .vector)
        case 7: return "\(vector())\(space()) \(comparisonOrArithmetic(between: .vector, and: .scalar)) \(scalar())"
        case 8: return "\(scalar()) \(comparisonOrArithmetic(between: .scalar, and: .vector)) \(vector())"
        default: return "\(vector()) \(vectorOperator()) \(vector())"
        }
    }

    mutating func scalar() -> String {
        budget -= 1
        if budget <= 0 || random.chance(40) { return number() }
        switch random.below(5) {
        case 0: return "(\(scalar()))"
        case 1: return random.pick(["-", "+"]) + scalar()
        case 2: return call(returning: .scalar)
        case 3: return "\(scalar()) \(random.pick(["+", "-", "*", "/", "%", "^", "atan2"])) \(scalar())"
        default: return "\(scalar()) \(random.pick(["==", "!=", "<", "<=", ">", ">="])) bool \(scalar())"
        }
    }

    mutating func matrix() -> String {
        budget -= 1
        if budget > 0, random.chance(30) {
            let step = random.chance(50) ? "" : duration()
            return "(\(vector()))[\(duration()):\(step)]\(modifiers(isSubquery: true))"
        }
        let name = selector()
        return "\(name)[\(space())\(duration())\(space())]\(modifiers())"
    }

    // MARK: - Calls and aggregations

    private static let scalarFunctions = Function.all.filter { $0.returns == .scalar }
    private static let vectorFunctions = Function.all.filter { $0.returns == .vector }

    private mutating func call(returning type: ValueType) -> String {
        let function = random.pick(type == .scalar ? Self.scalarFunctions : Self.vectorFunctions)
        if function.name == "info" { return "info(\(vector())\(random.pick(["", ", {\(matcher())}"])))" }
        if function.name == "label_replace", random.chance(70) {
            let pattern = random.pick(["(.*)", "(?P<n>.)(.+)", "x", "", "[ab]+"])
            return "label_replace(\(vector()), \"\(labelName())\", \"\(random.pick(["$1", "a${n}b", "$$", ""]))\", "
                + "\"\(labelName())\", \"\(pattern)\")"
        }
        var count = function.argumentTypes.count
        if function.variadic != 0 {
            count += random.below(function.variadic < 0 ? 3 : min(3, function.variadic + 1)) - 1
        }
        var arguments: [String] = []
        for index in 0..<max(0, count) {
            let last = function.argumentTypes.count - 1
            arguments.append(value(function.argumentTypes[min(index, last)]))
        }
        return "\(function.name)\(space())(\(space())\(arguments.joined(separator: ",\(space())")))"
    }

    private mutating func aggregation() -> String {
        let aggregator = random.pick(Aggregator.allCases)
        let parameter =
            switch aggregator.parameter {
            case nil: ""
            case .string?: random.pick(["\"v\", ", "\"a b\", ", "\"__name__\", "])
            default: scalar() + ", "
            }
        var name = aggregator.rawValue
        if random.chance(5) { name = name.uppercased() }
        let body = "(\(parameter)\(vector()))"
        guard random.chance(60) else { return name + body }
        let modifier = "\(random.pick(["by", "without", "BY"])) (\(labelList()))"
        return random.chance(50) ? "\(name) \(modifier) \(body)" : "\(name)\(body) \(modifier)"
    }

    // MARK: - Operators

    private mutating func comparisonOrArithmetic(between left: ValueType, and right: ValueType) -> String {
        random.pick([
            "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", "<=", ">", ">=", "> bool", "== bool", "<= bool", "</", ">/",
        ])
    }

    private mutating func vectorOperator() -> String {
        if random.chance(30) { return random.pick(["and", "or", "unless", "AND"]) + matching(isSet: true) }
        let op = random.pick(["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", ">", ">= bool", "!= bool", "</", ">/"])
        return op + matching(isSet: false)
    }

    private mutating func matching(isSet: Bool) -> String {
        var out = ""
        if random.chance(60) {
            let on = random.chance(50)
            // A label may not be in both lists of on and group.
            out += " \(on ? "on" : "ignoring")(\(random.pick(["", "a", "a,b", "le", "\"l l\""])))"
            if !isSet, random.chance(40) {
                out += " \(random.pick(["group_left", "group_right"]))\(random.pick(["", "()", "(c)", "(z,)"]))"
            }
        }
        if !isSet, random.chance(15) {
            out += random.pick([" fill(0)", " fill_left(1) fill_right(-2)", " fill_right (NaN)", " fill_left(5m)"])
        }
        return out
    }
}
