internal import MetricsModel

/// The functions that Go's text/template brings (funcs.go).
extension TemplateFunction {
    static let goFunctions: [String: TemplateFunction] = [
        // `and` and `or` are evaluated where they are called.
        "and": TemplateFunction(.any, variadic: .any) { arguments, _ in arguments.last ?? .none },
        "or": TemplateFunction(.any, variadic: .any) { arguments, _ in arguments.last ?? .none },
        "not": TemplateFunction(.any) { arguments, _ in .bool(!arguments.at(0).isTrue) },
        "len": TemplateFunction(.any) { arguments, _ throws(Failure) in try length(arguments.at(0)) },
        "index": TemplateFunction(.any, variadic: .any) { arguments, _ throws(Failure) in
            var value = arguments.at(0)
            for key in arguments.dropFirst() { value = try element(of: value, key) }
            return value
        },
        "slice": TemplateFunction(.any, variadic: .any) { arguments, _ throws(Failure) in try slice(arguments) },
        "call": TemplateFunction(.any, variadic: .any) { arguments, _ throws(Failure) in
            throw Failure("non-function of type \(arguments.at(0).typeName)")
        },
        "print": TemplateFunction(variadic: .any) { arguments, _ in .string(sprint(arguments)) },
        "println": TemplateFunction(variadic: .any) { arguments, _ in
            .string(arguments.map(\.text).joined(separator: " ") + "\n")
        },
        "printf": TemplateFunction(.string, variadic: .any) { arguments, _ in
            .string(GoPrintf.format(arguments.string(0), Array(arguments.dropFirst())))
        },
        "html": TemplateFunction(variadic: .any) { arguments, _ in .string(escapedHTML(evaluatedText(arguments))) },
        "js": TemplateFunction(variadic: .any) { arguments, _ in .string(escapedJS(evaluatedText(arguments))) },
        "urlquery": TemplateFunction(variadic: .any) { arguments, _ in
            .string(GraphLink.queryEscaped(evaluatedText(arguments)))
        },
        "eq": TemplateFunction(.any, variadic: .any) { arguments, _ throws(Failure) in
            guard arguments.count > 1 else { throw Failure("missing argument for comparison") }
            for other in arguments.dropFirst() where try areEqual(arguments.at(0), other) { return .bool(true) }
            return .bool(false)
        },
        "ne": TemplateFunction(.any, .any) { arguments, _ throws(Failure) in
            .bool(!(try areEqual(arguments.at(0), arguments.at(1))))
        },
        "lt": TemplateFunction(.any, .any) { arguments, _ throws(Failure) in
            .bool(try precedes(arguments.at(0), arguments.at(1)))
        },
        "le": TemplateFunction(.any, .any) { arguments, _ throws(Failure) in
            if try precedes(arguments.at(0), arguments.at(1)) { return .bool(true) }
            return .bool(try areEqual(arguments.at(0), arguments.at(1)))
        },
        "gt": TemplateFunction(.any, .any) { arguments, _ throws(Failure) in
            if try precedes(arguments.at(0), arguments.at(1)) { return .bool(false) }
            return .bool(!(try areEqual(arguments.at(0), arguments.at(1))))
        },
        "ge": TemplateFunction(.any, .any) { arguments, _ throws(Failure) in
            .bool(!(try precedes(arguments.at(0), arguments.at(1))))
        },
    ]

    private static func length(_ value: TemplateValue) throws(Failure) -> TemplateValue {
        switch value {
        case .string(let text): return .int(Int64(text.utf8.count))
        case .labels(let labels): return .int(Int64(labels.pairs.count))
        case .dictionary(let values): return .int(Int64(values.count))
        case .samples(let samples): return .int(Int64(samples.count))
        case .list(let values): return .int(Int64(values.count))
        case .page(let value):
            guard let count = value.count else { throw Failure("len of type \(value.typeName)") }
            return .int(Int64(count))
        case .none: throw Failure("len of nil pointer")
        case .bool, .int, .uint, .float, .sample, .time, .duration, .alert: throw Failure("len of type \(value.typeName)")
        }
    }

    private static func element(of value: TemplateValue, _ key: TemplateValue) throws(Failure) -> TemplateValue {
        func place(_ count: Int) throws(Failure) -> Int {
            guard case .int(let index) = key else { throw Failure("cannot index slice/array with type \(key.typeName)") }
            guard index >= 0, index < count else { throw Failure("index out of range: \(index)") }
            return Int(index)
        }
        switch value {
        case .labels(let labels):
            guard case .string(let name) = key else { throw wrongKey(key) }
            return .string(labels[name] ?? "")
        case .dictionary(let values):
            guard case .string(let name) = key else { throw wrongKey(key) }
            return values[name] ?? .none
        case .samples(let samples): return .sample(samples[try place(samples.count)])
        case .list(let values): return values[try place(values.count)]
        case .string(let text):
            let bytes = Array(text.utf8)
            return .uint(UInt64(bytes[try place(bytes.count)]))
        case .page(let value):
            switch value {
            case .map:
                guard case .string(let name) = key else { throw wrongKey(key) }
                return value.field(name) ?? .string("")
            case .alerts(let alerts): return .page(.alert(alerts[try place(alerts.count)]))
            case .pairs(let pairs): return .page(.pair(pairs[try place(pairs.count)]))
            case .data, .alert, .pair: throw Failure("can't index item of type \(value.typeName)")
            }
        case .none: throw Failure("index of untyped nil")
        case .bool, .int, .uint, .float, .sample, .time, .duration, .alert:
            throw Failure("can't index item of type \(value.typeName)")
        }
    }

