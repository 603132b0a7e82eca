extension PostgresCollectorSwitch {
    /// What `pg_stat_archiver` alone does not say: whether archiving fails now, and what waits for it.
    static let archiver = PostgresCollectorSwitch(
        "archiver",
        [
            Question(
                "archiver", every: .minute,
                columns: [
                    .gauge("enabled", "pg_archiver_enabled", "Whether archive_mode is on or always (1) or off (0)."),
                    .gauge(
                        "failing", "pg_archiver_failing",
                        "Whether the last attempt to archive a file failed (1) or not (0). From pg_stat_archiver."),
                    .gauge(
                        "failed_age", "pg_archiver_last_failed_age_seconds",
                        "Time since the last failure, absent without one. From pg_stat_archiver."),
                ]
            ) { _ in
                """
                SELECT current_setting('archive_mode') <> 'off' AS enabled,
                    coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS failing,
                    extract(epoch FROM clock_timestamp() - last_failed_time) AS failed_age
                FROM pg_stat_archiver
                """
            },
            Question(
                "archiver", name: "archiver.ready", when: [.monitor], every: .minute, limits: Question.dear,
                columns: [
                    .gauge(
                        "ready", "pg_archiver_ready_files",
                        "Files of the write-ahead log that wait to be archived. From pg_ls_archive_statusdir().")
                ]
            ) { _ in
                """
                SELECT count(*) AS ready FROM pg_ls_archive_statusdir() f
                WHERE current_setting('archive_mode') <> 'off' AND f.name LIKE '%.ready'
                """
            },
        ])

    /// What lies in temporary files at this moment; how much went through them is in `pg_stat_database_temp_bytes`.
    static let temporaryFiles = PostgresCollectorSwitch(
        "temporary_files",
        [
            Question(
                "temporary_files", when: [.monitor], every: .minute, limits: Question.dear,
                columns: [
                    .label("spcname"),
                    .gauge(
                        "files", "pg_temporary_files",
                        "Temporary files that statements have at this moment, by tablespace. From pg_ls_tmpdir()."),
                    .gauge("bytes", "pg_temporary_files_size_bytes", "Their size. From pg_ls_tmpdir()."),
                ]
            ) { _ in
                """
                SELECT s.spcname, count(f.name) AS files, coalesce(sum(f.size), 0) AS bytes
                FROM pg_tablespace s LEFT JOIN LATERAL pg_ls_tmpdir(s.oid) f ON true
                WHERE s.spcname <> 'pg_global' GROUP BY s.spcname
                """
            }
        ])

    /// The main shared memory segment by its largest parts. Before 15 the view is a superuser's alone.
    static let sharedMemory = PostgresCollectorSwitch(
        "shared_memory",
        [
            Question(
                "shared_memory", when: [.monitor], every: .minutes,
                columns: [
                    .label("name"),
                    .gauge(
                        "bytes", "pg_shared_memory_size_bytes",
                        "Shared memory by what it was allocated for: the 15 largest, all others together as other, what is not used as free. From pg_shmem_allocations."
                    ),
                ]
            ) { context in
                guard context.version >= 150_000 || context.server.isSuperuser else {
                    return "SELECT NULL AS name, NULL AS bytes WHERE false"
                }
                return """
                    SELECT CASE WHEN place <= 16 THEN name ELSE 'other' END AS name, sum(allocated_size) AS bytes
                    FROM (
                        SELECT coalesce(replace(replace(name, '<', ''), '>', ''), 'free') AS name, allocated_size,
                            row_number() OVER (ORDER BY name IS NULL DESC, allocated_size DESC) AS place
                        FROM pg_shmem_allocations
                    ) ranked
                    GROUP BY 1
                    """
            }
        ])
}
