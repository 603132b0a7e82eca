/// The answer to one statement: column names and values in text form.
public struct Rows: Sendable {
    public let columns: [String]
    /// The columns' types by their object identifiers (`pg_type.oid`); 0 where it is not known.
    public let types: [UInt32]
    /// The number of rows.
    public let count: Int
    /// Rows inserted, updated, deleted or selected, as the command's tag says; 0 for a command without one.
    public let affected: Int
    let cells: Cells

    public static let none = Rows(columns: [], types: [], count: 0, affected: 0, cells: .none)

    init(columns: [String], types: [UInt32], count: Int, affected: Int, cells: Cells) {
        self.columns = columns
        self.types = types
        self.count = count
        self.affected = affected
        self.cells = cells
    }

    /// Rows from text values: for tests of what reads rows. Every row must have as many values as there are columns.
    public init(columns: [String], types: [UInt32]? = nil, _ rows: [[String?]]) {
        for row in rows { precondition(row.count == columns.count, "a row has a value for each column") }
        self.init(
            columns: columns, types: types ?? columns.map { _ in 0 }, count: rows.count, affected: rows.count,
            cells: Cells(width: columns.count, rows.flatMap { $0 }))
    }

    public var isEmpty: Bool { count == 0 }

    /// The first row, or nil.
    public var first: Row? { count > 0 ? Row(rows: self, number: 0) : nil }

    /// Throws `unexpectedValue` past the last row or column.
    func check(row: Int, column: Int) throws(PostgresError) {
        guard row >= 0, row < count, column >= 0, column < columns.count else {
            throw PostgresError(.unexpectedValue, "the answer has no column \(column) in row \(row)")
        }
    }

    /// Whether a row holds, byte for byte, what a row of another answer with the same columns held: cheaper than reading either. False
    /// for rows that are not there.
    public func isSame(_ row: Int, as other: Rows, _ otherRow: Int) -> Bool {
        let width = columns.count
        guard width > 0, other.columns.count == width, row >= 0, row < count, otherRow >= 0, otherRow < other.count else {
            return false
        }
        return (0..<width).allSatisfy { cells.isSame(row, $0, as: other.cells, otherRow, $0) }
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
        try rows.check(row: number, column: column)
        return unsafe rows.cells.withBytes(number, column) { bytes in
            unsafe bytes.map { unsafe String(decoding: $0, as: UTF8.self) }
        }
    }

    /// A whole number of up to 64 bits.
    public func int(_ column: Int) throws(PostgresError) -> Int? {
        unsafe try read(column, "a whole number") { unsafe DecimalText.integer($0) }
    }

    /// Any number, also `numeric`, `NaN` and `Infinity`, and a boolean as 1 and 0.
    public func double(_ column: Int) throws(PostgresError) -> Double? {
        unsafe try read(column, "a number") { unsafe DecimalText.double($0) }
    }

    public func bool(_ column: Int) throws(PostgresError) -> Bool? {
        unsafe try read(column, "a boolean") { bytes in
            guard bytes.count == 1 else { return nil }
            return switch unsafe bytes[0] {
            case UInt8(ascii: "t"): true
            case UInt8(ascii: "f"): false
            default: nil
            }
        }
    }

    public func string(_ column: String) throws(PostgresError) -> String? { try string(rows.column(named: column)) }
    public func int(_ column: String) throws(PostgresError) -> Int? { try int(rows.column(named: column)) }
    public func double(_ column: String) throws(PostgresError) -> Double? { try double(rows.column(named: column)) }
    public func bool(_ column: String) throws(PostgresError) -> Bool? { try bool(rows.column(named: column)) }

    private func read<Value: Equatable>(
        _ column: Int, _ wanted: String, _ parse: (UnsafeBufferPointer<UInt8>) -> Value?
    ) throws(PostgresError) -> Value? {
        try rows.check(row: number, column: column)
        var isNull = false
        let value = unsafe rows.cells.withBytes(number, column) { bytes in
            isNull = unsafe bytes == nil
            return unsafe bytes.flatMap { unsafe parse($0) }
        }
        if value != nil || isNull { return value }
        throw PostgresError(.unexpectedValue, "column \"\(rows.columns[column])\" does not hold \(wanted)")
    }
}
