/// The values of one family over shared rows: one number each, where the same as `Point` would be an object and a text each.
public struct ValueColumn: Sendable {
    /// Stands where a row has no sample: the bits of the stale marker, and no other NaN.
    public static let absent = staleMarker

    public let rows: SeriesRows
    /// One for each row.
    public let values: [Double]
    /// The number of values that are samples.
    public let sampleCount: Int

    /// `values` must be as many as there are rows.
    public init(_ rows: SeriesRows, _ values: [Double]) {
        precondition(values.count == rows.count, "one value for each row")
        self.rows = rows
        self.values = values
        sampleCount = values.reduce(0) { isStaleMarker($1) ? $0 : $0 + 1 }
    }

    /// Each sample, in the order of the rows.
    public func forEach(_ body: (_ row: Int, _ value: Double) -> Void) {
        for (row, value) in values.enumerated() where !isStaleMarker(value) { body(row, value) }
    }
}
