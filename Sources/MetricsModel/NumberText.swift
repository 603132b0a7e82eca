/// Appends `value` as Go's `strconv.FormatFloat(value, 'g', -1, 64)` writes it, which is what every Prometheus client prints: the
/// shortest digits that read back as the same number, an exponent of at least two digits below 1e-4 and from 1e6 digits on
/// (`1.5e+06`), `+Inf`, `-Inf`, `NaN`.
public func appendNumber(_ value: Double, to out: inout [UInt8]) {
    // Most samples are counts. Below 2^53 the digits of an integer are its shortest ones: its neighbours are at most 1 away.
    if value.magnitude < 0x1p53, let whole = Int64(exactly: value), whole != 0 || value.sign == .plus {
        appendWhole(whole, to: &out)
        return
    }
    guard value.isFinite else {
        out += (value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf").utf8
        return
    }
    // The standard library finds the shortest digits; only their arrangement differs from Go's.
    var digits = Digits()
    var point: Int?
    var exponent = 0
    var text = value.magnitude.description.utf8[...]
    while let byte = text.popFirst() {
        switch byte {
        case UInt8(ascii: "."): point = digits.count
        case UInt8(ascii: "e"):
            exponent = Int(Substring(text)) ?? 0
            text = text[text.endIndex...]
        default: digits.append(byte)
        }
    }
    let decimalPoint = (point ?? digits.count) + exponent
    if value.sign == .minus { out.append(UInt8(ascii: "-")) }
    digits.write(decimalPoint: decimalPoint, to: &out)
}

/// `value` as `appendNumber` writes it.
public func numberText(_ value: Double) -> String {
    var out: [UInt8] = []
    appendNumber(value, to: &out)
    return String(decoding: out, as: UTF8.self)
}

private func appendWhole(_ value: Int64, to out: inout [UInt8]) {
    if value < 0 { out.append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    if rest < 10 {
        out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest))
        return
    }
    var digits = Digits()
    var reversed: InlineArray<20, UInt8> = .init(repeating: 0)
    var count = 0
    while rest > 0 {
        let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
        reversed[count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: remainder)
        count += 1
        rest = quotient
    }
    for place in stride(from: count - 1, through: 0, by: -1) { digits.append(reversed[place]) }
    digits.write(decimalPoint: count, to: &out)
}

/// The significant decimal digits of a number, without a point: at most 17 for a double, more where zeros were spelt out.
private struct Digits {
    private var bytes: InlineArray<32, UInt8> = .init(repeating: 0)
    private(set) var count = 0

    mutating func append(_ byte: UInt8) {
        guard count < 32 else { return }
        bytes[count] = byte
        count += 1
    }

    /// The arrangement of Go's `%g` with the shortest precision (strconv/ftoa.go, formatDigits): an exponent below -4 or from 21 on
    /// would be `%v` of fmt; strconv itself switches from 6 on.
    func write(decimalPoint: Int, to out: inout [UInt8]) {
        var first = 0
        var end = count
        while first < end, bytes[first] == UInt8(ascii: "0") { first += 1 }
        while end > first, bytes[end - 1] == UInt8(ascii: "0") { end -= 1 }
        guard first < end else {
            out.append(UInt8(ascii: "0"))
            return
        }
        let decimalPoint = decimalPoint - first
        let exponent = decimalPoint - 1
        if exponent < -4 || exponent >= 6 {
            out.append(bytes[first])
            if end - first > 1 {
                out.append(UInt8(ascii: "."))
                for place in first + 1..<end { out.append(bytes[place]) }
            }
            out.append(UInt8(ascii: "e"))
            out.append(UInt8(ascii: exponent < 0 ? "-" : "+"))
            if exponent.magnitude < 10 { out.append(UInt8(ascii: "0")) }
            out += String(exponent.magnitude).utf8
            return
        }
        if decimalPoint <= 0 {
            out += "0.".utf8
            for _ in 0..<(-decimalPoint) { out.append(UInt8(ascii: "0")) }
            for place in first..<end { out.append(bytes[place]) }
            return
        }
        for place in 0..<max(decimalPoint, end - first) {
            if place == decimalPoint { out.append(UInt8(ascii: ".")) }
            out.append(first + place < end ? bytes[first + place] : UInt8(ascii: "0"))
        }
    }
}
