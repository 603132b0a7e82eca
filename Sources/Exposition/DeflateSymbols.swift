/// The symbols for lengths and distances (RFC 1951, 3.2.5).
enum DeflateSymbols {
    static let endOfBlock = 256
    /// Of literals and lengths; two more have codes and no meaning.
    static let literalCount = 286
    static let distanceCount = 30
    static let lengthMin = 3
    static let lengthMax = 258
    static let distanceMax = 32_768

    /// One symbol and the bits that follow it.
    struct Symbol {
        let number: UInt16
        let extraBits: UInt8
        let extra: UInt16
    }

    /// By length less three.
    static let lengths: [Symbol] = (lengthMin...lengthMax).map { length in
        if length == lengthMax { return Symbol(number: 285, extraBits: 0, extra: 0) }
        let offset = length - lengthMin
        guard offset >= 8 else { return Symbol(number: UInt16(257 + offset), extraBits: 0, extra: 0) }
        let bits = Int.bitWidth - offset.leadingZeroBitCount - 3
        return Symbol(
            number: UInt16(257 + 4 * bits + (offset >> bits)), extraBits: UInt8(bits), extra: UInt16(offset & ((1 << bits) - 1)))
    }

    /// From 1 to 32,768.
    @inline(__always)
    static func distance(_ distance: Int) -> Symbol {
        let offset = distance &- 1
        guard offset >= 4 else { return Symbol(number: UInt16(truncatingIfNeeded: offset), extraBits: 0, extra: 0) }
        let bits = Int.bitWidth &- offset.leadingZeroBitCount &- 2
        return Symbol(
            number: UInt16(truncatingIfNeeded: 2 &* bits &+ (offset &>> bits)), extraBits: UInt8(truncatingIfNeeded: bits),
            extra: UInt16(truncatingIfNeeded: offset & ((1 &<< bits) &- 1)))
    }
}
