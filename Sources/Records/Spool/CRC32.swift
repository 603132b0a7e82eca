/// The CRC-32 of gzip and zlib (RFC 1952 § 8: polynomial 0xEDB88320, reflected). It tells a torn or flipped line from a whole one.
func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
        crc = crcTable[Int((crc ^ UInt32(byte)) & 0xFF)] ^ crc >> 8
    }
    return ~crc
}

private let crcTable: [UInt32] = (0..<256).map { place in
    (0..<8).reduce(UInt32(place)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
}
