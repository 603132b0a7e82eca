/// What the views say of tables, read from what is under them: the views join and group what is asked for here once.
struct TableColumns {
    let drafts: [ColumnDraft]
    /// Over `c` (the table), `i` (sums over its indexes), `t` (its TOAST table) and `x` (sums over that one's index).
    let sql: [String]

    static func + (a: TableColumns, b: TableColumns) -> TableColumns {
        TableColumns(drafts: a.drafts + b.drafts, sql: a.sql + b.sql)
    }

    private struct Entry {
        let name: String
        let sql: String
        let draft: ColumnDraft
    }

    /// Zero for NULL, as the peer has it: a table without an index was never scanned by one.
    private static func rows(_ column: String, _ function: String, _ help: String, isCounter: Bool = true) -> Entry {
        let name = "pg_stat_user_tables_\(column)"
        let help = "\(help) From pg_stat_user_tables.\(column)."
        return Entry(
            name: column, sql: function.contains("(") ? function : "pg_stat_get_\(function)(c.oid)",
            draft: isCounter
                ? .counter(column, name, help, missing: 0, bulk: true) : .gauge(column, name, help, missing: 0, bulk: true))
    }

    private static func moment(_ column: String, _ what: String) -> Entry {
        rows(
            column, "date_part('epoch', pg_stat_get_\(column)_time(c.oid))",
            "When the table was last \(what), Unix time; 0: never.",
            isCounter: false)
    }

    private static func blocks(_ column: String, _ sql: String, _ help: String) -> Entry {
        Entry(
            name: column, sql: sql,
            draft: .counter(
                column, "pg_statio_user_tables_\(column)", "\(help) From pg_statio_user_tables.", missing: 0, bulk: true))
    }

    private init(_ entries: [Entry]) {
        drafts = entries.map(\.draft)
        sql = entries.map { "\($0.sql) AS \($0.name)" }
    }

    private init(drafts: [ColumnDraft], sql: [String]) {
        self.drafts = drafts
        self.sql = sql
    }

    static let rows = TableColumns([
        rows("seq_scan", "numscans", "Sequential scans."),
        rows("seq_tup_read", "tuples_returned", "Live rows read by sequential scans."),
        rows("idx_scan", "coalesce(i.scans, 0)", "Index scans."),
        rows("idx_tup_fetch", "coalesce(i.fetched + pg_stat_get_tuples_fetched(c.oid), 0)", "Live rows fetched by index scans."),
        rows("n_tup_ins", "tuples_inserted", "Rows inserted."), rows("n_tup_upd", "tuples_updated", "Rows updated."),
        rows("n_tup_del", "tuples_deleted", "Rows deleted."),
        rows("n_tup_hot_upd", "tuples_hot_updated", "Rows updated without a new index entry."),
        rows("n_live_tup", "live_tuples", "Estimated live rows.", isCounter: false),
        rows("n_dead_tup", "dead_tuples", "Estimated dead rows.", isCounter: false),
        rows("n_mod_since_analyze", "mod_since_analyze", "Estimated rows changed since the last ANALYZE.", isCounter: false),
        moment("last_vacuum", "vacuumed by hand"), moment("last_autovacuum", "vacuumed by autovacuum"),
        moment("last_analyze", "analyzed by hand"), moment("last_autoanalyze", "analyzed by autovacuum"),
        rows("vacuum_count", "vacuum_count", "Times vacuumed by hand."),
        rows("autovacuum_count", "autovacuum_count", "Times vacuumed by autovacuum."),
        rows("analyze_count", "analyze_count", "Times analyzed by hand."),
        rows("autoanalyze_count", "autoanalyze_count", "Times analyzed by autovacuum."),
    ])

    private static let read = "pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid)"

    static let blocks = TableColumns([
        blocks("heap_blocks_read", read, "Blocks of the table read."),
        blocks("heap_blocks_hit", "pg_stat_get_blocks_hit(c.oid)", "Blocks of the table found in shared buffers."),
        blocks("idx_blocks_read", "i.read", "Blocks of its indexes read."),
        blocks("idx_blocks_hit", "i.hit", "Blocks of its indexes found in shared buffers."),
        blocks(
            "toast_blocks_read", "pg_stat_get_blocks_fetched(t) - pg_stat_get_blocks_hit(t)", "Blocks of its TOAST table read."),
        blocks("toast_blocks_hit", "pg_stat_get_blocks_hit(t)", "Blocks of its TOAST table found in shared buffers."),
        blocks("tidx_blocks_read", "x.read", "Blocks of the TOAST table's index read."),
        blocks("tidx_blocks_hit", "x.hit", "Blocks of the TOAST table's index found in shared buffers."),
    ])

    /// One scan of `pg_class` and one of `pg_index`, in every sampled database.
    func question(_ collector: String) -> Question {
        let columns = sql
        return Question(
            collector, scope: .database, limits: Question.dear,
            columns: [.label("datname"), .label("schemaname"), .label("relname")] + drafts
        ) { context in
            // A partitioned table has row counts since its ANALYZE is counted (Postgres 14), and no blocks.
            let kinds = context.version >= 140_000 && collector != "statio_user_tables" ? "'r', 'm', 'p'" : "'r', 'm'"
            return """
                WITH i AS MATERIALIZED (
                    SELECT indrelid, sum(pg_stat_get_numscans(indexrelid)::float8) AS scans,
                        sum(pg_stat_get_tuples_fetched(indexrelid)::float8) AS fetched,
                        sum((pg_stat_get_blocks_fetched(indexrelid) - pg_stat_get_blocks_hit(indexrelid))::float8) AS read,
                        sum(pg_stat_get_blocks_hit(indexrelid)::float8) AS hit
                    FROM pg_index WHERE indrelid >= 16384 GROUP BY indrelid
                )
                SELECT current_database() AS datname, n.nspname AS schemaname, c.relname, \(columns.joined(separator: ", "))
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    LEFT JOIN i ON i.indrelid = c.oid
                    LEFT JOIN i x ON c.reltoastrelid <> 0 AND x.indrelid = c.reltoastrelid,
                    LATERAL (SELECT nullif(c.reltoastrelid, 0) AS t) toast
                WHERE c.relkind IN (\(kinds)) AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                    AND n.nspname !~ '^pg_toast'
                """
        }
    }
}

extension PostgresCollectorSwitch {
    static let statUserTables = PostgresCollectorSwitch(
        "stat_user_tables", [TableColumns.rows.question("stat_user_tables"), tableSizes])

    static let statIOUserTables = PostgresCollectorSwitch(
        "statio_user_tables", [TableColumns.blocks.question("statio_user_tables")])

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
