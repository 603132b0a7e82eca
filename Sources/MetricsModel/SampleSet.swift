/// One value of one series.
public struct Point: Sendable {
    public let series: Series
    public let value: Double

    public init(_ series: Series, _ value: Double) {
        self.series = series
        self.value = value
    }
}

/// The samples of one family at one instant: points, those of a histogram being its buckets (ascending `le`), sum and count, series by
/// series; and columns, where many series share their labels with other families.
public struct FamilySamples: Sendable {
    public let family: Family
    public var points: [Point]
    /// Mostly empty. Every sample of a column has the family's own name.
    public var columns: [ValueColumn]

    public init(_ family: Family, _ points: [Point], columns: [ValueColumn] = []) {
        self.family = family
        self.points = points
        self.columns = columns
    }

    /// The number of samples, those of columns among them.
    public var sampleCount: Int { columns.reduce(points.count) { $0 + $1.sampleCount } }

    public var isEmpty: Bool { points.isEmpty && columns.allSatisfy { $0.sampleCount == 0 } }

    /// All samples as points. Makes a `Series` for every row of the columns: for readers of a few families, not for every sample of all.
    public var everyPoint: [Point] {
        guard !columns.isEmpty else { return points }
        var all = points
        for column in columns {
            column.forEach { row, value in
                all.append(Point(Series(name: family.name, labels: column.rows.labels(row)), value))
            }
        }
        return all
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
        for samples in families where !samples.isEmpty {
            if let place = places[samples.family.name] {
                merged[place].points += samples.points
                merged[place].columns += samples.columns
            } else {
                places[samples.family.name] = merged.count
                merged.append(samples)
            }
        }
        merged.sort { bytesPrecede($0.family.name, $1.family.name) }
        self.families = merged
    }

    /// The number of samples over all families.
    public var pointCount: Int { families.reduce(0) { $0 + $1.sampleCount } }
}
