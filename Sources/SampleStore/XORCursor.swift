/// The milliseconds by which samples come when they come at regular intervals.
struct Pace: Sendable {
    /// Farther off is not early or late, but another interval.
    private static let toleranceMilliseconds: Int64 = 8

    private(set) var delta: Int64
    /// The sum of what samples were late since the delta changed; it only grows when the delta is wrong.
    private var drift: Int8 = 0

    init(_ delta: Int64) { self.delta = delta }

    /// After a sample that came so much later than expected.
    @inline(__always)
    mutating func follow(_ late: Int64) {
        if late == 0 { return }
        guard late.magnitude <= UInt64(Pace.toleranceMilliseconds) else {
            delta = delta &+ late
            drift = 0
            return
        }
        drift += Int8(truncatingIfNeeded: late)
        if drift > Pace.toleranceMilliseconds {
            delta = delta &+ 1
            drift = 0
        } else if drift < -Pace.toleranceMilliseconds {
            delta = delta &- 1
            drift = 0
        }
    }
}

/// The ones before a distance from the pace that takes 64 bits. Fewer of them are followed by a zero and `paceWidth` bits.
let paceOnesMax = 5

@inline(__always)
func paceWidth(_ ones: Int) -> Int {
    switch ones {
    case 1: 3
    case 2: 6
    case 3: 14
    default: 20
    }
}

/// A place between two samples of a chunk, with what the next one is told against. It stays right when the chunk grows or is
/// closed. Where the bytes end or contradict themselves it finds no next sample, and never traps.
struct XORCursor: Sendable {
    private(set) var timestamp: Int64 = 0
    private(set) var valueBits: UInt64 = 0
    private var pace = Pace(0)
    private var bit: UInt32 = 0
    private(set) var read: UInt16 = 0
    private var leading: UInt8 = 0
    private var trailing: UInt8 = 0

    var value: Double { Double(bitPattern: valueBits) }

    /// Steps over the next sample of a chunk's bytes. Ask only while fewer samples were read than the chunk has.
    @inline(__always)
    mutating func next(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if _fastPath(read > 1) {
            guard unsafe readTimestamp(bytes), unsafe readValue(bytes) else { return false }
        } else if unsafe !readStart(bytes) {
            return false
        }
        read &+= 1
        return true
    }

    private mutating func readStart(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = unsafe readUvarint(bytes) else { return false }
        if read == 0 {
            guard let value = unsafe readBits(64, bytes) else { return false }
            timestamp = unzigzag(first)
            valueBits = value
            return true
        }
        pace = Pace(Int64(bitPattern: first))
        timestamp = timestamp &+ pace.delta
        return unsafe readValue(bytes)
    }

    @inline(__always)
    private mutating func readTimestamp(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let word = unsafe peek(bytes) else { return false }
        let ones = (~word).leadingZeroBitCount
        if ones == 0 {
            bit &+= 1
            timestamp = timestamp &+ pace.delta
            return true
        }
        let late: Int64
        if ones < paceOnesMax {
            let width = paceWidth(ones)
            let raw = Int64(bitPattern: (word << UInt64(ones + 1)) >> UInt64(64 - width))
            late = raw > 1 << Int64(width - 1) ? raw - (1 << Int64(width)) : raw
            bit &+= UInt32(truncatingIfNeeded: ones + 1 + width)
        } else {
            bit &+= UInt32(truncatingIfNeeded: paceOnesMax)
            guard let raw = unsafe readBits(64, bytes) else { return false }
            late = Int64(bitPattern: raw)
        }
        timestamp = timestamp &+ pace.delta &+ late
        pace.follow(late)
        return true
    }

    @inline(__always)
    private mutating func readValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let word = unsafe peek(bytes) else { return false }
        if word >> 63 == 0 {
            bit &+= 1
            return true
        }
        if word >> 62 == 3 {
            leading = UInt8(truncatingIfNeeded: word >> 57 & 31)
            let given = Int(truncatingIfNeeded: word >> 51 & 63)
            let significant = given == 0 ? 64 : given
            guard Int(leading) + significant <= 64 else { return false }
            trailing = UInt8(truncatingIfNeeded: 64 - Int(leading) - significant)
            bit &+= 13
        } else {
            bit &+= 2
        }
        guard let change = unsafe readBits(64 - Int(leading) - Int(trailing), bytes) else { return false }
        valueBits ^= change << UInt64(trailing)
        return true
    }

    /// At least 57 bits from here on, the first on top, zeros after the last; nil at the end.
    @inline(__always)
    private func peek(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        let byte = Int(truncatingIfNeeded: bit >> 3)
        let beyond = byte &+ 8 &- bytes.count
        if beyond <= 0 {
            let word = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: byte, as: UInt64.self))
            return word << UInt64(truncatingIfNeeded: bit & 7)
        }
        guard beyond < 8, bytes.count >= 8 else { return unsafe slowPeek(bytes) }
        let word = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self))
        return word << UInt64(truncatingIfNeeded: beyond * 8 + Int(bit & 7))
    }

    /// Fewer than eight bytes in all: a damaged chunk.
    private func slowPeek(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        let byte = Int(bit >> 3)
        guard byte < bytes.count else { return nil }
        var word: UInt64 = 0
        for place in 0..<8 { word = word << 8 | (byte + place < bytes.count ? UInt64(unsafe bytes[byte + place]) : 0) }
        return word << UInt64(bit & 7)
    }

    /// The next `count` bits, 0…64; nil where there are not as many.
    @inline(__always)
    private mutating func readBits(_ count: Int, _ bytes: UnsafeRawBufferPointer) -> UInt64? {
        guard Int(bit) + count <= bytes.count * 8 else { return nil }
        guard count > 0 else { return 0 }
        guard let word = unsafe peek(bytes) else { return nil }
        if count <= 57 {
            bit &+= UInt32(truncatingIfNeeded: count)
            return word >> UInt64(64 - count)
        }
        bit &+= 32
        guard let rest = unsafe peek(bytes) else { return nil }
        let low = count - 32
        bit &+= UInt32(truncatingIfNeeded: low)
        return (word >> 32) << UInt64(low) | rest >> UInt64(64 - low)
    }

    private mutating func readUvarint(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = unsafe readBits(8, bytes) else { return nil }
            value |= (byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
