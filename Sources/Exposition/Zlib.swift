import CZlib
import Glibc

/// What of zlib is needed: its deflate for text of any kind, and CRC-32.
enum Zlib {
    /// Level 4: 128 KB of headers and single samples take 8 % less than at level 1 for a third more time; level 6 saves 2 % more.
    private static let level: Int32 = 4

    /// `bytes` as raw deflate whose last block is not the stream's last, ending at a byte's boundary. nil when zlib has no memory.
    static func deflatePiece(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var stream = unsafe z_stream()
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        // A negative window is raw deflate; as many bits as the piece needs, for what is cleared at every start is as large.
        let bits = Int32(min(15, max(9, Int.bitWidth - (bytes.count - 1).leadingZeroBitCount)))
        let memory: Int32 = bits < 15 ? bits - 7 + 1 : 8
        guard unsafe deflateInit2_(&stream, level, Z_DEFLATED, -bits, memory, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
        else { return nil }
        defer { unsafe deflateEnd(&stream) }
        guard let length = UInt32(exactly: bytes.count) else { return nil }
        // A flush adds five bytes, or six where bits are left.
        let room = Int(unsafe deflateBound(&stream, UInt(length))) + 16
        return unsafe bytes.withUnsafeBufferPointer { source -> [UInt8]? in
            var isWhole = false
            let out = unsafe [UInt8](unsafeUninitializedCapacity: room) { target, count in
                unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.avail_in = length
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = UInt32(clamping: target.count)
                isWhole = unsafe deflate(&stream, Z_SYNC_FLUSH) == Z_OK && stream.avail_in == 0 && stream.avail_out > 0
                count = unsafe target.count - Int(stream.avail_out)
            }
            return isWhole ? out : nil
        }
    }

    /// Whether two texts are equal byte for byte.
    static func areSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return unsafe a.withUnsafeBufferPointer { a in
            unsafe b.withUnsafeBufferPointer { b in
                guard let x = a.baseAddress, let y = b.baseAddress else { return true }
                return unsafe memcmp(x, y, a.count) == 0
            }
        }
    }

    static func crc(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        UInt32(truncatingIfNeeded: unsafe crc32_z(0, bytes.baseAddress, bytes.count))
    }

    static func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        unsafe bytes.withUnsafeBufferPointer { unsafe crc($0) }
    }

    /// The CRC of two texts in a row, the second of which has `length` bytes.
    static func crc(_ first: UInt32, _ second: UInt32, length: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_combine(UInt(first), UInt(second), length))
    }
}
