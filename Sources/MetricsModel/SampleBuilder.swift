/// Gathers the points of one sample of one source.
///
///     var sample = SampleBuilder(cache)
///     sample.add(.pgUp, 1)
///     sample.add(.databaseSize, ["app"], 8_192)
///     let (families, cache) = sample.finish()
public struct SampleBuilder: Sendable {
    private let cache: SeriesCache
    private var rows: FamilyRows
    private var order: [Int] = []

    public init(_ cache: consuming SeriesCache) {
        rows = cache.take()
        self.cache = cache
    }

    /// Adds a point of a family without labels of its own.
    public mutating func add(_ family: Family, _ value: Double) { add(family, [], value) }

    /// Adds a point. `labels` are the values of `family.labelNames`, in order.
    public mutating func add(_ family: Family, _ labels: [String], _ value: Double) {
        assert(labels.count == family.labelNames.count, "\(family.name) takes \(family.labelNames)")
        let place = place(family)
        let constant = cache.constantLabels
        let series = rows.series(place, labels) { render(family, "", labels, nil, constant) }
        rows.entries[place].points.append(Point(series, value))
    }

    /// Adds a point when there is a value: a NULL or a missing field is an absent series, never 0.
    public mutating func add(_ family: Family, _ value: Double?) {
        if let value { add(family, [], value) }
    }

    /// Adds a point when there is a value: a NULL or a missing field is an absent series, never 0.
    public mutating func add(_ family: Family, _ labels: [String], _ value: Double?) {
        if let value { add(family, labels, value) }
    }

    /// Adds a histogram: `cumulative` holds a count for each of `bounds` (ascending, finite) and the total of all last.
    public mutating func addHistogram(
        _ family: Family, _ labels: [String] = [], bounds: [Double], cumulative: [UInt64], sum: Double
    ) {
        assert(labels.count == family.labelNames.count, "\(family.name) takes \(family.labelNames)")
        let place = place(family)
        let constant = cache.constantLabels
        let series = rows.histogram(place, labels, bounds: bounds) {
            HistogramSeries(
                bounds: bounds,
                buckets: (bounds + [.infinity]).map {
                    render(family, "_bucket", labels, Label("le", bucketBoundText($0)), constant)
                },
                sum: render(family, "_sum", labels, nil, constant), count: render(family, "_count", labels, nil, constant))
        }
        for (bucket, count) in zip(series.buckets, cumulative) {
            rows.entries[place].points.append(Point(bucket, Double(count)))
        }
        rows.entries[place].points.append(Point(series.sum, sum))
        rows.entries[place].points.append(Point(series.count, Double(cumulative.last ?? 0)))
    }

    /// Adds the values of a family over shared rows; those that are `ValueColumn.absent` are no samples. The rows carry the constant labels
    /// already. A family may have several columns and points as well.
    public mutating func add(_ family: Family, _ column: ValueColumn) {
        guard column.sampleCount > 0 else { return }
        let place = place(family)
        rows.add(column, place)
    }

    /// The families gathered, in the order of their first points, and the cache for the next sample.
    public consuming func finish() -> (families: [FamilySamples], cache: SeriesCache) {
        var families = order.map { rows.entries[$0].takeSamples() }
        families.removeAll(where: \.isEmpty)
        rows.endSample()
        cache.put(rows)
        return (families, cache)
    }

    private mutating func place(_ family: Family) -> Int {
        let place = rows.place(family)
        if rows.entries[place].isUnused {
            rows.entries[place].points.reserveCapacity(rows.entries[place].expected)
            order.append(place)
        }
        return place
    }
}

private func render(_ family: Family, _ suffix: String, _ values: [String], _ bound: Label?, _ constant: Labels) -> Series {
    var labels = zip(family.labelNames, values).map { Label($0, $1) }
    if let bound { labels.append(bound) }
    return Series(name: family.name + suffix, labels: constant.merging(Labels(labels)))
}

/// A bucket's bound as OpenMetrics and Prometheus 3 write it: `0.5`, `1.0`, `+Inf`. The same in every format, so that a series keeps
/// its identity whichever format a scraper asks for.
public func bucketBoundText(_ bound: Double) -> String {
    bound == .infinity ? "+Inf" : "\(bound)"
}
