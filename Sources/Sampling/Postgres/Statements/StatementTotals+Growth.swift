extension StatementTotals {
    /// The same statement before its first call.
    var atZero: StatementTotals {
        StatementTotals(
            key: key, calls: 0, totalMilliseconds: 0, minMilliseconds: 0, maxMilliseconds: 0, stddevMilliseconds: 0, rows: 0,
            statsSince: statsSince)
    }

    /// Whether nothing happened up to `row`, the same statement's later on.
    func isUnmoved(in row: StatementTotals) -> Bool {
        calls == row.calls && totalMilliseconds == row.totalMilliseconds && statsSince == row.statsSince
    }

    /// Whether this row cannot be `earlier` grown older, but was made anew after an eviction or a reset.
    func isAnother(than earlier: StatementTotals) -> Bool {
        if calls < earlier.calls || totalMilliseconds < earlier.totalMilliseconds { return true }
        guard earlier.calls > 0 else { return false }
        if let statsSince, let before = earlier.statsSince { return statsSince != before }
        // From Postgres 17 on (`stats_since` is there) minima and maxima can be reset alone; before, they never narrow.
        return statsSince == nil
            && (minMilliseconds > earlier.minMilliseconds || maxMilliseconds < earlier.maxMilliseconds)
    }

    /// What the extremes say of the executions after `base`.
    func limits(since base: StatementTotals) -> LatencyLimits {
        let growth = calls - base.calls
        let low = minMilliseconds / 1000
        let high = maxMilliseconds / 1000
        let mean = (totalMilliseconds - base.totalMilliseconds) / 1000 / Double(max(growth, 1))
        let tolerance = 1e-9 * mean
        let isNew = base.calls == 0
        let isNarrower = !isNew && (minMilliseconds > base.minMilliseconds || maxMilliseconds < base.maxMilliseconds)
        // Extremes that were reset in between say nothing of the executions before that.
        guard !isNarrower, high > 0, low <= mean + tolerance, mean <= high + tolerance else { return LatencyLimits() }
        var limits = LatencyLimits(range: low...high)
        guard growth > 1 else { return limits }
        if isNew || maxMilliseconds > base.maxMilliseconds { limits.known.append(high) }
        if isNew || minMilliseconds < base.minMilliseconds { limits.known.append(low) }
        return limits
    }

    /// Two rows that cannot be told apart, as one.
    func joined(_ other: StatementTotals) -> StatementTotals {
        let moments = self.moments.joined(other.moments)
        let variance = moments.calls > 0 ? moments.squares / Double(moments.calls) : 0
        let both = [self, other].filter { $0.calls > 0 }
        return StatementTotals(
            key: key, calls: moments.calls, totalMilliseconds: totalMilliseconds + other.totalMilliseconds,
            minMilliseconds: both.map(\.minMilliseconds).min() ?? 0, maxMilliseconds: both.map(\.maxMilliseconds).max() ?? 0,
            stddevMilliseconds: variance.squareRoot() * 1000, rows: rows + other.rows,
            readMilliseconds: readMilliseconds + other.readMilliseconds,
            writeMilliseconds: writeMilliseconds + other.writeMilliseconds, statsSince: nil)
    }
}
