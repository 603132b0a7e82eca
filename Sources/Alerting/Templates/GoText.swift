/// strconv.Quote: double quotes, escapes for what is not printable.
func goQuoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\u{07}": out += "\\a"
        case "\u{08}": out += "\\b"
        case "\u{0C}": out += "\\f"
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        case "\u{0B}": out += "\\v"
        default:
            if scalar.value < 0x20 || scalar.value == 0x7F {
                out += "\\x" + hex(scalar.value, 2)
            } else if scalar.isPrintable {
                out.unicodeScalars.append(scalar)
            } else {
                out += scalar.value < 0x10000 ? "\\u" + hex(scalar.value, 4) : "\\U" + hex(scalar.value, 8)
            }
        }
    }
    return out + "\""
}

private func hex(_ value: UInt32, _ width: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - text.count)) + text
}

extension Unicode.Scalar {
    /// unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: self == " "
        default: true
        }
    }
}

/// strconv.Unquote of a string in double, single or back quotes; nil when it is malformed. Bytes that are no UTF-8 together become
/// the replacement character.
func goUnquoted(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 2, let quote = bytes.first, bytes.last == quote else { return nil }
    let inner = bytes[1..<bytes.count - 1]
    if quote == UInt8(ascii: "`") {
        return String(decoding: inner.filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }
    var out: [UInt8] = []
    var place = inner.startIndex
    func digits(_ count: Int, radix: Int) -> UInt32? {
        guard place + count <= inner.endIndex else { return nil }
        defer { place += count }
        let digits = String(decoding: inner[place..<place + count], as: UTF8.self)
        guard digits.first != "+", digits.first != "-" else { return nil }
        return UInt32(digits, radix: radix)
    }
    while place < inner.endIndex {
        let byte = inner[place]
        place += 1
        guard byte != quote, byte != UInt8(ascii: "\n") else { return nil }
        guard byte == UInt8(ascii: "\\") else {
            out.append(byte)
            continue
        }
        guard place < inner.endIndex else { return nil }
        let escape = inner[place]
        place += 1
        switch Character(Unicode.Scalar(escape)) {
        case "a": out.append(7)
        case "b": out.append(8)
        case "f": out.append(12)
        case "n": out.append(10)
        case "r": out.append(13)
        case "t": out.append(9)
        case "v": out.append(11)
        case "\\": out.append(escape)
        case "\"", "'":
            guard escape == quote else { return nil }
            out.append(escape)
        case "x":
            guard let value = digits(2, radix: 16) else { return nil }
            out.append(UInt8(value))
        case "u", "U":
            guard let value = digits(escape == UInt8(ascii: "u") ? 4 : 8, radix: 16), let scalar = Unicode.Scalar(value) else {
                return nil
            }
            out += Array(String(Character(scalar)).utf8)
        case "0"..."7":
            place -= 1
            guard let value = digits(3, radix: 8), value < 256 else { return nil }
            out.append(UInt8(value))
        default: return nil
        }
    }
    return String(decoding: out, as: UTF8.self)
}
