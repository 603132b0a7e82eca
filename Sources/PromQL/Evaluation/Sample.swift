import MetricsModel

/// One element of an instant vector while it is computed.
struct Sample {
    var labels: Labels
    var value: Double
    /// The metric name is dropped: at once, in effect, or (delayed name removal) when the answer is made. Labels are only rebuilt where
    /// someone looks at them.
    var nameless = false
}

/// A computed value at one time.
enum Value {
    case scalar(Double)
    case vector([Sample])
    case string(String)
}

/// A series of samples with times, stale markers removed where it serves ranges.
struct SeriesData {
    let labels: Labels
    var nameless = false
    var timestamps: [Int64]
    var values: [Double]
    /// When the counter of each sample began; empty when the query does not ask or nobody knows.
    var startTimestamps: [Int64] = []
}

/// The samples of one series in one window.
struct Window {
    let timestamps: [Int64]
    let values: [Double]
    let lower: Int
    let upper: Int

    var count: Int { upper - lower }
    var indices: Range<Int> { lower..<upper }
    var firstTime: Int64 { timestamps[lower] }
    var lastTime: Int64 { timestamps[upper - 1] }
    var first: Double { values[lower] }
    var last: Double { values[upper - 1] }
}

/// The first index whose timestamp is greater than `time`.
func upperBound(_ timestamps: [Int64], _ time: Int64) -> Int {
    guard let last = timestamps.last, last > time else { return timestamps.count }
    var low = 0
    var high = timestamps.count
    while low < high {
        let middle = (low + high) / 2
        if timestamps[middle] > time { high = middle } else { low = middle + 1 }
    }
    return low
}

/// The labels that tell what a metric is rather than where it is from; they go when its name goes.
func isMetadataLabel(_ name: String) -> Bool {
    name == Labels.metricName || name == "__type__" || name == "__unit__"
}

extension Labels {
    func removingMetadata() -> Labels {
        guard pairs.contains(where: { isMetadataLabel($0.name) }) else { return self }
        return Labels(sorted: pairs.filter { !isMetadataLabel($0.name) })
    }

    /// `{__name__="up", job="x"}`, as error texts show labels.
    var errorText: String {
        "{\(pairs.map { "\(labelNameText($0.name))=\(goQuoted($0.value))" }.joined(separator: ", "))}"
    }
}

/// Neumaier's improvement of Kahan's summation (A. Neumaier, 1974): the error of each addition is kept aside.
struct KahanSum {
    var sum = 0.0
    var compensation = 0.0

    @inline(__always)
    mutating func add(_ value: Double) {
        let total = sum + value
        if total.isInfinite {
            compensation = 0
        } else if sum.magnitude >= value.magnitude {
            compensation += (sum - total) + value
        } else {
            compensation += (value - total) + sum
        }
        sum = total
    }

    var total: Double { sum + compensation }
}

/// An average that changes to an incremental mean when the sum would overflow.
struct KahanMean {
    private var sum = KahanSum()
    private var isIncremental = false
    private var count = 0.0

    @inline(__always)
    mutating func add(_ value: Double) {
        count += 1
        if !isIncremental {
            var next = sum
            next.add(value)
            if count == 1 || !next.sum.isInfinite {
                sum = next
                return
            }
            isIncremental = true
            sum.sum /= count - 1
            sum.compensation /= count - 1
        }
        let share = (count - 1) / count
        var next = KahanSum(sum: share * sum.sum, compensation: share * sum.compensation)
        next.add(value / count)
        sum = next
    }

    var mean: Double { isIncremental ? sum.total : sum.sum / count + sum.compensation / count }
}

/// The φ-quantile of values, linear between ranks; NaN counts as the smallest value.
func quantile(_ q: Double, of values: [Double]) -> Double {
    if values.isEmpty || q.isNaN { return .nan }
    if q < 0 { return -.infinity }
    if q > 1 { return .infinity }
    let sorted = values.sorted { $0 < $1 || $0.isNaN && !$1.isNaN }
    let rank = q * Double(sorted.count - 1)
    let lower = max(0, Int(rank.rounded(.down)))
    let upper = min(sorted.count - 1, lower + 1)
    let weight = rank - rank.rounded(.down)
    return sorted[lower] * (1 - weight) + sorted[upper] * weight
}
