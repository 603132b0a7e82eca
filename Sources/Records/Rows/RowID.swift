/// The `id` of a row: a random UUID (version 4, RFC 9562 § 5.4), made when the row is made, so that writing it twice stores it once.
public struct RowID: Sendable, Hashable {
    let high: UInt64
    let low: UInt64

    public init(using generator: inout some RandomNumberGenerator) {
        high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    }

    public init() {
        var generator = SystemRandomNumberGenerator()
        self.init(using: &generator)
    }

    /// From the 36 characters that Postgres writes; nil for anything else. Any version is taken: others may write rows too.
    public init?(text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        var digits = 0
        for (place, byte) in bytes.enumerated() {
            if place == 8 || place == 13 || place == 18 || place == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            if digits < 16 { high = high << 4 | UInt64(digit) } else { low = low << 4 | UInt64(digit) }
            digits += 1
        }
        self.high = high
        self.low = low
    }

    /// 36 characters in lower case, as Postgres writes them.
    public var text: String {
        var digits: [Character] = []
        for half in [high, low] {
            let hex = String(half, radix: 16)
            digits += String(repeating: "0", count: 16 - hex.count) + hex
        }
        for place in [20, 16, 12, 8] { digits.insert("-", at: place) }
        return String(digits)
    }
}
