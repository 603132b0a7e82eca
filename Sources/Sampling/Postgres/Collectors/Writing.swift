extension PostgresCollectorSwitch {
    /// One name for one thing on all versions: from 17 on checkpoints are in `pg_stat_checkpointer`, what backends write in `pg_stat_io`.
    static let statBGWriter = PostgresCollectorSwitch(
        "stat_bgwriter",
        [
            Question(
                "stat_bgwriter",
                columns: [
                    writer("checkpoints_timed", "Checkpoints that were due by time."),
                    writer("checkpoints_req", "Checkpoints that were requested."),
                    writer("checkpoint_write_time", "Milliseconds that checkpoints spent writing."),
                    writer("checkpoint_sync_time", "Milliseconds that checkpoints spent syncing."),
                    writer("buffers_checkpoint", "Buffers written by checkpoints."),
                    writer("buffers_clean", "Buffers written by the background writer."),
                    writer("maxwritten_clean", "Rounds that the background writer broke off for having written too much."),
                    writer("buffers_backend", "Buffers written by backends themselves."),
                    writer("buffers_backend_fsync", "Times that backends had to sync files themselves."),
                    writer("buffers_alloc", "Buffers allocated."),
                    .gauge(
                        "reset", "pg_stat_bgwriter_stats_reset_total",
                        "When pg_stat_bgwriter was last reset, Unix time; 0: never. No counter, whatever the name says.",
                        missing: 0),
                ]
            ) { context in
                guard context.version >= 170_000 else {
                    return """
                        SELECT checkpoints_timed, checkpoints_req, checkpoint_write_time, checkpoint_sync_time, buffers_checkpoint,
                            buffers_clean, maxwritten_clean, buffers_backend, buffers_backend_fsync, buffers_alloc,
                            extract(epoch FROM stats_reset) AS reset
                        FROM pg_stat_bgwriter
                        """
                }
                // Until 17 an extension counts one for each block; from 18 on operations are counted, and bytes beside them.
                let written =
                    context.version >= 180_000
                    ? "(coalesce(write_bytes, 0) + coalesce(extend_bytes, 0)) / current_setting('block_size')::numeric"
                    : "coalesce(writes, 0) + coalesce(extends, 0)"
                return """
                    SELECT c.num_timed AS checkpoints_timed, c.num_requested AS checkpoints_req,
                        c.write_time AS checkpoint_write_time, c.sync_time AS checkpoint_sync_time,
                        c.buffers_written AS buffers_checkpoint, b.buffers_clean, b.maxwritten_clean,
                        i.written AS buffers_backend, i.synced AS buffers_backend_fsync, b.buffers_alloc,
                        extract(epoch FROM b.stats_reset) AS reset
                    FROM pg_stat_bgwriter b, pg_stat_checkpointer c, (
                        SELECT sum(\(written)) AS written, coalesce(sum(fsyncs), 0) AS synced FROM pg_stat_io
                        WHERE object = 'relation' AND backend_type NOT IN ('checkpointer', 'background writer')
                    ) i
                    """
            }
        ])

    private static func writer(_ column: String, _ help: String) -> ColumnDraft {
        .counter(
            column, "pg_stat_bgwriter_\(column)_total",
            "\(help) From pg_stat_bgwriter; Postgres 17: pg_stat_checkpointer, pg_stat_io.", missing: 0)
    }

    /// Before 17 with what `pg_stat_bgwriter` knows.
    static let statCheckpointer = PostgresCollectorSwitch(
        "stat_checkpointer", isOn: false,
        [
            Question(
                "stat_checkpointer",
                columns: [
                    checkpointer("num_timed", "Checkpoints that were due by time."),
                    checkpointer("num_requested", "Checkpoints that were requested."),
                    checkpointer("restartpoints_timed", "Restartpoints that were due by time."),
                    checkpointer("restartpoints_req", "Restartpoints that were requested."),
                    checkpointer("restartpoints_done", "Restartpoints that were made."),
                    checkpointer("write_time", "Milliseconds spent writing."),
                    checkpointer("sync_time", "Milliseconds spent syncing."),
                    checkpointer("buffers_written", "Buffers written."),
                    .gauge(
                        "reset", "pg_stat_checkpointer_stats_reset_total",
                        "When the statistics were last reset, Unix time; 0: never. No counter, whatever the name says.",
                        missing: 0),
                ]
            ) { context in
                context.version >= 170_000
                    ? """
                    SELECT num_timed, num_requested, restartpoints_timed, restartpoints_req, restartpoints_done, write_time,
                        sync_time, buffers_written, extract(epoch FROM stats_reset) AS reset
                    FROM pg_stat_checkpointer
                    """
                    : """
                    SELECT checkpoints_timed AS num_timed, checkpoints_req AS num_requested, checkpoint_write_time AS write_time,
                        checkpoint_sync_time AS sync_time, buffers_checkpoint AS buffers_written,
                        extract(epoch FROM stats_reset) AS reset
                    FROM pg_stat_bgwriter
                    """
            }
        ])

    private static func checkpointer(_ column: String, _ help: String) -> ColumnDraft {
        .counter(
            column, "pg_stat_checkpointer_\(column)_total",
            "\(help) From pg_stat_checkpointer; before Postgres 17: pg_stat_bgwriter.")
    }

    static let statArchiver = PostgresCollectorSwitch(
        "stat_archiver",
        [
            Question(
                "stat_archiver",
                columns: [
                    .counter(
                        "archived_count", "pg_stat_archiver_archived_count",
                        "WAL files archived. From pg_stat_archiver.archived_count."),
                    .counter(
                        "failed_count", "pg_stat_archiver_failed_count",
                        "Attempts to archive that failed. From pg_stat_archiver.failed_count."),
                    .gauge(
                        "age", "pg_stat_archiver_last_archive_age",
                        "Seconds since a WAL file was last archived; absent when none was. From pg_stat_archiver.last_archived_time."
                    ),
                ]
            ) { _ in
                """
                SELECT archived_count, failed_count, extract(epoch FROM now() - last_archived_time) AS age FROM pg_stat_archiver
                """
            }
        ])

    /// Reads the directory, for which `pg_monitor` is needed.
    static let wal = PostgresCollectorSwitch(
        "wal",
        [
            Question(
                "wal", when: [.monitor], every: .seconds(15), limits: Question.dear,
                columns: [
                    .gauge("segments", "pg_wal_segments", "Files of WAL. From pg_ls_waldir()."),
                    .gauge("size", "pg_wal_size_bytes", "Bytes of the files of WAL. From pg_ls_waldir()."),
                ]
            ) { _ in "SELECT count(*) AS segments, sum(size) AS size FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'" }
        ])
}
