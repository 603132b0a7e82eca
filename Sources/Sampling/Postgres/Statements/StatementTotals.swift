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
    let meanMilliseconds: Double
    /// Of the population, as the view has it.
    let stddevMilliseconds: Double
    let rows: Int64
    /// `stats_since` in seconds since the epoch, from Postgres 17 on.
    let statsSince: Double?
}

/// When a set of totals was read, and since when they count.
struct StatementEpoch: Sendable, Hashable {
    /// The server's clock at the reading (`clock_timestamp()`), in seconds since the epoch.
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
