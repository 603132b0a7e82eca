public import MetricsModel

/// A series that was there and is no more.
public struct VanishedSeries: Sendable, Hashable {
    public let labels: Labels
    /// The stale marker that ended it, or its last sample where none did, in milliseconds since the epoch.
    public let since: Int64
    /// Whether a stale marker ended it.
    public let isEnded: Bool

    /// Those of a selector that had samples between `from` and `through` and have none any more at `through` as an instant selector sees
    /// it: ended by a stale marker, or older than the look-back. Sorted.
    static func of(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, source: any SeriesSource, lookback: Int64 = RuleSettings.lookback
    ) throws(SeriesSourceError) -> [VanishedSeries] {
        let found = try source.select(
            matchers, from: from, through: through, selection: .newest, maxSamples: samplesMax)
        return found.compactMap { series -> VanishedSeries? in
            guard let time = series.timestamps.last, let value = series.values.last else { return nil }
            let isEnded = isStaleMarker(value)
            guard isEnded || time <= through - lookback else { return nil }
            return VanishedSeries(labels: series.labels, since: time, isEnded: isEnded)
        }.sorted { $0.labels < $1.labels }
    }

    /// One sample of each series: more series than the store takes.
    private static let samplesMax = 5_000_000
}
