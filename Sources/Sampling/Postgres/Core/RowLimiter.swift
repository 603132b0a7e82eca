internal import MetricsModel

/// Divides the rows of an answer that has too many into those with series of their own and a remainder. A row that was shown stays
/// shown; the places of those that went are taken by others in the order of the answer.
///
/// In the remainder gauges are summed, and counters add up what each hidden row has grown by: it never falls, whichever rows come
/// and go. Its memory is bounded: beyond `valuesMax` the growth is taken from sums over rows.
struct RowLimiter: Sendable {
    /// Last values of counters that are remembered, over all hidden rows: 8 MB and their keys.
    static let valuesMax = 1_000_000
    /// For how many answers a hidden row that is not there any more is remembered.
    private static let answersKept = 10

    struct Division {
        /// Places of the rows shown, ascending.
        let shown: [Int]
        /// A value for each column.
        let remainder: [Double]
        let hiddenCount: Int
    }

    private struct Hidden: Sendable {
        var values: [Double]
        var answer: Int
    }

    /// Keys of what was shown last; nil before the first division.
    private var shown: Set<UInt64>?
    private var hidden: [UInt64: Hidden] = [:]
    /// What the counters of hidden rows have grown by.
    private var grown: [Double] = []
    /// The sum over the hidden rows that are not remembered one by one.
    private var pooled: [Double] = []
    private var answer = 0

    /// Once rows were hidden the remainder stays, so that its counters go on.
    var isActive: Bool { shown != nil }

    /// `keys`: of each row, unique but for accidents; `columns`: the values, column by column; `before`: the keys of the answer
    /// before, which were all shown. Linear in the values.
    mutating func divide(
        _ keys: [UInt64], _ columns: [[Double]], counters: [Bool], rowsMax: Int, before: @autoclosure () -> [UInt64]
    ) -> Division {
        answer += 1
        if grown.count != columns.count {
            grown = Array(repeating: 0, count: columns.count)
            pooled = grown
            hidden = [:]
        }
        let last = shown ?? Set(before())
        // The remainder is a row as well.
        let places = max(0, rowsMax - 1)
        var free = max(0, places - keys.reduce(0) { last.contains($1) ? $0 + 1 : $0 })
        var taken = 0
        var now: Set<UInt64> = []
        var division: (shown: [Int], hidden: [Int]) = ([], [])
        for (row, key) in keys.enumerated() {
            let isKept = last.contains(key)
            if taken < places, isKept || free > 0 {
                if !isKept { free -= 1 }
                taken += 1
                now.insert(key)
                hidden[key] = nil
                division.shown.append(row)
            } else {
                division.hidden.append(row)
            }
        }
        shown = now
        return Division(
            shown: division.shown, remainder: remainder(division.hidden, keys, columns, counters),
            hiddenCount: division.hidden.count)
    }

    private mutating func remainder(
        _ rows: [Int], _ keys: [UInt64], _ columns: [[Double]], _ counters: [Bool]
    ) -> [Double] {
        let isCounted = columns.indices.map { counters.indices.contains($0) && counters[$0] }
        let remembered = RowLimiter.valuesMax / max(1, isCounted.filter { $0 }.count)
        var sums = [Double](repeating: 0, count: columns.count)
        var pool = sums
        for row in rows {
            let key = keys[row]
            let known = hidden[key]
            let isPooled = known == nil && hidden.count >= remembered
            var values = known?.values ?? [Double](repeating: 0, count: isPooled ? 0 : columns.count)
            for column in columns.indices {
                let value = columns[column][row]
                guard value.isFinite else { continue }
                if !isCounted[column] {
                    sums[column] += value
                } else if isPooled {
                    pool[column] += value
                } else {
                    // A counter that fell began anew.
                    grown[column] += value >= values[column] ? value - values[column] : max(0, value)
                    values[column] = value
                }
            }
            if !isPooled { hidden[key] = Hidden(values: values, answer: answer) }
        }
        hidden = hidden.filter { answer - $0.value.answer < RowLimiter.answersKept }
        for column in columns.indices where isCounted[column] {
            grown[column] += max(0, pool[column] - pooled[column])
            sums[column] = grown[column]
        }
        pooled = pool
        return sums
    }
}
