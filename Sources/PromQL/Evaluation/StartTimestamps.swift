import MetricsModel

/// `use-start-timestamps`: what functions of counters make of the times at which counters began (promql/functions.go of 3.14).
extension Query {
    /// As `value`, for a series that knows its start timestamps.
    func valueWithStarts(
        _ kind: Function.Kind, _ series: SeriesData, _ window: Window, _ source: WindowSource, _ parameters: [Double],
        _ argument: PlanNode, at time: Int64
    ) -> Double? {
        switch kind {
        case .rate: return extrapolatedWithStarts(series, window, source, argument, isRate: true, at: time)
        case .increase: return extrapolatedWithStarts(series, window, source, argument, isRate: false, at: time)
        case .irate:
            guard window.count >= 2 else { return nil }
            let last = window.upper - 1
            let seconds = Double(series.timestamps[last] &- series.timestamps[last - 1]) / 1000
            guard seconds > 0 else { return nil }
            let change = series.isReset(at: last) ? series.values[last] : series.values[last] - series.values[last - 1]
            return change / seconds
        case .resets:
            return Double((window.lower + 1..<max(window.lower + 1, window.upper)).count { series.isReset(at: $0) })
        default:
            return value(kind, window, source, parameters, at: time)
        }
    }

    /// Like the plain extrapolation; but a start inside the window counts as a sample of value 0, which also makes one sample enough.
    private func extrapolatedWithStarts(
        _ series: SeriesData, _ window: Window, _ source: WindowSource, _ argument: PlanNode, isRate: Bool, at time: Int64
    ) -> Double? {
        let end = source.reference(time)
        let start = end.subtractingSaturated(source.length)
        var result = window.last - window.first
        var overlaps = false
        for index in window.lower + 1..<max(window.lower + 1, window.upper) {
            overlaps = overlaps || series.startOverlaps(at: index)
            if series.isReset(at: index) { result += series.values[index - 1] }
        }
        if overlaps { noteOverlap(series, argument) }
        var sampled = Double(window.lastTime &- window.firstTime) / 1000
        let spacing = window.count > 1 ? sampled / Double(window.count - 1) : 0
        let threshold = spacing * 1.1
        var toStart = Double(window.firstTime &- start) / 1000
        var toEnd = Double(end &- window.lastTime) / 1000
        let firstStart = series.startTimestamps[window.lower]
        if firstStart != 0, firstStart > start, firstStart < window.firstTime {
            toStart = 0
            sampled = Double(window.lastTime &- firstStart) / 1000
            result += window.first
        } else if window.count < 2 {
            return nil
        } else {
            if toStart >= threshold { toStart = spacing / 2 }
            if result > 0, window.first >= 0 { toStart = min(toStart, sampled * (window.first / result)) }
        }
        if toEnd >= threshold { toEnd = spacing / 2 }
        var factor = sampled == 0 ? 1 : (sampled + toStart + toEnd) / sampled
        if isRate { factor /= Double(source.length) / 1000 }
        return result * factor
    }

    private func noteOverlap(_ series: SeriesData, _ argument: PlanNode) {
        let name = series.nameless && !delaysNames ? "" : series.labels.name
        warn("start timestamps overlap with previous samples for metric name \(goQuoted(name))", argument.range)
    }

    /// `start_timestamp`: of the samples that a selector finds; an expression has lost them.
    func startTimestamps(_ argument: PlanNode, _ node: PlanNode, at time: Int64) throws(PromQLError) -> [Sample] {
        guard engine.features.contains(.startTimestamps), case .selector(let source) = argument.kind, source.edges == .plain
        else {
            _ = try vector(argument, at: time)
            return []
        }
        let newest = source.reference(time)
        let oldest = newest.subtractingSaturated(source.length)
        var out: [Sample] = []
        for series in try source.load(self) {
            let place = upperBound(series.timestamps, newest) - 1
            guard place >= 0, series.timestamps[place] > oldest, !isStaleMarker(series.values[place]) else { continue }
            let start = series.startTimestamps.isEmpty ? 0 : series.startTimestamps[place]
            out.append(Sample(labels: series.labels, value: Double(start) / 1000, nameless: true))
        }
        if node.hasSeveralNames { try checkUnique(out) }
        return out
    }
}

extension SeriesData {
    /// Whether the counter began anew between the sample before `index` and this one: its value fell, or its start says so.
    fileprivate func isReset(at index: Int) -> Bool {
        if values[index] < values[index - 1] { return true }
        let (start, previousStart) = (startTimestamps[index], startTimestamps[index - 1])
        let (time, previous) = (timestamps[index], timestamps[index - 1])
        // Unknown, invalid, or OpenTelemetry's way to say unknown.
        guard start != 0, start < time, start >= previous else { return false }
        if start > previous { return true }
        // A start at the sample before is a delta series, unless that sample's own start was unknown.
        return previousStart != 0 && previousStart < previous
    }

    /// Whether the sample says to have begun before the sample before it was taken, and not together with it.
    fileprivate func startOverlaps(at index: Int) -> Bool {
        let start = startTimestamps[index]
        return start != 0 && start < timestamps[index - 1] && start != startTimestamps[index - 1]
    }
}
