/// How long users of a session waited for its connection, as plain numbers of a histogram.
public struct WaitHistogram: Sendable, Hashable {
    /// Seconds, ascending, finite.
    public static let bounds: [Double] = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

    /// How many waits took up to each bound; the last one counts all.
    public private(set) var cumulative: [UInt64] = Array(repeating: 0, count: bounds.count + 1)
    /// Seconds waited in all.
    public private(set) var sum: Double = 0

    public init() {}

    mutating func observe(_ wait: Duration) {
        let seconds = max(0, wait / .seconds(1))
        for (place, bound) in WaitHistogram.bounds.enumerated() where seconds <= bound { cumulative[place] += 1 }
        cumulative[WaitHistogram.bounds.count] += 1
        sum += seconds
    }
}
