// Texts as Go prints them: error texts, printed expressions and count_values must agree with Prometheus to the byte.

/// `bytes` in double quotes as Go's strconv.Quote: printable characters as they are, others escaped.
func goQuoted(_ bytes: some Sequence<UInt8>) -> String {
    var out = "\""
    let all = Array(bytes)
    var index = 0
    while index < all.count {
        let byte = all[index]
        if byte < 0x80 {
            index += 1
            switch byte {
            case UInt8(ascii: "\\"): out += "\\\\"
            case UInt8(ascii: "\""): out += "\\\""
            case 0x07: out += "\\a"
            case 0x08: out += "\\b"
            case 0x0C: out += "\\f"
            case 0x0A: out += "\\n"
            case 0x0D: out += "\\r"
            case 0x09: out += "\\t"
            case 0x0B: out += "\\v"
            case 0x20..<0x7F: out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "\\x" + hex(UInt32(byte), digits: 2)
            }
            continue
        }
        let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1
        guard length > 1, index + length <= all.count,
            let scalar = String(validating: all[index..<index + length], as: UTF8.self)?.unicodeScalars.first
        else {
            out += "\\x" + hex(UInt32(byte), digits: 2)
            index += 1
            continue
        }
        index += length
        if isPrintable(scalar) {
            out.unicodeScalars.append(scalar)
        } else {
            out += scalar.value > 0xFFFF ? "\\U" + hex(scalar.value, digits: 8) : "\\u" + hex(scalar.value, digits: 4)
        }
    }
    return out + "\""
}

func goQuoted(_ text: String) -> String { goQuoted(text.utf8) }

private func hex(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}

/// Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.
private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    case .spaceSeparator: scalar == " "
    default: true
    }
}

/// The shortest decimal digits that read back as `value` (finite, not zero), and where the point stands: 0.d₁d₂… × 10^exponent.
private func shortestDigits(_ value: Double) -> (digits: [UInt8], exponent: Int) {
    var digits: [UInt8] = []
    var pointAt: Int?
    var exponent = 0
    var text = value.magnitude.description.utf8[...]
    if let e = text.firstIndex(of: UInt8(ascii: "e")) {
        exponent = Int(String(decoding: text[text.index(after: e)...], as: UTF8.self)) ?? 0
        text = text[..<e]
    }
    for byte in text {
        if byte == UInt8(ascii: ".") { pointAt = digits.count } else { digits.append(byte) }
    }
    var point = (pointAt ?? digits.count) + exponent
    let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(zeros)
    point -= zeros
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return (digits, point)
}

private func specialText(_ value: Double) -> String? {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == 0 { return value.sign == .minus ? "-0" : "0" }
    return nil
}

/// Go's strconv.FormatFloat(value, 'f', -1, 64): shortest digits, never an exponent.
public func goFixedText(_ value: Double) -> String {
    if let text = specialText(value) { return text }
    let (digits, point) = shortestDigits(value)
    var out = value < 0 ? "-" : ""
    if point <= 0 {
        out += "0." + String(repeating: "0", count: -point) + String(decoding: digits, as: UTF8.self)
    } else if point >= digits.count {
        out += String(decoding: digits, as: UTF8.self) + String(repeating: "0", count: point - digits.count)
    } else {
        out += String(decoding: digits[..<point], as: UTF8.self) + "." + String(decoding: digits[point...], as: UTF8.self)
    }
    return out
}

/// Go's %v and %g of a float64 (FormatFloat 'g', -1): shortest digits, with an exponent below 1e-4 and from 1e6 on.
public func goGeneralText(_ value: Double) -> String {
    if let text = specialText(value) { return text }
    let (digits, point) = shortestDigits(value)
    let exponent = point - 1
    if exponent >= -4, exponent < 6 { return goFixedText(value) }
    var out = value < 0 ? "-" : ""
    out += String(decoding: digits[..<1], as: UTF8.self)
    if digits.count > 1 { out += "." + String(decoding: digits[1...], as: UTF8.self) }
    let magnitude = String(exponent.magnitude)
    return out + (exponent < 0 ? "e-" : "e+") + (magnitude.count == 1 ? "0" : "") + magnitude
}

/// A duration as Prometheus prints it: `1h30m`, `0s`, `1y2w`; years and weeks only where they divide it.
public func durationText(milliseconds: Int64) -> String {
    guard milliseconds != 0 else { return "0s" }
    var rest = milliseconds.magnitude
    var out = milliseconds < 0 ? "-" : ""
    func take(_ unit: String, _ size: UInt64, exact: Bool) {
        if exact, rest % size != 0 { return }
        if rest / size > 0 {
            out += "\(rest / size)\(unit)"
            rest %= size
        }
    }
    take("y", 365 * 86_400_000, exact: true)
    take("w", 7 * 86_400_000, exact: true)
    take("d", 86_400_000, exact: false)
    take("h", 3_600_000, exact: false)
    take("m", 60_000, exact: false)
    take("s", 1000, exact: false)
    take("ms", 1, exact: false)
    return out
}
