/// The statements worth a series of their own.
enum StatementRanking {
    /// The union of the `count` statements with the greatest total time and the `count` with the greatest mean time, over the whole life
    /// of their rows, the greatest total first. Vitals' own and those without a query id are left out.
    static func top(
        _ totals: [StatementTotals], count: Int, class classOf: (StatementKey) -> StatementClass?
    ) -> [StatementTotals] {
        let byTotal = leading(totals, count, classOf) { $0.totalMilliseconds }
        let byMean = leading(totals, count, classOf) { $0.meanMilliseconds }
        let kept = Set(byTotal.map(\.key))
        return byTotal + byMean.filter { !kept.contains($0.key) }
    }

    /// One pass with a short sorted list: the view may hold thousands of rows.
    private static func leading(
        _ totals: [StatementTotals], _ count: Int, _ classOf: (StatementKey) -> StatementClass?,
        by value: (StatementTotals) -> Double
    ) -> [StatementTotals] {
        var list: [StatementTotals] = []
        for row in totals where row.key.queryID != nil && row.calls > 0 && row.isPlausible {
            if list.count >= count, let last = list.last, value(row) <= value(last) { continue }
            if classOf(row.key) == .own { continue }
            let place = list.firstIndex { value($0) < value(row) } ?? list.endIndex
            list.insert(row, at: place)
            if list.count > count { list.removeLast() }
        }
        return list
    }
}
