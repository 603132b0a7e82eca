@testable import Sampling

/// A family that some servers have no column for, and why. What is not listed here has one name on 13 to 18, primary and standby,
/// for a superuser and for a role with `pg_monitor`.
struct AbsentName: Sendable {
    enum Place: Sendable {
        /// Before this version (`server_version_num`).
        case before(Int)
        /// From this version on.
        case since(Int)
        case primary
    }

    let name: String
    let place: Place
    let why: String

    func isAbsent(from context: QuestionContext) -> Bool {
        switch place {
        case .before(let version): context.version < version
        case .since(let version): context.version >= version
        case .primary: !context.server.isStandby
        }
    }

    static let all: [AbsentName] =
        list(
            .before(140_000), "pg_stat_wal is new in 14",
            "pg_stat_wal_",
            [
                "buffers_full_total", "bytes_total", "fpi_total", "records_total", "sync_seconds_total", "syncs_total",
                "write_seconds_total", "writes_total",
            ])
        + list(
            .before(140_000), "pg_stat_replication_slots is new in 14",
            "pg_stat_replication_slots_",
            [
                "bytes_total", "spill_bytes_total", "spill_txns_total", "spills_total", "stream_bytes_total",
                "stream_txns_total", "txns_total",
            ])
        + list(
            .before(140_000), "pg_stat_database counts sessions since 14",
            "pg_stat_database_",
            [
                "active_time", "active_time_seconds_total", "idle_in_transaction_time", "session_time", "sessions",
                "sessions_abandoned", "sessions_fatal", "sessions_killed",
            ])
        + list(
            .before(150_000), "pg_stat_subscription_stats is new in 15",
            "pg_stat_subscription_", ["apply_errors_total", "sync_errors_total"])
        + list(
            .before(160_000), "pg_stat_io is new in 16",
            "pg_stat_io_",
            [
                "evictions_total", "extend_bytes_total", "extend_seconds_total", "extends_total", "fsync_seconds_total",
                "fsyncs_total", "hits_total", "read_bytes_total", "read_seconds_total", "reads_total", "reuses_total",
                "write_bytes_total", "write_seconds_total", "writeback_seconds_total", "writebacks_total", "writes_total",
            ])
        + list(
            .before(160_000), "pg_buffercache_summary() is new in 16",
            "pg_buffercache_summary_",
            [
                "buffers_dirty", "buffers_pinned", "buffers_unused", "buffers_used", "usagecount_avg",
            ])
        + list(
            .before(160_000), "standbys decode, and relations know their last scan, since 16",
            "pg_",
            [
                "replication_slots_conflicting", "stat_database_conflicts_confl_active_logicalslot",
                "stat_user_indexes_last_idx_scan_timestamp_seconds",
            ])
        + list(
            .before(170_000), "slots know since when they are inactive, and restartpoints are counted, since 17",
            "pg_",
            [
                "replication_slots_inactive_seconds", "stat_checkpointer_restartpoints_done_total",
                "stat_checkpointer_restartpoints_req_total", "stat_checkpointer_restartpoints_timed_total",
            ])
        + list(
            .before(170_000), "VACUUM keeps dead rows in a tree that is limited by bytes since 17",
            "pg_stat_progress_vacuum_", ["dead_tuple_bytes", "max_dead_tuple_bytes"])
        + list(
            .since(170_000), "VACUUM has no limit by rows since 17",
            "pg_stat_progress_vacuum_", ["max_dead_tuples"])
        + list(
            .before(180_000), "counted since 18",
            "pg_stat_",
            [
                "database_parallel_workers_launched_total", "database_parallel_workers_planned_total",
                "subscription_conflicts_total",
            ])
        + list(
            .primary, "a primary replays nothing",
            "pg_",
            [
                "standby_lag_seconds", "standby_replay_backlog_bytes", "standby_replay_paused",
                "wal_receiver_last_message_age_seconds", "wal_receiver_up",
            ])

    private static func list(_ place: Place, _ why: String, _ prefix: String, _ names: [String]) -> [AbsentName] {
        names.map { AbsentName(name: prefix + $0, place: place, why: why) }
    }
}
