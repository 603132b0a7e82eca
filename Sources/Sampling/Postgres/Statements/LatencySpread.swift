#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What is known of some executions besides their moments, in seconds.
struct LatencyLimits: Sendable, Hashable {
    /// No execution was shorter, none longer; nil when not known.
    var range: ClosedRange<Double>?
    /// Executions known one by one: a minimum or maximum that the interval set.
    var known: [Double] = []
}

/// Spreads executions over buckets by what is known of them.
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
        if let range = limits.range { mean = min(max(mean, range.lowerBound), range.upperBound) }
        var variance = rest.squares / calls
        // No variance can be greater than that of a distribution on the two ends (Bhatia, Davis 2000).
        if let range = limits.range { variance = min(variance, (range.upperBound - mean) * (mean - range.lowerBound)) }
        let deviation = variance.squareRoot()
        switch rest.calls {
        case _ where rest.calls == 1 || deviation <= 1e-6 * mean:
            counts[LatencyHistogram.bucket(of: mean)] += UInt64(rest.calls)
        case 2:
            // Two values have just these moments.
            counts[LatencyHistogram.bucket(of: mean - deviation)] += 1
            counts[LatencyHistogram.bucket(of: mean + deviation)] += 1
        default:
            let shares = LatencySpread.logNormalShares(mean: mean, variance: variance, range: limits.range)
            for (place, count) in rounded(shares, of: UInt64(rest.calls)).enumerated() { counts[place] += count }
        }
        return counts
    }

    /// Shares of the buckets under the log-normal distribution with these moments, cut to the range.
    private static func logNormalShares(mean: Double, variance: Double, range: ClosedRange<Double>?) -> [Double] {
        let shape = log1p(variance / (mean * mean))
        let location = log(mean) - shape / 2
        let below = { (seconds: Double) -> Double in
            seconds <= 0 ? 0 : erfc((location - log(seconds)) / (2 * shape).squareRoot()) / 2
        }
        let floor = range.map { below($0.lowerBound) } ?? 0
        let ceiling = range.map { below($0.upperBound) } ?? 1
        var shares: [Double] = []
        var previous = 0.0
        for bound in LatencyHistogram.boundsSeconds + [.infinity] {
            var reached = bound == .infinity ? 1 : (below(bound) - floor) / (ceiling - floor)
            if let range, bound < range.lowerBound { reached = 0 }
            if let range, bound >= range.upperBound { reached = 1 }
            reached = reached.isFinite ? min(max(reached, previous), 1) : (bound >= mean ? 1 : previous)
            shares.append(reached - previous)
            previous = reached
        }
        return shares
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
