/// What tells one row of `pg_stat_statements` from another.
struct StatementKey: Sendable, Hashable {
    let userID: UInt32
    let databaseID: UInt32
    /// Nil where the server hides it: without `pg_read_all_stats` the statements of other roles have none.
    let queryID: Int64?
    /// False for a statement inside a function (`pg_stat_statements.track = all`). True before Postgres 14, which does not tell.
    let isTopLevel: Bool

    /// Two words and not five parts: every row of every reading is looked up.
    func hash(into hasher: inout Hasher) {
        hasher.combine(queryID ?? 0)
        hasher.combine(UInt64(userID) << 32 | UInt64(databaseID))
    }
}

/// One row of `pg_stat_statements`, in its own units: milliseconds of execution, over all calls since the row is there.
struct StatementTotals: Sendable, Hashable {
    let key: StatementKey
    let calls: Int64
    let totalMilliseconds: Double
    let minMilliseconds: Double
    let maxMilliseconds: Double
    /// Of the population, as the view has it.
    let stddevMilliseconds: Double
    let rows: Int64
    /// Spent on reading and writing blocks, with `track_io_timing`.
    let readMilliseconds: Double
    let writeMilliseconds: Double
    /// `stats_since` in seconds since the epoch, from Postgres 17 on.
    let statsSince: Double?

    init(
        key: StatementKey, calls: Int64, totalMilliseconds: Double, minMilliseconds: Double, maxMilliseconds: Double,
        stddevMilliseconds: Double, rows: Int64, readMilliseconds: Double = 0, writeMilliseconds: Double = 0,
        statsSince: Double?
    ) {
        self.key = key
        self.calls = calls
        self.totalMilliseconds = totalMilliseconds
        self.minMilliseconds = minMilliseconds
        self.maxMilliseconds = maxMilliseconds
        self.stddevMilliseconds = stddevMilliseconds
        self.rows = rows
        self.readMilliseconds = readMilliseconds
        self.writeMilliseconds = writeMilliseconds
        self.statsSince = statsSince
    }

    /// 0 without a call.
    var meanMilliseconds: Double { calls > 0 ? totalMilliseconds / Double(calls) : 0 }
}

/// When a set of totals was read, and since when they count.
struct StatementEpoch: Sendable, Hashable {
    /// The server's clock at the reading (`statement_timestamp()`), in seconds since the epoch.
    let readAt: Double
    /// `pg_stat_statements_info.stats_reset` in seconds since the epoch, from Postgres 14 on.
    let resetAt: Double?
}

/// Whose a statement is, and what it does.
enum StatementClass: Sendable, Hashable {
    case application(QueryType)
    /// Vitals' own: never counted as the application's.
    case own
}
