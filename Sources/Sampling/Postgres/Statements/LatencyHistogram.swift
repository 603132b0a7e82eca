/// A histogram whose observations come many at a time. Nothing of it ever falls.
struct LatencyHistogram: Sendable, Hashable {
    /// Upper bounds in seconds. From client_golang's defaults (5 ms to 10 s) downward in the same steps to 0.5 ms, since most statements
    /// answered from memory take less than 5 ms; with bounds at 0.1 and 1, which slow query thresholds and alerts compare with.
    static let boundsSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// One for each bound, and the last for what is above them all.
    private(set) var counts = [UInt64](repeating: 0, count: boundsSeconds.count + 1)
    private(set) var count: UInt64 = 0
    /// Seconds.
    private(set) var sum = 0.0
    /// What `sum` lacks of the true sum (Neumaier 1974).
    private var compensation = 0.0
    private var uncompensated = 0.0

    init() {}

    /// How many observations took up to each bound; the last one counts all.
    var cumulative: [UInt64] {
        var total: UInt64 = 0
        return counts.map { count in
            total += count
            return total
        }
    }

    /// The bucket of a value in seconds.
    static func bucket(of seconds: Double) -> Int { boundsSeconds.firstIndex { seconds <= $0 } ?? boundsSeconds.count }

    /// Adds observations: how many went to each bucket, and how many seconds they took in all, which must not be negative.
    mutating func add(_ observations: [UInt64], seconds: Double) {
        precondition(observations.count == counts.count && seconds >= 0, "one number for each bucket, and no negative time")
        for place in counts.indices {
            counts[place] += observations[place]
            count += observations[place]
        }
        let next = uncompensated + seconds
        compensation += uncompensated >= seconds ? (uncompensated - next) + seconds : (seconds - next) + uncompensated
        uncompensated = next
        sum = max(sum, uncompensated + compensation)
    }
}
