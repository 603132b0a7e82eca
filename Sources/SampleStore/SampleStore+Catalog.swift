import Synchronization

/// How far the store reaches.
public struct StoreExtent: Sendable {
    /// Milliseconds since the epoch; nil while the store is empty.
    public let oldestTimestamp: Int64?
    public let newestTimestamp: Int64?
    /// Closed chunks and those being written.
    public let chunks: Int
}

extension SampleStore {
    /// How far the store reaches. Looks at every series.
    public var extent: StoreExtent {
        state.withLock { state in
            var oldest: Int64?
            var chunks = 0
            for series in state.slots where !series.isVacant {
                chunks += series.chunks.count + (series.head.count > 0 ? 1 : 0)
                if let first = series.firstTimestamp { oldest = min(oldest ?? first, first) }
            }
            return StoreExtent(oldestTimestamp: oldest, newestTimestamp: state.stats.newestTimestamp, chunks: chunks)
        }
    }
}
