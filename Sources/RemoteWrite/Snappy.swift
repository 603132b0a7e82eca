import CSnappy

/// The block format of snappy, as remote write uses it (google/snappy, format_description.txt).
enum Snappy {
    enum Failure: Error, Equatable {
        /// The text is not a snappy block.
        case corrupt
        /// The block says that it holds more than it may.
        case tooLong(declared: Int)
    }

    /// The content of a block. The length that the block declares is checked before anything is reserved for it.
    static func content(of block: [UInt8], most: Int) throws(Failure) -> [UInt8] {
        let declared = unsafe block.withUnsafeBytes { bytes -> Int? in
            var length = 0
            let status = unsafe snappy_uncompressed_length(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, &length)
            return status == SNAPPY_OK ? length : nil
        }
        guard !block.isEmpty, let declared, declared >= 0 else { throw .corrupt }
        guard declared <= most else { throw .tooLong(declared: declared) }
        var isWhole = false
        let content = unsafe [UInt8](unsafeUninitializedCapacity: declared) { target, count in
            unsafe block.withUnsafeBytes { bytes in
                var length = target.count
                // An empty content has no buffer, and snappy wants one to write nothing into.
                var nothing: CChar = 0
                let status = unsafe withUnsafeMutablePointer(to: &nothing) { spare in
                    unsafe snappy_uncompress(
                        bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count,
                        UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(to: CChar.self) ?? spare, &length)
                }
                isWhole = status == SNAPPY_OK && length == declared
            }
            count = isWhole ? declared : 0
        }
        guard isWhole else { throw .corrupt }
        return content
    }
}
