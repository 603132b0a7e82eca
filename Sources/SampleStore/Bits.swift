/// Appends bits, the highest first, to bytes.
struct BitWriter: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Bits of the last byte that are not written yet.
    private var free: UInt8 = 0

    /// Writes the lowest `count` bits of `value`, 1…64.
    mutating func write(_ value: UInt64, _ count: Int) {
        var rest = count
        while rest > 0 {
            if free == 0 {
                // Doubling would leave a third of the memory of all heads unused.
                if bytes.count == bytes.capacity { bytes.reserveCapacity(bytes.count + max(24, bytes.count / 4)) }
                bytes.append(0)
                free = 8
            }
            let taken = min(Int(free), rest)
            let part = UInt8(truncatingIfNeeded: value >> UInt64(rest - taken)) & UInt8(truncatingIfNeeded: (1 << taken) - 1)
            bytes[bytes.count - 1] |= part << (free - UInt8(taken))
            free -= UInt8(taken)
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
