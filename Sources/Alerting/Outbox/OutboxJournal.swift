internal import MetricsModel

/// The queue of one receiver on disk: a file of changes that is written anew when it has grown.
struct OutboxJournal: ~Copyable {
    /// Rewritten when larger than this and than a few times its shortest form.
    private static let rewriteSizeBytes = 1 << 20

    private var file: AppendFile
    private var sizeWhenShort: Int

    /// Opens the journal and brings the queue to where it was. A torn file costs its last record.
    static func open(_ path: String, queue: inout OutboxQueue) throws(FileError) -> OutboxJournal {
        var records: [ArraySlice<UInt8>] = []
        var journal = OutboxJournal(file: try AppendFile(path, records: &records))
        for record in records {
            // A record with a right checksum that is no change was written by a later version; the others still count.
            guard let change = try? Self.decode(record) else { continue }
            queue.replay(change)
        }
        try journal.rewrite(queue)
        return journal
    }

    private init(file: consuming AppendFile) {
        sizeWhenShort = file.size
        self.file = file
    }

    mutating func append(_ changes: [OutboxQueue.Change], queue: OutboxQueue) throws(FileError) {
        guard !changes.isEmpty else { return }
        try file.append(changes.map(Self.encode))
        if file.size > max(Self.rewriteSizeBytes, 4 * sizeWhenShort) { try rewrite(queue) }
    }

    /// Replaces the file by the shortest that leads to the same queue.
    mutating func rewrite(_ queue: OutboxQueue) throws(FileError) {
        var bytes: [UInt8] = []
        for change in queue.journal { ChecksummedRecords.append(Self.encode(change), to: &bytes) }
        let path = file.path
        try DurableFile.replace(path, with: bytes)
        var records: [ArraySlice<UInt8>] = []
        file = try AppendFile(path, records: &records)
        sizeWhenShort = file.size
    }

    static func encode(_ change: OutboxQueue.Change) -> [UInt8] {
        var writer = ByteWriter()
        switch change {
        case .queued(let notification):
            writer.put(UInt8(1))
            writer.put(notification.labels.pairs)
            writer.put(notification.annotations)
            writer.put(notification.startsAt)
            writer.put(notification.endsAt)
            writer.put(UInt8(notification.isResolved ? 1 : 0))
            writer.put(notification.generatorURL)
        case .removed(let alert):
            writer.put(UInt8(2))
            writer.put(Int64(bitPattern: alert))
        case .told(let alert, let known):
            writer.put(UInt8(3))
            writer.put(Int64(bitPattern: alert))
            writer.put(known.startsAt)
            writer.put(UInt8(known.isResolved ? 1 : 0))
        case .forgotten(let alert):
            writer.put(UInt8(4))
            writer.put(Int64(bitPattern: alert))
        }
        return writer.bytes
    }

    static func decode(_ record: some Sequence<UInt8>) throws(ByteError) -> OutboxQueue.Change {
        var reader = ByteReader(record)
        switch try reader.byte() {
        case 1:
            return .queued(
                Notification(
                    labels: Labels(try reader.labels()), annotations: try reader.labels(), startsAt: try reader.int64(),
                    endsAt: try reader.int64(), isResolved: try reader.byte() == 1, generatorURL: try reader.text()))
        case 2: return .removed(UInt64(bitPattern: try reader.int64()))
        case 3:
            let alert = UInt64(bitPattern: try reader.int64())
            return .told(alert, OutboxQueue.Told(startsAt: try reader.int64(), isResolved: try reader.byte() == 1))
        case 4: return .forgotten(UInt64(bitPattern: try reader.int64()))
        default: throw ByteError()
        }
    }
}
