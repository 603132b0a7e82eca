/// The answer to one statement: column names and values in text form, copied out of libpq's memory.
public struct Rows: Sendable {
    public let columns: [String]
    /// The columns' types by their object identifiers (`pg_type.oid`); 0 where it is not known.
    public let types: [UInt32]
    /// The number of rows.
    public let count: Int
    /// Rows inserted, updated, deleted or selected, as the command's tag says; 0 for a command without one.
    public let affected: Int
    /// All values, one after the other, row by row.
    private let bytes: [UInt8]
    /// Where each value ends in `bytes`; `null` for NULL. The value starts where the last one that is not NULL ended.
    private let ends: [Int]
    private let starts: [Int]

    static let null = -1

    public static let none = Rows(columns: [], types: [], count: 0, affected: 0, bytes: [], starts: [], ends: [])

    init(columns: [String], types: [UInt32], count: Int, affected: Int, bytes: [UInt8], starts: [Int], ends: [Int]) {
        self.columns = columns
        self.types = types
        self.count = count
        self.affected = affected
        self.bytes = bytes
        self.starts = starts
        self.ends = ends
    }

    /// Rows from text values: for tests of what reads rows. Every row must have as many values as there are columns.
    public init(columns: [String], types: [UInt32]? = nil, _ rows: [[String?]]) {
        var bytes: [UInt8] = []
        var starts: [Int] = []
        var ends: [Int] = []
        for row in rows {
            precondition(row.count == columns.count, "a row has a value for each column")
            for value in row {
                starts.append(bytes.count)
                if let value { bytes += value.utf8 }
                ends.append(value == nil ? Rows.null : bytes.count)
            }
        }
        self.init(
            columns: columns, types: types ?? columns.map { _ in 0 }, count: rows.count, affected: rows.count, bytes: bytes,
            starts: starts, ends: ends)
    }

    public var isEmpty: Bool { count == 0 }

    /// The first row, or nil.
    public var first: Row? { count > 0 ? Row(rows: self, number: 0) : nil }

    /// The size of all values in bytes.
    public var byteCount: Int { bytes.count }

    /// The bytes of a value; nil for NULL. Throws `unexpectedValue` past the last column.
    func value(row: Int, column: Int) throws(PostgresError) -> ArraySlice<UInt8>? {
        guard row >= 0, row < count, column >= 0, column < columns.count else {
            throw PostgresError(.unexpectedValue, "the answer has no column \(column) in row \(row)")
        }
        let place = row * columns.count + column
        let end = ends[place]
        return end == Rows.null ? nil : bytes[starts[place]..<end]
    }

    /// Whether a row holds, byte for byte, what a row of another answer with the same columns held: cheaper than reading either. False
    /// for rows that are not there.
    public func isSame(_ row: Int, as other: Rows, _ otherRow: Int) -> Bool {
        let width = columns.count
        guard width > 0, other.columns.count == width, row >= 0, row < count, otherRow >= 0, otherRow < other.count else {
            return false
        }
        let here = row * width
        let there = otherRow * width
        let (start, otherStart) = (starts[here], other.starts[there])
        var end = start
        for column in 0..<width {
            let (mine, theirs) = (ends[here + column], other.ends[there + column])
            if mine == Rows.null || theirs == Rows.null {
                if mine != theirs { return false }
            } else {
                if mine - start != theirs - otherStart { return false }
                end = mine
            }
        }
        return bytes[start..<end].elementsEqual(other.bytes[otherStart..<(otherStart + end - start)])
    }

    func column(named name: String) throws(PostgresError) -> Int {
        guard let place = columns.firstIndex(of: name) else {
            throw PostgresError(.unexpectedValue, "the answer has no column \"\(name)\"")
        }
        return place
    }
}

extension Rows: Sequence {
    public func makeIterator() -> Iterator { Iterator(rows: self) }

    public struct Iterator: IteratorProtocol {
        let rows: Rows
        var next_ = 0

        init(rows: Rows) { self.rows = rows }

        public mutating func next() -> Row? {
            guard next_ < rows.count else { return nil }
            defer { next_ += 1 }
            return Row(rows: rows, number: next_)
        }
    }
}

/// One row. Values are read by the column's name or its place from 0; NULL is nil; a value of another type throws
/// `PostgresError.unexpectedValue`.
public struct Row: Sendable {
    let rows: Rows
    let number: Int

    public func string(_ column: Int) throws(PostgresError) -> String? {
        try rows.value(row: number, column: column).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A whole number of up to 64 bits.
    public func int(_ column: Int) throws(PostgresError) -> Int? {
        guard let bytes = try rows.value(row: number, column: column) else { return nil }
        if let value = Row.integer(bytes) { return value }
        throw mismatch(column, "a whole number")
    }

    /// Any number, also `numeric`, `NaN` and `Infinity`.
    public func double(_ column: Int) throws(PostgresError) -> Double? {
        guard let bytes = try rows.value(row: number, column: column) else { return nil }
        // Most numbers of the statistics views are whole; text to Double is ten times dearer.
        if bytes.count <= 15, let whole = Row.integer(bytes) { return Double(whole) }
        if let value = Double(String(decoding: bytes, as: UTF8.self)) { return value }
        throw mismatch(column, "a number")
    }

    public func bool(_ column: Int) throws(PostgresError) -> Bool? {
        guard let bytes = try rows.value(row: number, column: column) else { return nil }
        switch bytes.first {
        case UInt8(ascii: "t") where bytes.count == 1: return true
        case UInt8(ascii: "f") where bytes.count == 1: return false
        default: throw mismatch(column, "a boolean")
        }
    }

    public func string(_ column: String) throws(PostgresError) -> String? { try string(rows.column(named: column)) }
    public func int(_ column: String) throws(PostgresError) -> Int? { try int(rows.column(named: column)) }
    public func double(_ column: String) throws(PostgresError) -> Double? { try double(rows.column(named: column)) }
    public func bool(_ column: String) throws(PostgresError) -> Bool? { try bool(rows.column(named: column)) }

    private func mismatch(_ column: Int, _ wanted: String) -> PostgresError {
        PostgresError(.unexpectedValue, "column \"\(rows.columns[column])\" does not hold \(wanted)")
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> Int? {
        let negative = bytes.first == UInt8(ascii: "-")
        let digits = negative ? bytes.dropFirst() : bytes
        guard !digits.isEmpty else { return nil }
        var value = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let digit = Int(byte - UInt8(ascii: "0"))
            let (tens, over) = value.multipliedReportingOverflow(by: 10)
            // Built up as a negative number, so that Int.min has a place.
            let (next, under) = tens.subtractingReportingOverflow(digit)
            guard !over, !under else { return nil }
            value = next
        }
        if negative { return value }
        return value == Int.min ? nil : -value
    }
}
