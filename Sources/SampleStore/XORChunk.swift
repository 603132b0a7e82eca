/// A sequence of samples, compressed after "Gorilla: A Fast, Scalable, In-Memory Time Series Database" (Pelkonen et al., VLDB 2015),
/// as Prometheus' tsdb/chunkenc/xor.go does: values as the XOR with the one before, timestamps against a pace. The pace is the first
/// delta, and changes slowly while samples are a few milliseconds early or late, as a timer's are: as the delta of deltas that was
/// half of the memory of slow series.
struct XORChunk: Sendable {
    /// A reader who wants the end decodes from the start: this many samples at most.
    static let samplesMax = 480
    /// Where samples are large a chunk ends sooner, or retention by bytes would be coarse.
    static let bytesMax = 1_000
    /// A series with rare samples closes its chunk all the same, or retention would never get at its old ones.
    static let spanMillisecondsMax: Int64 = 3_600_000

    let bytes: [UInt8]
    let firstTimestamp: Int64
    let lastTimestamp: Int64
    private let samples: UInt32

    var count: Int { Int(samples) }

    init(bytes: [UInt8], count: Int, firstTimestamp: Int64, lastTimestamp: Int64) {
        self.bytes = bytes
        self.firstTimestamp = firstTimestamp
        self.lastTimestamp = lastTimestamp
        samples = UInt32(clamping: count)
    }
}

/// The milliseconds by which samples come when they come at regular intervals.
private struct Pace: Sendable {
    /// Farther off is not early or late, but another interval.
    private static let toleranceMilliseconds: Int64 = 8

    private(set) var delta: Int64
    /// The sum of what samples were late since the delta changed; it only grows when the delta is wrong.
    private var drift: Int8 = 0

    init(_ delta: Int64) { self.delta = delta }

    /// After a sample that came so much later than expected.
    @inline(__always)
    mutating func follow(_ late: Int64) {
        if late == 0 { return }
        guard late.magnitude <= UInt64(Pace.toleranceMilliseconds) else {
            delta = delta &+ late
            drift = 0
            return
        }
        drift += Int8(truncatingIfNeeded: late)
        if drift > Pace.toleranceMilliseconds {
            delta = delta &+ 1
            drift = 0
        } else if drift < -Pace.toleranceMilliseconds {
            delta = delta &- 1
            drift = 0
        }
    }
}

/// The ones before a distance from the pace that takes 64 bits. Fewer of them are followed by a zero and `paceWidth` bits.
private let paceOnesMax = 5

@inline(__always)
private func paceWidth(_ ones: Int) -> Int {
    switch ones {
    case 1: 3
    case 2: 6
    case 3: 14
    default: 20
    }
}

/// Writes a chunk sample by sample. Timestamps must ascend.
struct XORChunkWriter: Sendable {
    private(set) var firstTimestamp: Int64 = 0
    private(set) var lastTimestamp: Int64 = 0
    private(set) var lastBits: UInt64 = 0
    private var pace = Pace(0)
    private var bits = BitWriter()
    private var samples: UInt16 = 0
    /// Past 64 while no window of significant bits was written yet.
    private var leading: UInt8 = 0xFF
    private var trailing: UInt8 = 0

    var count: Int { Int(samples) }

    /// What was written so far.
    var bytes: [UInt8] { bits.bytes }

    var isFull: Bool { count >= XORChunk.samplesMax || bits.bytes.count >= XORChunk.bytesMax }

    var sizeBytes: Int { bits.bytes.count }

    /// The same as a chunk.
    var chunk: XORChunk {
        XORChunk(bytes: bits.bytes, count: count, firstTimestamp: firstTimestamp, lastTimestamp: lastTimestamp)
    }

    /// The same with no spare room, to be kept.
    consuming func close() -> XORChunk {
        var exact: [UInt8] = []
        exact.reserveCapacity(bits.bytes.count)
        exact += bits.bytes
        return XORChunk(bytes: exact, count: count, firstTimestamp: firstTimestamp, lastTimestamp: lastTimestamp)
    }

