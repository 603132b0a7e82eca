public import MetricsModel

/// What postgres_exporter calls a family, its type and its labels. From the source of its main branch, after 0.20.1.
public struct ExporterFamily: Sendable, Hashable {
    public let name: String
    public let type: MetricType
    public let labels: [String]

    /// By collector. `pg_settings_*`, whose names are the server's, and the exporter's own numbers are not among them.
    public static let collectors: [(collector: String, families: [ExporterFamily])] = [
        group(
            "buffercache_summary", "pg_buffercache_summary_", [],
            gauges: "buffers_used buffers_unused buffers_dirty buffers_pinned usagecount_avg"),
        group("database", "pg_database_", ["datname"], gauges: "size_bytes connection_limit"),
        group(
            "database_wraparound", "pg_database_wraparound_", ["datname"],
            gauges: "age_datfrozenxid_seconds age_datminmxid_seconds"),
        group("locks", "pg_locks_", ["datname", "mode"], gauges: "count"),
        group("long_running_transactions", "pg_long_running_transactions", [], gauges: " _oldest_timestamp_seconds"),
        group("postmaster", "pg_postmaster_", [], gauges: "start_time_seconds"),
        group("process_idle", "pg_process_idle_", ["state", "application_name"], histograms: "seconds"),
        group("replication", "pg_replication_", [], gauges: "lag_seconds is_replica last_replay_seconds"),
        group(
            "replication_slots", "pg_replication_slots_", ["slot_name", "database"], gauges: "active pg_wal_lsn_diff",
            untyped: "pg_xlog_location_diff"),
        group(
            "replication_slots", "pg_replication_slots_", ["slot_name", "slot_type"],
            gauges: "slot_current_wal_lsn slot_confirmed_flush_lsn slot_is_active safe_wal_size_bytes"),
        group("replication_slots", "pg_replication_slots_", ["slot_name", "slot_type", "wal_status"], gauges: "wal_status"),
        group("roles", "pg_roles_", ["rolname"], gauges: "connection_limit"),
        group(
            "stat_activity", "pg_stat_activity_",
            ["datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event"],
            gauges: "count max_tx_duration"),
        group("stat_activity_autovacuum", "pg_stat_activity_autovacuum_", ["relname"], gauges: "timestamp_seconds"),
        group("stat_archiver", "pg_stat_archiver_", [], counters: "archived_count failed_count", gauges: "last_archive_age"),
        group(
            "stat_bgwriter", "pg_stat_bgwriter_", [],
            counters: """
                checkpoints_timed_total checkpoints_req_total checkpoint_write_time_total checkpoint_sync_time_total \
                buffers_checkpoint_total buffers_clean_total maxwritten_clean_total buffers_backend_total \
                buffers_backend_fsync_total buffers_alloc_total stats_reset_total
                """),
        group(
            "stat_checkpointer", "pg_stat_checkpointer_", [],
            counters: """
                num_timed_total num_requested_total restartpoints_timed_total restartpoints_req_total restartpoints_done_total \
                write_time_total sync_time_total buffers_written_total stats_reset_total
                """),
        group(
            "stat_database", "pg_stat_database_", ["datid", "datname"],
            counters: """
                xact_commit xact_rollback blks_read blks_hit tup_returned tup_fetched tup_inserted tup_updated tup_deleted conflicts \
                temp_files temp_bytes deadlocks blk_read_time blk_write_time stats_reset active_time_seconds_total
                """, gauges: "numbackends"),
        group(
            "stat_database_conflicts", "pg_stat_database_conflicts_", ["datid", "datname", "server"],
            counters: "confl_tablespace confl_lock confl_snapshot confl_bufferpin confl_deadlock",
            untyped: "confl_active_logicalslot"),
        group("stat_progress_vacuum", "pg_stat_progress_vacuum_", ["datname", "relname", "phase"], gauges: "phase"),
        group(
            "stat_progress_vacuum", "pg_stat_progress_vacuum_", ["datname", "relname"],
            gauges: "heap_blks heap_blks_scanned heap_blks_vacuumed index_vacuums max_dead_tuples num_dead_tuples"),
        group(
            "stat_replication", "pg_stat_replication_", ["application_name", "client_addr", "state", "slot_name", "pid"],
            gauges: "pg_current_wal_lsn_bytes pg_wal_lsn_diff pg_xlog_location_diff"),
        group(
            "stat_statements", "pg_stat_statements_", ["user", "datname", "queryid"],
            counters: "calls_total seconds_total rows_total block_read_seconds_total block_write_seconds_total"),
        group("stat_statements", "pg_stat_statements_", ["queryid", "query"], counters: "query_id"),
        group(
            "stat_user_tables", "pg_stat_user_tables_", ["datname", "schemaname", "relname"],
            counters: """
                seq_scan seq_tup_read idx_scan idx_tup_fetch n_tup_ins n_tup_upd n_tup_del n_tup_hot_upd vacuum_count \
                autovacuum_count analyze_count autoanalyze_count
                """,
            gauges: """
                n_live_tup n_dead_tup n_mod_since_analyze last_vacuum last_autovacuum last_analyze last_autoanalyze \
                index_size_bytes table_size_bytes
                """),
        group(
            "stat_wal_receiver", "pg_stat_wal_receiver_", ["upstream_host", "slot_name", "status"],
            counters: "receive_start_lsn flushed_lsn last_msg_send_time last_msg_receipt_time latest_end_lsn latest_end_time",
            gauges: "receive_start_tli received_tli upstream_node"),
        group("static", "pg_", ["version", "short_version", "server"], untyped: "static"),
        group(
            "statio_user_indexes", "pg_statio_user_indexes_", ["schemaname", "relname", "indexrelname"],
            counters: "idx_blks_read_total idx_blks_hit_total"),
        group(
            "statio_user_tables", "pg_statio_user_tables_", ["datname", "schemaname", "relname"],
            counters: """
                heap_blocks_read heap_blocks_hit idx_blocks_read idx_blocks_hit toast_blocks_read toast_blocks_hit \
                tidx_blocks_read tidx_blocks_hit
                """),
        group("wal", "pg_wal_", [], gauges: "segments size_bytes"),
        group("xlog_location", "pg_xlog_location_", [], gauges: "bytes"),
    ]

    /// What version 0.11 has under names of its own, from columns that it had no types for.
    public static let old =
        [
            "session_time", "active_time", "idle_in_transaction_time", "sessions", "sessions_abandoned", "sessions_fatal",
            "sessions_killed", "checksum_failures", "checksum_last_failure",
        ].map { "pg_stat_database_\($0)" } + ["pg_replication_lag"]

    private static func group(
        _ collector: String, _ prefix: String, _ labels: [String], counters: String = "", gauges: String = "",
        histograms: String = "", untyped: String = ""
    ) -> (collector: String, families: [ExporterFamily]) {
        func families(_ names: String, _ type: MetricType) -> [ExporterFamily] {
            names.split(separator: " ", omittingEmptySubsequences: !names.hasPrefix(" ")).map {
                ExporterFamily(name: prefix + $0, type: type, labels: labels)
            }
        }
        return (
            collector,
            families(counters, .counter) + families(gauges, .gauge) + families(histograms, .histogram)
                + families(untyped, .unknown)
        )
    }
}
