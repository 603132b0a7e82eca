public import MetricsModel

/// The families of a Postgres target. Names are postgres_exporter's where it has one; a counter of its that lacks `_total` is `unknown`.
public enum PostgresFamilies {
    public static let up = Family(
        "pg_up", .gauge, help: "Whether Postgres answered the last sample (1) or not (0). Measured by Vitals.")
    static let info = Family(
        "pg_static", .unknown, labels: ["version", "short_version"],
        help: "The server's version as labels, value 1. From version().")
    static let start = Family(
        "pg_postmaster_start_time_seconds", .gauge, help: "When the server started, Unix time. From pg_postmaster_start_time().")
    static let maxConnections = Family(
        "pg_settings_max_connections", .gauge, help: "The setting max_connections. From pg_settings.")
    static let reservedConnections = Family(
        "pg_settings_superuser_reserved_connections", .gauge,
        help: "The setting superuser_reserved_connections. From pg_settings.")

    static let activity = Family(
        "pg_stat_activity_count", .unknown, labels: ["datname", "state"],
        help: "Connections by database and state. From pg_stat_activity.")
    static let longestTransaction = Family(
        "pg_stat_activity_max_tx_duration", .gauge, labels: ["datname", "state"],
        help: "Age of the oldest open transaction in seconds. From pg_stat_activity.")
    static let slow = Family(
        "pg_slow_queries", .gauge, labels: ["datname"],
        help: "Queries that have been running for longer than thresholds.slow_query. From pg_stat_activity.")
    static let slowest = Family(
        "pg_slow_query_longest_seconds", .gauge, labels: ["datname"],
        help: "How long the longest of the slow queries has been running, 0 when there is none. From pg_stat_activity.")

    static let locks = Family(
        "pg_locks_count", .unknown, labels: ["datname", "mode"], help: "Locks held or awaited. From pg_locks.")
    static let waiting = Family(
        "pg_locks_waiting", .gauge, labels: ["datname"],
        help: "Sessions waiting for a lock. From pg_stat_activity, wait_event_type Lock.")

    static let databaseSize = Family(
        "pg_database_size_bytes", .gauge, labels: ["datname"], help: "Bytes on disk. From pg_database_size().")

    private static func database(_ name: String, _ help: String, _ type: MetricType = .unknown) -> (String, Family) {
        (
            name,
            Family(
                "pg_stat_database_\(name)", type, labels: ["datid", "datname"],
                help: "\(help) From pg_stat_database.\(name).")
        )
    }

    /// By column of pg_stat_database.
    static let databases: [(column: String, family: Family)] = [
        database("numbackends", "Connections to the database.", .gauge),
        database("xact_commit", "Transactions committed."), database("xact_rollback", "Transactions rolled back."),
        database("blks_read", "Blocks read from disk or the system's cache."),
        database("blks_hit", "Blocks found in shared buffers."),
        database("tup_returned", "Live rows fetched by sequential scans and index entries returned."),
        database("tup_fetched", "Live rows fetched by index scans."), database("tup_inserted", "Rows inserted."),
        database("tup_updated", "Rows updated."), database("tup_deleted", "Rows deleted."),
        database("conflicts", "Queries cancelled by conflicts with recovery."),
        database("temp_files", "Temporary files created."),
        database("temp_bytes", "Bytes written to temporary files."), database("deadlocks", "Deadlocks detected."),
        database("blk_read_time", "Milliseconds spent reading blocks, with track_io_timing."),
        database("blk_write_time", "Milliseconds spent writing blocks, with track_io_timing."),
        database("stats_reset", "When the statistics were last reset, Unix time."),
    ]

    static let statementLabels = ["user", "datname", "queryid"]
    static let statementCalls = Family(
        "pg_stat_statements_calls_total", .counter, labels: statementLabels,
        help: "Executions of the statements first by total or mean time. From pg_stat_statements.calls.")
    static let statementSeconds = Family(
        "pg_stat_statements_seconds_total", .counter, labels: statementLabels,
        help: "Seconds of execution of the same statements. From pg_stat_statements.total_exec_time.")
    static let statementRows = Family(
        "pg_stat_statements_rows_total", .counter, labels: statementLabels,
        help: "Rows returned or changed by the same statements. From pg_stat_statements.rows.")
    static let statementMean = Family(
        "pg_stat_statements_mean_seconds", .gauge, labels: statementLabels,
        help: "Mean execution time of the same statements since their statistics began. From pg_stat_statements.mean_exec_time.")
    static let queryAverage = Family(
        "pg_query_avg_seconds", .gauge,
        help: "Mean execution time of all statements since the sample before, absent when none ran. From pg_stat_statements.")
    static let queries = Family(
        "db_queries_total", .counter, labels: ["query_type"],
        help: "Statements executed in the database, without Vitals' own. From pg_stat_statements.calls.")
    static let queryDuration = Family(
        "db_query_duration_seconds", .histogram, labels: ["query_type"],
        help:
            "Execution times: sum and count are exact, buckets are spread by the moments of each interval. From pg_stat_statements."
    )

    private static let tableLabels = ["datname", "schemaname", "relname"]
    static let liveRows = Family(
        "pg_stat_user_tables_n_live_tup", .gauge, labels: tableLabels,
        help: "Estimated live rows of the largest tables. From pg_stat_get_live_tuples().")
    static let deadRows = Family(
        "pg_stat_user_tables_n_dead_tup", .gauge, labels: tableLabels,
        help: "Estimated dead rows of the largest tables. From pg_stat_get_dead_tuples().")
    static let tableSize = Family(
        "pg_stat_user_tables_table_size_bytes", .gauge, labels: tableLabels,
        help: "Bytes of the largest tables with TOAST, without indexes. From pg_table_size().")
    static let indexSize = Family(
        "pg_stat_user_tables_index_size_bytes", .gauge, labels: tableLabels,
        help: "Bytes of the indexes of the largest tables. From pg_indexes_size().")
    static let indexShare = Family(
        "pg_stat_user_tables_index_size_ratio", .gauge, labels: tableLabels,
        help: "Share of the indexes in table and indexes, 0 to 1. From pg_indexes_size() and pg_table_size().")

    static let poolSize = Family(
        "db_connection_pool_size", .gauge, labels: ["pool"],
        help: "Usable slots: max_connections without the reserved ones (postgres), connections of Vitals' own (vitals).")
    static let poolInUse = Family(
        "db_connection_pool_in_use", .gauge, labels: ["pool"],
        help: "Client backends in pg_stat_activity (postgres), connections of Vitals' own in use (vitals).")
    static let poolWait = Family(
        "db_connection_pool_wait_duration_seconds", .histogram, labels: ["pool"],
        help: "How long tasks of Vitals waited for its own connection. Measured by Vitals.")

    static let authAttempts = Family(
        "auth_attempts_total", .counter, labels: ["result", "source"],
        help: "Logins of the application since Vitals started. From audit_logs, events like login, by their column success.")
    static let lockouts = Family(
        "auth_account_lockouts_total", .counter, labels: ["source"],
        help: "Accounts locked by the application since Vitals started. From audit_logs, events like lockout.")

    /// All but the business queries', which come from the configuration.
    public static let all: [Family] =
        [
            up, info, start, maxConnections, reservedConnections, activity, longestTransaction, slow, slowest, locks, waiting,
            databaseSize, statementCalls, statementSeconds, statementRows, statementMean, queryAverage, queries, queryDuration,
            liveRows, deadRows, tableSize, indexSize, indexShare, poolSize, poolInUse, poolWait, authAttempts, lockouts,
        ] + databases.map(\.family)
}
