/// Keeps the `Series` objects of one source over its samples, so that names and labels are rendered once per series. A series that
/// was not used in two samples running is forgotten: the memory follows what is there.
public struct SeriesCache: Sendable {
    private struct Key: Hashable {
        let family: ObjectIdentifier
        let suffix: String
        let values: [String]
    }

    private struct Entry {
        let series: Series
        var generation: UInt32
    }

    /// Labels that every series of the source carries besides its own.
    public let constantLabels: Labels
    private var entries: [Key: Entry] = [:]
    private var generation: UInt32 = 0

    public init(constantLabels: Labels = .empty) {
        self.constantLabels = constantLabels
    }

    /// The number of series held.
    public var count: Int { entries.count }

    fileprivate mutating func series(_ family: Family, suffix: String, values: [String], extra: Label?) -> Series {
        let key = Key(family: ObjectIdentifier(family), suffix: suffix, values: extra.map { values + [$0.value] } ?? values)
        if let place = entries.index(forKey: key) {
            entries.values[place].generation = generation
            return entries.values[place].series
        }
        var labels = zip(family.labelNames, values).map { Label($0, $1) }
        if let extra { labels.append(extra) }
        let series = Series(name: family.name + suffix, labels: constantLabels.merging(Labels(labels)))
        entries[key] = Entry(series: series, generation: generation)
        return series
    }

    fileprivate mutating func endSample() {
        let last = generation
        entries = entries.filter { last &- $0.value.generation < 2 }
        generation &+= 1
    }
}

/// Gathers the points of one sample of one source.
///
///     var sample = SampleBuilder(cache)
///     sample.add(.pgUp, 1)
///     sample.add(.databaseSize, ["app"], 8_192)
///     let families = sample.finish(&cache)
public struct SampleBuilder: Sendable {
    private var cache: SeriesCache
    private var order: [Family] = []
    private var points: [Family: [Point]] = [:]

    public init(_ cache: consuming SeriesCache) {
        self.cache = cache
    }

    /// Adds a point. `labels` are the values of `family.labelNames`, in order.
    public mutating func add(_ family: Family, _ labels: [String] = [], _ value: Double) {
        assert(labels.count == family.labelNames.count, "\(family.name) takes \(family.labelNames)")
        append(family, Point(cache.series(family, suffix: "", values: labels, extra: nil), value))
    }

    /// Adds a point when there is a value: a NULL or a missing field is an absent series, never 0.
    public mutating func add(_ family: Family, _ labels: [String] = [], _ value: Double?) {
        if let value { add(family, labels, value) }
    }

    /// Adds a histogram: `cumulative` holds a count for each of `bounds` (ascending, finite) and the total of all last.
    public mutating func addHistogram(
        _ family: Family, _ labels: [String] = [], bounds: [Double], cumulative: [UInt64], sum: Double
    ) {
        for (bound, count) in zip(bounds + [.infinity], cumulative) {
            let le = Label("le", bucketBoundText(bound))
            append(family, Point(cache.series(family, suffix: "_bucket", values: labels, extra: le), Double(count)))
        }
        append(family, Point(cache.series(family, suffix: "_sum", values: labels, extra: nil), sum))
        append(
            family, Point(cache.series(family, suffix: "_count", values: labels, extra: nil), Double(cumulative.last ?? 0)))
    }

    /// The families gathered, and the cache for the next sample.
    public consuming func finish() -> (families: [FamilySamples], cache: SeriesCache) {
        cache.endSample()
        return (order.map { FamilySamples($0, points[$0] ?? []) }, cache)
    }

    private mutating func append(_ family: Family, _ point: Point) {
        if points[family]?.append(point) == nil {
            order.append(family)
            points[family] = [point]
        }
    }
}

/// A bucket's bound as OpenMetrics and Prometheus 3 write it: `0.5`, `1.0`, `+Inf`. The same in every format, so that a series keeps
/// its identity whichever format a scraper asks for.
public func bucketBoundText(_ bound: Double) -> String {
    bound == .infinity ? "+Inf" : "\(bound)"
}
