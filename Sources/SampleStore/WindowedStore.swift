public import MetricsModel
import Synchronization

/// A store as rules read it: windows are remembered from one evaluation to the next, so that a rule costs the samples that came and
/// went since. Groups of rules share what they remember, also while their times differ.
public final class WindowedStore: WindowedSource, SeriesCatalog, Sendable {
    /// What is remembered goes after this time without a reader, counted in the readers' own times: three evaluations at five
    /// minutes.
    fileprivate static let idleMilliseconds: Int64 = 15 * 60_000
    /// A selector is read at this many times at most that lie apart, as by groups with another query offset.
    fileprivate static let lanesMax = 4

    fileprivate struct Matcher: Hashable {
        let label: Label
        let op: LabelMatcher.Operator
    }

    fileprivate struct Key: Hashable {
        let matchers: [Matcher]
        let length: Int64
    }

    fileprivate struct Entry<Window: SeriesWindow> {
        let lane: WindowLane<Window>
        /// The newest time that a reader has asked for.
        var through: Int64
        var lastUse: Int64
        var bytes = 0
    }

    fileprivate typealias Shelf<Window: SeriesWindow> = [Key: [Entry<Window>]]

    fileprivate struct State {
        var newest: Shelf<NewestWindow> = [:]
        var summaries: Shelf<SummaryWindow> = [:]
        var rings: Shelf<RingWindow> = [:]
        var bytes = 0
        /// The latest time asked for by any reader.
        var now = Int64.min
        var lastSweep = Int64.min
    }

    private let store: SampleStore
    private let bytesMax: Int
    private let state = Mutex(State())

    /// - Parameter bytesMax: what may be remembered. What does not fit is read anew each time. 100,000 series under `rate` take 25 MB.
    public init(_ store: SampleStore, bytesMax: Int = 64 << 20) {
        self.store = store
        self.bytesMax = bytesMax
    }

    /// What is remembered, in bytes.
    public var sizeBytes: Int { state.withLock { $0.bytes } }

    public func eachNewest(
        _ matchers: [LabelMatcher], after: Int64, through: Int64, _ body: (Labels, Int64, Double) -> Void
    ) -> Bool {
        read(\.newest, matchers, length: 0, after: after, through: through) { window in
            if let sample = window.sample { body(window.labels, sample.timestamp, sample.value) }
        }
    }

    public func eachSummary(
        _ matchers: [LabelMatcher], after: Int64, through: Int64, _ body: (Labels, WindowSummary) -> Void
    ) -> Bool {
        read(\.summaries, matchers, length: through &- after, after: after, through: through) { window in
            if window.summary.count > 0 { body(window.labels, window.summary) }
        }
    }

    public func eachWindow(
        _ matchers: [LabelMatcher], after: Int64, through: Int64, _ body: (Labels, [Int64], [Double], Range<Int>) -> Void
    ) -> Bool {
        read(\.rings, matchers, length: through &- after, after: after, through: through) { window in
            guard window.lower < window.timestamps.count else { return }
            body(window.labels, window.timestamps, window.values, window.lower..<window.timestamps.count)
        }
    }

    private func read<Window: SeriesWindow>(
        _ shelf: WritableKeyPath<State, Shelf<Window>>, _ matchers: [LabelMatcher], length: Int64, after: Int64, through: Int64,
        _ body: (borrowing Window) -> Void
    ) -> Bool {
        let key = Key(matchers: matchers.map { Matcher(label: Label($0.name, $0.value), op: $0.op) }, length: length)
        let claimed = state.withLock { state -> (lane: WindowLane<Window>, room: Int)? in
            guard let entry = state.claim(shelf, key, matchers, through: through) else { return nil }
            return (entry.lane, max(0, bytesMax - state.bytes + entry.bytes))
        }
        guard let (lane, room) = claimed,
            let bytes = lane.read(store, after: after, through: through, bytesMax: room, body)
        else { return false }
        state.withLock { $0.note(shelf, key, lane, bytes: bytes, bytesMax: bytesMax) }
        return true
    }
}

extension WindowedStore.State {
    /// The lane whose time is the nearest before `through`, or a new one; nil where there are too many already.
    fileprivate mutating func claim<Window: SeriesWindow>(
        _ shelf: WritableKeyPath<Self, WindowedStore.Shelf<Window>>, _ key: WindowedStore.Key, _ matchers: [LabelMatcher],
        through: Int64
    ) -> WindowedStore.Entry<Window>? {
        now = max(now, through)
        sweepWhenDue()
        var entries = self[keyPath: shelf].removeValue(forKey: key) ?? []
        defer { self[keyPath: shelf][key] = entries }
        let usable = entries.indices.filter { !Window.isOrdered || entries[$0].through <= through }
        if let place = usable.max(by: { entries[$0].through < entries[$1].through }) {
            entries[place].through = through
            entries[place].lastUse = now
            return entries[place]
        }
        guard entries.count < WindowedStore.lanesMax else { return nil }
        let entry = WindowedStore.Entry(lane: WindowLane<Window>(matchers), through: through, lastUse: now)
        entries.append(entry)
        return entry
    }

    /// Books what a lane takes now; one that has outgrown its room is forgotten.
    fileprivate mutating func note<Window: SeriesWindow>(
        _ shelf: WritableKeyPath<Self, WindowedStore.Shelf<Window>>, _ key: WindowedStore.Key, _ lane: WindowLane<Window>,
        bytes size: Int, bytesMax: Int
    ) {
        guard let place = self[keyPath: shelf][key]?.firstIndex(where: { $0.lane === lane }) else { return }
        bytes += size - (self[keyPath: shelf][key]?[place].bytes ?? 0)
        if bytes > bytesMax {
            self[keyPath: shelf][key]?.remove(at: place)
            bytes -= size
        } else {
            self[keyPath: shelf][key]?[place].bytes = size
        }
    }

    private mutating func sweepWhenDue() {
        guard lastSweep == .min || now &- lastSweep > 60_000 else { return }
        lastSweep = now
        let horizon = now &- WindowedStore.idleMilliseconds
        sweep(\.newest, horizon)
        sweep(\.summaries, horizon)
        sweep(\.rings, horizon)
    }

    private mutating func sweep<Window: SeriesWindow>(
        _ shelf: WritableKeyPath<Self, WindowedStore.Shelf<Window>>, _ horizon: Int64
    ) {
        for (key, entries) in self[keyPath: shelf] {
            let kept = entries.filter { $0.lastUse >= horizon }
            guard kept.count < entries.count else { continue }
            bytes -= entries.reduce(0) { $0 + $1.bytes } - kept.reduce(0) { $0 + $1.bytes }
            self[keyPath: shelf][key] = kept.isEmpty ? nil : kept
        }
    }
}

extension WindowedStore {
    public func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        try store.select(matchers, from: from, through: through, selection: selection, maxSamples: maxSamples)
    }

    public func series(_ matchers: [LabelMatcher], from: Int64, through: Int64) -> [Labels] {
        store.series(matchers, from: from, through: through)
    }

    public func labelNames(_ matchers: [LabelMatcher]) -> [String] { store.labelNames(matchers) }

    public func labelValues(_ name: String, _ matchers: [LabelMatcher]) -> [String] { store.labelValues(name, matchers) }

    public func hasSeries(_ matchers: [LabelMatcher]) -> Bool { store.hasSeries(matchers) }
}
