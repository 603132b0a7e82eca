internal import MetricsModel

/// What a replay reads: the stored history, and from the replay's start on its own rules' results in place of those that were stored
/// when the rules ran for real.
struct ReplaySeries: SeriesSource, SampleSink {
    let history: any SeriesSource
    /// Metrics that the replayed rules write.
    let recorded: Set<String>
    let start: Int64
    private let results = TestSeries()

    init(history: any SeriesSource, recorded: Set<String>, start: Int64) {
        self.history = history
        self.recorded = recorded
        self.start = start
    }

    func append(_ labels: Labels, at timestamp: Int64, _ value: Double) {
        results.append(labels, at: timestamp, value)
    }

    func appendOrRefuse(_ labels: Labels, at timestamp: Int64, _ value: Double) -> String? {
        results.appendOrRefuse(labels, at: timestamp, value)
    }

    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        let name = matchers.first { $0.op == .equal && sameBytes($0.name, Labels.metricName) }?.value
        // Nearly every selector names one metric, and that is either recorded or sampled.
        if let name, !recorded.contains(name) {
            return try history.select(matchers, from: from, through: through, selection: selection, maxSamples: maxSamples)
        }
        var found: [SeriesSamples] = []
        if name == nil {
            found = try history.select(matchers, from: from, through: through, selection: selection, maxSamples: maxSamples)
                .filter { !recorded.contains($0.labels.name) }
        }
        var before: [SeriesSamples] = []
        if from < start {
            before = try history.select(
                matchers, from: from, through: min(through, start - 1), selection: selection, maxSamples: maxSamples
            ).filter { recorded.contains($0.labels.name) }
        }
        let own = try results.select(matchers, from: from, through: through, selection: selection, maxSamples: maxSamples)
        found += Self.joined(before, own, selection)
        guard found.reduce(0, { $0 + $1.timestamps.count }) <= maxSamples else {
            throw SeriesSourceError("the query would load more than \(maxSamples) samples into memory")
        }
        return found
    }

    private static func joined(
        _ before: [SeriesSamples], _ own: [SeriesSamples], _ selection: SampleSelection
    ) -> [SeriesSamples] {
        if before.isEmpty { return own }
        var places = Dictionary(uniqueKeysWithValues: own.enumerated().map { ($1.labels, $0) })
        var joined = own
        for series in before {
            guard let place = places.removeValue(forKey: series.labels) else {
                joined.append(series)
                continue
            }
            if selection == .newest { continue }
            joined[place] = SeriesSamples(
                labels: series.labels, timestamps: series.timestamps + joined[place].timestamps,
                values: series.values + joined[place].values)
        }
        return joined
    }
}
