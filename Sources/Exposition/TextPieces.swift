import MetricsModel

/// The lines that are no long column's: headers, points, short columns. Compressed by zlib in pieces of a few families, each of which is
/// kept while its text stays the same.
struct TextPieces {
    /// Smaller ones stay the same more often and compress less: at half of it by a tenth.
    private static let sizeWanted = 8_192

    private struct Known {
        let text: [UInt8]
        let piece: Piece
    }

    private var known: [Known] = []
    private var next = 0
    private var text: [UInt8] = []

    /// Starts the text of a new sample.
    mutating func begin() {
        next = 0
        text.removeAll(keepingCapacity: true)
    }

    /// Adds what `write` appends. Ends a piece that is large enough.
    mutating func add(to pieces: inout [Piece], _ write: (inout [UInt8]) -> Void) -> Bool {
        write(&text)
        return text.count < Self.sizeWanted || end(&pieces)
    }

    /// Ends the piece: something else comes next. False when zlib fails.
    mutating func end(_ pieces: inout [Piece]) -> Bool {
        guard !text.isEmpty else { return true }
        defer {
            next += 1
            text.removeAll(keepingCapacity: true)
        }
        if next < known.count, Zlib.areSame(known[next].text, text) {
            pieces.append(known[next].piece)
            return true
        }
        guard let bytes = Zlib.deflatePiece(text[...]) else { return false }
        let made = Known(text: text, piece: Piece(bytes: bytes, crc: Zlib.crc(text[...]), plainCount: text.count))
        if next < known.count { known[next] = made } else { known.append(made) }
        pieces.append(made.piece)
        return true
    }

    /// Ends the sample: what it did not need is forgotten.
    mutating func finish() { known.removeSubrange(min(next, known.count)...) }
}
