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
    /// From the first sample to the last. Four bytes, and 24 in all: every series has chunks.
    private let spanMilliseconds: UInt32
    private let samples: UInt32

    var count: Int { Int(samples) }

    /// Right for chunks that the writer closed, which are no longer than `spanMillisecondsMax`.
    var lastTimestamp: Int64 { firstTimestamp &+ Int64(spanMilliseconds) }

    init(bytes: [UInt8], count: Int, firstTimestamp: Int64, lastTimestamp: Int64) {
        self.bytes = bytes
        self.firstTimestamp = firstTimestamp
        spanMilliseconds = UInt32(clamping: lastTimestamp &- firstTimestamp)
        samples = UInt32(clamping: count)
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
