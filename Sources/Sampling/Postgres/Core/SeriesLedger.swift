internal import Synchronization

/// How many series each collector of a target has, over all databases, against the limits. Shared by the databases that are read at
/// once.
final class SeriesLedger: Sendable {
    private struct Held {
        var collectors: [String: Int] = [:]
        var total = 0
    }

    private let limits: SeriesLimits
    private let held = Mutex(Held())

    init(_ limits: SeriesLimits) { self.limits = limits }

    /// How many series an answer may have that wants `wanted` and has had `had` so far. What it had it keeps.
    func grant(_ collector: String, wanted: Int, had: Int) -> Int {
        held.withLock { held in
            let used = held.collectors[collector] ?? 0
            let free = max(0, min(limits.perCollector - used, limits.perTarget - held.total))
            let granted = min(wanted, had + free)
            held.collectors[collector] = used + granted - had
            held.total += granted - had
            return granted
        }
    }

    /// The answer is gone for good.
    func release(_ collector: String, had: Int) { _ = grant(collector, wanted: 0, had: had) }
}
