import CZlib

/// gzip (RFC 1952) through zlib.
enum Gzip {
    /// Level 1: an exposition shrinks tenfold at it, and level 6 costs three times the processor for a few per cent more.
    private static let level: Int32 = 1

    /// nil when zlib has no memory for it.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        // 15 bits of window, 16 for a gzip frame.
        guard
            deflateInit2_(
                &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
                == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        guard let length = UInt32(exactly: bytes.count), let room = Int(exactly: deflateBound(&stream, UInt(length))) else {
            return nil
        }
        var input = bytes
        return input.withUnsafeMutableBufferPointer { source -> [UInt8]? in
            var isWhole = false
            let out = [UInt8](unsafeUninitializedCapacity: room) { target, count in
                stream.next_in = source.baseAddress
                stream.avail_in = length
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(clamping: target.count)
                isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = target.count - Int(stream.avail_out)
            }
            return isWhole ? out : nil
        }
    }
}