    mutating func append(_ timestamp: Int64, _ value: Double) {
        let valueBits = value.bitPattern
        switch samples {
        case 0:
            bits.writeUvarint(zigzag(timestamp))
            bits.write(valueBits, 64)
            firstTimestamp = timestamp
        case 1:
            pace = Pace(timestamp &- lastTimestamp)
            bits.writeUvarint(UInt64(bitPattern: pace.delta))
            writeValue(valueBits)
        default:
            let late = timestamp &- lastTimestamp &- pace.delta
            writeLate(late)
            pace.follow(late)
            writeValue(valueBits)
        }
        lastTimestamp = timestamp
        lastBits = valueBits
        samples += 1
    }

    private mutating func writeLate(_ change: Int64) {
        if change == 0 {
            bits.write(0, 1)
            return
        }
        let raw = UInt64(bitPattern: change)
        for ones in 1..<paceOnesMax {
            let width = paceWidth(ones)
            // The range is shifted by one against two's complement: -(2^(w-1)-1) … 2^(w-1).
            guard change >= -((1 << (width - 1)) - 1), change <= 1 << (width - 1) else { continue }
            let prefix: UInt64 = (1 << UInt64(ones + 1)) - 2
            bits.write(prefix << UInt64(width) | raw & ((1 << UInt64(width)) - 1), ones + 1 + width)
            return
        }
        bits.write((1 << UInt64(paceOnesMax)) - 1, paceOnesMax)
        bits.write(raw, 64)
    }

    private mutating func writeValue(_ value: UInt64) {
        let change = value ^ lastBits
        if change == 0 {
            bits.write(0, 1)
            return
        }
        // The count of leading zeros has five bits.
        let newLeading = UInt8(min(31, change.leadingZeroBitCount))
        let newTrailing = UInt8(change.trailingZeroBitCount)
        if leading != 0xFF, newLeading >= leading, newTrailing >= trailing {
            bits.write(0b10, 2)
            bits.write(change >> UInt64(trailing), 64 - Int(leading) - Int(trailing))
            return
        }
        leading = newLeading
        trailing = newTrailing
        let significant = 64 - Int(leading) - Int(trailing)
        // 64 does not fit six bits and is written as 0, which cannot occur otherwise.
        bits.write(0b11 << 11 | UInt64(leading) << 6 | UInt64(significant & 63), 13)
        bits.write(change >> UInt64(trailing), significant)
    }
}

/// A place between two samples of a chunk, with what the next one is told against. It stays right when the chunk grows or is
/// closed. Where the bytes end or contradict themselves it finds no next sample, and never traps.
struct XORCursor: Sendable {
    private(set) var timestamp: Int64 = 0
    private(set) var valueBits: UInt64 = 0
    private var pace = Pace(0)
    private var bit: UInt32 = 0
    private(set) var read: UInt16 = 0
    private var leading: UInt8 = 0
    private var trailing: UInt8 = 0

    var value: Double { Double(bitPattern: valueBits) }

    /// Steps over the next sample of a chunk's bytes. Ask only while fewer samples were read than the chunk has.
    @inline(__always)
    mutating func next(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if _fastPath(read > 1) {
            guard unsafe readTimestamp(bytes), unsafe readValue(bytes) else { return false }
        } else if unsafe !readStart(bytes) {
            return false
        }
        read &+= 1
        return true
    }

    private mutating func readStart(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = unsafe readUvarint(bytes) else { return false }
        if read == 0 {
            guard let value = unsafe readBits(64, bytes) else { return false }
            timestamp = unzigzag(first)
            valueBits = value
            return true
        }
        pace = Pace(Int64(bitPattern: first))
        timestamp = timestamp &+ pace.delta
        return unsafe readValue(bytes)
    }

