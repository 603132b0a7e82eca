/// A place in the bytes of a protobuf message (protobuf.dev, "Encoding"). Every length is checked against what is there.
struct ProtobufCursor {
    /// Why a message cannot be read. `offset` is the byte of the whole message at which it was noticed.
    struct Failure: Error, Equatable {
        let message: String
        let offset: Int
    }

    enum Wire: UInt8 {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case groupStart = 3
        case groupEnd = 4
        case fixed32 = 5
    }

    private let bytes: [UInt8]
    private(set) var place: Int
    private let end: Int

    init(_ bytes: [UInt8]) {
        self.init(bytes, 0, bytes.count)
    }

    private init(_ bytes: [UInt8], _ place: Int, _ end: Int) {
        self.bytes = bytes
        self.place = place
        self.end = end
    }

    var isAtEnd: Bool { place >= end }

    /// The next field's number and wire type; nil at the end.
    mutating func field() throws(Failure) -> (number: UInt64, wire: Wire)? {
        guard !isAtEnd else { return nil }
        let key = try varint()
        guard let wire = Wire(rawValue: UInt8(key & 7)) else { throw failure("wire type \(key & 7)") }
        guard key >> 3 > 0, key >> 3 < 1 << 29 else { throw failure("field number \(key >> 3)") }
        return (key >> 3, wire)
    }

    mutating func varint() throws(Failure) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard place < end else { throw failure("a number is cut off") }
            let byte = bytes[place]
            place += 1
            // The tenth byte has one bit of use.
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw failure("a number of more than 64 bits")
    }

    mutating func fixed64() throws(Failure) -> UInt64 {
        guard end - place >= 8 else { throw failure("a number is cut off") }
        var value: UInt64 = 0
        for offset in 0..<8 { value |= UInt64(bytes[place + offset]) << UInt64(8 * offset) }
        place += 8
        return value
    }

    /// The message inside a length-delimited field.
    mutating func message() throws(Failure) -> ProtobufCursor {
        let length = try length()
        defer { place += length }
        return ProtobufCursor(bytes, place, place + length)
    }

    /// The text of a length-delimited field; nil when it is not UTF-8.
    mutating func text() throws(Failure) -> String? {
        let length = try length()
        defer { place += length }
        return String(validating: bytes[place..<(place + length)], as: UTF8.self)
    }

    /// Passes over a field's value.
    mutating func skip(_ wire: Wire) throws(Failure) {
        switch wire {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed64()
        case .bytes: place += try length()
        case .fixed32:
            guard end - place >= 4 else { throw failure("a number is cut off") }
            place += 4
        // Groups are in no message of remote write; their depth would have to be limited.
        case .groupStart, .groupEnd: throw failure("a group")
        }
    }

    func failure(_ message: String) -> Failure { Failure(message: message, offset: place) }

    private mutating func length() throws(Failure) -> Int {
        let length = try varint()
        guard length <= UInt64(end - place) else { throw failure("a field is longer than its message") }
        return Int(length)
    }
}
