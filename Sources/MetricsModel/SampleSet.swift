/// One value of one series.
public struct Point: Sendable {
    public let series: Series
    public let value: Double

    public init(_ series: Series, _ value: Double) {
        self.series = series
        self.value = value
    }
}

/// The points of one family in one sample. Those of a histogram are its buckets (ascending `le`), sum and count, series by series.
public struct FamilySamples: Sendable {
    public let family: Family
    public var points: [Point]

    public init(_ family: Family, _ points: [Point]) {
        self.family = family
        self.points = points
    }
}

/// All that was read at one instant. Immutable: the exposition, the store and the health assessment read the same one.
public struct SampleSet: Sendable {
    /// Milliseconds since the Unix epoch.
    public let timestamp: Int64
    /// Sorted by family name, each name once.
    public let families: [FamilySamples]

    /// Sorts by name, and merges families of one name (several targets of a kind) in the order given.
    public init(timestamp: Int64, families: [FamilySamples]) {
        self.timestamp = timestamp
        var merged: [FamilySamples] = []
        var places: [String: Int] = [:]
        for samples in families where !samples.points.isEmpty {
            if let place = places[samples.family.name] {
                merged[place].points += samples.points
            } else {
                places[samples.family.name] = merged.count
                merged.append(samples)
            }
        }
        merged.sort { bytesPrecede($0.family.name, $1.family.name) }
        self.families = merged
    }

    /// The number of points over all families.
    public var pointCount: Int { families.reduce(0) { $0 + $1.points.count } }
}
