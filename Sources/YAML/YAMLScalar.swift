/// A scalar as it is written, and what it means.
public struct YAMLScalar: Sendable {
    public enum Style: Sendable {
        case plain, singleQuoted, doubleQuoted, literal, folded
    }

    /// The value of a scalar by the rules of Go's yaml.v3, which Prometheus reads its files with: the core schema of YAML 1.2,
    /// with the octal, binary and underscore forms of 1.1. `yes` and `on` are strings until somebody asks for a Bool.
    public enum Resolved: Sendable, Equatable {
        case null
        case bool(Bool)
        case int(Int64)
        case double(Double)
        case string

        var kind: String {
            switch self {
            case .null: "nothing"
            case .bool: "a boolean"
            case .int, .double: "a number"
            case .string: "a string"
            }
        }
    }

    public let text: String
    public let style: Style
    /// The tag written in the text (`tag:yaml.org,2002:str` for `!!str`); nil without one.
    public let tag: String?

    public init(_ text: String, style: Style = .plain, tag: String? = nil) {
        self.text = text
        self.style = style
        self.tag = tag
    }

    public var resolved: Resolved {
        if let tag, tag != "tag:yaml.org,2002:int", tag != "tag:yaml.org,2002:float", tag != "tag:yaml.org,2002:bool",
            tag != "tag:yaml.org,2002:null"
        {
            return .string
        }
        guard style == .plain || tag != nil else { return .string }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".nan", ".NaN", ".NAN": return .double(.nan)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .double(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .double(-.infinity)
        default: break
        }
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first == 0x2B || first == 0x2D || first == 0x2E || (0x30...0x39).contains(first) else {
            return .string
        }
        let digits = bytes.filter { $0 != 0x5F }
        if let value = Self.integer(digits) { return .int(value) }
        if Self.isDecimal(digits), let value = Double(String(decoding: digits, as: UTF8.self)) { return .double(value) }
        return .string
    }

    /// The boolean that this scalar stands for where a Bool is asked for: `true`, and the words of YAML 1.1 (`yes`, `on`, `y`).
    public var bool: Bool? {
        if case .bool(let value) = resolved { return value }
        guard style == .plain else { return nil }
        switch text {
        case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": return true
        case "n", "N", "no", "No", "NO", "off", "Off", "OFF": return false
        default: return nil
        }
    }

    /// `strconv.ParseInt(text, 0, 64)`: decimal, `0x`, `0o`, `0b`, and a leading 0 for octal.
    private static func integer(_ bytes: [UInt8]) -> Int64? {
        var rest = bytes[...]
        let sign = rest.first == 0x2D || rest.first == 0x2B ? rest.removeFirst() : 0x2B
        var radix = 10
        if rest.count > 1, rest.first == 0x30 {
            switch rest.dropFirst().first {
            case 0x78, 0x58: (radix, rest) = (16, rest.dropFirst(2))
            case 0x6F, 0x4F: (radix, rest) = (8, rest.dropFirst(2))
            case 0x62, 0x42: (radix, rest) = (2, rest.dropFirst(2))
            default: (radix, rest) = (8, rest.dropFirst())
            }
        }
        // Int64(_:radix:) would take a second sign.
        guard let first = rest.first, first != 0x2B, first != 0x2D else { return nil }
        return Int64((sign == 0x2D ? "-" : "") + String(decoding: rest, as: UTF8.self), radix: radix)
    }

    /// yaml.v3's `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`.
    private static func isDecimal(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        func digits() -> Int {
            let run = rest.prefix { (0x30...0x39).contains($0) }.count
            rest = rest.dropFirst(run)
            return run
        }
        if rest.first == 0x2D || rest.first == 0x2B { rest = rest.dropFirst() }
        let whole = digits()
        var fraction = 0
        if rest.first == 0x2E {
            rest = rest.dropFirst()
            fraction = digits()
        }
        guard whole > 0 || fraction > 0 else { return false }
        if rest.first == 0x65 || rest.first == 0x45 {
            rest = rest.dropFirst()
            if rest.first == 0x2D || rest.first == 0x2B { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
