internal import MetricsModel
internal import Postgres

/// The shipped collectors that keep nothing between samples, cheapest first. The last ones read sizes.
extension PostgresCollector {
    static let all: [PostgresCollector] = [settings, activity, pool, slowQueries, database, locks]
    static let sizes: [PostgresCollector] = [tables, databaseSize]

    private static let settings = PostgresCollector(
        "settings",
        sql: { _, _ in
            """
            SELECT version() AS version, current_setting('server_version_num')::int AS number,
                extract(epoch FROM pg_postmaster_start_time()) AS started, current_setting('max_connections') AS max,
                current_setting('superuser_reserved_connections') AS reserved
            """
        },
        read: { rows, sample throws(PostgresError) in
            guard let row = rows.first else { return }
            if let version = try row.string("version"), let number = try row.int("number") {
                sample.add(PostgresFamilies.info, [version, "\(number / 10_000).\(number % 10_000).0"], 1)
            }
            sample.add(PostgresFamilies.start, try row.double("started"))
            sample.add(PostgresFamilies.maxConnections, try row.double("max"))
            sample.add(PostgresFamilies.reservedConnections, try row.double("reserved"))
        })

    /// Every state of every database, also at zero, so that no series comes and goes.
    private static let activity = PostgresCollector(
        "stat_activity",
        sql: { _, _ in
            """
            SELECT d.datname, s.state, coalesce(a.count, 0) AS count, coalesce(a.age, 0) AS age
            FROM pg_database d
            CROSS JOIN (VALUES ('active'), ('idle'), ('idle in transaction'), ('idle in transaction (aborted)'),
                ('fastpath function call'), ('disabled')) AS s(state)
            LEFT JOIN (
                SELECT datname, state, count(*) AS count, max(extract(epoch FROM now() - xact_start)) AS age
                FROM pg_stat_activity WHERE datname IS NOT NULL GROUP BY datname, state
            ) a ON a.datname = d.datname AND a.state = s.state
            WHERE d.datallowconn
            """
        },
        read: { rows, sample throws(PostgresError) in
            for row in rows {
                guard let database = try row.string(0), let state = try row.string(1) else { continue }
                sample.add(PostgresFamilies.activity, [database, state], try row.double(2))
                sample.add(PostgresFamilies.longestTransaction, [database, state], try row.double(3))
            }
        })

    /// `reserved_connections` is there from Postgres 16 on.
    private static let pool = PostgresCollector(
        "pool",
        sql: { _, _ in
            """
            SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                - coalesce(current_setting('reserved_connections', true)::int, 0) AS size,
                (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used
            """
        },
        read: { rows, sample throws(PostgresError) in
            guard let row = rows.first else { return }
            sample.add(PostgresFamilies.poolSize, ["postgres"], try row.double("size"))
            sample.add(PostgresFamilies.poolInUse, ["postgres"], try row.double("used"))
        })

    private static let slowQueries = PostgresCollector(
        "slow_queries",
        sql: { _, _ in
            """
            SELECT d.datname, count(a.pid), coalesce(max(extract(epoch FROM clock_timestamp() - a.query_start)), 0)
            FROM pg_database d
            LEFT JOIN pg_stat_activity a ON a.datname = d.datname AND a.state = 'active'
                AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
                AND clock_timestamp() - a.query_start > make_interval(secs => $1::float8)
            WHERE d.datallowconn AND NOT d.datistemplate
            GROUP BY d.datname
            """
        },
        parameters: { ["\($0.slowQuery.seconds)"] },
        read: { rows, sample throws(PostgresError) in
            for row in rows {
                guard let database = try row.string(0) else { continue }
                sample.add(PostgresFamilies.slow, [database], try row.double(1))
                sample.add(PostgresFamilies.slowest, [database], try row.double(2))
            }
        })

    private static let database = PostgresCollector(
        "stat_database",
        sql: { _, _ in
            let columns = PostgresFamilies.databases.map {
                $0.column == "stats_reset" ? "extract(epoch FROM stats_reset)" : $0.column
            }
            return "SELECT datid, datname, \(columns.joined(separator: ", ")) FROM pg_stat_database WHERE datname IS NOT NULL"
        },
        read: { rows, sample throws(PostgresError) in
            for row in rows {
                guard let id = try row.string(0), let name = try row.string(1) else { continue }
                for (place, entry) in PostgresFamilies.databases.enumerated() {
                    sample.add(entry.family, [id, name], try row.double(place + 2))
                }
            }
        })

