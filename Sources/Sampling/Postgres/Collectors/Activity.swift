internal import MetricsModel
internal import Postgres

extension PostgresCollectorSwitch {
    /// Connections by everything that the peer has them by. Every state of every database is there, also at zero, so that sums by state
    /// and database come and go with the databases only. An application that invents names is bounded by `seriesMax`.
    static let statActivity = PostgresCollectorSwitch(
        "stat_activity",
        [
            Question(
                "stat_activity", seriesMax: 10_000,
                columns: [
                    .label("datname"), .label("state"), .label("usename"), .label("application_name"), .label("backend_type"),
                    .label("wait_event_type"), .label("wait_event"),
                    .gauge("count", "pg_stat_activity_count", "Connections by database and state. From pg_stat_activity."),
                    .gauge(
                        "age", "pg_stat_activity_max_tx_duration",
                        "Age of the oldest open transaction in seconds, 0 when there is none. From pg_stat_activity.xact_start."),
                ]
            ) { _ in
                """
                SELECT d.datname, s.state, a.usename, a.application_name, a.backend_type, a.wait_event_type, a.wait_event,
                    coalesce(a.count, 0) AS count, coalesce(a.age, 0) AS age
                FROM pg_database d
                CROSS JOIN (VALUES ('active'), ('idle'), ('idle in transaction'), ('idle in transaction (aborted)'),
                    ('fastpath function call'), ('disabled')) AS s(state)
                LEFT JOIN (
                    SELECT datname, state, usename, application_name, backend_type, wait_event_type, wait_event,
                        count(*) AS count, max(extract(epoch FROM now() - xact_start)) AS age
                    FROM pg_stat_activity WHERE pid <> pg_backend_pid()
                    GROUP BY datname, state, usename, application_name, backend_type, wait_event_type, wait_event
                ) a ON a.datname = d.datname AND a.state = s.state
                """
            }
        ])

    /// `reserved_connections` is there from Postgres 16 on.
    static let pool = PostgresCollectorSwitch(
        "pool",
        [
            Question(
                "pool",
                reading: .columns([
                    .label("pool"),
                    Column(name: "size", usage: .value(PostgresFamilies.poolSize, scale: 1, missing: nil)),
                    Column(name: "used", usage: .value(PostgresFamilies.poolInUse, scale: 1, missing: nil)),
                ])
            ) { _ in
                """
                SELECT 'postgres' AS pool, current_setting('max_connections')::int
                    - current_setting('superuser_reserved_connections')::int
                    - coalesce(current_setting('reserved_connections', true)::int, 0) AS size,
                    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used
                """
            }
        ])

    static let slowQueries = PostgresCollectorSwitch(
        "slow_queries",
        [
            Question(
                "slow_queries", parameters: { ["\($0.slowQuery.seconds)"] },
                columns: [
                    .label("datname"),
                    .gauge(
                        "count", "pg_slow_queries",
                        "Queries that have been running for longer than thresholds.slow_query. From pg_stat_activity."),
                    .gauge(
                        "longest", "pg_slow_query_longest_seconds",
                        "How long the longest of the slow queries has been running, 0 when there is none. From pg_stat_activity."),
                ]
            ) { _ in
                """
                SELECT d.datname, count(a.pid) AS count,
                    coalesce(max(extract(epoch FROM clock_timestamp() - a.query_start)), 0) AS longest
                FROM pg_database d
                LEFT JOIN pg_stat_activity a ON a.datname = d.datname AND a.state = 'active'
                    AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
                    AND clock_timestamp() - a.query_start > make_interval(secs => $1::float8)
                WHERE d.datallowconn AND NOT d.datistemplate
                GROUP BY d.datname
                """
            }
        ])

    /// The peer counts every open transaction under a name that says long ones, and gives an age as a timestamp.
    static let longRunningTransactions = PostgresCollectorSwitch(
        "long_running_transactions", isOn: false,
        [
            Question(
                "long_running_transactions",
                columns: [
                    .gauge(
                        "count", "pg_open_transactions",
                        "Transactions open now, without autovacuum's and Vitals' own. From pg_stat_activity.xact_start."),
                    .gauge(
                        "oldest", "pg_open_transactions_oldest_age_seconds",
                        "Age of the oldest of them, 0 when there is none. From pg_stat_activity.xact_start."),
                ]
            ) { _ in
                """
                SELECT count(*) AS count, coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) AS oldest
                FROM pg_stat_activity
                WHERE state IS DISTINCT FROM 'idle' AND xact_start IS NOT NULL AND query NOT LIKE 'autovacuum:%'
                    AND pid <> pg_backend_pid()
                """
            }
        ])

    /// Of every group that is idle, where the peer stops at the first.
    static let processIdle = PostgresCollectorSwitch(
        "process_idle", isOn: false,
        [
            Question(
                "process_idle", seriesMax: 20_000,
                reading: .rows { rows, sample throws(PostgresError) in
                    for row in rows {
                        var cumulative: [UInt64] = []
                        for place in 4..<(4 + idleBounds.count) { cumulative.append(UInt64(max(0, try row.int(place) ?? 0))) }
                        cumulative.append(UInt64(max(0, try row.int("count") ?? 0)))
                        sample.addHistogram(
                            processIdleSeconds, [try row.string("state") ?? "", try row.string("application_name") ?? ""],
                            bounds: idleBounds, cumulative: cumulative, sum: try row.double("sum") ?? 0)
                    }
                }
            ) { _ in
                let buckets = idleBounds.map { "count(*) FILTER (WHERE idle <= \(Int($0)))" }
                return """
                    SELECT state, application_name, count(*) AS count, sum(idle) AS sum, \(buckets.joined(separator: ", "))
                    FROM (
                        SELECT state, application_name, greatest(0, extract(epoch FROM clock_timestamp() - state_change)) AS idle
                        FROM pg_stat_activity WHERE state LIKE 'idle%' AND pid <> pg_backend_pid()
                    ) a GROUP BY state, application_name
                    """
            }
        ])

    private static let idleBounds: [Double] = [1, 2, 5, 15, 30, 60, 90, 120, 300]
    static let processIdleSeconds = Family(
        "pg_process_idle_seconds", .histogram, labels: ["state", "application_name"],
        help: "For how long the backends idle now have been so: no counter, do not rate() it. From pg_stat_activity.state_change."
    )

    /// Tables of one name in several schemas or databases, which the peer fails at, are one series: the longest.
    static let statActivityAutovacuum = PostgresCollectorSwitch(
        "stat_activity_autovacuum", isOn: false,
        [
            Question(
                "stat_activity_autovacuum", seriesMax: 10_000,
                columns: [
                    .label("relname"),
                    .gauge(
                        "started", "pg_stat_activity_autovacuum_timestamp_seconds",
                        "When autovacuum began with the table, Unix time. From pg_stat_activity.xact_start."),
                ]
            ) { _ in
                """
                SELECT coalesce(substring(query FROM '^autovacuum: .*?\\S+\\.(\\S+)'), '') AS relname,
                    extract(epoch FROM min(xact_start)) AS started
                FROM pg_stat_activity WHERE query LIKE 'autovacuum:%' AND xact_start IS NOT NULL GROUP BY 1
                """
            }
        ])
}
