extension PostgresCollectorSwitch {
    /// Under postgres_exporter's names, with its defaults, cheapest first and what reads files or many rows last. Of those that it has off,
    /// `postmaster` is on here, and `stat_statements`, whose questions are the statement sampler's.
    static let exporter: [PostgresCollectorSwitch] = [
        `static`, postmaster, replication, statBGWriter, statCheckpointer, statArchiver, replicationSlots, statReplication,
        statWALReceiver, roles, statActivity, pool, slowQueries, longRunningTransactions, processIdle, statActivityAutovacuum,
        statProgressVacuum, locks, statDatabase, statDatabaseConflicts, databaseWraparound, settings, buffercacheSummary,
        xlogLocation, statUserTables, statIOUserTables, statIOUserIndexes, wal, database,
    ]
}
