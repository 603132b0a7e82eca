/// What is known of some executions besides their moments, in seconds.
struct LatencyLimits: Sendable, Hashable {
    /// No execution was shorter, none longer; nil when not known.
    var range: ClosedRange<Double>?
    /// Executions known one by one: a minimum or maximum that the interval set.
    var known: [Double] = []
}

/// Spreads executions over buckets by what is known of them.
///
/// One call, two calls and calls of equal length are placed exactly, as are a new minimum and a new maximum. The others are spread as a
/// distribution with their mean and variance (`LatencyDistribution`).
///
/// Measured (`StatementsAccuracyTests`; 1, 3, 20 and 1,000 calls of a statement per reading) as the greatest error, over all
/// bounds, of the share of executions up to a bound, and as the error of the 99th percentile:
///
/// | execution times | shares | p99 |
/// | --- | --- | --- |
/// | constant | 0 | 0 |
/// | ten log-normal statements, medians 0.2 to 100 ms | 0.5 % | 1 % |
/// | log-normal, one statement | 9 % | 6 % |
/// | exponential | 12 % | 5 % |
/// | uniform | 6 % | 1 % |
/// | two bands, 10 % wide, 1 and 100 ms or 0.3 and 40 ms | 6 % | 2 % |
/// | the same with one call in 2,000 that takes 9 s | 43 % | 17 % |
///
/// Weak is only the last: three bands in one statement cannot be told from four numbers. On a real server (`StatementsMeasuredTests`, 25 calls of
/// `pg_sleep` per reading) the shares of constant, two-band and log-normal times were off by 1 %, 2.5 % and 4 %.
struct LatencySpread: Sendable, Hashable {
    /// What rounding has owed each bucket so far. Without it a bucket that deserves a tenth of an execution in each interval would never
    /// get one.
    private var owed = [Double](repeating: 0, count: LatencyHistogram.boundsSeconds.count + 1)

    init() {}

    /// How many of `moments.calls` executions go to each bucket; they add up to exactly that.
    mutating func spread(_ moments: StatementMoments, _ limits: LatencyLimits) -> [UInt64] {
        var counts = [UInt64](repeating: 0, count: owed.count)
        var rest = moments
        for value in limits.known where rest.calls > 0 {
            counts[LatencyHistogram.bucket(of: value)] += 1
            rest = rest.without(value)
        }
        guard rest.calls > 0 else { return counts }
        let calls = Double(rest.calls)
        var mean = rest.mean
        var variance = rest.squares / calls
        var range = limits.range
        if let ends = range {
            mean = min(max(mean, ends.lowerBound), ends.upperBound)
            // None can be greater with these ends and this mean (Bhatia, Davis 2000).
            variance = min(variance, (ends.upperBound - mean) * (mean - ends.lowerBound))
            range = LatencySpread.narrowed(ends, mean: mean, variance: variance, calls: calls)
        }
        let deviation = variance.squareRoot()
        switch rest.calls {
        case _ where rest.calls == 1 || deviation <= 1e-6 * mean || mean <= 0:
            counts[LatencyHistogram.bucket(of: mean)] += UInt64(rest.calls)
        case 2:
            // Two values have just these moments.
            counts[LatencyHistogram.bucket(of: mean - deviation)] += 1
            counts[LatencyHistogram.bucket(of: mean + deviation)] += 1
        default:
            let distribution = LatencyDistribution(mean: mean, variance: variance, range: range)
            let shares = LatencySpread.shares(of: distribution)
            for (place, count) in rounded(shares, of: UInt64(rest.calls)).enumerated() { counts[place] += count }
        }
        return counts
    }

    /// The ends of a statement's whole life without an outlier of long ago, which would stretch every later interval: no value is further from
    /// the mean than the deviation times the root of calls - 1 (Samuelson 1968). A maximum within twice that may be
    /// this interval's and stays.
    private static func narrowed(
        _ range: ClosedRange<Double>, mean: Double, variance: Double, calls: Double
    ) -> ClosedRange<Double> {
        // Of a few calls it would make every set look like one of two bands.
        guard calls >= 8 else { return range }
        let upper = mean + (variance * (calls - 1)).squareRoot()
        return range.upperBound > 2 * upper && upper >= range.lowerBound ? range.lowerBound...upper : range
    }

    /// Each bucket's share of a distribution.
    private static func shares(of distribution: LatencyDistribution) -> [Double] {
        var shares: [Double] = []
        var previous = 0.0
        for bound in LatencyHistogram.boundsSeconds {
            let reached = max(previous, distribution.share(upTo: bound))
            shares.append(reached - previous)
            previous = reached
        }
        return shares + [1 - previous]
    }

    /// Whole numbers by largest remainder, with what earlier rounding owed.
    private mutating func rounded(_ shares: [Double], of calls: UInt64) -> [UInt64] {
        var counts = [UInt64](repeating: 0, count: shares.count)
        var left = calls
        var remainders: [(place: Int, part: Double)] = []
        for (place, share) in shares.enumerated() where share > 0 {
            let due = Double(calls) * share + owed[place]
            let whole = min(UInt64(max(0, due.rounded(.down))), left)
            counts[place] = whole
            left -= whole
            remainders.append((place, due - Double(whole)))
        }
        remainders.sort { $0.part == $1.part ? $0.place < $1.place : $0.part > $1.part }
        var turn = 0
        while left > 0, !remainders.isEmpty {
            counts[remainders[turn].place] += 1
            remainders[turn].part -= 1
            left -= 1
            turn = (turn + 1) % remainders.count
        }
        for (place, part) in remainders { owed[place] = min(max(part, -2), 2) }
        return counts
    }
}
