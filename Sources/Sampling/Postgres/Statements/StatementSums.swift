/// The counters of one statement or of several together. None of them is negative.
struct StatementSums: Sendable, Hashable {
    var calls: Int64 = 0
    var milliseconds = 0.0
    var rows: Int64 = 0
    var readMilliseconds = 0.0
    var writeMilliseconds = 0.0

    static let zero = StatementSums()

    static func += (sums: inout StatementSums, more: StatementSums) {
        sums.calls += more.calls
        sums.milliseconds += more.milliseconds
        sums.rows += more.rows
        sums.readMilliseconds += more.readMilliseconds
        sums.writeMilliseconds += more.writeMilliseconds
    }

    /// What is left without `part`; nothing of it below zero, whatever rounding or a server say.
    func without(_ part: StatementSums) -> StatementSums {
        StatementSums(
            calls: max(0, calls - part.calls), milliseconds: max(0, milliseconds - part.milliseconds),
            rows: max(0, rows - part.rows), readMilliseconds: max(0, readMilliseconds - part.readMilliseconds),
            writeMilliseconds: max(0, writeMilliseconds - part.writeMilliseconds))
    }
}

extension StatementTotals {
    var sums: StatementSums {
        StatementSums(
            calls: calls, milliseconds: totalMilliseconds, rows: rows, readMilliseconds: readMilliseconds,
            writeMilliseconds: writeMilliseconds)
    }
}

/// What one statement of the application did since it was last counted.
struct StatementGrowth: Sendable {
    let key: StatementKey
    let sums: StatementSums
    /// Nothing of the statement's row was counted before.
    let isWholeRow: Bool
}
