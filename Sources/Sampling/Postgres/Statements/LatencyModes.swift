/// Execution times in two bands, each flat and as wide in proportion to its middle as the other.
///
/// Four numbers describe it (two middles, the width, the weight), and four are known: mean, variance, minimum, maximum.
struct LatencyModes: Sendable, Hashable {
    private let lower: Double
    private let upper: Double
    /// Half of a band's width, as a share of its middle.
    private let jitter: Double
    private let upperShare: Double

    /// Nil when no two bands have these moments and ends. The mean is inside the range.
    init?(mean: Double, variance: Double, range: ClosedRange<Double>) {
        var least = 0.0
        // Wider bands would have both their middles on one side of the mean.
        var most = min(1 - range.lowerBound / mean, range.upperBound / mean - 1)
        guard most > 0, LatencyModes(mean, range, jitter: most).variance <= variance else { return nil }
        // Wider bands mean less variance between given ends. Fifty halvings use up the digits of a double.
        for _ in 0..<50 {
            let middle = (least + most) / 2
            if LatencyModes(mean, range, jitter: middle).variance > variance { least = middle } else { most = middle }
        }
        self.init(mean, range, jitter: least)
    }

    private init(_ mean: Double, _ range: ClosedRange<Double>, jitter: Double) {
        self.jitter = jitter
        lower = range.lowerBound / (1 - jitter)
        upper = range.upperBound / (1 + jitter)
        upperShare = upper > lower ? min(max((mean - lower) / (upper - lower), 0), 1) : 0
    }

    private var variance: Double {
        let between = (1 - upperShare) * upperShare * (upper - lower) * (upper - lower)
        let inside = jitter * jitter / 3 * ((1 - upperShare) * lower * lower + upperShare * upper * upper)
        return between + inside
    }

    /// The share of executions that take up to `seconds`, from 0 to 1.
    func share(upTo seconds: Double) -> Double {
        (1 - upperShare) * band(lower, seconds) + upperShare * band(upper, seconds)
    }

    private func band(_ middle: Double, _ seconds: Double) -> Double {
        let start = middle * (1 - jitter)
        let width = 2 * middle * jitter
        guard width > 0 else { return seconds >= middle ? 1 : 0 }
        return min(max((seconds - start) / width, 0), 1)
    }
}
