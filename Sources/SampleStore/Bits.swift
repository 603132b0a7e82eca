/// Appends bits, the highest first, to bytes.
struct BitWriter: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Bits of the last byte that are not written yet.
    private var free: UInt8 = 0

    /// Writes the lowest `count` bits of `value`, 1…64.
    mutating func write(_ value: UInt64, _ count: Int) {
        let missing = count - Int(free)
        if missing <= 0 {
            free -= UInt8(count)
            bytes[bytes.count - 1] |= UInt8(truncatingIfNeeded: value << UInt64(free)) & (0xFF >> (8 - UInt8(count) - free))
            return
        }
        if free > 0 {
            bytes[bytes.count - 1] |= UInt8(truncatingIfNeeded: value >> UInt64(missing)) & (0xFF >> (8 - free))
        }
        let added = (missing + 7) / 8
        // Doubling would leave a third of the memory of heads unused.
        if bytes.count + added > bytes.capacity { bytes.reserveCapacity(bytes.count + max(16, bytes.count / 8)) }
        free = UInt8(added * 8 - missing)
        let rest = value << UInt64(64 - missing)
        for place in 0..<added { bytes.append(UInt8(truncatingIfNeeded: rest >> UInt64(56 - 8 * place))) }
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
