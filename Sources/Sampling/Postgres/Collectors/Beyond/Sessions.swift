extension PostgresCollectorSwitch {
    /// Who is there, what they wait for, and how long transactions have been open: `pg_stat_activity` is read once for all.
    static let sessions = PostgresCollectorSwitch(
        "sessions",
        [
            Question(
                "sessions",
                columns: [
                    .label("backend_type"), .label("wait_event_type"), .label("wait_event"), .label("datname"),
                    .label("age_over"),
                    .gauge(
                        "backends", "pg_backends", "Processes of the server by type, without Vitals' own. From pg_stat_activity.",
                        labels: ["backend_type"]),
                    .gauge(
                        "waiting", "pg_wait_sessions",
                        "Processes at work by what they wait for at this moment, Running for those that do not; the 50 most frequent. From pg_stat_activity.",
                        labels: ["wait_event_type", "wait_event"]),
                    .gauge(
                        "open", "pg_transactions_open",
                        "Transactions that have been open for at least age_over seconds. From pg_stat_activity.",
                        labels: ["datname", "age_over"]),
                    .gauge(
                        "idle", "pg_transactions_idle",
                        "Those of them whose client does nothing. From pg_stat_activity, states idle in transaction.",
                        labels: ["datname", "age_over"]),
                    .gauge(
                        "oldest", "pg_transaction_oldest_age_seconds",
                        "Age of the oldest open transaction, 0 without one. From pg_stat_activity.",
                        labels: ["datname"]),
                    .gauge(
                        "idle_oldest", "pg_transaction_idle_oldest_age_seconds",
                        "Age of the oldest transaction whose client does nothing, 0 without one. From pg_stat_activity.",
                        labels: ["datname"]),
                ]
            ) { _ in
                """
                WITH sessions AS MATERIALIZED (
                    SELECT datname::text, backend_type, state, wait_event_type, wait_event,
                        extract(epoch FROM clock_timestamp() - xact_start)::float8 AS age
                    FROM pg_stat_activity WHERE pid <> pg_backend_pid()
                ), clients AS (
                    SELECT datname, age, coalesce(state LIKE 'idle in transaction%', false) AS is_idle
                    FROM sessions WHERE backend_type = 'client backend' AND datname IS NOT NULL
                )
                SELECT backend_type, NULL AS wait_event_type, NULL AS wait_event, NULL AS datname, NULL AS age_over,
                    count(*) AS backends, NULL::int8 AS waiting, NULL::int8 AS open, NULL::int8 AS idle,
                    NULL::float8 AS oldest, NULL::float8 AS idle_oldest
                FROM sessions WHERE backend_type IS NOT NULL GROUP BY backend_type
                UNION ALL
                (SELECT NULL, coalesce(wait_event_type, 'Running'), coalesce(wait_event, 'Running'), NULL, NULL,
                    NULL, count(*), NULL, NULL, NULL, NULL
                FROM sessions
                WHERE state IS DISTINCT FROM 'idle' AND wait_event_type IS DISTINCT FROM 'Activity'
                GROUP BY 2, 3 ORDER BY 7 DESC, 2, 3 LIMIT 50)
                UNION ALL
                SELECT NULL, NULL, NULL, datname, bound::text, NULL, NULL,
                    count(*) FILTER (WHERE age >= bound), count(*) FILTER (WHERE age >= bound AND is_idle), NULL, NULL
                FROM clients CROSS JOIN (VALUES (0), (1), (10), (60), (300), (900), (3600)) AS bounds(bound)
                GROUP BY datname, bound
                UNION ALL
                SELECT NULL, NULL, NULL, datname, NULL, NULL, NULL, NULL, NULL,
                    greatest(max(age), 0), greatest(max(age) FILTER (WHERE is_idle), 0)
                FROM clients GROUP BY datname
                """
            },
            Question(
                "sessions", name: "sessions.horizon",
                columns: [
                    .label("datname"), .label("holder"),
                    .gauge(
                        "age", "pg_xmin_horizon_age_transactions",
                        "How many transactions ago the oldest row version that must be kept for this kind of holder was replaced, 0 without one: vacuum removes nothing younger.",
                        labels: ["holder"]),
                    .gauge(
                        "prepared", "pg_prepared_transactions",
                        "Transactions that are prepared and neither committed nor rolled back. From pg_prepared_xacts.",
                        labels: ["datname"]),
                    .gauge(
                        "prepared_age", "pg_prepared_transaction_oldest_age_seconds",
                        "Age of the oldest prepared transaction, 0 without one. From pg_prepared_xacts.", labels: ["datname"]),
                ]
            ) { _ in
                """
                SELECT NULL AS datname, 'session' AS holder,
                    coalesce(max(greatest(age(backend_xmin), age(backend_xid))), 0) AS age, NULL::int8 AS prepared,
                    NULL::float8 AS prepared_age
                FROM pg_stat_activity WHERE backend_type IS DISTINCT FROM 'walsender' AND pid <> pg_backend_pid()
                UNION ALL
                SELECT NULL, 'standby', coalesce(max(age(backend_xmin)), 0), NULL, NULL FROM pg_stat_replication
                UNION ALL
                SELECT NULL, 'slot', coalesce(max(greatest(age(xmin), age(catalog_xmin))), 0), NULL, NULL FROM pg_replication_slots
                UNION ALL
                SELECT NULL, 'prepared', coalesce(max(age(transaction)), 0), NULL, NULL FROM pg_prepared_xacts
                UNION ALL
                SELECT d.datname, NULL, NULL, count(p.gid),
                    coalesce(max(extract(epoch FROM clock_timestamp() - p.prepared)), 0)::float8
                FROM pg_database d LEFT JOIN pg_prepared_xacts p ON p.database = d.datname
                WHERE d.datallowconn AND NOT d.datistemplate AND current_setting('max_prepared_transactions')::int > 0
                GROUP BY d.datname
                """
            },
        ])

    /// Who waits for whom. `pg_blocking_pids()` takes every lock on the lock table: it is asked for waiting sessions only, and for
    /// no more than a hundred of them.
    static let blocking = PostgresCollectorSwitch(
        "blocking",
        [
            Question(
                "blocking",
                columns: [
                    .label("datname"), .label("locktype"), .label("state"),
                    .gauge(
                        "blocked", "pg_blocked_sessions",
                        "Sessions that wait for a lock, by what they wait for. From pg_stat_activity.",
                        labels: ["datname", "locktype"]),
                    .gauge(
                        "blocked_seconds", "pg_blocked_longest_seconds",
                        "How long the longest of them has waited; before version 14 how long its statement has run. From pg_locks.waitstart.",
                        labels: ["datname", "locktype"]),
                    .gauge(
                        "waits", "pg_blocking_waiting_sessions", "Sessions that wait for a lock. From pg_stat_activity.",
                        labels: []),
                    .gauge(
                        "longest", "pg_blocking_longest_wait_seconds",
                        "The longest wait for a lock at this moment, 0 without one. From pg_locks.waitstart.", labels: []),
                    .gauge(
                        "roots", "pg_blocking_root_sessions",
                        "Sessions that others wait for and that wait for nobody themselves. From pg_blocking_pids().", labels: []),
                    .gauge(
                        "depth", "pg_blocking_chain_length",
                        "The longest chain of sessions that wait one for the other, 0 without any, 10 at most. From pg_blocking_pids().",
                        labels: []),
                    .gauge(
                        "victims", "pg_blocking_root_victims",
                        "The most sessions that wait for one and the same root, directly or through others. From pg_blocking_pids().",
                        labels: []),
                    .gauge(
                        "root_age", "pg_blocking_root_age_seconds",
                        "Age of the oldest transaction of those sessions by their state; prepared: a prepared transaction. From pg_stat_activity.",
                        labels: ["state"]),
                ]
            ) { context in
                // Ten steps: in a queue for one lock everybody waits for all before him, and the paths would be too many to walk.
                let started = context.version >= 140_000 ? "l.waitstart" : "NULL::timestamptz"
                return """
                    WITH RECURSIVE sessions AS MATERIALIZED (
                        SELECT pid, datname::text, state, wait_event_type, wait_event, query_start, xact_start FROM pg_stat_activity
                    ), waiting AS MATERIALIZED (
                        SELECT pid, datname, wait_event, query_start FROM sessions WHERE wait_event_type = 'Lock'
                    ), locks AS MATERIALIZED (
                        SELECT l.pid, min(\(started)) AS since FROM pg_locks l
                        WHERE EXISTS (SELECT FROM waiting) AND NOT l.granted GROUP BY l.pid
                    ), waits AS MATERIALIZED (
                        SELECT w.pid, coalesce(w.datname, '') AS datname, coalesce(w.wait_event, '') AS locktype,
                            greatest(extract(epoch FROM clock_timestamp() - coalesce(k.since, w.query_start)), 0)::float8 AS seconds
                        FROM waiting w LEFT JOIN locks k ON k.pid = w.pid
                    ), edges AS MATERIALIZED (
                        SELECT DISTINCT w.pid, blocker
                        FROM (SELECT pid FROM waits ORDER BY seconds DESC LIMIT 100) w, unnest(pg_blocking_pids(w.pid)) AS blocker
                    ), roots AS MATERIALIZED (
                        SELECT DISTINCT blocker AS root FROM edges WHERE blocker NOT IN (SELECT pid FROM edges)
                    ), tree AS (
                        SELECT root, root AS pid, 0 AS depth FROM roots
                        UNION
                        SELECT t.root, e.pid, t.depth + 1 FROM tree t JOIN edges e ON e.blocker = t.pid WHERE t.depth < 10
                    )
                    SELECT NULL AS datname, NULL AS locktype, NULL AS state, NULL::int8 AS blocked, NULL::float8 AS blocked_seconds,
                        (SELECT count(*) FROM waits) AS waits, (SELECT coalesce(max(seconds), 0) FROM waits) AS longest,
                        (SELECT count(*) FROM roots) AS roots, (SELECT coalesce(max(depth), 0) FROM tree) AS depth,
                        (SELECT coalesce(max(n), 0) FROM (SELECT count(DISTINCT pid) - 1 AS n FROM tree GROUP BY root) v) AS victims,
                        NULL::float8 AS root_age
                    UNION ALL
                    SELECT datname, locktype, NULL, count(*), max(seconds), NULL, NULL, NULL, NULL, NULL, NULL
                    FROM waits GROUP BY datname, locktype
                    UNION ALL
                    SELECT NULL, NULL, CASE WHEN r.root = 0 THEN 'prepared' ELSE coalesce(s.state, 'unknown') END,
                        NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                        greatest(max(extract(epoch FROM clock_timestamp() - coalesce(s.xact_start, p.prepared))), 0)::float8
                    FROM roots r LEFT JOIN sessions s ON s.pid = r.root
                    LEFT JOIN (SELECT min(prepared) AS prepared FROM pg_prepared_xacts) p ON r.root = 0
                    GROUP BY 3
                    """
            }
        ])
}
