/// How the values of an answer fared.
struct Tally {
    var good = 0
    /// The first column with a value that is none.
    private(set) var bad: String?

    mutating func noteBad(_ column: String) { bad = bad ?? column }
}

/// Observations, one for each row, gathered by column and labels.
struct Snapshots {
    struct Spread {
        /// Not cumulative; the last is beyond every bound.
        var counts: [Double]
        var sum = 0.0
    }

    private struct Key: Hashable {
        let column: String
        let labels: [String]
    }

    private var order: [Key] = []
    private var all: [Key: Spread] = [:]

    /// NaN is no observation: it has no bucket.
    mutating func observe(_ value: Double, _ column: String, _ labels: [String], _ bounds: [Double]) {
        guard !value.isNaN else { return }
        let key = Key(column: column, labels: labels)
        if all[key] == nil {
            order.append(key)
            all[key] = Spread(counts: Array(repeating: 0, count: bounds.count + 1))
        }
        all[key]?.counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        all[key]?.sum += value
    }

    func spreads(of column: String) -> [([String], Spread)] {
        order.compactMap { key in key.column == column ? all[key].map { (key.labels, $0) } : nil }
    }
}
