/// Appends bits, the highest first, to bytes.
struct BitWriter: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Bits of the last byte that are not written yet.
    private var free = 0

    /// Writes the lowest `count` bits of `value`, 1…64.
    mutating func write(_ value: UInt64, _ count: Int) {
        var rest = count
        while rest > 0 {
            if free == 0 {
                bytes.append(0)
                free = 8
            }
            let taken = min(free, rest)
            let part = UInt8(truncatingIfNeeded: value >> UInt64(rest - taken)) & UInt8(truncatingIfNeeded: (1 << taken) - 1)
            bytes[bytes.count - 1] |= part << UInt8(free - taken)
            free -= taken
            rest -= taken
        }
    }

    /// Seven bits a byte, the lowest first, as Go's binary.PutUvarint.
    mutating func writeUvarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            write(rest & 0x7F | 0x80, 8)
            rest >>= 7
        }
        write(rest, 8)
    }
}

/// Reads bits, the highest first. Every read answers nil where the bytes end.
struct BitReader {
    private let bytes: [UInt8]
    private var position = 0
    /// The bits loaded and not yet read, in the lowest `held` places.
    private var word: UInt64 = 0
    private var held = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next `count` bits, 0…64.
    mutating func read(_ count: Int) -> UInt64? {
        guard count <= 56 else {
            guard let high = read(count - 32), let low = read(32) else { return nil }
            return high << 32 | low
        }
        while held < count {
            guard position < bytes.count else { return nil }
            word = word << 8 | UInt64(bytes[position])
            position += 1
            held += 8
        }
        held -= count
        return (word >> UInt64(held)) & ((1 << UInt64(count)) - 1)
    }

    mutating func readUvarint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = read(8) else { return nil }
            value |= (byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
