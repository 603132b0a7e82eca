internal import MetricsModel
internal import Synchronization

/// The series of one unit test in plain arrays, found by metric name. It forgets nothing: a test ends soon.
final class TestSeries: SeriesSource, SampleSink {
    struct Stored {
        let labels: Labels
        var timestamps: [Int64] = []
        var values: [Double] = []
    }

    private struct State {
        var series: [Stored] = []
        var places: [Labels: Int] = [:]
        var byName: [String: [Int]] = [:]
    }

    private let state = Mutex(State())

    init() {}

    func append(_ labels: Labels, at timestamp: Int64, _ value: Double) {
        _ = appendOrRefuse(labels, at: timestamp, value)
    }

    /// A sample that is not newer than the series' newest is left out: what a rule writes never replaces what is there. Unless it is
    /// the same sample again, or the end of the series, the answer says so in the words of Prometheus' storage.
    func appendOrRefuse(_ labels: Labels, at timestamp: Int64, _ value: Double) -> String? {
        state.withLock { state in
            let place: Int
            if let known = state.places[labels] {
                place = known
            } else {
                place = state.series.count
                state.series.append(Stored(labels: labels))
                state.places[labels] = place
                state.byName[labels.name, default: []].append(place)
            }
            if let last = state.series[place].timestamps.last, last >= timestamp {
                let existing = state.series[place].values.last ?? value
                if existing.bitPattern == value.bitPattern && last == timestamp || isStaleMarker(value) { return nil }
                guard last == timestamp else { return "out of order sample" }
                return "duplicate sample for timestamp \(timestamp); overrides not allowed: existing \(numberText(existing)), "
                    + "new value \(numberText(value))"
            }
            state.series[place].timestamps.append(timestamp)
            state.series[place].values.append(value)
            return nil
        }
    }

    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        var found: [SeriesSamples] = []
        var left = maxSamples
        state.withLock { state in
            if let name = matchers.first(where: { $0.op == .equal && sameBytes($0.name, Labels.metricName) })?.value {
                for place in state.byName[name] ?? [] {
                    Self.take(state.series[place], matchers, from, through, selection, &left, &found)
                }
            } else {
                for stored in state.series { Self.take(stored, matchers, from, through, selection, &left, &found) }
            }
        }
        guard left >= 0 else { throw SeriesSourceError("more than \(maxSamples) samples") }
        return found
    }

    /// Every series, sorted.
    var all: [Stored] { state.withLock { $0.series }.sorted { $0.labels < $1.labels } }

    private static func take(
        _ stored: Stored, _ matchers: [LabelMatcher], _ from: Int64, _ through: Int64, _ selection: SampleSelection,
        _ left: inout Int, _ found: inout [SeriesSamples]
    ) {
        guard left >= 0, matchers.allSatisfy({ $0.matches(stored.labels) }) else { return }
        let end = firstPlace(in: stored.timestamps, above: through)
        var start = firstPlace(in: stored.timestamps, above: from - 1)
        guard start < end else { return }
        if selection == .newest { start = end - 1 }
        left -= end - start
        guard left >= 0 else { return }
        found.append(
            SeriesSamples(
                labels: stored.labels, timestamps: Array(stored.timestamps[start..<end]),
                values: Array(stored.values[start..<end])))
    }

    /// The place of the first timestamp above a bound; by bisection.
    private static func firstPlace(in timestamps: [Int64], above bound: Int64) -> Int {
        guard let last = timestamps.last, last > bound else { return timestamps.count }
        var (low, high) = (0, timestamps.count)
        while low < high {
            let middle = (low + high) / 2
            if timestamps[middle] > bound { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
