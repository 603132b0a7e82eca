/// Count, sum and spread of execution times in seconds, of one statement's whole life or of an interval of it.
struct StatementMoments: Sendable, Hashable {
    var calls: Int64
    var sum: Double
    /// The sum of squared distances from the mean.
    var squares: Double

    static let zero = StatementMoments(calls: 0, sum: 0, squares: 0)

    var mean: Double { calls > 0 ? sum / Double(calls) : 0 }

    /// What came on top of `earlier` (Chan, Golub, LeVeque 1983, turned round). Working with distances from the mean, and not with sums of
    /// squares, keeps the digits when a million calls are followed by ten.
    func since(_ earlier: StatementMoments) -> StatementMoments {
        guard calls > earlier.calls else { return .zero }
        let added = calls - earlier.calls
        let grown = max(0, sum - earlier.sum)
        guard earlier.calls > 0 else { return StatementMoments(calls: added, sum: grown, squares: squares) }
        let shift = grown / Double(added) - earlier.mean
        let between = shift * shift * Double(earlier.calls) * (Double(added) / Double(calls))
        return StatementMoments(calls: added, sum: grown, squares: max(0, squares - earlier.squares - between))
    }

    /// Both together.
    func joined(_ other: StatementMoments) -> StatementMoments {
        guard calls > 0 else { return other }
        guard other.calls > 0 else { return self }
        let shift = other.mean - mean
        let all = calls + other.calls
        let between = shift * shift * Double(calls) * (Double(other.calls) / Double(all))
        return StatementMoments(calls: all, sum: sum + other.sum, squares: squares + other.squares + between)
    }

    /// The same without one known observation.
    func without(_ value: Double) -> StatementMoments {
        guard calls > 1 else { return .zero }
        let rest = max(0, sum - value)
        let squares = max(0, squares - (value - mean) * (value - rest / Double(calls - 1)))
        return StatementMoments(calls: calls - 1, sum: rest, squares: squares)
    }
}

extension StatementTotals {
    var moments: StatementMoments {
        let deviation = stddevMilliseconds / 1000
        return StatementMoments(calls: calls, sum: totalMilliseconds / 1000, squares: deviation * deviation * Double(calls))
    }

    /// False for what no server should say: such a row is left out.
    var isPlausible: Bool {
        func isTime(_ milliseconds: Double) -> Bool { milliseconds >= 0 && milliseconds < 1e18 }
        return calls >= 0 && calls < 1 << 53 && rows >= 0 && isTime(totalMilliseconds) && isTime(minMilliseconds)
            && isTime(maxMilliseconds) && isTime(stddevMilliseconds) && isTime(readMilliseconds) && isTime(writeMilliseconds)
    }
}
