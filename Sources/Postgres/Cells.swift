internal import CLibPQ
internal import Glibc

/// The values of an answer as text, in libpq's memory or in a copy. They never change.
///
/// `@unchecked Sendable`: nobody writes to a result once libpq has handed it out, and only the reading functions of libpq are called.
@safe final class Cells: @unchecked Sendable {
    @unsafe private enum Storage {
        case result(OpaquePointer)
        /// Every value ends with a NUL byte, as libpq's do; `starts` and `lengths` in the order of rows, a negative length for NULL.
        case copy(UnsafeMutablePointer<UInt8>, starts: [Int], lengths: [Int])
    }

    private let storage: Storage
    private let width: Int

    static let none = Cells(width: 0, [])

    /// Takes the result over: it ends with the object.
    init(_ result: OpaquePointer) {
        unsafe storage = .result(result)
        width = Int(unsafe PQnfields(result))
    }

    init(width: Int, _ texts: [String?]) {
        self.width = width
        var bytes: [UInt8] = []
        var starts: [Int] = []
        var lengths: [Int] = []
        for text in texts {
            starts.append(bytes.count)
            lengths.append(text?.utf8.count ?? -1)
            if let text { bytes += text.utf8 }
            bytes.append(0)
        }
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, bytes.count))
        unsafe copy.initialize(from: bytes, count: bytes.count)
        unsafe storage = .copy(copy, starts: starts, lengths: lengths)
    }

    deinit {
        switch unsafe storage {
        case .result(let result): unsafe PQclear(result)
        case .copy(let copy, _, _): unsafe copy.deallocate()
        }
    }

    /// The bytes of one value; nil for NULL. Both places must exist.
    func withBytes<Result>(_ row: Int, _ column: Int, _ body: (UnsafeBufferPointer<UInt8>?) -> Result) -> Result {
        switch unsafe storage {
        case .result(let result):
            let (row, column) = (Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
            let length = Int(unsafe PQgetlength(result, row, column))
            // Only an empty value can be NULL.
            if length == 0, unsafe PQgetisnull(result, row, column) == 1 { return body(nil) }
            let start = unsafe UnsafeRawPointer(PQgetvalue(result, row, column))
            return unsafe body(
                UnsafeBufferPointer(start: start?.assumingMemoryBound(to: UInt8.self), count: start == nil ? 0 : length))
        case .copy(let copy, let starts, let lengths):
            let place = row * width + column
            if lengths[place] < 0 { return body(nil) }
            return unsafe body(UnsafeBufferPointer(start: copy + starts[place], count: lengths[place]))
        }
    }

    /// Whether two values are the same, byte for byte; NULL is the same as NULL alone. All places must exist.
    func isSame(_ row: Int, _ column: Int, as other: Cells, _ otherRow: Int, _ otherColumn: Int) -> Bool {
        unsafe withBytes(row, column) { mine in
            unsafe other.withBytes(otherRow, otherColumn) { theirs in
                guard let mine = unsafe mine, let theirs = unsafe theirs else { return unsafe mine == nil && theirs == nil }
                guard mine.count == theirs.count else { return false }
                guard let start = mine.baseAddress, let otherStart = theirs.baseAddress else { return true }
                return unsafe memcmp(start, otherStart, mine.count) == 0
            }
        }
    }
}