    private static func wrongKey(_ key: TemplateValue) -> Failure {
        Failure("value has type \(key.typeName); should be string")
    }

    private static func slice(_ arguments: [TemplateValue]) throws(Failure) -> TemplateValue {
        let value = arguments.at(0)
        let count: Int
        switch value {
        case .string(let text): count = text.utf8.count
        case .samples(let samples): count = samples.count
        case .list(let values): count = values.count
        case .none: throw Failure("slice of untyped nil")
        case .bool, .int, .uint, .float, .labels, .dictionary, .sample, .time, .duration, .alert, .page:
            throw Failure("can't slice item of type \(value.typeName)")
        }
        guard arguments.count <= 4 else { throw Failure("too many slice indexes: \(arguments.count - 1)") }
        if arguments.count == 4, value.isString { throw Failure("cannot 3-index slice a string") }
        var bounds = [0, count]
        for (index, argument) in arguments.dropFirst().prefix(2).enumerated() {
            guard case .int(let bound) = argument else {
                throw Failure("cannot index slice/array with type \(argument.typeName)")
            }
            guard bound >= 0, bound <= count else { throw Failure("index out of range: \(bound)") }
            bounds[index] = Int(bound)
        }
        guard bounds[0] <= bounds[1] else { throw Failure("invalid slice index: \(bounds[0]) > \(bounds[1])") }
        let range = bounds[0]..<bounds[1]
        switch value {
        case .string(let text): return .string(String(decoding: Array(text.utf8)[range], as: UTF8.self))
        case .samples(let samples): return .samples(Array(samples[range]))
        case .list(let values): return .list(Array(values[range]))
        case .none, .bool, .int, .uint, .float, .labels, .dictionary, .sample, .time, .duration, .alert, .page: return .none
        }
    }

    /// fmt.Sprint: a space between two operands of which neither is a string.
    private static func sprint(_ values: [TemplateValue]) -> String {
        var out = ""
        var wasString = true
        for (index, value) in values.enumerated() {
            if index > 0, !wasString, !value.isString { out += " " }
            out += value.text
            wasString = value.isString
        }
        return out
    }

    private static func evaluatedText(_ values: [TemplateValue]) -> String {
        if values.count == 1, case .string(let text) = values.at(0) { return text }
        return sprint(values)
    }

    private static func escapedHTML(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\0": out += "\u{FFFD}"
            case "\"": out += "&#34;"
            case "'": out += "&#39;"
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    private static func escapedJS(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "'": out += "\\'"
            case "\"": out += "\\\""
            case "<", ">", "&", "=": out += unicodeEscape(scalar)
            default:
                if scalar.value < 0x20 || !scalar.isASCII && !scalar.isPrintable {
                    out += unicodeEscape(scalar)
                } else {
                    out.unicodeScalars.append(scalar)
                }
            }
        }
        return out
    }

    private static func unicodeEscape(_ scalar: Unicode.Scalar) -> String {
        let hex = String(scalar.value, radix: 16, uppercase: true)
        return "\\u" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
    }

    // MARK: Comparison

    private static func areEqual(_ a: TemplateValue, _ b: TemplateValue) throws(Failure) -> Bool {
        switch (a, b) {
        case (.none, .none): return true
        case (.none, _), (_, .none): return false
        case (.bool(let x), .bool(let y)): return x == y
        case (.string(let x), .string(let y)): return sameBytes(x, y)
        case (.float(let x), .float(let y)): return x == y
        default:
            if let x = integer(a), let y = integer(b) { return x == y }
            if !isBasic(a) || !isBasic(b) { throw Failure("non-comparable type \(a.text): \(a.typeName)") }
            throw incompatible(a, b)
        }
    }

    private static func precedes(_ a: TemplateValue, _ b: TemplateValue) throws(Failure) -> Bool {
        switch (a, b) {
        case (.string(let x), .string(let y)): return bytesPrecede(x, y)
        case (.float(let x), .float(let y)): return x < y
        case (.bool, .bool): throw Failure("invalid type for comparison")
        default:
            if let x = integer(a), let y = integer(b) { return x < y }
            if !isBasic(a) || !isBasic(b) { throw Failure("invalid type for comparison") }
            throw incompatible(a, b)
        }
    }

    /// Integers of any sign compare with each other.
    private static func integer(_ value: TemplateValue) -> Int128? {
        switch value {
        case .int(let int), .duration(let int): Int128(int)
        case .uint(let int): Int128(int)
        case .none, .bool, .float, .string, .labels, .dictionary, .sample, .samples, .list, .time, .alert, .page: nil
        }
    }

    private static func isBasic(_ value: TemplateValue) -> Bool {
        switch value {
        case .bool, .int, .uint, .float, .string, .duration: true
        case .none, .labels, .dictionary, .sample, .samples, .list, .time, .alert, .page: false
        }
    }

    private static func incompatible(_ a: TemplateValue, _ b: TemplateValue) -> Failure {
        Failure("incompatible types for comparison: \(a.typeName) and \(b.typeName)")
    }
}
