import MetricsModel

/// `anchored` and `smoothed`: windows whose edges are tied to samples outside, or interpolated.
extension Query {
    /// The functions on windows whose edges are anchored to the sample before them, or interpolated.
    func extended(_ kind: Function.Kind, _ series: SeriesData, _ source: WindowSource, at time: Int64) -> Double? {
        let end = source.reference(time)
        let start = end.subtractingSaturated(source.length)
        let isSmoothed = source.edges == .smoothed
        let lookback = engine.lookback
        let lower = upperBound(series.timestamps, start.subtractingSaturated(lookback))
        let upper = upperBound(series.timestamps, isSmoothed ? end.addingSaturated(lookback) : end)
        guard upper > lower else { return nil }
        let (times, values) = (series.timestamps, series.values)
        var last = upper - 1
        var first = lower
        while first < last, times[first + 1] <= start { first += 1 }
        if isSmoothed {
            var place = lower
            while place < last, times[place] < end { place += 1 }
            last = place
        }
        guard times[last] > start, first <= last else { return nil }
        if kind == .changes { return Double(changes(values[first...last])) }
        if kind == .resets { return Double(resets(values[first...last])) }
        let isCounter = kind != .delta
        var left = values[first]
        if isSmoothed, times[first] < start, first + 1 < upper {
            left = interpolate(series, first, at: start, isCounter: isCounter)
        }
        var right = values[last]
        if isSmoothed, last > lower, times[last] > end {
            right = interpolate(series, last - 1, at: end, isCounter: isCounter)
        }
        var result = right - left
        if isCounter {
            var previous = left
            for index in (first + 1)..<max(first + 1, last) {
                if values[index] < previous { result += previous }
                previous = values[index]
            }
            if right < previous { result += previous }
        }
        return kind == .rate ? result / (Double(source.length) / 1000) : result
    }

    private func interpolate(_ series: SeriesData, _ index: Int, at time: Int64, isCounter: Bool) -> Double {
        var a = series.values[index]
        let b = series.values[index + 1]
        // A counter that was reset in between is taken to have started from zero.
        if isCounter, b < a { a = 0 }
        let (from, to) = (series.timestamps[index], series.timestamps[index + 1])
        return a + (b - a) * Double(time &- from) / Double(to &- from)
    }

    /// An instant selector whose value is interpolated between the neighbours of the time.
    func smoothedInstant(_ source: WindowSource, at time: Int64) throws(PromQLError) -> [Sample] {
        let now = source.reference(time)
        var out: [Sample] = []
        for series in try source.loadWithoutMarkers(self) {
            let after = upperBound(series.timestamps, now)
            let before = after - 1
            guard before >= 0, series.timestamps[before] > now.subtractingSaturated(source.length) else { continue }
            let isExact = series.timestamps[before] == now
            if isExact || after == series.timestamps.count || series.timestamps[after] > now.addingSaturated(engine.lookback) {
                out.append(Sample(labels: series.labels, value: series.values[before]))
            } else {
                let value = interpolate(series, before, at: now, isCounter: false)
                out.append(Sample(labels: series.labels, value: value))
            }
        }
        return out
    }
}
