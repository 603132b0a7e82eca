import MetricsModel

/// Where a selector or subquery gets its series from: read once for all times of the query.
final class WindowSource {
    enum Origin {
        case store([LabelMatcher], SampleSelection)
        /// Evaluated at the multiples of `step` in the fetched interval.
        case subquery(PlanNode, step: Int64)
    }

    let origin: Origin
    let range: SourceRange
    /// Fixed by `@`.
    let at: Int64?
    let offset: Int64
    /// The length of the window; for an instant selector the look-back.
    let length: Int64
    let edges: WindowEdges
    /// The interval that all windows together cover, closed.
    let from: Int64
    let through: Int64
    private var loaded: [SeriesData]?

    init(
        _ origin: Origin, range: SourceRange, at: Int64?, offset: Int64, length: Int64, edges: WindowEdges, from: Int64,
        through: Int64
    ) {
        self.origin = origin
        self.range = range
        self.at = at
        self.offset = offset
        self.length = length
        self.edges = edges
        self.from = from
        self.through = through
    }

    /// The newest instant of the window that belongs to an evaluation time.
    @inline(__always)
    func reference(_ time: Int64) -> Int64 { (at ?? time).subtractingSaturated(offset) }

    /// What selects the series where they are read for this one time; nil where they serve several, or neighbours of the window
    /// count.
    func matchers(onlyAt time: Int64) -> [LabelMatcher]? {
        guard case .store(let matchers, _) = origin, edges == .plain, through == reference(time),
            from == through.subtractingSaturated(length).addingSaturated(1)
        else { return nil }
        return matchers
    }

    /// The samples in (reference - length, reference].
    func window(of series: SeriesData, at time: Int64) -> Window {
        let newest = reference(time)
        let upper = upperBound(series.timestamps, newest)
        let lower = min(upper, upperBound(series.timestamps, newest.subtractingSaturated(length)))
        return Window(timestamps: series.timestamps, values: series.values, lower: lower, upper: upper)
    }

    /// All series, without stale markers for ranges.
    func load(_ query: Query) throws(PromQLError) -> [SeriesData] {
        if let loaded { return loaded }
        let series: [SeriesData]
        switch origin {
        case .store(let matchers, let selection):
            let found = try query.select(matchers, from: from, through: through, selection: selection)
            let usesStarts = query.engine.features.contains(.startTimestamps)
            series = found.map {
                SeriesData(
                    labels: $0.labels, timestamps: $0.timestamps, values: $0.values,
                    startTimestamps: usesStarts ? $0.startTimestamps : [])
            }
        case .subquery(let inner, let step):
            var builder = MatrixBuilder(query: query)
            // The first multiple of the step inside the interval, also for times before 1970.
            var time = (from.subtractingSaturated(1)).flooredMultiple(of: step).addingSaturated(step)
            while time <= through {
                if case .vector(let samples) = try query.evaluate(inner, at: time) {
                    try builder.addKeepingNames(samples, at: time)
                }
                let (next, overflow) = time.addingReportingOverflow(step)
                if overflow { break }
                time = next
            }
            series = builder.series
        }
        loaded = series
        return series
    }

    /// Takes stale markers out of what was read: ranges do not see them.
    func loadWithoutMarkers(_ query: Query) throws(PromQLError) -> [SeriesData] {
        if let loaded { return loaded }
        var series = try load(query)
        for index in series.indices where hasStaleMarker(series[index].values) {
            let kept = series[index].values.indices.filter { !isStaleMarker(series[index].values[$0]) }
            let (timestamps, values) = (series[index].timestamps, series[index].values)
            series[index].timestamps = kept.map { timestamps[$0] }
            series[index].values = kept.map { values[$0] }
            let starts = series[index].startTimestamps
            if !starts.isEmpty { series[index].startTimestamps = kept.map { starts[$0] } }
        }
        loaded = series
        return series
    }
}

/// Whether any value is a stale marker. Without an early end, so that the compiler can compare several at once.
private func hasStaleMarker(_ values: [Double]) -> Bool {
    values.withUnsafeBufferPointer { values in
        let marker = staleMarker.bitPattern
        var found = false
        for value in values where value.bitPattern == marker { found = true }
        return found
    }
}

extension Int64 {
    func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? Int64.max : Int64.min) : difference
    }

    func flooredMultiple(of step: Int64) -> Int64 {
        let remainder = self % step
        return remainder < 0 ? addingSaturated(-remainder - step) : self - remainder
    }
}
