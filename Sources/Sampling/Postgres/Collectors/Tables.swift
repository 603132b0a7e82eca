extension PostgresCollectorSwitch {
    static let statUserTables = PostgresCollectorSwitch(
        "stat_user_tables", [TableStatistics.rows.question("stat_user_tables"), tableSizes])

    static let statIOUserTables = PostgresCollectorSwitch(
        "statio_user_tables", [TableStatistics.blocks.question("statio_user_tables")])

    /// The questions of the collectors that are on. Those about tables are one when both are: names and relations are read once.
    static func questions(of switches: [PostgresCollectorSwitch]) -> [Question] {
        let names = Set(switches.map(\.name))
        guard names.isSuperset(of: [statUserTables.name, statIOUserTables.name]) else { return switches.flatMap(\.questions) }
        return switches.flatMap { item -> [Question] in
            switch item.name {
            case statIOUserTables.name: []
            case statUserTables.name:
                [
                    (TableStatistics.rows + .blocks).question(
                        statUserTables.name, covering: [statIOUserTables.name]), tableSizes,
                ]
            default: item.questions
            }
        }
    }

    /// The largest by relpages, then exact sizes of those alone: 6 ms instead of 330 ms at 5,000 tables. The size functions wait for
    /// an ACCESS EXCLUSIVE lock, also behind one that waits itself: a table with either has no sizes then, and is counted.
    private static let tableSizes = Question(
        "stat_user_tables", name: "stat_user_tables: sizes", scope: .database, every: .sizes, limits: Question.dear,
        parameters: { ["\(max(0, $0.largestTables))"] },
        columns: [
            .label("datname"), .label("schemaname"), .label("relname"),
            .gauge(
                "size", "pg_stat_user_tables_table_size_bytes",
                "Bytes of the largest tables with TOAST, without indexes. From pg_table_size()."),
            .gauge(
                "indexes", "pg_stat_user_tables_index_size_bytes",
                "Bytes of the indexes of the largest tables. From pg_indexes_size()."),
            .gauge(
                "share", "pg_stat_user_tables_index_size_ratio",
                "Share of the indexes in table and indexes, 0 to 1. From pg_indexes_size() and pg_table_size()."),
            .gauge(
                "locked", "pg_relations_locked",
                "Largest tables left out of the sizes because of an exclusive lock, held or awaited. From pg_locks.",
                labels: ["datname"]),
        ]
    ) { _ in
        """
        WITH locked AS MATERIALIZED (
            SELECT relation FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation IS NOT NULL
        ), largest AS MATERIALIZED (
            SELECT c.oid, n.nspname, c.relname, EXISTS (
                SELECT FROM locked l WHERE l.relation IN (c.oid, c.reltoastrelid)
                    OR l.relation IN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid IN (c.oid, c.reltoastrelid))) AS locked
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
                AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            ORDER BY c.relpages DESC, c.oid LIMIT $1::int
        ), sizes AS MATERIALIZED (
            SELECT nspname, relname, pg_table_size(oid) AS size, pg_indexes_size(oid) AS indexes FROM largest WHERE NOT locked
        )
        SELECT current_database() AS datname, nspname AS schemaname, relname, size, indexes,
            indexes / nullif(size + indexes, 0)::float8 AS share, NULL AS locked
        FROM sizes WHERE size IS NOT NULL AND indexes IS NOT NULL
        UNION ALL SELECT current_database(), NULL, NULL, NULL, NULL, NULL, count(*) FILTER (WHERE locked) FROM largest
        """
    }

    /// With the database among the labels, which the peer, asking in one alone, does not need.
    static let statIOUserIndexes = PostgresCollectorSwitch(
        "statio_user_indexes", isOn: false,
        [
            Question(
                "statio_user_indexes", scope: .database, limits: Question.dear,
                columns: [
                    .label("datname"), .label("schemaname"), .label("relname"), .label("indexrelname"),
                    .counter(
                        "read", "pg_statio_user_indexes_idx_blks_read_total",
                        "Blocks of the index read. From pg_statio_user_indexes.idx_blks_read.", bulk: true),
                    .counter(
                        "hit", "pg_statio_user_indexes_idx_blks_hit_total",
                        "Blocks of the index found in shared buffers. From pg_statio_user_indexes.idx_blks_hit.", bulk: true),
                ]
            ) { _ in
                """
                SELECT current_database() AS datname, schemaname, relname, indexrelname, idx_blks_read AS read, idx_blks_hit AS hit
                FROM pg_statio_user_indexes
                """
            }
        ])
}
