import Synchronization

/// The log's files. One segment is open; a checkpoint begins the next and removes those before it.
final class SegmentLog: Sendable {
    private struct Segment: ~Copyable {
        let file: StoreFile
        var size = 0
        /// A write failed and could not be taken back: nothing more goes into this file.
        var isSpoilt = false
    }

    private let directory: String
    private let sizeMax: Int
    private let current: Mutex<Segment>

    /// Starts segment `number`, which must not exist.
    init(directory: String, number: UInt32, sizeMax: Int) throws(SampleStoreError) {
        self.directory = directory
        self.sizeMax = sizeMax
        current = Mutex(Segment(file: try StoreFile.create(SegmentLog.path(directory, number))))
    }

    var size: Int { current.withLock { $0.size } }

    /// Writes what `take` gives. `take` runs under the log's lock, so that what is taken first is written first. False when it could
    /// not be written; then the file is as it was before.
    func write(_ take: () -> [UInt8]) -> Bool {
        current.withLock { segment in
            let bytes = take()
            if bytes.isEmpty { return true }
            return append(bytes, to: &segment)
        }
    }

    /// Writes the rest of the old segment that `rotate` gives, and goes on in segment `number`.
    func rotate(_ rotate: () -> (pending: [UInt8], number: UInt32)) throws(SampleStoreError) -> Bool {
        try current.withLock { (segment) throws(SampleStoreError) in
            let (pending, number) = rotate()
            let written = pending.isEmpty || append(pending, to: &segment)
            do throws(SampleStoreError) {
                segment = Segment(file: try StoreFile.create(SegmentLog.path(directory, number)))
            } catch {
                segment.isSpoilt = true
                throw error
            }
            return written
        }
    }

    func synchronize() throws(SampleStoreError) {
        try current.withLock { (segment) throws(SampleStoreError) in try segment.file.synchronize() }
    }

    /// The numbers of the segments there, ascending.
    static func numbers(in directory: String) throws(SampleStoreError) -> [UInt32] {
        try StoreFile.names(in: directory).compactMap { name in
            guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
            return UInt32(name.dropFirst(prefix.count).dropLast(suffix.count))
        }.sorted()
    }

    static func path(_ directory: String, _ number: UInt32) -> String {
        let digits = String(number)
        return "\(directory)/\(prefix)\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits)\(suffix)"
    }

    private static let prefix = "samples-"
    private static let suffix = ".log"

    private func append(_ bytes: [UInt8], to segment: inout Segment) -> Bool {
        guard !segment.isSpoilt, segment.size + bytes.count <= sizeMax else { return false }
        do {
            try segment.file.write(bytes)
            segment.size += bytes.count
            return true
        } catch {
            // Half a record may be in the file. Without it the next one is readable at once.
            do { try segment.file.truncate(to: segment.size) } catch { segment.isSpoilt = true }
            return false
        }
    }
}
