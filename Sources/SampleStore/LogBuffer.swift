import MetricsModel

/// What the log has yet to take: written under the store's lock, carried to the file by whoever appended, after the lock.
struct LogBuffer: Sendable {
    enum Kind {
        static let series: UInt8 = 1
        static let samples: UInt8 = 2
    }

    /// The number of the file; series are numbered anew in each, so that a file is readable by itself.
    private(set) var segment: UInt32
    /// Series defined in another epoch are defined again before their next sample.
    private(set) var epoch: UInt32 = 1
    private var nextReference: UInt32 = 0
    private var pending = ByteWriter()
    private var batch = ByteWriter()
    private var batchTimestamp: Int64?

    init(segment: UInt32) {
        self.segment = segment
    }

    /// Writes a series' labels, a record of its own: damage to it costs that series alone. Its number in this segment is answered.
    mutating func define(_ labels: Labels) -> UInt32 {
        let reference = nextReference
        nextReference &+= 1
        var payload = ByteWriter()
        payload.bytes.append(Kind.series)
        payload.writeUvarint(UInt64(reference))
        payload.writeLabels(labels)
        Record.append(payload.bytes, to: &pending)
        return reference
    }

    /// Adds a sample to the batch. The samples of a record share one time.
    mutating func add(_ reference: UInt32, _ sample: Sample) {
        if batchTimestamp != sample.timestamp {
            endBatch()
            batchTimestamp = sample.timestamp
            batch.bytes.append(Kind.samples)
            batch.writeUvarint(zigzag(sample.timestamp))
        }
        batch.writeUvarint(UInt64(reference))
        batch.writeValue(sample.value)
    }

    mutating func endBatch() {
        guard batchTimestamp != nil else { return }
        Record.append(batch.bytes, to: &pending)
        batch.bytes.removeAll(keepingCapacity: true)
        batchTimestamp = nil
    }

    mutating func takePending() -> [UInt8] {
        let taken = pending.bytes
        pending.bytes = []
        return taken
    }

    /// Goes on in a new segment: what was pending belongs to the old one.
    mutating func rotate() -> [UInt8] {
        endBatch()
        segment &+= 1
        epoch &+= 1
        nextReference = 0
        return takePending()
    }

    /// What was taken never reached the file, and definitions may have been in it.
    mutating func forgetDefinitions() { epoch &+= 1 }
}
