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
        /// The times of native histograms, which are not supported.
        var natives: [Labels: [Int64]] = [:]
        var touchedUnsupported = false
    }

    private let state = Mutex(State())

    func clear() { state.withLock { $0 = State() } }

    /// Notes that the series has a native histogram at this time.
    func noteNative(_ labels: Labels, _ timestamp: Int64) { state.withLock { $0.natives[labels, default: []].append(timestamp) } }

    /// Whether a select since the last call would have found a native histogram.
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
            for (labels, times) in state.natives where matchers.allSatisfy({ $0.matches(labels) }) {
                guard let newest = times.filter({ $0 >= from && $0 <= through }).max() else { continue }
                // An instant is that of the newest sample, histogram or not.
                let later = state.series[labels]?.timestamps.contains { $0 > newest && $0 <= through } ?? false
                if selection == .all || !later { state.touchedUnsupported = true }
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
