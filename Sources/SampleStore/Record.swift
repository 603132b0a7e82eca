/// The frame of a record in the store's files: a mark, the payload's length and CRC-32C, the payload. The mark lets a reader find
/// the next record after a damaged one.
enum Record {
    static let mark: [UInt8] = [0xF5, 0x56, 0x54, 0xF6]
    static let headerBytes = 12
    /// A record holds one series or one batch; a length beyond this is damage. 200,000 samples of 15 bytes are 3 MB.
    static let payloadBytesMax = 64 << 20

    static func append(_ payload: [UInt8], to out: inout ByteWriter) {
        out.bytes += mark
        out.write32(UInt32(truncatingIfNeeded: payload.count))
        out.write32(checksum(payload[...]))
        out.bytes += payload
    }

    /// What was found in the bytes of a file, besides its good records.
    struct Damage: Sendable {
        var regions = 0
        var bytes = 0
    }

    /// Hands over the payload of every good record. Where the bytes are not one, it goes on at the next mark that begins one.
    static func forEach(in bytes: [UInt8], _ body: (ArraySlice<UInt8>) -> Void) -> Damage {
        var damage = Damage()
        var position = 0
        var isDamaged = false
        while position < bytes.count {
            if let payload = payload(at: position, in: bytes) {
                body(payload)
                position = payload.endIndex
                isDamaged = false
                continue
            }
            if !isDamaged { damage.regions += 1 }
            isDamaged = true
            let next = bytes[(position + 1)...].firstIndex(of: mark[0]) ?? bytes.count
            damage.bytes += next - position
            position = next
        }
        return damage
    }

    private static func payload(at position: Int, in bytes: [UInt8]) -> ArraySlice<UInt8>? {
        var reader = ByteReader(bytes[position...])
        guard reader.readBytes(mark.count)?.elementsEqual(mark) == true, let length = reader.read32(), let sum = reader.read32(),
            length <= payloadBytesMax, let payload = reader.readBytes(Int(length)), checksum(payload) == sum
        else { return nil }
        return payload
    }

    /// CRC-32C (Castagnoli, RFC 3720 appendix B.4), as Prometheus' WAL and chunk files use it.
    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes { crc = crc >> 8 ^ table[Int(truncatingIfNeeded: (crc ^ UInt32(byte)) & 0xFF)] }
        return ~crc
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
}
