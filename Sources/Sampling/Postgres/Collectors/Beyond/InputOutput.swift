extension PostgresCollectorSwitch {
    /// Manual: "28.2.13 pg_stat_io". Rows of backends that never did any are left out: there are eighty, most of them empty.
    static let io = PostgresCollectorSwitch(
        "stat_io",
        [
            Question(
                "stat_io", when: [.since(160_000)],
                columns: [
                    .label("backend_type"), .label("object"), .label("context"),
                    .counter("reads", "pg_stat_io_reads_total", "Read operations. From pg_stat_io."),
                    .counter("read_bytes", "pg_stat_io_read_bytes_total", "Bytes read. From pg_stat_io."),
                    .counter(
                        "read_time", "pg_stat_io_read_seconds_total",
                        "Seconds spent reading, with track_io_timing. From pg_stat_io.", scale: 0.001),
                    .counter("writes", "pg_stat_io_writes_total", "Write operations. From pg_stat_io."),
                    .counter("write_bytes", "pg_stat_io_write_bytes_total", "Bytes written. From pg_stat_io."),
                    .counter(
                        "write_time", "pg_stat_io_write_seconds_total",
                        "Seconds spent writing, with track_io_timing. From pg_stat_io.", scale: 0.001),
                    .counter(
                        "writebacks", "pg_stat_io_writebacks_total",
                        "Blocks that the kernel was asked to write out. From pg_stat_io."),
                    .counter(
                        "writeback_time", "pg_stat_io_writeback_seconds_total",
                        "Seconds spent asking the kernel to write out, with track_io_timing. From pg_stat_io.", scale: 0.001),
                    .counter("extends", "pg_stat_io_extends_total", "Extensions of a relation. From pg_stat_io."),
                    .counter(
                        "extend_bytes", "pg_stat_io_extend_bytes_total",
                        "Bytes by which relations were extended. From pg_stat_io."),
                    .counter(
                        "extend_time", "pg_stat_io_extend_seconds_total",
                        "Seconds spent extending relations, with track_io_timing. From pg_stat_io.", scale: 0.001),
                    .counter("hits", "pg_stat_io_hits_total", "Blocks found in a buffer. From pg_stat_io."),
                    .counter(
                        "evictions", "pg_stat_io_evictions_total",
                        "Blocks written out so that their buffer could be used for another. From pg_stat_io."),
                    .counter(
                        "reuses", "pg_stat_io_reuses_total", "Buffers of a ring used again. From pg_stat_io."),
                    .counter("fsyncs", "pg_stat_io_fsyncs_total", "Calls of fsync. From pg_stat_io."),
                    .counter(
                        "fsync_time", "pg_stat_io_fsync_seconds_total",
                        "Seconds spent in fsync, with track_io_timing. From pg_stat_io.", scale: 0.001),
                ]
            ) { context in
                // Before 18 every operation has op_bytes; from then on bytes are counted for themselves.
                let bytes =
                    context.version >= 180_000
                    ? "read_bytes, write_bytes, extend_bytes"
                    : "reads * op_bytes AS read_bytes, writes * op_bytes AS write_bytes, extends * op_bytes AS extend_bytes"
                return """
                    SELECT backend_type, object, context, reads, read_time, writes, write_time, writebacks, writeback_time, extends,
                        extend_time, hits, evictions, reuses, fsyncs, fsync_time, \(bytes)
                    FROM pg_stat_io
                    WHERE coalesce(reads, 0) + coalesce(writes, 0) + coalesce(writebacks, 0) + coalesce(extends, 0)
                        + coalesce(hits, 0) + coalesce(evictions, 0) + coalesce(reuses, 0) + coalesce(fsyncs, 0) > 0
                    """
            }
        ])

    /// Manual: "28.2.14 pg_stat_wal". From 18 on writes and syncs are counted in pg_stat_io alone; they keep their names here.
    static let walStatistics = PostgresCollectorSwitch(
        "stat_wal",
        [
            Question(
                "stat_wal",
                columns: [
                    .counter(
                        "position", "pg_wal_position_bytes_total",
                        "The position in the write-ahead log, as bytes from its beginning: what is inserted on a primary, replayed on a standby."
                    ),
                    .counter("wal_records", "pg_stat_wal_records_total", "Records written. From pg_stat_wal."),
                    .counter("wal_fpi", "pg_stat_wal_fpi_total", "Full page images written. From pg_stat_wal."),
                    .counter("wal_bytes", "pg_stat_wal_bytes_total", "Bytes of records written. From pg_stat_wal."),
                    .counter(
                        "wal_buffers_full", "pg_stat_wal_buffers_full_total",
                        "Writes because the buffers of the write-ahead log were full. From pg_stat_wal."),
                    .counter(
                        "wal_write", "pg_stat_wal_writes_total", "Writes of buffers. From pg_stat_wal, from 18 on pg_stat_io."),
                    .counter("wal_sync", "pg_stat_wal_syncs_total", "Syncs of files. From pg_stat_wal, from 18 on pg_stat_io."),
                    .counter(
                        "wal_write_time", "pg_stat_wal_write_seconds_total",
                        "Seconds of writes, with track_wal_io_timing. From pg_stat_wal, from 18 on pg_stat_io.", scale: 0.001),
                    .counter(
                        "wal_sync_time", "pg_stat_wal_sync_seconds_total",
                        "Seconds of syncs, with track_wal_io_timing. From pg_stat_wal, from 18 on pg_stat_io.", scale: 0.001),
                ]
            ) { context in
                let position =
                    "(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END - '0/0')"
                let always = "wal_records, wal_fpi, wal_bytes, wal_buffers_full"
                return switch context.version {
                case ..<140_000: "SELECT \(position) AS position"
                case ..<180_000:
                    """
                    SELECT \(position) AS position, \(always), wal_write, wal_sync, wal_write_time, wal_sync_time FROM pg_stat_wal
                    """
                default:
                    """
                    SELECT \(position) AS position, \(always), io.wal_write, io.wal_sync, io.wal_write_time, io.wal_sync_time
                    FROM pg_stat_wal CROSS JOIN (
                        SELECT sum(writes) AS wal_write, sum(fsyncs) AS wal_sync, sum(write_time) AS wal_write_time,
                            sum(fsync_time) AS wal_sync_time
                        FROM pg_stat_io WHERE object = 'wal'
                    ) io
                    """
                }
            }
        ])

    /// Manual: "28.2.22 pg_stat_slru". The names are those of 17 in all versions.
    static let slru = PostgresCollectorSwitch(
        "stat_slru",
        [
            Question(
                "stat_slru", every: .minute,
                columns: [
                    .label("name"),
                    .counter(
                        "blks_zeroed", "pg_stat_slru_blks_zeroed_total", "Blocks zeroed at initialization. From pg_stat_slru."),
                    .counter("blks_hit", "pg_stat_slru_blks_hit_total", "Blocks found in the cache. From pg_stat_slru."),
                    .counter("blks_read", "pg_stat_slru_blks_read_total", "Blocks read from disk. From pg_stat_slru."),
                    .counter("blks_written", "pg_stat_slru_blks_written_total", "Blocks written. From pg_stat_slru."),
                    .counter(
                        "blks_exists", "pg_stat_slru_blks_exists_total", "Blocks checked for existence. From pg_stat_slru."),
                    .counter("flushes", "pg_stat_slru_flushes_total", "Flushes of dirty data. From pg_stat_slru."),
                    .counter("truncates", "pg_stat_slru_truncates_total", "Truncates. From pg_stat_slru."),
                ]
            ) { _ in
                """
                SELECT CASE name WHEN 'CommitTs' THEN 'commit_timestamp' WHEN 'MultiXactMember' THEN 'multixact_member'
                    WHEN 'MultiXactOffset' THEN 'multixact_offset' WHEN 'Notify' THEN 'notify' WHEN 'Serial' THEN 'serializable'
                    WHEN 'Subtrans' THEN 'subtransaction' WHEN 'Xact' THEN 'transaction' ELSE name END AS name,
                    blks_zeroed, blks_hit, blks_read, blks_written, blks_exists, flushes, truncates
                FROM pg_stat_slru
                """
            }
        ])
}
