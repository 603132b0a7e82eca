internal import Postgres

/// One answer to `StatementQuestions.totals`.
struct StatementReading: Sendable {
    var epoch: StatementEpoch?
    /// `pg_stat_statements_info.dealloc`, from Postgres 14 on: how often the least used twentieth of the statements was evicted.
    var evictions: Int?
    /// Whether the role may ask for the size of the text file.
    var seesFile = false
    var totals: [StatementTotals] = []
    /// By oid; empty when names were not asked for.
    var databases: [UInt32: String] = [:]
    var users: [UInt32: String] = [:]
}

/// Reads answers one after the other. A statement that slept since the one before, as most do, is known by its bytes and not read again.
struct StatementReader: Sendable {
    /// How far ahead a statement is looked for in the answer before: further than the server evicts in a row.
    private static let aheadMax = 64

    private var last: Rows = .none
    /// By the row's number in `last`; nil for what is no statement.
    private var lastTotals: [StatementTotals?] = []

    mutating func read(_ rows: Rows) throws(PostgresError) -> StatementReading {
        var reading = StatementReading()
        var read: [StatementTotals?] = []
        read.reserveCapacity(rows.count)
        reading.totals.reserveCapacity(rows.count)
        var cursor = 0
        for (number, row) in rows.enumerated() {
            if cursor < lastTotals.count, let known = lastTotals[cursor], rows.isSame(number, as: last, cursor) {
                cursor += 1
                read.append(known)
                reading.totals.append(known)
                continue
            }
            let totals = try take(row, into: &reading)
            read.append(totals)
            if let totals { reading.totals.append(totals) }
            let ahead = cursor..<min(cursor + StatementReader.aheadMax, lastTotals.count)
            if let place = ahead.first(where: { lastTotals[$0]?.key == totals?.key }) { cursor = place + 1 }
        }
        last = rows
        lastTotals = read
        return reading
    }

    /// The row as a statement, or nil and what else it says in `reading`.
    private func take(_ row: Row, into reading: inout StatementReading) throws(PostgresError) -> StatementTotals? {
        typealias Column = StatementQuestions.Column
        let user = try row.oid(Column.user)
        let database = try row.oid(Column.database)
        switch (user, database) {
        case (nil, nil):
            guard let readAt = try row.double(Column.readAt) else { return nil }
            reading.epoch = StatementEpoch(readAt: readAt, resetAt: try row.double(Column.resetAt))
            reading.evictions = try row.int(Column.evictions)
            reading.seesFile = try row.int(Column.seesFile) == 1
            return nil
        case (nil, let database?):
            reading.databases[database] = try row.string(Column.name)
            return nil
        case (let user?, nil):
            reading.users[user] = try row.string(Column.name)
            return nil
        case (let user?, let database?):
            guard let calls = try row.int(Column.calls), let total = try row.double(Column.total),
                let least = try row.double(Column.least), let most = try row.double(Column.most),
                let deviation = try row.double(Column.deviation), let count = try row.int(Column.rows)
            else { return nil }
            return StatementTotals(
                key: StatementKey(
                    userID: user, databaseID: database, queryID: try row.int(Column.query).map(Int64.init), isTopLevel: true),
                calls: Int64(calls), totalMilliseconds: total, minMilliseconds: least, maxMilliseconds: most,
                stddevMilliseconds: deviation, rows: Int64(count), readMilliseconds: try row.double(Column.readTime) ?? 0,
                writeMilliseconds: try row.double(Column.writeTime) ?? 0, statsSince: try row.double(Column.since))
        }
    }
}

extension Row {
    func oid(_ column: Int) throws(PostgresError) -> UInt32? {
        try int(column).map { UInt32(truncatingIfNeeded: $0) }
    }
}
