import Glibc
import MetricsModel

/// The compressed lines of one column, a piece for every few hundred rows: what has not changed since the sample before is not made
/// again.
struct ColumnPieces {
    /// A shorter column is text among the rest: there is little to compare a line with.
    static let rowsMin = 64
    /// More rows in a piece compress better, since the first line is written out; fewer are made anew for one value.
    static let pieceRows = 512

    private let rows: SeriesRows
    private var values: [Double]
    private(set) var pieces: [Piece] = []

    /// - Parameters:
    ///   - name: of the family, as it is exposed.
    ///   - plan: of the column's rows.
    init?(_ column: ValueColumn, name: [UInt8], _ plan: RowPlan, _ scratch: inout Scratch) {
        rows = column.rows
        values = column.values
        for range in ColumnPieces.ranges(column.rows.count) {
            guard let piece = scratch.piece(name: name, column, range, plan) else { return nil }
            pieces.append(piece)
        }
    }

    /// Makes anew what differs. False when a piece could not be made.
    mutating func update(
        _ column: ValueColumn, name: [UInt8], _ plan: RowPlan, _ scratch: inout Scratch
    ) -> Bool {
        guard column.rows === rows else {
            guard let anew = ColumnPieces(column, name: name, plan, &scratch) else { return false }
            self = anew
            return true
        }
        defer { values = column.values }
        if isSameStorage(values, column.values) { return true }
        for (place, range) in ColumnPieces.ranges(rows.count).enumerated() where !areEqual(values, column.values, range) {
            guard let piece = scratch.piece(name: name, column, range, plan) else { return false }
            pieces[place] = piece
        }
        return true
    }

    static func ranges(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: pieceRows).map { start in
            // No piece of a few rows at the end.
            start..<min(count, start + pieceRows)
        }
    }

    /// What the pieces of one exposition are made in, one after the other.
    struct Scratch: ~Copyable {
        private var lines = LineScratch(capacity: 0)
        private var out = BitWriter(capacity: 0)
        private var capacity = 0

        mutating func piece(name: [UInt8], _ column: ValueColumn, _ range: Range<Int>, _ plan: RowPlan) -> Piece? {
            let needed = LineScratch.capacity(name: name, rows: column.rows, range)
            if needed > capacity {
                capacity = needed + needed / 2
                lines = LineScratch(capacity: capacity)
                // 15 bits at most for a byte, and the codes.
                out = BitWriter(capacity: capacity * 2 + 1_024)
            }
            lines.fill(name: name, rows: column.rows, values: column.values, range, plan)
            return ColumnPieces.piece(lines, &out)
        }
    }

    private static func piece(_ lines: borrowing LineScratch, _ out: inout BitWriter) -> Piece? {
        unsafe lines.withContents { plain, tokens in
            guard !plain.isEmpty else { return .empty }
            unsafe BlockWriter.write(tokens, to: &out)
            out.flush()
            guard let bytes = out.take() else { return nil }
            return unsafe Piece(bytes: bytes, crc: Zlib.crc(plain), plainCount: plain.count)
        }
    }
}

private func isSameStorage(_ a: [Double], _ b: [Double]) -> Bool {
    unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in unsafe a.baseAddress == b.baseAddress && a.count == b.count }
    }
}

/// Equality of the bits, NaN included.
private func areEqual(_ a: [Double], _ b: [Double], _ range: Range<Int>) -> Bool {
    unsafe a.withUnsafeBytes { a in
        unsafe b.withUnsafeBytes { b in
            let bytes = range.lowerBound * 8..<range.upperBound * 8
            guard bytes.upperBound <= a.count, bytes.upperBound <= b.count, let x = a.baseAddress, let y = b.baseAddress else {
                return false
            }
            return unsafe memcmp(x + bytes.lowerBound, y + bytes.lowerBound, bytes.count) == 0
        }
    }
}
