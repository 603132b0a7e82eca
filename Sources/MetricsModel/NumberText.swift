/// Appends `value` as Go's `strconv.FormatFloat(value, 'g', -1, 64)` writes it, which is what every Prometheus client prints: the
/// shortest digits that read back as the same number, an exponent of at least two digits below 1e-4 and from 1e6 digits on
/// (`1.5e+06`), `+Inf`, `-Inf`, `NaN`.
public func appendNumber(_ value: Double, to out: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: numberLengthMax) { text in
        guard let start = text.baseAddress else { return }
        let count = writeNumber(value, to: start)
        out += UnsafeBufferPointer(start: start, count: count)
    }
}

/// No number's text is longer: `-1.7976931348623157e+308` has 24 bytes.
public let numberLengthMax = 32

/// Writes what `appendNumber` appends, and answers how many bytes that is. There must be room for `numberLengthMax`.
public func writeNumber(_ value: Double, to out: UnsafeMutablePointer<UInt8>) -> Int {
    // Most samples are counts. Below 2^53 the digits of an integer are its shortest ones: its neighbours are at most 1 away.
    if value.magnitude < 0x1p53 {
        let whole = Int64(value)
        if Double(whole) == value, whole != 0 || value.sign == .plus { return writeWhole(whole, to: out) }
    }
    var text: [UInt8] = []
    appendFraction(value, to: &text)
    let count = min(text.count, numberLengthMax)
    for place in 0..<count { out[place] = text[place] }
    return count
}

private func appendFraction(_ value: Double, to out: inout [UInt8]) {
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

/// A whole number below 2^53. From a million on it has an exponent, and no zeros at the end.
private func writeWhole(_ value: Int64, to out: UnsafeMutablePointer<UInt8>) -> Int {
    var start = out
    if value < 0 {
        start[0] = UInt8(ascii: "-")
        start += 1
    }
    var rest = value.magnitude
    if rest < 10 {
        start[0] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest)
        return start - out + 1
    }
    var exponent = 0
    if rest >= 1_000_000 {
        while rest % 10 == 0 {
            rest /= 10
            exponent &+= 1
        }
    }
    var count = 1
    var bound: UInt64 = 10
    while rest >= bound {
        count &+= 1
        bound &*= 10
    }
    // One place further right where a point comes behind the first digit.
    let isExponential = value.magnitude >= 1_000_000
    let digits = isExponential && count > 1 ? start + 1 : start
    var place = count
    while place > 0 {
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        place &-= 1
        digits[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
        rest = quotient
    }
    guard isExponential else { return start - out + count }
    exponent &+= count &- 1
    var end = start + 1
    if count > 1 {
        start[0] = digits[0]
        start[1] = UInt8(ascii: ".")
        end = start + count + 1
    }
    end[0] = UInt8(ascii: "e")
    end[1] = UInt8(ascii: "+")
    end[2] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: exponent / 10)
    end[3] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: exponent % 10)
    return end + 4 - out
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
