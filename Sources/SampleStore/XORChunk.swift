/// A sequence of samples, compressed as in Prometheus' tsdb/chunkenc/xor.go after "Gorilla: A Fast, Scalable, In-Memory Time Series
/// Database" (Pelkonen et al., VLDB 2015): timestamps as the delta of their deltas, values as the XOR with the one before.
struct XORChunk: Sendable {
    /// Where a reader has to be told of a limit: Prometheus' 120 samples, about 160 bytes at 1.3 bytes per sample.
    static let samplesMax = 120
    /// A series with rare samples closes its chunk all the same, or retention would never get at its old ones.
    static let spanMillisecondsMax: Int64 = 2 * 3_600_000

    let bytes: [UInt8]
    let count: Int
    let firstTimestamp: Int64
    let lastTimestamp: Int64
}

/// Writes a chunk sample by sample. Timestamps must ascend.
struct XORChunkWriter: Sendable {
    private(set) var count = 0
    private(set) var firstTimestamp: Int64 = 0
    private(set) var lastTimestamp: Int64 = 0
    private var bits = BitWriter()
    private var delta: Int64 = 0
    private var lastBits: UInt64 = 0
    /// Past 64 while no window of significant bits was written yet.
    private var leading: UInt8 = 0xFF
    private var trailing: UInt8 = 0

    var isFull: Bool { count >= XORChunk.samplesMax }

    var sizeBytes: Int { bits.bytes.count }

    /// What was written so far.
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
        switch count {
        case 0:
            bits.writeUvarint(zigzag(timestamp))
            bits.write(valueBits, 64)
            firstTimestamp = timestamp
        case 1:
            delta = timestamp &- lastTimestamp
            bits.writeUvarint(UInt64(bitPattern: delta))
            writeValue(valueBits)
        default:
            let newDelta = timestamp &- lastTimestamp
            writeDeltaOfDelta(newDelta &- delta)
            delta = newDelta
            writeValue(valueBits)
        }
        lastTimestamp = timestamp
        lastBits = valueBits
        count += 1
    }

    private mutating func writeDeltaOfDelta(_ change: Int64) {
        func fits(_ width: Int) -> Bool { change >= -((1 << (width - 1)) - 1) && change <= 1 << (width - 1) }
        let raw = UInt64(bitPattern: change)
        if change == 0 {
            bits.write(0, 1)
        } else if fits(14) {
            bits.write(0b10 << 14 | raw & 0x3FFF, 16)
        } else if fits(17) {
            bits.write(0b110 << 17 | raw & 0x1_FFFF, 20)
        } else if fits(20) {
            bits.write(0b1110 << 20 | raw & 0xF_FFFF, 24)
        } else {
            bits.write(0b1111, 4)
            bits.write(raw, 64)
        }
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

/// Reads the samples of a chunk in order. A damaged chunk ends early and never traps.
struct XORChunkReader {
    private var bits: BitReader
    private let count: Int
    private var read = 0
    private var delta: Int64 = 0
    private var leading = 0
    private var trailing = 0
    private(set) var timestamp: Int64 = 0
    private var valueBits: UInt64 = 0

    init(_ chunk: XORChunk) {
        bits = BitReader(chunk.bytes)
        count = chunk.count
    }

    var value: Double { Double(bitPattern: valueBits) }

    /// Steps to the next sample; false at the end, and where the bytes run out or contradict themselves.
    mutating func next() -> Bool {
        guard read < count else { return false }
        switch read {
        case 0:
            guard let first = bits.readUvarint(), let value = bits.read(64) else { return false }
            timestamp = unzigzag(first)
            valueBits = value
        case 1:
            guard let first = bits.readUvarint() else { return false }
            delta = Int64(bitPattern: first)
            timestamp = timestamp &+ delta
            guard readValue() else { return false }
        default:
            guard let change = readDeltaOfDelta() else { return false }
            delta = delta &+ change
            timestamp = timestamp &+ delta
            guard readValue() else { return false }
        }
        read += 1
        return true
    }

    private mutating func readDeltaOfDelta() -> Int64? {
        var ones = 0
        while ones < 4 {
            guard let bit = bits.read(1) else { return nil }
            if bit == 0 { break }
            ones += 1
        }
        let width: Int
        switch ones {
        case 0: return 0
        case 1: width = 14
        case 2: width = 17
        case 3: width = 20
        default: return bits.read(64).map { Int64(bitPattern: $0) }
        }
        guard let raw = bits.read(width) else { return nil }
        // The range is shifted by one against two's complement: -(2^(w-1)-1) … 2^(w-1).
        return raw > 1 << UInt64(width - 1) ? Int64(raw) - (1 << Int64(width)) : Int64(raw)
    }

    private mutating func readValue() -> Bool {
        guard let changed = bits.read(1) else { return false }
        if changed == 0 { return true }
        guard let newWindow = bits.read(1) else { return false }
        if newWindow == 1 {
            guard let window = bits.read(11) else { return false }
            leading = Int(window >> 6)
            let significant = window & 63 == 0 ? 64 : Int(window & 63)
            guard leading + significant <= 64 else { return false }
            trailing = 64 - leading - significant
        }
        guard let change = bits.read(64 - leading - trailing) else { return false }
        valueBits ^= change << UInt64(trailing)
        return true
    }
}

func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }

func unzigzag(_ raw: UInt64) -> Int64 { Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1) }
