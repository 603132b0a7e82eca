import MetricsModel
import PromQL
import Synchronization

/// The series of a script.
final class MemorySource: SeriesSource {
    struct Stored {
        var timestamps: [Int64] = []
        var values: [Double] = []
        var startTimestamps: [Int64] = []
    }

    private struct State {
        var series: [Labels: Stored] = [:]
        var order: [Labels] = []
        /// Series that hold what is not supported.
        var unsupported: Set<Labels> = []
        var touchedUnsupported = false
    }

    private let state = Mutex(State())

    func clear() { state.withLock { $0 = State() } }

    func markUnsupported(_ labels: Labels) { state.withLock { _ = $0.unsupported.insert(labels) } }

    /// Whether a select since the last call would have found an unsupported series.
    func takeTouched() -> Bool {
        state.withLock { state in
            defer { state.touchedUnsupported = false }
            return state.touchedUnsupported
        }
    }

    func append(_ labels: Labels, _ timestamp: Int64, _ value: Double, start: Int64 = 0) {
        state.withLock { state in
            if state.series[labels] == nil { state.order.append(labels) }
            let last = state.series[labels]?.timestamps.last
            if let last, last >= timestamp { return }
            state.series[labels, default: Stored()].timestamps.append(timestamp)
            state.series[labels, default: Stored()].values.append(value)
            state.series[labels, default: Stored()].startTimestamps.append(start)
        }
    }

    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        let found = state.withLock { state in
            if state.unsupported.contains(where: { labels in matchers.allSatisfy { $0.matches(labels) } }) {
                state.touchedUnsupported = true
            }
            return state.order.compactMap { labels -> SeriesSamples? in
                guard matchers.allSatisfy({ $0.matches(labels) }), let stored = state.series[labels] else { return nil }
                var places = stored.timestamps.indices.filter {
                    stored.timestamps[$0] >= from && stored.timestamps[$0] <= through
                }
                if selection == .newest, let last = places.last { places = [last] }
                guard !places.isEmpty else { return nil }
                return SeriesSamples(
                    labels: labels, timestamps: places.map { stored.timestamps[$0] }, values: places.map { stored.values[$0] },
                    startTimestamps: places.map { stored.startTimestamps[$0] })
            }
        }
        guard found.reduce(0, { $0 + $1.timestamps.count }) <= maxSamples else {
            throw SeriesSourceError("too many samples", code: .tooManySamples)
        }
        return found
    }
}
