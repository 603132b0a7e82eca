extension PostgresCollectorSwitch {
    /// Waiting sessions are counted by their wait event: a wait for another's transaction belongs to no database in pg_locks.
    static let locks = PostgresCollectorSwitch(
        "locks",
        [
            Question(
                "locks",
                columns: [
                    .label("datname"), .label("mode"),
                    .gauge("count", "pg_locks_count", "Locks held or awaited. From pg_locks."),
                    .gauge(
                        "waiting", "pg_locks_waiting",
                        "Sessions waiting for a lock. From pg_stat_activity, wait_event_type Lock.",
                        labels: ["datname"]),
                ]
            ) { _ in
                """
                SELECT d.datname, m.mode, coalesce(l.count, 0) AS count, NULL AS waiting
                FROM pg_database d
                CROSS JOIN (VALUES ('accesssharelock'), ('rowsharelock'), ('rowexclusivelock'), ('shareupdateexclusivelock'),
                    ('sharelock'), ('sharerowexclusivelock'), ('exclusivelock'), ('accessexclusivelock'), ('sireadlock')) AS m(mode)
                LEFT JOIN (
                    SELECT database, lower(mode) AS mode, count(*) AS count FROM pg_locks WHERE database IS NOT NULL GROUP BY 1, 2
                ) l ON l.database = d.oid AND l.mode = m.mode
                UNION ALL
                SELECT d.datname, NULL, NULL, count(a.pid)
                FROM pg_database d LEFT JOIN pg_stat_activity a ON a.datid = d.oid AND a.wait_event_type = 'Lock'
                WHERE d.datallowconn GROUP BY d.datname
                """
            }
        ])
}
