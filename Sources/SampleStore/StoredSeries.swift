import MetricsModel

/// One sample: milliseconds since the epoch and the value.
struct Sample: Sendable {
    let timestamp: Int64
    let value: Double
}

/// One series in memory: its closed chunks, the one being written, and the newest sample but one, so that an instant query decodes
/// nothing.
struct StoredSeries: Sendable {
    /// What a series costs besides labels and chunks: its slot, its entries in the index and in the table of labels, the head's
    /// spare room (measured with 5,000 series of six labels).
    static let overheadBytes = 265
    /// What a closed chunk costs besides its bytes: its description and the array's header.
    static let chunkOverheadBytes = 76

    /// With the metric name.
    let labels: Labels
    private(set) var chunks: [XORChunk] = []
    private(set) var head = XORChunkWriter()
    /// Before the last one; there when the series has two.
    private var previousTimestamp: Int64 = 0
    private var previousValue = 0.0
    /// Tells this series from a former one in the same slot. From 1.
    let generation: UInt32
    /// Chunks that retention has taken: with it a chunk keeps its number.
    private(set) var firstChunk: UInt32 = 0
    /// Samples that retention has taken.
    private var droppedSamples: UInt32 = 0
    /// Of the closed chunks.
    private var closedSamples: UInt32 = 0
    /// The log's epoch in which the series was defined, and its number there.
    var logEpoch: UInt32 = 0
    var logReference: UInt32 = 0

    /// What stands in a slot without a series.
    static let vacant = StoredSeries(labels: .empty, generation: 0)

    var isVacant: Bool { generation == 0 }

    init(labels: Labels, generation: UInt32) {
        self.labels = labels
        self.generation = generation
    }

    var last: Sample? {
        head.count > 0 ? Sample(timestamp: head.lastTimestamp, value: Double(bitPattern: head.lastBits)) : nil
    }

    var previous: Sample? {
        sampleCount + Int(droppedSamples) > 1 ? Sample(timestamp: previousTimestamp, value: previousValue) : nil
    }

    /// The oldest sample's time.
    var firstTimestamp: Int64? { chunks.first?.firstTimestamp ?? (head.count > 0 ? head.firstTimestamp : nil) }

    var sampleCount: Int { Int(closedSamples) + head.count }

    /// Two strings and an entry in the index for each; their texts are the index's.
    var labelBytes: Int { 36 * labels.pairs.count }

    /// Appends a sample that is newer than the last one. The growth in bytes is answered.
    mutating func append(_ sample: Sample) -> Int {
        let before = head.sizeBytes
        var growth = 0
        if let last {
            previousTimestamp = last.timestamp
            previousValue = last.value
            if head.isFull || sample.timestamp &- head.firstTimestamp >= XORChunk.spanMillisecondsMax {
                closedSamples += UInt32(head.count)
                chunks.reserveCapacity(chunks.count + 1)
                chunks.append(head.close())
                head = XORChunkWriter()
                growth = StoredSeries.chunkOverheadBytes + before
            }
        }
        head.append(sample.timestamp, sample.value)
        return growth + head.sizeBytes - before
    }

    /// Puts back a chunk read from a snapshot: nil, and the series as it was, when it does not hold what it says or is not newer.
    mutating func restore(_ chunk: XORChunk) -> Int? {
        guard chunk.count <= XORChunk.samplesMax else { return nil }
        var samples: [Sample] = []
        samples.reserveCapacity(chunk.count)
        var newest = last?.timestamp
        var isAscending = true
        chunk.forEach { timestamp, value in
            if let newest, newest >= timestamp { isAscending = false }
            newest = timestamp
            samples.append(Sample(timestamp: timestamp, value: value))
            return isAscending
        }
        guard isAscending, samples.count == chunk.count, !samples.isEmpty else { return nil }
        return samples.reduce(0) { $0 + append($1) }
    }

    /// Drops the chunks whose every sample is older than `horizon`: what was freed.
    mutating func dropChunks(before horizon: Int64) -> (bytes: Int, samples: Int) {
        let kept = chunks.firstIndex { $0.lastTimestamp >= horizon } ?? chunks.endIndex
        guard kept > 0 else { return (0, 0) }
        let dropped = chunks[..<kept]
        let freed = (
            bytes: dropped.reduce(0) { $0 + $1.bytes.count + StoredSeries.chunkOverheadBytes },
            samples: dropped.reduce(0) { $0 + $1.count }
        )
        chunks.removeFirst(kept)
        firstChunk &+= UInt32(kept)
        closedSamples -= UInt32(freed.samples)
        droppedSamples &+= UInt32(truncatingIfNeeded: freed.samples)
        return freed
    }

    /// All the bytes it is accounted with.
    var sizeBytes: Int {
        chunks.reduce(StoredSeries.overheadBytes + labelBytes + head.sizeBytes) {
            $0 + $1.bytes.count + StoredSeries.chunkOverheadBytes
        }
    }
}
