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
        // None can be greater with these ends and this mean (Bhatia, Davis 2000).
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
            let distribution = LatencyDistribution(mean: mean, variance: variance, range: limits.range)
            let shares = LatencySpread.shares(of: distribution)
            for (place, count) in rounded(shares, of: UInt64(rest.calls)).enumerated() { counts[place] += count }
        }
        return counts
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
