/// By what statements are put in order, the greatest first.
public enum StatementOrder: String, Sendable, CaseIterable {
    /// Time of all calls.
    case total
    /// Mean time of a call.
    case mean
    case calls
}

/// The statements worth a series of their own.
enum StatementRanking {
    /// The union of the `count` statements with the greatest total time, the `count` with the greatest mean time and the `count` with the
    /// most calls, over the whole life of their rows, the greatest total first. Vitals' own, those not known yet and those
    /// without a query id are left out.
    static func top(
        _ totals: [StatementTotals], count: Int, class classOf: (StatementKey) -> StatementClass?
    ) -> [StatementTotals] {
        var kept: Set<StatementKey> = []
        return StatementOrder.allCases.flatMap { order in
            leading(totals, count, by: order, class: classOf).filter { kept.insert($0.key).inserted }
        }
    }

    /// One pass with a short sorted list: the view may hold thousands of rows.
    static func leading(
        _ totals: [StatementTotals], _ count: Int, by order: StatementOrder, class classOf: (StatementKey) -> StatementClass?
    ) -> [StatementTotals] {
        guard count > 0 else { return [] }
        var list: [(row: StatementTotals, value: Double)] = []
        for row in totals where row.key.queryID != nil && row.calls > 0 {
            let value = row.value(order)
            if list.count >= count, let last = list.last, value <= last.value { continue }
            guard row.isPlausible, case .application = classOf(row.key) else { continue }
            let place = list.firstIndex { $0.value < value } ?? list.endIndex
            list.insert((row, value), at: place)
            if list.count > count { list.removeLast() }
        }
        return list.map(\.row)
    }
}

extension StatementTotals {
    fileprivate func value(_ order: StatementOrder) -> Double {
        switch order {
        case .total: totalMilliseconds
        case .mean: meanMilliseconds
        case .calls: Double(calls)
        }
    }
}
