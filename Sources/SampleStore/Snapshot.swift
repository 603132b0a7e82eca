import MetricsModel

/// All series in one file: a header record, then one record for each series, so that damage costs the series it hits.
enum Snapshot {
    static let fileName = "samples.snapshot"

    private enum Kind {
        static let header: UInt8 = 3
        /// 4 was a series whose chunks had deltas of deltas.
        static let series: UInt8 = 5
    }

    private static let version: UInt8 = 2
    private static let bufferBytes = 1 << 20

    /// `nextSegment` is the first segment of the log that the snapshot does not hold.
    static func write(_ slots: [StoredSeries], nextSegment: UInt32, to path: String) throws(SampleStoreError) {
        try StoreFile.replace(path) { (file) throws(SampleStoreError) in
            var out = ByteWriter()
            var header = ByteWriter()
            header.bytes = [Kind.header, version]
            header.writeUvarint(UInt64(nextSegment))
            Record.append(header.bytes, to: &out)
            for series in slots where series.last != nil {
                Record.append(payload(series), to: &out)
                guard out.bytes.count >= bufferBytes else { continue }
                try file.write(out.bytes)
                out.bytes.removeAll(keepingCapacity: true)
            }
            try file.write(out.bytes)
        }
    }

    /// One thing read from a snapshot.
    enum Entry {
        case header(nextSegment: UInt32)
        case series(Labels, [XORChunk])
        /// The checksum is right and the content is not ours: another version's.
        case unknown
    }

    static func entry(_ payload: ArraySlice<UInt8>) -> Entry {
        var reader = ByteReader(payload)
        switch reader.readByte() {
        case Kind.header:
            guard reader.readByte() == version, let segment = reader.readUvarint().flatMap(UInt32.init(exactly:)) else {
                return .unknown
            }
            return .header(nextSegment: segment)
        case Kind.series:
            guard let labels = reader.readLabels(), let count = reader.readCount() else { return .unknown }
            var chunks: [XORChunk] = []
            for _ in 0..<count {
                guard let chunk = chunk(&reader) else { return .unknown }
                chunks.append(chunk)
            }
            return .series(labels, chunks)
        default: return .unknown
        }
    }

    private static func payload(_ series: StoredSeries) -> [UInt8] {
        var out = ByteWriter()
        out.bytes.append(Kind.series)
        out.writeLabels(series.labels)
        let chunks = series.chunks + (series.head.count > 0 ? [series.head.chunk] : [])
        out.writeUvarint(UInt64(chunks.count))
        for chunk in chunks {
            out.writeUvarint(UInt64(chunk.count))
            out.writeUvarint(zigzag(chunk.firstTimestamp))
            out.writeUvarint(zigzag(chunk.lastTimestamp))
            out.writeUvarint(UInt64(chunk.bytes.count))
            out.bytes += chunk.bytes
        }
        return out.bytes
    }

    private static func chunk(_ reader: inout ByteReader) -> XORChunk? {
        guard let samples = reader.readUvarint().flatMap(Int.init(exactly:)), let first = reader.readUvarint(),
            let last = reader.readUvarint(), let size = reader.readCount(), let bytes = reader.readBytes(size)
        else { return nil }
        return XORChunk(
            bytes: Array(bytes), count: samples, firstTimestamp: unzigzag(first), lastTimestamp: unzigzag(last))
    }
}
