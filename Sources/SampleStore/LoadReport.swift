import MetricsModel

/// What a start found in the store's directory.
public struct LoadReport: Sendable, Equatable {
    public var seriesLoaded = 0
    public var samplesLoaded = 0
    /// Stretches of bytes that are no record: a torn end after a crash is one.
    public var damagedRegions = 0
    public var damagedBytes = 0
    /// Records that are whole and cannot be used: of another version, or samples whose series was in a damaged record.
    public var unusableRecords = 0

    /// Nothing was lost.
    public var isClean: Bool { damagedRegions == 0 && unusableRecords == 0 }
}

extension StoreState {
    /// Reads the snapshot and the segments after it. The number of the next segment is answered with the report.
    mutating func load(_ directory: String) throws(SampleStoreError) -> (LoadReport, nextSegment: UInt32) {
        var report = LoadReport()
        var firstSegment: UInt32 = 0
        if let bytes = try StoreFile.contents("\(directory)/\(Snapshot.fileName)") {
            let damage = Record.forEach(in: bytes) { payload in
                switch Snapshot.entry(payload) {
                case .header(let next): firstSegment = next
                case .series(let labels, let chunks): report.unusableRecords += restore(labels, chunks)
                case .unknown: report.unusableRecords += 1
                }
            }
            report.damagedRegions += damage.regions
            report.damagedBytes += damage.bytes
        }
        // Where the header is lost, older segments are replayed too: what the snapshot has already is passed over sample by sample.
        let segments = try SegmentLog.numbers(in: directory)
        for segment in segments where segment >= firstSegment {
            guard let bytes = try StoreFile.contents(SegmentLog.path(directory, segment)) else { continue }
            var slots: [UInt64: Int32] = [:]
            let damage = Record.forEach(in: bytes) { payload in
                if !replay(payload, &slots) { report.unusableRecords += 1 }
            }
            report.damagedRegions += damage.regions
            report.damagedBytes += damage.bytes
        }
        endBatch()
        forgetRefusals()
        report.seriesLoaded = stats.series
        report.samplesLoaded = stats.samples
        return (report, max(segments.last ?? 0, firstSegment, 1) &+ 1)
    }

    /// Takes one record of the log; false when a part of it could not be used.
    private mutating func replay(_ payload: ArraySlice<UInt8>, _ slots: inout [UInt64: Int32]) -> Bool {
        var reader = ByteReader(payload)
        switch reader.readByte() {
        case LogBuffer.Kind.series:
            guard let reference = reader.readUvarint(), let labels = reader.readLabels() else { return false }
            guard let slot = slotMaking(labels) else { return false }
            slots[reference] = slot
            return true
        case LogBuffer.Kind.samples:
            guard let timestamp = reader.readUvarint().map(unzigzag) else { return false }
            var isWhole = true
            while !reader.isAtEnd {
                guard let reference = reader.readUvarint(), let value = reader.readValue() else { return false }
                guard let slot = slots[reference] else {
                    isWhole = false
                    continue
                }
                append(slot, Sample(timestamp: timestamp, value: value))
            }
            return isWhole
        default: return false
        }
    }
}
