/// Writes values one after another: numbers little-endian, texts with their length before them.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ value: UInt8) { bytes.append(value) }

    mutating func put(_ value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func put(_ value: Int64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: UInt64(bitPattern: value) >> shift))
        }
    }

    mutating func put(_ value: Int64?) {
        put(UInt8(value == nil ? 0 : 1))
        if let value { put(value) }
    }

    mutating func put(_ value: Double) { put(Int64(bitPattern: value.bitPattern)) }

    mutating func put(_ text: String) {
        put(UInt32(text.utf8.count))
        bytes += text.utf8
    }

    mutating func put(count: Int) { put(UInt32(count)) }

    mutating func put(raw: [UInt8]) { bytes += raw }
}

/// The bytes are not what a `ByteWriter` wrote.
struct ByteError: Error {}

/// Reads what `ByteWriter` wrote; never past the end.
struct ByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) {
        rest = ArraySlice(Array(bytes))
    }

    var isAtEnd: Bool { rest.isEmpty }

    var remaining: Int { rest.count }

    mutating func byte() throws(ByteError) -> UInt8 {
        guard let value = rest.popFirst() else { throw ByteError() }
        return value
    }

    mutating func uint32() throws(ByteError) -> UInt32 {
        var value: UInt32 = 0
        for byte in try take(4).reversed() { value = value << 8 | UInt32(byte) }
        return value
    }

    mutating func int64() throws(ByteError) -> Int64 {
        var value: UInt64 = 0
        for byte in try take(8).reversed() { value = value << 8 | UInt64(byte) }
        return Int64(bitPattern: value)
    }

    mutating func optionalInt64() throws(ByteError) -> Int64? {
        try byte() == 0 ? nil : try int64()
    }

    mutating func double() throws(ByteError) -> Double {
        Double(bitPattern: UInt64(bitPattern: try int64()))
    }

    mutating func text() throws(ByteError) -> String {
        let count = Int(try uint32())
        return String(decoding: try take(count), as: UTF8.self)
    }

    /// A number of elements to follow. Each has at least one byte, so a count beyond the rest is a lie.
    mutating func count() throws(ByteError) -> Int {
        let count = Int(try uint32())
        guard count <= rest.count else { throw ByteError() }
        return count
    }

    mutating func take(_ count: Int) throws(ByteError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else { throw ByteError() }
        let taken = rest.prefix(count)
        rest = rest.dropFirst(count)
        return taken
    }
}

/// Records with a length and a checksum before each: what was torn or damaged is seen.
enum ChecksummedRecords {
    /// A record of ours is a notification or the alerts of a group; far beyond that the length is damaged.
    static let sizeMax = 64 << 20

    static func append(_ payload: [UInt8], to out: inout [UInt8]) {
        var writer = ByteWriter()
        writer.put(UInt32(payload.count))
        writer.put(CRC32.checksum(payload))
        out += writer.bytes
        out += payload
    }

    /// The records up to the first that is torn or damaged, and the length of that good part.
    static func read(_ bytes: [UInt8]) -> (records: [ArraySlice<UInt8>], goodLength: Int) {
        var records: [ArraySlice<UInt8>] = []
        var place = 0
        while bytes.count - place >= 8 {
            var reader = ByteReader(bytes[place..<place + 8])
            guard let length = try? reader.uint32(), let checksum = try? reader.uint32() else { break }
            let start = place + 8
            guard length <= sizeMax, Int(length) <= bytes.count - start else { break }
            let payload = bytes[start..<start + Int(length)]
            guard CRC32.checksum(payload) == checksum else { break }
            records.append(payload)
            place = start + Int(length)
        }
        return (records, place)
    }
}

/// CRC-32 of IEEE 802.3, as zlib's crc32.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8) }
    }
}
