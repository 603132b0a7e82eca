/// Reads numbers as Postgres writes them, from bytes.
enum DecimalText {
    /// 10^22 is the last power of ten that a Double holds exactly.
    private static let powers: [Double] = {
        var powers = [1.0]
        for _ in 0..<22 { powers.append((powers.last ?? 1) * 10) }
        return powers
    }()

    /// Any number, also `numeric`, `NaN` and `Infinity`, and a boolean as 1 and 0; nil for other texts.
    static func double(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        // Most numbers of the statistics views are short and plain. What is exact in a Double, divided by what is exact, is rounded
        // once, as it must be (Clinger, How to read floating point numbers accurately, 1990).
        var mantissa: UInt64 = 0
        var digits = 0
        var fraction: Int?
        var place = 0
        let isNegative = unsafe bytes.first == UInt8(ascii: "-")
        if isNegative { place = 1 }
        while place < bytes.count {
            let byte = unsafe bytes[place]
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                digits += 1
                guard digits <= 18 else { return unsafe slow(bytes) }
                mantissa = mantissa &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
                if let behind = fraction { fraction = behind + 1 }
            } else if byte == UInt8(ascii: "."), fraction == nil {
                fraction = 0
            } else {
                return unsafe slow(bytes)
            }
            place += 1
        }
        guard digits > 0, mantissa < 1 << 53 else { return unsafe slow(bytes) }
        let value = Double(mantissa) / powers[fraction ?? 0]
        return isNegative ? -value : value
    }

    private static func slow(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        if bytes.count == 1 {
            if unsafe bytes[0] == UInt8(ascii: "t") { return 1 }
            if unsafe bytes[0] == UInt8(ascii: "f") { return 0 }
        }
        return Double(unsafe String(decoding: bytes, as: UTF8.self))
    }

    /// A whole number of up to 64 bits; nil for other texts.
    static func integer(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let isNegative = unsafe bytes.first == UInt8(ascii: "-")
        guard bytes.count > (isNegative ? 1 : 0) else { return nil }
        // Built up as a negative number, so that Int.min has a place.
        var value = 0
        for place in (isNegative ? 1 : 0)..<bytes.count {
            let byte = unsafe bytes[place]
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (tens, over) = value.multipliedReportingOverflow(by: 10)
            let (next, under) = tens.subtractingReportingOverflow(Int(byte - UInt8(ascii: "0")))
            guard !over, !under else { return nil }
            value = next
        }
        if isNegative { return value }
        return value == Int.min ? nil : -value
    }
}
