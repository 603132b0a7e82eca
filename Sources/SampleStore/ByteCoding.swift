import MetricsModel

/// Appends the numbers and texts of the store's files.
struct ByteWriter: Sendable {
    var bytes: [UInt8] = []

    mutating func writeUvarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func write32(_ value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func writeText(_ text: String) {
        writeUvarint(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    mutating func writeLabels(_ labels: Labels) {
        writeUvarint(UInt64(labels.pairs.count))
        for label in labels.pairs {
            writeText(label.name)
            writeText(label.value)
        }
    }

    /// The bytes of a double from the highest to the last that is not zero, and before them their number: small integers take three.
    mutating func writeValue(_ value: Double) {
        let bits = value.bitPattern
        let count = 8 - bits.trailingZeroBitCount / 8
        bytes.append(UInt8(count))
        for place in 0..<count { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * place))) }
    }
}

/// Reads them back; every read answers nil where the bytes end or make no sense.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var isAtEnd: Bool { position >= bytes.endIndex }

    mutating func readByte() -> UInt8? {
        guard position < bytes.endIndex else { return nil }
        position += 1
        return bytes[position - 1]
    }

    mutating func readUvarint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = readByte() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    mutating func read32() -> UInt32? {
        guard bytes.endIndex - position >= 4 else { return nil }
        var value: UInt32 = 0
        for shift in stride(from: UInt32(0), to: 32, by: 8) { value |= UInt32(readByte() ?? 0) << shift }
        return value
    }

    /// A number that counts things of which each takes at least one more byte.
    mutating func readCount() -> Int? {
        guard let count = readUvarint(), count <= UInt64(bytes.endIndex - position) else { return nil }
        return Int(count)
    }

    mutating func readBytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, bytes.endIndex - position >= count else { return nil }
        position += count
        return bytes[position - count..<position]
    }

    mutating func readText() -> String? {
        guard let count = readCount(), let text = readBytes(count) else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    mutating func readLabels() -> Labels? {
        guard let count = readCount() else { return nil }
        var labels: [Label] = []
        for _ in 0..<count {
            guard let name = readText(), let value = readText() else { return nil }
            labels.append(Label(name, value))
        }
        return Labels(sorted: labels)
    }

    mutating func readValue() -> Double? {
        guard let count = readByte(), count <= 8, let part = readBytes(Int(count)) else { return nil }
        var bits: UInt64 = 0
        for (place, byte) in part.enumerated() { bits |= UInt64(byte) << UInt64(56 - 8 * place) }
        return Double(bitPattern: bits)
    }
}
