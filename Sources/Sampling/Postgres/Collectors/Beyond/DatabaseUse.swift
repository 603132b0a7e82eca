extension PostgresCollectorSwitch {
    /// Parallel workers that queries wanted and got, from version 18 on. Manual: "28.2.16 pg_stat_database".
    static let parallelWorkers = PostgresCollectorSwitch(
        "parallel_workers",
        [
            Question(
                "parallel_workers", when: [.since(180_000)],
                columns: [
                    .label("datid"), .label("datname"),
                    .counter(
                        "parallel_workers_to_launch", "pg_stat_database_parallel_workers_planned_total",
                        "Parallel workers that queries wanted; from 18 on. From pg_stat_database."),
                    .counter(
                        "parallel_workers_launched", "pg_stat_database_parallel_workers_launched_total",
                        "Parallel workers that queries got; from 18 on. From pg_stat_database."),
                ]
            ) { _ in
                """
                SELECT datid, datname, parallel_workers_to_launch, parallel_workers_launched
                FROM pg_stat_database WHERE datname IS NOT NULL
                """
            }
        ])

    /// Databases and roles that may have fewer connections than the server. The server's own slots are in `db_connection_pool_size`.
    static let connectionLimits = PostgresCollectorSwitch(
        "connection_limits",
        [
            Question(
                "connection_limits",
                columns: [
                    .label("datname"), .label("rolname"),
                    .gauge(
                        "database_ratio", "pg_database_connections_used_ratio",
                        "Connections to a database by its connection limit, 0 to 1; absent without a limit. From pg_stat_activity and pg_database.",
                        labels: ["datname"]),
                    .gauge(
                        "role_ratio", "pg_roles_connections_used_ratio",
                        "Connections of a role by its connection limit, 0 to 1; absent without a limit, the 100 fullest. From pg_stat_activity and pg_roles.",
                        labels: ["rolname"]),
                ]
            ) { _ in
                """
                WITH clients AS MATERIALIZED (
                    SELECT datid, usesysid FROM pg_stat_activity WHERE backend_type = 'client backend'
                )
                SELECT d.datname::text, NULL AS rolname, count(c.datid)::float8 / d.datconnlimit AS database_ratio,
                    NULL::float8 AS role_ratio
                FROM pg_database d LEFT JOIN clients c ON c.datid = d.oid
                WHERE d.datconnlimit > 0 GROUP BY d.datname, d.datconnlimit
                UNION ALL
                (SELECT NULL, r.rolname::text, NULL, count(c.usesysid)::float8 / r.rolconnlimit
                FROM pg_roles r LEFT JOIN clients c ON c.usesysid = r.oid
                WHERE r.rolconnlimit > 0 AND NOT r.rolsuper GROUP BY r.rolname, r.rolconnlimit ORDER BY 4 DESC LIMIT 100)
                """
            }
        ])

    /// How near the end of the transaction numbers is. Manual: "25.1.5 Preventing Transaction ID Wraparound Failures".
    static let wraparound = PostgresCollectorSwitch(
        "wraparound",
        [
            Question(
                "wraparound", every: .minute,
                columns: [
                    .label("datname"),
                    .gauge(
                        "xid_age", "pg_wraparound_xid_age_transactions",
                        "Transactions since the oldest one that is not frozen. From pg_database.datfrozenxid."),
                    .gauge(
                        "xid_freeze", "pg_wraparound_xid_freeze_ratio",
                        "That by autovacuum_freeze_max_age: from 1 on vacuums against wraparound run, well above 1 they do not get done."
                    ),
                    .gauge(
                        "xid_limit", "pg_wraparound_xid_limit_ratio",
                        "That by the 2^31 transactions after which the server takes no more, 0 to 1."),
                    .gauge(
                        "mxid_age", "pg_wraparound_mxid_age_multixacts",
                        "Multixacts since the oldest one that is not frozen. From pg_database.datminmxid."),
                    .gauge(
                        "mxid_freeze", "pg_wraparound_mxid_freeze_ratio", "That by autovacuum_multixact_freeze_max_age."),
                    .gauge("mxid_limit", "pg_wraparound_mxid_limit_ratio", "That by the 2^31 multixacts there can be, 0 to 1."),
                ]
            ) { _ in
                """
                SELECT datname, age(datfrozenxid) AS xid_age, mxid_age(datminmxid) AS mxid_age,
                    age(datfrozenxid) / current_setting('autovacuum_freeze_max_age')::float8 AS xid_freeze,
                    mxid_age(datminmxid) / current_setting('autovacuum_multixact_freeze_max_age')::float8 AS mxid_freeze,
                    age(datfrozenxid) / 2147483648.0::float8 AS xid_limit, mxid_age(datminmxid) / 2147483648.0::float8 AS mxid_limit
                FROM pg_database
                """
            },
            Question(
                "wraparound", name: "wraparound.tables", scope: .database, every: .minutes, limits: Question.dear,
                columns: [
                    .label("datname"), .label("schemaname"), .label("relname"),
                    .gauge(
                        "age", "pg_wraparound_table_xid_age_transactions",
                        "Transactions since the oldest one that is not frozen in a table or its TOAST table, the 10 oldest of a database. From pg_class.relfrozenxid."
                    ),
                ]
            ) { _ in
                """
                SELECT current_database() AS datname, n.nspname AS schemaname, c.relname,
                    greatest(age(c.relfrozenxid), age(t.relfrozenxid)) AS age
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
                WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_(toast|temp)'
                ORDER BY 4 DESC LIMIT 10
                """
            },
        ])
}
