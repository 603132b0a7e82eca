import Support

@testable import Sampling

/// Keeps totals as `pg_stat_statements` does (`pgss_store`, with Welford's method), and the truth beside them.
struct SimulatedStatements {
    private struct Row {
        var calls: Int64 = 0
        var total = 0.0
        var least = 0.0
        var most = 0.0
        var mean = 0.0
        var squares = 0.0
        var since: Double
        var rows: Int64 = 0
    }

    private var rows: [StatementKey: Row] = [:]
    var now = 1_000.0
    var resetAt: Double? = 500
    /// Postgres 17 and later say since when a row is there.
    var hasStatsSince = false

    mutating func execute(_ key: StatementKey, milliseconds: Double) {
        now += 1e-6
        var row = rows[key] ?? Row(since: now)
        row.calls += 1
        row.rows += 3
        row.total += milliseconds
        if row.calls == 1 {
            (row.least, row.most, row.mean) = (milliseconds, milliseconds, milliseconds)
        } else {
            let before = row.mean
            row.mean += (milliseconds - before) / Double(row.calls)
            row.squares += (milliseconds - before) * (milliseconds - row.mean)
            row.least = min(row.least, milliseconds)
            row.most = max(row.most, milliseconds)
        }
        rows[key] = row
    }

    mutating func evict(_ key: StatementKey) { rows[key] = nil }

    mutating func reset() {
        now += 1
        rows = [:]
        resetAt = now
        now += 1
    }

    var epoch: StatementEpoch { StatementEpoch(readAt: now, resetAt: resetAt) }

    var totals: [StatementTotals] {
        rows.map { key, row in
            StatementTotals(
                key: key, calls: row.calls, totalMilliseconds: row.total, minMilliseconds: row.least,
                maxMilliseconds: row.most,
                stddevMilliseconds: row.calls > 1 ? (row.squares / Double(row.calls)).squareRoot() : 0, rows: row.rows,
                readMilliseconds: row.total / 4, writeMilliseconds: row.total / 8, statsSince: hasStatsSince ? row.since : nil)
        }
    }
}

extension StatementKey {
    static func number(_ number: Int64, isTopLevel: Bool = true) -> StatementKey {
        StatementKey(userID: 10, databaseID: 5, queryID: number, isTopLevel: isTopLevel)
    }
}

extension SeededGenerator {
    mutating func unit() -> Double { Double.random(in: 0..<1, using: &self) }

    /// Standard normal, by the sum of twelve uniform numbers: good to four deviations, without logarithms.
    mutating func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + unit() } }
}
