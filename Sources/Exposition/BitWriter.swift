/// Bits as deflate packs them: the first in the lowest place of the first byte (RFC 1951, 3.1.1).
@safe struct BitWriter: ~Copyable {
    private let bytes: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private var held: UInt64 = 0
    private var heldBits: UInt64 = 0
    private(set) var count = 0

    /// What `add` writes at once, whole or not.
    private static let wordBytes = 8

    /// Room for `capacity` bytes; more is not written.
    init(capacity: Int) {
        self.capacity = capacity
        unsafe bytes = .allocate(capacity: capacity + Self.wordBytes)
    }

    deinit { unsafe bytes.deallocate() }

    /// Adds the lowest `length` bits of `bits`, at most 48; the others must be 0.
    @inline(__always)
    mutating func add(_ bits: UInt64, _ length: UInt64) {
        held |= bits &<< heldBits
        heldBits &+= length
        guard count < capacity else { return }
        unsafe UnsafeMutableRawPointer(bytes + count).storeBytes(of: held.littleEndian, as: UInt64.self)
        let whole = heldBits &>> 3
        count &+= Int(truncatingIfNeeded: whole)
        held = held &>> (whole &<< 3)
        heldBits &= 7
    }

    /// Ends with an empty stored block, which brings the next byte to a boundary (RFC 1951, 3.2.4): what zlib calls a flush.
    mutating func flush() {
        add(0, 3)
        if heldBits > 0 { add(0, 8 - heldBits) }
        add(0xFFFF_0000, 32)
    }

    /// What was written, nil when the room did not do. Starts anew.
    mutating func take() -> [UInt8]? {
        defer {
            count = 0
            held = 0
            heldBits = 0
        }
        guard count < capacity else { return nil }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    }
}
