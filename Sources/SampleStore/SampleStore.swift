public import MetricsModel
import Synchronization

/// The samples of the last hours, in memory, for rules, queries and pages. What it takes is in PromQL's reach at once; with a
/// directory it also survives a restart: a snapshot, and a log of what came after it.
///
/// One lock is around the whole state. No file is touched under it, so a slow disk delays whoever appends and no reader.
public final class SampleStore: SeriesSource, SampleSink, Sendable {
    struct Disk: Sendable {
        let directory: String
        let log: SegmentLog
    }

    let state: Mutex<StoreState>
    private let persistence: Mutex<Disk?>
    /// Held during a checkpoint, which is one at a time, and until `close` keeps other processes out of the directory.
    private let checkpointing: Mutex<DirectoryHold>

    private struct DirectoryHold: ~Copyable {
        var lock: StoreFile?
    }

    /// A store in memory alone.
    public convenience init(limits: StoreLimits = StoreLimits()) {
        self.init(state: StoreState(limits: limits), disk: nil, hold: DirectoryHold(lock: nil))
    }

    private init(state: consuming StoreState, disk: Disk?, hold: consuming DirectoryHold) {
        self.state = Mutex(state)
        persistence = Mutex(disk)
        checkpointing = Mutex(hold)
    }

    /// A store that lives in `directory` (made when absent; its parent must exist): what is there is read back, damaged records are
    /// passed over and reported. Throws when the directory cannot be used or another process uses it.
    public static func open(
        directory: String, limits: StoreLimits = StoreLimits()
    ) throws(SampleStoreError) -> (store: SampleStore, report: LoadReport) {
        _ = try StoreFile.names(in: directory)
        let hold = DirectoryHold(lock: try StoreFile.lock("\(directory)/samples.lock"))
        var state = StoreState(limits: limits)
        let (report, next) = try state.load(directory)
        let log = try SegmentLog(directory: directory, number: next, sizeMax: limits.logBytesMax)
        state.log = LogBuffer(segment: next)
        return (SampleStore(state: state, disk: Disk(directory: directory, log: log), hold: hold), report)
    }

    /// How long samples are kept.
    public var retention: Duration { state.withLock { $0.limits.retention } }

    /// From now on samples are kept this long: rules that look further back have been loaded, or are gone.
    public func setRetention(_ retention: Duration) { state.withLock { $0.setRetention(retention) } }

    /// From now on, of the families that are marked as bulk, targets' samples are taken only where these names say so. What is there already
    /// ends with a stale marker when its family is not taken any more.
    public func setBulkNames(_ names: ReadNames) { state.withLock { $0.bulk = names } }

    /// Writes a snapshot and drops the log before it. Call it now and then (ten minutes): the time of a start and the size of the
    /// log follow from it. Blocks on the disk.
    public func checkpoint() throws(SampleStoreError) {
        try checkpointing.withLock { (_) throws(SampleStoreError) in
            guard let disk = persistence.withLock({ $0 }) else { throw SampleStore.notOpen }
            try checkpoint(disk)
        }
    }

    /// Waits until the log is on the disk. Without it a crash of the machine may cost what the kernel had not written yet; a crash
    /// of the process costs nothing of it.
    public func synchronize() throws(SampleStoreError) {
        guard let disk = persistence.withLock({ $0 }) else { throw SampleStore.notOpen }
        try disk.log.synchronize()
    }

    /// A last checkpoint; then the directory is free. What is appended later stays in memory. Closing twice is no fault.
    public func close() throws(SampleStoreError) {
        try checkpointing.withLock { (hold) throws(SampleStoreError) in
            let closing = persistence.withLock { disk in
                defer { disk = nil }
                return disk
            }
            defer { hold.lock = nil }
            guard let closing else { return }
            defer { state.withLock { $0.log = nil } }
            try checkpoint(closing)
        }
    }

    /// Writes all that is held to `path`, all or nothing. Readers and writers go on meanwhile.
    public func snapshot(to path: String) throws(SampleStoreError) {
        let slots = state.withLock { $0.slots }
        try Snapshot.write(slots, nextSegment: 0, to: path)
    }

    public var stats: StoreStats {
        var now = state.withLock { $0.stats }
        now.logBytes = persistence.withLock { $0 }?.log.size ?? 0
        return now
    }

    /// Writes one sample; see `SampleSink`.
    public func append(_ labels: Labels, at timestamp: Int64, _ value: Double) {
        update { state in
            // The end of a series that is not there is nothing.
            if isStaleMarker(value), state.slot(of: labels) == nil { return }
            if let slot = state.slotMaking(labels) { state.append(slot, Sample(timestamp: timestamp, value: value)) }
        }
    }

    /// The samples of one target, which carry its labels (`job`, `instance`) besides their own.
    public func scope(_ target: Labels) -> TargetScope { TargetScope(store: self, target: target) }

    /// Changes the state as one batch, then carries what it logged to the file.
    func update<Result: Sendable>(_ body: (inout StoreState) -> Result) -> Result {
        let result = state.withLock { state in
            defer { state.endBatch() }
            return body(&state)
        }
        if let log = persistence.withLock({ $0 })?.log {
            let written = log.write { state.withLock { $0.log?.takePending() ?? [] } }
            if !written { state.withLock { $0.countLogFailure() } }
        }
        return result
    }

    private static let notOpen = SampleStoreError(code: .notOpen, description: "the store has no directory")

    private func checkpoint(_ disk: Disk) throws(SampleStoreError) {
        var slots: [StoredSeries] = []
        var segment: UInt32 = 0
        let written = try disk.log.rotate {
            state.withLock { state in
                let pending = state.log?.rotate() ?? []
                slots = state.slots
                segment = state.log?.segment ?? 0
                return (pending, segment)
            }
        }
        if !written { state.withLock { $0.countLogFailure() } }
        try Snapshot.write(slots, nextSegment: segment, to: "\(disk.directory)/\(Snapshot.fileName)")
        for number in try SegmentLog.numbers(in: disk.directory) where number < segment {
            try StoreFile.remove(SegmentLog.path(disk.directory, number))
        }
    }
}
