extension PostgresCollectorSwitch {
    /// All progress views in one form. Manual: "28.4 Progress Reporting". The name of a relation can only be read in its own database,
    /// so this is asked in each; postgres_exporter's families of vacuums stay as they are.
    static let progress = PostgresCollectorSwitch(
        "stat_progress",
        [
            Question(
                "stat_progress", scope: .database,
                columns: [
                    .label("datname"), .label("schemaname"), .label("relname"), .label("command"), .label("phase"),
                    .gauge(
                        "operations", "pg_progress_operations",
                        "Commands that are running on a relation: ANALYZE, CLUSTER, COPY, CREATE INDEX, VACUUM. From pg_stat_progress_…."
                    ),
                    .gauge(
                        "elapsed", "pg_progress_elapsed_seconds",
                        "How long the first of them has been running. From pg_stat_activity."),
                    .gauge("ratio", "pg_progress_ratio", "How much of this phase is done, 0 to 1, where that is known."),
                    .gauge("blocks_done", "pg_progress_blocks_done", "Blocks done in this phase."),
                    .gauge("blocks_total", "pg_progress_blocks", "Blocks to do in this phase."),
                    .gauge("tuples_done", "pg_progress_tuples_done", "Rows done in this phase."),
                    .gauge("tuples_total", "pg_progress_tuples", "Rows to do in this phase, where that is known."),
                    .gauge("bytes_done", "pg_progress_done_bytes", "Bytes that COPY has processed."),
                    .gauge("bytes_total", "pg_progress_size_bytes", "Bytes that COPY has to process, where that is known."),
                ]
            ) { context in
                // Where a phase has no count of its own, blocks tell; 0 to do means that the command does not know.
                let copy = """
                    UNION ALL
                    SELECT pid, relid, 'COPY', command, NULL, NULL, tuples_processed, NULL, bytes_processed, nullif(bytes_total, 0)
                    FROM pg_stat_progress_copy WHERE datname = current_database()
                    """
                return """
                    WITH running(pid, relid, command, phase, blocks_done, blocks_total, tuples_done, tuples_total, bytes_done,
                        bytes_total) AS MATERIALIZED (
                        SELECT pid, relid, 'VACUUM', phase,
                            CASE phase WHEN 'vacuuming heap' THEN heap_blks_vacuumed ELSE heap_blks_scanned END,
                            nullif(heap_blks_total, 0), NULL::int8, NULL::int8, NULL::int8, NULL::int8
                        FROM pg_stat_progress_vacuum WHERE datname = current_database()
                        UNION ALL
                        SELECT pid, relid, 'ANALYZE', phase, sample_blks_scanned, nullif(sample_blks_total, 0), NULL, NULL, NULL, NULL
                        FROM pg_stat_progress_analyze WHERE datname = current_database()
                        UNION ALL
                        SELECT pid, relid, command, phase, heap_blks_scanned, nullif(heap_blks_total, 0), heap_tuples_written,
                            nullif(heap_tuples_scanned, 0), NULL, NULL
                        FROM pg_stat_progress_cluster WHERE datname = current_database()
                        UNION ALL
                        SELECT pid, relid, command, phase, blocks_done, nullif(blocks_total, 0), tuples_done, nullif(tuples_total, 0),
                            NULL, NULL
                        FROM pg_stat_progress_create_index WHERE datname = current_database()
                        \(context.version >= 140_000 ? copy : "")
                    )
                    SELECT current_database() AS datname, coalesce(n.nspname, '') AS schemaname, coalesce(c.relname, '') AS relname,
                        r.command, r.phase, count(*) AS operations,
                        greatest(max(extract(epoch FROM clock_timestamp() - coalesce(a.query_start, a.xact_start))), 0) AS elapsed,
                        least(CASE WHEN sum(bytes_total) > 0 THEN sum(bytes_done) / sum(bytes_total)
                            WHEN sum(tuples_total) > 0 THEN sum(tuples_done) / sum(tuples_total)
                            WHEN sum(blocks_total) > 0 THEN sum(blocks_done) / sum(blocks_total) END, 1)::float8 AS ratio,
                        sum(blocks_done) AS blocks_done, sum(blocks_total) AS blocks_total, sum(tuples_done) AS tuples_done,
                        sum(tuples_total) AS tuples_total, sum(bytes_done) AS bytes_done, sum(bytes_total) AS bytes_total
                    FROM running r LEFT JOIN pg_class c ON c.oid = r.relid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
                    LEFT JOIN pg_stat_activity a ON a.pid = r.pid
                    GROUP BY n.nspname, c.relname, r.command, r.phase
                    ORDER BY elapsed DESC LIMIT 100
                    """
            },
            Question(
                "stat_progress", name: "stat_progress.basebackup",
                columns: [
                    .label("phase"),
                    .gauge(
                        "backups", "pg_progress_basebackups", "Base backups that are running. From pg_stat_progress_basebackup."),
                    .gauge(
                        "streamed", "pg_progress_basebackup_streamed_bytes",
                        "Bytes they have sent. From pg_stat_progress_basebackup."),
                    .gauge(
                        "total", "pg_progress_basebackup_size_bytes",
                        "Bytes they have to send, where that was estimated. From pg_stat_progress_basebackup."),
                ]
            ) { _ in
                """
                SELECT phase, count(*) AS backups, sum(backup_streamed) AS streamed, sum(backup_total) AS total
                FROM pg_stat_progress_basebackup GROUP BY phase
                """
            },
        ])
}