    @inline(__always)
    private mutating func readTimestamp(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let word = unsafe peek(bytes) else { return false }
        let ones = (~word).leadingZeroBitCount
        if ones == 0 {
            bit &+= 1
            timestamp = timestamp &+ pace.delta
            return true
        }
        let late: Int64
        if ones < paceOnesMax {
            let width = paceWidth(ones)
            let raw = Int64(bitPattern: (word << UInt64(ones + 1)) >> UInt64(64 - width))
            late = raw > 1 << Int64(width - 1) ? raw - (1 << Int64(width)) : raw
            bit &+= UInt32(truncatingIfNeeded: ones + 1 + width)
        } else {
            bit &+= UInt32(truncatingIfNeeded: paceOnesMax)
            guard let raw = unsafe readBits(64, bytes) else { return false }
            late = Int64(bitPattern: raw)
        }
        timestamp = timestamp &+ pace.delta &+ late
        pace.follow(late)
        return true
    }

    @inline(__always)
    private mutating func readValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let word = unsafe peek(bytes) else { return false }
        if word >> 63 == 0 {
            bit &+= 1
            return true
        }
        if word >> 62 == 3 {
            leading = UInt8(truncatingIfNeeded: word >> 57 & 31)
            let given = Int(truncatingIfNeeded: word >> 51 & 63)
            let significant = given == 0 ? 64 : given
            guard Int(leading) + significant <= 64 else { return false }
            trailing = UInt8(truncatingIfNeeded: 64 - Int(leading) - significant)
            bit &+= 13
        } else {
            bit &+= 2
        }
        guard let change = unsafe readBits(64 - Int(leading) - Int(trailing), bytes) else { return false }
        valueBits ^= change << UInt64(trailing)
        return true
    }

    /// At least 57 bits from here on, the first on top, zeros after the last; nil at the end.
    @inline(__always)
    private func peek(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        let byte = Int(truncatingIfNeeded: bit >> 3)
        let beyond = byte &+ 8 &- bytes.count
        if beyond <= 0 {
            let word = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: byte, as: UInt64.self))
            return word << UInt64(truncatingIfNeeded: bit & 7)
        }
        guard beyond < 8, bytes.count >= 8 else { return unsafe slowPeek(bytes) }
        let word = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self))
        return word << UInt64(truncatingIfNeeded: beyond * 8 + Int(bit & 7))
    }

    /// Fewer than eight bytes in all: a damaged chunk.
    private func slowPeek(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        let byte = Int(bit >> 3)
        guard byte < bytes.count else { return nil }
        var word: UInt64 = 0
        for place in 0..<8 { word = word << 8 | (byte + place < bytes.count ? UInt64(unsafe bytes[byte + place]) : 0) }
        return word << UInt64(bit & 7)
    }

    /// The next `count` bits, 0…64; nil where there are not as many.
    @inline(__always)
    private mutating func readBits(_ count: Int, _ bytes: UnsafeRawBufferPointer) -> UInt64? {
        guard Int(bit) + count <= bytes.count * 8 else { return nil }
        guard count > 0 else { return 0 }
        guard let word = unsafe peek(bytes) else { return nil }
        if count <= 57 {
            bit &+= UInt32(truncatingIfNeeded: count)
            return word >> UInt64(64 - count)
        }
        bit &+= 32
        guard let rest = unsafe peek(bytes) else { return nil }
        let low = count - 32
        bit &+= UInt32(truncatingIfNeeded: low)
        return (word >> 32) << UInt64(low) | rest >> UInt64(64 - low)
    }

    private mutating func readUvarint(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = unsafe readBits(8, bytes) else { return nil }
            value |= (byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}

extension XORChunk {
    /// Calls `body` with the samples in order until it answers false or the bytes end.
    @inline(__always)
    func forEach(_ body: (Int64, Double) -> Bool) {
        unsafe bytes.withUnsafeBytes { bytes in
            var cursor = XORCursor()
            while cursor.read < samples, unsafe cursor.next(bytes), body(cursor.timestamp, cursor.value) {}
        }
    }
}

func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }

func unzigzag(_ raw: UInt64) -> Int64 { Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1) }
