/// A number constant of a template, by Go's rules: it may be an integer, a float or both.
struct GoNumber: Sendable {
    let text: String
    let int: Int64?
    let float: Double?

    /// nil when the text is no number.
    init?(_ text: String) {
        self.text = text
        let digits = text.replacing("_")
        let lower = digits.lowercased()
        let int = goParseInt(digits)
        let isHex = lower.drop { $0 == "+" || $0 == "-" }.hasPrefix("0x")
        let hasPoint = lower.contains(".") || (!isHex && lower.contains("e")) || lower.contains("p")
        if let int {
            self.int = int
            float = Double(int)
        } else if let value = goParseFloat(digits), hasPoint {
            float = value
            // `1e3` is an integer constant as well.
            self.int = Int64(exactly: value)
        } else {
            return nil
        }
    }

    /// As an argument of no particular type: a float when it is written like one.
    var ideal: TemplateValue? {
        let lower = text.lowercased()
        let isHex = lower.hasPrefix("0x")
        if let float, !isHex, lower.contains(where: { ".ep".contains($0) }) { return .float(float) }
        return int.map { .int($0) } ?? float.map { .float($0) }
    }
}

extension String {
    /// Without the character.
    fileprivate func replacing(_ character: Character) -> String { filter { $0 != character } }
}

/// strconv.ParseInt(text, 0, 64).
func goParseInt(_ text: String) -> Int64? {
    var rest = text[...]
    var sign = ""
    if let first = rest.first, first == "-" || first == "+" {
        if first == "-" { sign = "-" }
        rest = rest.dropFirst()
    }
    var radix = 10
    let lower = rest.lowercased()
    if lower.hasPrefix("0x") {
        (radix, rest) = (16, rest.dropFirst(2))
    } else if lower.hasPrefix("0b") {
        (radix, rest) = (2, rest.dropFirst(2))
    } else if lower.hasPrefix("0o") {
        (radix, rest) = (8, rest.dropFirst(2))
    } else if rest.count > 1, rest.first == "0" {
        (radix, rest) = (8, rest.dropFirst())
    }
    guard let first = rest.first, first != "+", first != "-" else { return nil }
    return Int64(sign + rest, radix: radix)
}

/// strconv.ParseFloat(text, 64): also `Inf`, `infinity`, `NaN` in any case.
func goParseFloat(_ text: String) -> Double? {
    var magnitude = text.lowercased()[...]
    let isNegative = magnitude.hasPrefix("-")
    if isNegative || magnitude.hasPrefix("+") { magnitude = magnitude.dropFirst() }
    switch magnitude {
    case "inf", "infinity": return isNegative ? -.infinity : .infinity
    case "nan": return .nan
    default: break
    }
    guard let first = magnitude.utf8.first, (0x30...0x39).contains(first) || first == UInt8(ascii: ".") else { return nil }
    guard magnitude.utf8.contains(where: { (0x30...0x39).contains($0) }) else { return nil }
    // Swift takes neither `.5` nor `5.`.
    var normal = String(magnitude)
    if normal.hasPrefix(".") { normal = "0" + normal }
    if let point = normal.firstIndex(of: ".") {
        let after = normal.index(after: point)
        if after == normal.endIndex || !normal[after].isNumber { normal.insert("0", at: after) }
    }
    guard let value = Double(normal) else { return nil }
    return isNegative ? -value : value
}
