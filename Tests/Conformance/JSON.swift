/// A JSON value of a suite's line.
indirect enum JSON: Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    subscript(key: String) -> JSON? {
        if case .object(let fields) = self { return fields[key] }
        return nil
    }

    var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    var number: Double? {
        if case .number(let value) = self { return value }
        return nil
    }

    var array: [JSON]? {
        if case .array(let values) = self { return values }
        return nil
    }

    var object: [String: JSON]? {
        if case .object(let fields) = self { return fields }
        return nil
    }

    init?(parsing bytes: [UInt8]) {
        var parser = JSONParser(bytes: bytes)
        guard let value = parser.value() else { return nil }
        self = value
    }
}

/// Enough of RFC 8259 for well-formed input.
private struct JSONParser {
    let bytes: [UInt8]
    var position = 0

    mutating func skipSpace() {
        while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    }

    mutating func accept(_ text: StaticString) -> Bool {
        let wanted = text.withUTF8Buffer(Array.init)
        guard bytes[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    mutating func value() -> JSON? {
        skipSpace()
        guard position < bytes.count else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "n"): return accept("null") ? .null : nil
        case UInt8(ascii: "t"): return accept("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return accept("false") ? .bool(false) : nil
        case UInt8(ascii: "\""): return text().map(JSON.string)
        case UInt8(ascii: "["): return array()
        case UInt8(ascii: "{"): return object()
        default:
            let start = position
            while position < bytes.count, !",]} \n".utf8.contains(bytes[position]) { position += 1 }
            return Double(String(decoding: bytes[start..<position], as: UTF8.self)).map(JSON.number)
        }
    }

    private mutating func array() -> JSON? {
        position += 1
        var values: [JSON] = []
        skipSpace()
        if accept("]") { return .array([]) }
        while true {
            guard let value = value() else { return nil }
            values.append(value)
            skipSpace()
            if accept("]") { return .array(values) }
            guard accept(",") else { return nil }
        }
    }

    private mutating func object() -> JSON? {
        position += 1
        var fields: [String: JSON] = [:]
        skipSpace()
        if accept("}") { return .object([:]) }
        while true {
            skipSpace()
            guard let key = text() else { return nil }
            skipSpace()
            guard accept(":"), let value = value() else { return nil }
            fields[key] = value
            skipSpace()
            if accept("}") { return .object(fields) }
            guard accept(",") else { return nil }
        }
    }

    private mutating func text() -> String? {
        guard accept("\"") else { return nil }
        var out: [UInt16] = []
        var plain: [UInt8] = []
        func flush() {
            out += String(decoding: plain, as: UTF8.self).utf16
            plain = []
        }
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                flush()
                return String(decoding: out, as: UTF16.self)
            case UInt8(ascii: "\\"):
                flush()
                guard position < bytes.count else { return nil }
                let kind = bytes[position]
                position += 1
                switch kind {
                case UInt8(ascii: "n"): out.append(0x0A)
                case UInt8(ascii: "t"): out.append(0x09)
                case UInt8(ascii: "r"): out.append(0x0D)
                case UInt8(ascii: "b"): out.append(0x08)
                case UInt8(ascii: "f"): out.append(0x0C)
                case UInt8(ascii: "u"):
                    guard position + 4 <= bytes.count,
                        let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
                    else { return nil }
                    out.append(unit)
                    position += 4
                default: out.append(UInt16(kind))
                }
            default: plain.append(byte)
            }
        }
        return nil
    }
}
