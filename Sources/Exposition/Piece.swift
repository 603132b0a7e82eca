/// A stretch of an exposition that was compressed by itself: pieces in a row, in any order, are one stream of deflate.
struct Piece: Sendable {
    /// Raw deflate from one byte's boundary to another.
    let bytes: [UInt8]
    /// Of the text.
    let crc: UInt32
    let plainCount: Int

    static let empty = Piece(bytes: [], crc: 0, plainCount: 0)
}

/// An exposition in gzip, in pieces that are shared with the ones before and after it.
public struct CompressedExposition: Sendable {
    /// In order; nothing stands between them.
    public let parts: [[UInt8]]
    /// Of all parts together.
    public let count: Int
    /// Of the text.
    public let plainCount: Int

    /// RFC 1952, 2.3: deflate, no name, no time, the fastest algorithm, of an unknown system.
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 4, 255]
    /// A last block without anything in it, under the fixed code.
    private static let lastBlock: [UInt8] = [0x03, 0x00]

    init(_ pieces: [Piece]) {
        var parts = [Self.header]
        parts.reserveCapacity(pieces.count + 2)
        var crc: UInt32 = 0
        var plainCount = 0
        for piece in pieces where piece.plainCount > 0 {
            parts.append(piece.bytes)
            crc = Zlib.crc(crc, piece.crc, length: piece.plainCount)
            plainCount += piece.plainCount
        }
        let trailer = [crc, UInt32(truncatingIfNeeded: plainCount)].flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
        }
        parts.append(Self.lastBlock + trailer)
        self.parts = parts
        self.plainCount = plainCount
        count = parts.reduce(0) { $0 + $1.count }
    }
}
