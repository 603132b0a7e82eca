/// fmt.Sprintf over values of templates.
struct GoPrintf {
    /// A width or precision beyond this is an error in Go as well (tooLarge).
    private static let sizeMax = 1_000_000

    private struct Flags {
        var minus = false
        var plus = false
        var sharp = false
        var space = false
        var zero = false
        var width: Int?
        var precision: Int?
    }

    static func format(_ format: String, _ arguments: [TemplateValue]) -> String {
        var out = ""
        var rest = Array(format.unicodeScalars)[...]
        var next = 0
        func argument() -> TemplateValue? {
            defer { next += 1 }
            return arguments.indices.contains(next) ? arguments[next] : nil
        }
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                out.unicodeScalars.append(scalar)
                continue
            }
            var flags = Flags()
            flag: while let scalar = rest.first {
                switch scalar {
                case "-": flags.minus = true
                case "+": flags.plus = true
                case "#": flags.sharp = true
                case " ": flags.space = true
                case "0": flags.zero = true
                default: break flag
                }
                rest = rest.dropFirst()
            }
            if rest.first == "*" {
                rest = rest.dropFirst()
                if case .int(let width)? = argument(), width.magnitude <= sizeMax {
                    flags.width = Int(width.magnitude)
                    if width < 0 { flags.minus = true }
                } else {
                    out += "%!(BADWIDTH)"
                }
            } else {
                flags.width = number(&rest)
            }
            if rest.first == "." {
                rest = rest.dropFirst()
                if rest.first == "*" {
                    rest = rest.dropFirst()
                    if case .int(let precision)? = argument(), precision >= 0, precision <= sizeMax {
                        flags.precision = Int(precision)
                    } else {
                        out += "%!(BADPREC)"
                    }
                } else {
                    flags.precision = number(&rest) ?? 0
                }
            }
            guard let verb = rest.popFirst() else {
                out += "%!(NOVERB)"
                break
            }
            if verb == "%" {
                out += "%"
                continue
            }
            guard let value = argument() else {
                out += "%!\(verb)(MISSING)"
                continue
            }
            out += text(value, Character(verb), flags)
        }
        if next < arguments.count {
            let extra = arguments[next...].map { value in
                if case .none = value { "<nil>" } else { "\(value.typeName)=\(value.text)" }
            }
            out += "%!(EXTRA \(extra.joined(separator: ", ")))"
        }
        return out
    }

    private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) -> Int? {
        var value: Int?
        while let scalar = rest.first, ("0"..."9").contains(scalar) {
            value = min((value ?? 0) * 10 + Int(scalar.value - 0x30), sizeMax)
            rest = rest.dropFirst()
        }
        return value
    }

    private static func text(_ value: TemplateValue, _ verb: Character, _ flags: Flags) -> String {
        switch (verb, value) {
        case ("T", _): return pad(value.typeName, flags)
        case ("v", .none): return pad("<nil>", flags)
        case ("t", .bool(let bool)), ("v", .bool(let bool)): return pad(bool ? "true" : "false", flags)
        case (_, .string(let text)): return string(text, verb, flags) ?? bad(value, verb)
        case (_, .int(let int)): return integer(int.magnitude, int < 0, verb, flags) ?? bad(value, verb)
        case (_, .uint(let int)): return integer(int, false, verb, flags) ?? bad(value, verb)
        case (_, .float(let float)): return self.float(float, verb, flags) ?? bad(value, verb)
        case ("d", .duration(let int)): return integer(int.magnitude, int < 0, verb, flags) ?? bad(value, verb)
        case ("s", .duration), ("s", .time): return pad(value.text, flags)
        case ("s", .labels), ("v", _): return pad(value.text, flags)
        default: return bad(value, verb)
        }
    }

    private static func bad(_ value: TemplateValue, _ verb: Character) -> String {
        if case .none = value { return "%!\(verb)(<nil>)" }
        return "%!\(verb)(\(value.typeName)=\(value.text))"
    }

    private static func string(_ text: String, _ verb: Character, _ flags: Flags) -> String? {
        let cut = flags.precision.map { String(text.unicodeScalars.prefix($0).map(Character.init)) } ?? text
        switch verb {
        case "s", "v": return pad(cut, flags, zeros: true)
        case "q": return pad(flags.sharp && !cut.contains("`") ? "`\(cut)`" : goQuoted(cut), flags)
        case "x", "X":
            let hex = cut.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: verb == "X") }.joined()
            return pad(hex, flags)
        default: return nil
        }
    }

    private static func integer(_ magnitude: UInt64, _ isNegative: Bool, _ verb: Character, _ flags: Flags) -> String? {
        var digits: String
        switch verb {
        case "d", "v": digits = String(magnitude)
        case "b": digits = String(magnitude, radix: 2)
        case "o", "O": digits = String(magnitude, radix: 8)
        case "x": digits = String(magnitude, radix: 16)
        case "X": digits = String(magnitude, radix: 16, uppercase: true)
        case "c", "q", "U":
            guard let scalar = Unicode.Scalar(UInt32(clamping: magnitude)) else { return pad("\u{FFFD}", flags) }
            switch verb {
            case "c": return pad(String(Character(scalar)), flags)
            case "q": return pad("'\(scalar)'", flags)
            default:
                let hex = String(magnitude, radix: 16, uppercase: true)
                return pad("U+" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex, flags)
            }
        default: return nil
        }
        if let precision = flags.precision {
            digits = String(repeating: "0", count: max(0, min(precision, 1_000) - digits.count)) + digits
        }
        let prefix = verb == "O" ? "0o" : flags.sharp ? ["b": "0b", "o": "0", "x": "0x", "X": "0X"][verb] ?? "" : ""
        let sign = isNegative ? "-" : flags.plus ? "+" : flags.space ? " " : ""
        return padNumber(sign, prefix + digits, flags, zeros: flags.zero && flags.precision == nil)
    }

    private static func float(_ value: Double, _ verb: Character, _ flags: Flags) -> String? {
        var text: String
        switch verb {
        case "v": text = GoFloat.formatted(value, verb: "g", precision: flags.precision)
        case "F": text = GoFloat.formatted(value, verb: "f", precision: flags.precision)
        case "e", "E", "f", "g", "G": text = GoFloat.formatted(value, verb: verb, precision: flags.precision)
        default: return nil
        }
        var sign = ""
        if text.hasPrefix("-") || text.hasPrefix("+") { sign = String(text.removeFirst()) }
        // The plus of +Inf is always shown; other numbers show it when asked to.
        if sign.isEmpty, flags.plus { sign = "+" }
        if sign.isEmpty, flags.space { sign = " " }
        if sign == "+", flags.space, !flags.plus { sign = " " }
        return padNumber(sign, text, flags, zeros: flags.zero && value.isFinite)
    }

    private static func padNumber(_ sign: String, _ digits: String, _ flags: Flags, zeros: Bool) -> String {
        let missing = max(0, (flags.width ?? 0) - sign.count - digits.count)
        if zeros, !flags.minus { return sign + String(repeating: "0", count: missing) + digits }
        return pad(sign + digits, flags)
    }

    private static func pad(_ text: String, _ flags: Flags, zeros: Bool = false) -> String {
        let missing = max(0, (flags.width ?? 0) - text.unicodeScalars.count)
        guard missing > 0 else { return text }
        if flags.minus { return text + String(repeating: " ", count: missing) }
        return String(repeating: zeros && flags.zero ? "0" : " ", count: missing) + text
    }
}
