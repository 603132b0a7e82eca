internal import Glibc

/// Which column is read as numbers, and how.
public struct NumberColumn: Sendable {
    /// Its place from 0.
    public let place: Int
    /// What each number is multiplied by.
    public let scale: Double
    /// What stands for NULL.
    public let missing: Double

    public init(place: Int, scale: Double = 1, missing: Double) {
        self.place = place
        self.scale = scale
        self.missing = missing
    }
}

extension Rows {
    /// Columns as numbers, booleans as 1 and 0: an array for each, with a value for each row. Throws `unexpectedValue` for a value
    /// that is no number, or a place that is none.
    public func numbers(_ wanted: [NumberColumn]) throws(PostgresError) -> [[Double]] {
        guard count > 0 else { return wanted.map { _ in [] } }
        for column in wanted { try check(row: 0, column: column.place) }
        let flat = UnsafeMutableBufferPointer<Double>.allocate(capacity: count * wanted.count)
        defer { unsafe flat.deallocate() }
        // Row by row, as the values lie in memory.
        for row in 0..<count {
            for (order, column) in wanted.enumerated() {
                guard let value = number(row, column) else {
                    throw PostgresError(.unexpectedValue, "column \"\(columns[column.place])\" does not hold a number")
                }
                unsafe flat[order * count + row] = value
            }
        }
        return wanted.indices.map { order in
            unsafe Array(UnsafeBufferPointer(rebasing: flat[(order * count)..<((order + 1) * count)]))
        }
    }

    /// Nil when it is none.
    private func number(_ row: Int, _ column: NumberColumn) -> Double? {
        unsafe cells.withBytes(row, column.place) { bytes in
            guard let bytes = unsafe bytes else { return column.missing }
            guard let value = unsafe DecimalText.double(bytes) else { return nil }
            return column.scale == 1 ? value : value * column.scale
        }
    }
}

extension Rows {
    /// A number for each row by the texts of some columns (FNV-1a with 0xFF after each text); NULL is the empty text. Equal texts have
    /// equal numbers.
    public func fingerprints(columns: [Int]) -> [UInt64] {
        let columns = columns.filter { self.columns.indices.contains($0) }
        return (0..<count).map { row in
            var hash = Fingerprint()
            for column in columns {
                unsafe cells.withBytes(row, column) { cell in
                    if let cell = unsafe cell { for place in 0..<cell.count { hash.add(unsafe cell[place]) } }
                }
                hash.add(0xFF)
            }
            return hash.value
        }
    }
}

private struct Fingerprint {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
}

/// The texts of some columns of an answer, kept so that a later answer can be compared with it. NULL is the empty text.
public struct CellTexts: Sendable {
    private let width: Int
    private let count: Int
    /// All texts, row by row.
    private let bytes: [UInt8]
    /// Where each ends.
    private let ends: [Int]

    /// `rows` nil: all rows. Places past the answer's end are left out.
    public init(_ answer: Rows, columns: [Int], rows: [Int]? = nil) {
        let columns = columns.filter { answer.columns.indices.contains($0) }
        let rows = rows?.filter { $0 >= 0 && $0 < answer.count } ?? Array(0..<answer.count)
        width = columns.count
        count = rows.count
        var bytes: [UInt8] = []
        var ends: [Int] = []
        ends.reserveCapacity(rows.count * columns.count)
        for row in rows {
            for column in columns {
                unsafe answer.cells.withBytes(row, column) { cell in
                    if let cell = unsafe cell { unsafe bytes.append(contentsOf: cell) }
                }
                ends.append(bytes.count)
            }
        }
        self.bytes = bytes
        self.ends = ends
    }

    /// Whether the same rows and columns of another answer say the same, byte for byte.
    public func isSame(as answer: Rows, columns: [Int], rows: [Int]? = nil) -> Bool {
        guard columns.count == width, (rows?.count ?? answer.count) == count else { return false }
        return unsafe bytes.withUnsafeBufferPointer { kept in
            var start = 0
            var place = 0
            for order in 0..<count {
                let row = rows?[order] ?? order
                for column in columns {
                    guard row >= 0, row < answer.count, answer.columns.indices.contains(column) else { return false }
                    let length = ends[place] - start
                    let isSame = unsafe answer.cells.withBytes(row, column) { (cell: UnsafeBufferPointer<UInt8>?) -> Bool in
                        guard let cell = unsafe cell, let text = cell.baseAddress, let base = kept.baseAddress
                        else { return length == 0 }
                        return unsafe cell.count == length && memcmp(text, base + start, length) == 0
                    }
                    guard isSame else { return false }
                    start = ends[place]
                    place += 1
                }
            }
            return true
        }
    }

    /// As `Rows.fingerprints(columns:)` of the same rows and columns.
    public var fingerprints: [UInt64] {
        var start = 0
        return (0..<count).map { row in
            var hash = Fingerprint()
            for end in ends[(row * width)..<((row + 1) * width)] {
                for byte in bytes[start..<end] { hash.add(byte) }
                hash.add(0xFF)
                start = end
            }
            return hash.value
        }
    }

    /// The texts, an array for each row.
    public var values: [[String]] {
        var all: [[String]] = []
        all.reserveCapacity(count)
        var start = 0
        for row in 0..<count {
            var texts: [String] = []
            texts.reserveCapacity(width)
            for column in 0..<width {
                let end = ends[row * width + column]
                texts.append(String(decoding: bytes[start..<end], as: UTF8.self))
                start = end
            }
            all.append(texts)
        }
        return all
    }
}
