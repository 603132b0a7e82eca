extension PostgresCollectorSwitch {
    /// A database that may not be connected to, like a provider's own, would fail the whole question about sizes.
    static let database = PostgresCollectorSwitch(
        "database",
        [
            Question(
                "database", name: "database: limits", every: .seconds(15),
                columns: [
                    .label("datname"),
                    .gauge(
                        "datconnlimit", "pg_database_connection_limit",
                        "How many connections the database may have at a time, -1 without a limit. From pg_database.datconnlimit."
                    ),
                ]
            ) { _ in "SELECT datname, datconnlimit FROM pg_database WHERE datconnlimit <> -2" },
            Question(
                "database", name: "database: sizes", every: .sizes, limits: Question.dear,
                columns: [
                    .label("datname"),
                    .gauge("size", "pg_database_size_bytes", "Bytes on disk. From pg_database_size()."),
                ]
            ) { _ in
                """
                SELECT datname, pg_database_size(oid) AS size FROM pg_database
                WHERE datconnlimit <> -2
                    AND (has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE'))
                """
            },
        ])

    /// Named for what they are: the peer calls these ages seconds.
    static let databaseWraparound = PostgresCollectorSwitch(
        "database_wraparound", isOn: false,
        [
            Question(
                "database_wraparound", every: .seconds(15),
                columns: [
                    .label("datname"),
                    .gauge(
                        "xids", "pg_database_wraparound_age_datfrozenxid",
                        "Transactions since the oldest one not frozen. From age(pg_database.datfrozenxid)."),
                    .gauge(
                        "multixacts", "pg_database_wraparound_age_datminmxid",
                        "Multixacts since the oldest one not replaced. From mxid_age(pg_database.datminmxid)."),
                ]
            ) { _ in
                "SELECT datname, age(datfrozenxid) AS xids, mxid_age(datminmxid) AS multixacts FROM pg_database WHERE datallowconn"
            }
        ])

    /// A NULL number is no sample; the row of the shared objects, which belongs to no database, is left out.
    static let statDatabase = PostgresCollectorSwitch(
        "stat_database",
        [
            Question(
                "stat_database",
                columns: [
                    .label("datid"), .label("datname"),
                    .gauge(
                        "numbackends", "pg_stat_database_numbackends",
                        "Connections to the database. From pg_stat_database.numbackends."),
                ] + counters.map { statDatabase($0.0, $0.1) } + [
                    .gauge(
                        "reset", "pg_stat_database_stats_reset",
                        "When the statistics were last reset, Unix time; 0: never. From pg_stat_database.stats_reset.", missing: 0
                    ),
                    .gauge(
                        "checksum_failed", "pg_stat_database_checksum_last_failure",
                        "When a page's checksum last failed, Unix time. From pg_stat_database.checksum_last_failure."),
                ] + sessionCounters.map { statDatabase($0.0, $0.1) } + [
                    .counter(
                        "active_seconds", "pg_stat_database_active_time_seconds_total",
                        "Seconds spent on statements. From pg_stat_database.active_time, Postgres 14.", scale: 0.001)
                ]
            ) { context in
                let columns =
                    counters.map(\.0)
                    + (context.version < 140_000 ? [] : sessionCounters.map(\.0) + ["active_time AS active_seconds"])
                return """
                    SELECT datid, datname, numbackends, \(columns.joined(separator: ", ")),
                        extract(epoch FROM stats_reset) AS reset, extract(epoch FROM checksum_last_failure) AS checksum_failed
                    FROM pg_stat_database WHERE datname IS NOT NULL
                    """
            }
        ])

    private static func statDatabase(_ column: String, _ help: String) -> ColumnDraft {
        .counter(column, "pg_stat_database_\(column)", "\(help) From pg_stat_database.\(column).")
    }

    private static let counters: [(String, String)] = [
        ("xact_commit", "Transactions committed."), ("xact_rollback", "Transactions rolled back."),
        ("blks_read", "Blocks read from disk or the system's cache."), ("blks_hit", "Blocks found in shared buffers."),
        ("tup_returned", "Live rows fetched by sequential scans and index entries returned."),
        ("tup_fetched", "Live rows fetched by index scans."), ("tup_inserted", "Rows inserted."),
        ("tup_updated", "Rows updated."), ("tup_deleted", "Rows deleted."),
        ("conflicts", "Queries cancelled by conflicts with recovery."), ("temp_files", "Temporary files created."),
        ("temp_bytes", "Bytes written to temporary files."), ("deadlocks", "Deadlocks detected."),
        ("blk_read_time", "Milliseconds spent reading blocks, with track_io_timing."),
        ("blk_write_time", "Milliseconds spent writing blocks, with track_io_timing."),
        ("checksum_failures", "Pages whose checksum failed; none without data checksums."),
    ]

    /// From Postgres 14 on; the peer's older versions give them as they stand.
    private static let sessionCounters: [(String, String)] = [
        ("session_time", "Milliseconds spent in sessions."), ("active_time", "Milliseconds spent on statements."),
        ("idle_in_transaction_time", "Milliseconds spent idle in transactions."), ("sessions", "Sessions begun."),
        ("sessions_abandoned", "Sessions ended because the client was lost."),
        ("sessions_fatal", "Sessions ended by a fatal error."), ("sessions_killed", "Sessions ended by an operator."),
    ]

    static let statDatabaseConflicts = PostgresCollectorSwitch(
        "stat_database_conflicts",
        [
            Question(
                "stat_database_conflicts",
                columns: [.label("datid"), .label("datname"), .label("server")]
                    + conflicts.map { column, reason in
                        .counter(
                            column, "pg_stat_database_conflicts_\(column)",
                            "Queries cancelled on a standby because of \(reason). From pg_stat_database_conflicts.\(column).")
                    }
            ) { context in
                let columns = conflicts.map(\.0).filter { $0 != "confl_active_logicalslot" || context.version >= 160_000 }
                return """
                    SELECT datid, datname, \(context.server.address.quotedLiteral) AS server, \(columns.joined(separator: ", "))
                    FROM pg_stat_database_conflicts
                    """
            }
        ])

    private static let conflicts: [(String, String)] = [
        ("confl_tablespace", "dropped tablespaces"), ("confl_lock", "lock timeouts"), ("confl_snapshot", "old snapshots"),
        ("confl_bufferpin", "pinned buffers"), ("confl_deadlock", "deadlocks"),
        ("confl_active_logicalslot", "logical slots in use (Postgres 16)"),
    ]
}