    /// Waiting sessions are counted by their wait event: a wait for another's transaction belongs to no database in pg_locks.
    private static let locks = PostgresCollector(
        "locks",
        sql: { _, _ in
            """
            SELECT d.datname, m.mode, coalesce(l.count, 0)
            FROM pg_database d
            CROSS JOIN (VALUES ('accesssharelock'), ('rowsharelock'), ('rowexclusivelock'), ('shareupdateexclusivelock'),
                ('sharelock'), ('sharerowexclusivelock'), ('exclusivelock'), ('accessexclusivelock'), ('sireadlock')) AS m(mode)
            LEFT JOIN (
                SELECT database, lower(mode) AS mode, count(*) AS count FROM pg_locks WHERE database IS NOT NULL GROUP BY 1, 2
            ) l ON l.database = d.oid AND l.mode = m.mode
            WHERE d.datallowconn
            UNION ALL
            SELECT d.datname, NULL, count(a.pid)
            FROM pg_database d LEFT JOIN pg_stat_activity a ON a.datid = d.oid AND a.wait_event_type = 'Lock'
            WHERE d.datallowconn GROUP BY d.datname
            """
        },
        read: { rows, sample throws(PostgresError) in
            for row in rows {
                guard let database = try row.string(0) else { continue }
                if let mode = try row.string(1) {
                    sample.add(PostgresFamilies.locks, [database, mode], try row.double(2))
                } else {
                    sample.add(PostgresFamilies.waiting, [database], try row.double(2))
                }
            }
        })

    /// The largest by relpages, then exact sizes of those alone: 6 ms instead of 330 ms at 5,000 tables. The size functions wait for
    /// an ACCESS EXCLUSIVE lock, also behind one that waits itself; a table with either keeps its row counts and has no sizes.
    private static let tables = PostgresCollector(
        "stat_user_tables", limits: dear, reuse: .seconds(30),
        sql: { _, _ in
            """
            WITH locked AS MATERIALIZED (
                SELECT relation FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation IS NOT NULL
            ), largest AS MATERIALIZED (
                SELECT c.oid, n.nspname, c.relname, EXISTS (
                    SELECT FROM locked l WHERE l.relation IN (c.oid, c.reltoastrelid)
                        OR l.relation IN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = c.oid)) AS locked
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
                    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                ORDER BY c.relpages DESC, c.oid LIMIT $1::int
            )
            SELECT current_database(), nspname, relname, pg_stat_get_live_tuples(oid), pg_stat_get_dead_tuples(oid),
                CASE WHEN NOT locked THEN pg_table_size(oid) END, CASE WHEN NOT locked THEN pg_indexes_size(oid) END
            FROM largest
            """
        },
        parameters: { ["\(max(0, $0.largestTables))"] },
        read: { rows, sample throws(PostgresError) in
            for row in rows {
                guard let database = try row.string(0), let schema = try row.string(1), let table = try row.string(2) else {
                    continue
                }
                let labels = [database, schema, table]
                sample.add(PostgresFamilies.liveRows, labels, try row.double(3))
                sample.add(PostgresFamilies.deadRows, labels, try row.double(4))
                // A table dropped meanwhile has no size.
                guard let size = try row.double(5), let indexes = try row.double(6) else { continue }
                sample.add(PostgresFamilies.tableSize, labels, size)
                sample.add(PostgresFamilies.indexSize, labels, indexes)
                if size + indexes > 0 { sample.add(PostgresFamilies.indexShare, labels, indexes / (size + indexes)) }
            }
        })

    /// A database that may not be connected to, like a provider's own, would fail the whole question.
    private static let databaseSize = PostgresCollector(
        "database", limits: dear, reuse: .seconds(60),
        sql: { _, _ in
            """
            SELECT datname, pg_database_size(oid) FROM pg_database
            WHERE datallowconn AND (has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE'))
            """
        },
        read: { rows, sample throws(PostgresError) in
            for row in rows {
                if let database = try row.string(0) {
                    sample.add(PostgresFamilies.databaseSize, [database], try row.double(1))
                }
            }
        })
}
