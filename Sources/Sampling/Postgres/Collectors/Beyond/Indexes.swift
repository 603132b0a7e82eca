extension PostgresCollectorSwitch {
    /// Indexes that cost and do not help. Sizes are `relpages`, so that no relation is opened and nothing waits for a lock.
    static let indexes = PostgresCollectorSwitch(
        "indexes",
        [
            Question(
                "indexes", scope: .database, every: .minutes, limits: Question.dear,
                columns: [
                    .label("datname"), .label("schemaname"), .label("relname"), .label("indexrelname"), .label("duplicate_of"),
                    .gauge("indexes", "pg_indexes", "Indexes of a database. From pg_index.", labels: ["datname"]),
                    .gauge(
                        "unused", "pg_indexes_unused",
                        "Indexes that no scan has used since the statistics began and that enforce nothing. From pg_stat_user_indexes.",
                        labels: ["datname"]),
                    .gauge("unused_bytes", "pg_indexes_unused_bytes", "Their size. From pg_class.relpages.", labels: ["datname"]),
                    .gauge(
                        "duplicate", "pg_indexes_duplicate",
                        "Indexes that another one of the same table, columns, operator classes and condition makes superfluous. From pg_index.",
                        labels: ["datname"]),
                    .gauge(
                        "duplicate_bytes", "pg_indexes_duplicate_bytes", "Their size. From pg_class.relpages.",
                        labels: ["datname"]),
                    .gauge(
                        "invalid", "pg_indexes_invalid",
                        "Indexes that are kept up and never used since their creation failed, without those in creation. From pg_index.",
                        labels: ["datname"]),
                    .gauge(
                        "unused_size", "pg_index_unused_size_bytes",
                        "The largest unused indexes by size. From pg_class.relpages.",
                        labels: ["datname", "schemaname", "relname", "indexrelname"]),
                    .gauge(
                        "duplicate_size", "pg_index_duplicate_size_bytes",
                        "The largest superfluous indexes by size, with the one that does the same. From pg_class.relpages."),
                    .gauge(
                        "invalid_one", "pg_index_invalid", "An invalid index, value 1. From pg_index.",
                        labels: ["datname", "schemaname", "relname", "indexrelname"]),
                ]
            ) { _ in
                // The text of an expression or condition holds its place in the statement before version 17: cut out.
                """
                WITH known AS MATERIALIZED (
                    SELECT i.indexrelid, i.indrelid, i.indkey::text AS keys, c.relpages, i.indisvalid AND i.indisready AS is_valid,
                        i.indisunique OR i.indisprimary OR i.indisexclusion OR i.indisreplident AS enforces,
                        c.relkind = 'i' AND pg_stat_get_numscans(i.indexrelid) = 0 AS is_unscanned
                    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                    WHERE c.relnamespace IN (SELECT n.oid FROM pg_namespace n WHERE \(CatalogueSQL.isUsers))
                ), same_keys AS MATERIALIZED (
                    SELECT indrelid, keys FROM known WHERE is_valid GROUP BY indrelid, keys HAVING count(*) > 1
                ), compared AS MATERIALIZED (
                    SELECT i.indexrelid, k.enforces, c.relkind, first_value(i.indexrelid) OVER same AS kept
                    FROM same_keys s JOIN known k ON k.indrelid = s.indrelid AND k.keys = s.keys AND k.is_valid
                    JOIN pg_index i ON i.indexrelid = k.indexrelid JOIN pg_class c ON c.oid = i.indexrelid
                    WINDOW same AS (
                        PARTITION BY i.indrelid, k.keys, c.relam, i.indnkeyatts, i.indclass::text, i.indcollation::text,
                            i.indoption::text, regexp_replace(i.indexprs::text, ':location -?[0-9]+', '', 'g'),
                            regexp_replace(i.indpred::text, ':location -?[0-9]+', '', 'g')
                        ORDER BY i.indisprimary DESC, i.indisreplident DESC, i.indisexclusion DESC, i.indisunique DESC, i.indexrelid
                    )
                ), judged AS MATERIALIZED (
                    SELECT k.indexrelid, k.indrelid, k.relpages::int8 * current_setting('block_size')::int8 AS bytes,
                        k.is_valid AND k.is_unscanned AND NOT k.enforces AS is_unused, d.kept,
                        NOT k.is_valid AND NOT EXISTS (
                            SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = k.indexrelid
                        ) AS is_invalid
                    FROM known k LEFT JOIN compared d ON d.indexrelid = k.indexrelid AND d.kept <> k.indexrelid AND NOT d.enforces
                        AND d.relkind = 'i'
                ), unused AS MATERIALIZED (
                    SELECT indexrelid, indrelid, bytes FROM judged WHERE is_unused
                    ORDER BY bytes DESC, indexrelid LIMIT \(CatalogueSQL.listMax)
                ), duplicates AS MATERIALIZED (
                    SELECT indexrelid, indrelid, bytes, kept FROM judged WHERE kept IS NOT NULL
                    ORDER BY bytes DESC, indexrelid LIMIT \(CatalogueSQL.listMax)
                ), invalid AS MATERIALIZED (
                    SELECT indexrelid, indrelid FROM judged WHERE is_invalid ORDER BY indexrelid LIMIT \(CatalogueSQL.listMax)
                ), listed AS (
                    SELECT indexrelid, indrelid, NULL::oid AS kept, bytes AS unused_size, NULL::int8 AS duplicate_size,
                        NULL::int AS invalid_one
                    FROM unused
                    UNION ALL
                    SELECT indexrelid, indrelid, kept, NULL, bytes, NULL FROM duplicates
                    UNION ALL
                    SELECT indexrelid, indrelid, NULL, NULL, NULL, 1 FROM invalid
                )
                SELECT current_database() AS datname, NULL AS schemaname, NULL AS relname, NULL AS indexrelname, NULL AS duplicate_of,
                    count(*) AS indexes, count(*) FILTER (WHERE is_unused) AS unused,
                    coalesce(sum(bytes) FILTER (WHERE is_unused), 0) AS unused_bytes, count(kept) AS duplicate,
                    coalesce(sum(bytes) FILTER (WHERE kept IS NOT NULL), 0) AS duplicate_bytes,
                    count(*) FILTER (WHERE is_invalid) AS invalid,
                    NULL::int8 AS unused_size, NULL::int8 AS duplicate_size, NULL::int AS invalid_one
                FROM judged
                UNION ALL
                SELECT current_database(), n.nspname, t.relname, c.relname, k.relname, NULL, NULL, NULL, NULL, NULL, NULL,
                    l.unused_size, l.duplicate_size, l.invalid_one
                FROM listed l JOIN pg_class c ON c.oid = l.indexrelid JOIN pg_class t ON t.oid = l.indrelid
                JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class k ON k.oid = l.kept
                """
            }
        ])

    /// Every index; off as `statio_user_indexes` is.
    static let userIndexes = PostgresCollectorSwitch(
        "stat_user_indexes", isOn: false,
        [
            Question(
                "stat_user_indexes", scope: .database,
                columns: [
                    .label("datname"), .label("schemaname"), .label("relname"), .label("indexrelname"),
                    .counter(
                        "idx_scan", "pg_stat_user_indexes_idx_scan_total", "Scans of an index. From pg_stat_user_indexes.",
                        bulk: true),
                    .counter(
                        "idx_tup_read", "pg_stat_user_indexes_idx_tup_read_total",
                        "Entries returned by scans of an index. From pg_stat_user_indexes.", bulk: true),
                    .counter(
                        "idx_tup_fetch", "pg_stat_user_indexes_idx_tup_fetch_total",
                        "Live rows fetched by simple scans of an index. From pg_stat_user_indexes.", bulk: true),
                    .gauge(
                        "last_idx_scan", "pg_stat_user_indexes_last_idx_scan_timestamp_seconds",
                        "When an index was last scanned, Unix time; from 16 on. From pg_stat_user_indexes.", bulk: true),
                ]
            ) { context in
                let last = context.version >= 160_000 ? ", extract(epoch FROM last_idx_scan) AS last_idx_scan" : ""
                return """
                    SELECT current_database() AS datname, schemaname, relname, indexrelname, idx_scan, idx_tup_read, idx_tup_fetch\(last)
                    FROM pg_stat_user_indexes
                    """
            }
        ])

    /// How much of a sequence is used up. The end is that of the column it feeds where that comes first: a bigint sequence behind an
    /// integer column ends at 2147483647.
    ///
    /// `pg_sequence_last_value()` locks the sequence as nextval does: those that somebody alters are left out, and of very many
    /// those are read whose table has most rows for the values there are.
    static let sequences = PostgresCollectorSwitch(
        "sequences",
        [
            Question(
                "sequences", scope: .database, every: .minutes, limits: Question.dear,
                columns: [
                    .label("datname"), .label("schemaname"), .label("sequencename"),
                    .gauge("sequences", "pg_sequences", "Sequences of a database. From pg_sequence.", labels: ["datname"]),
                    .gauge(
                        "unread", "pg_sequences_unread",
                        "Sequences that were not read: no privilege on them, locked, or beyond the first 1000. From pg_sequence.",
                        labels: ["datname"]),
                    .gauge(
                        "ratio", "pg_sequence_used_ratio",
                        "Share of a sequence's values that is used up, 0 to 1, of the 20 that are nearest their end; those that cycle have none. From pg_sequence_last_value()."
                    ),
                    .gauge(
                        "remaining", "pg_sequence_remaining_values",
                        "How many values are left in them. From pg_sequence_last_value()."),
                ]
            ) { _ in
                """
                WITH locked AS MATERIALIZED (
                    SELECT DISTINCT relation FROM pg_locks
                    WHERE locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                        AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
                ), known AS MATERIALIZED (
                    SELECT s.seqrelid, s.seqincrement, s.seqmin, least(s.seqmax, ends.type_max) AS seqmax, s.seqcycle, n.nspname, c.relname, ends.rows,
                        has_sequence_privilege(s.seqrelid, 'SELECT,USAGE') AND s.seqrelid NOT IN (SELECT relation FROM locked) AS is_readable
                    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                    LEFT JOIN LATERAL (
                        SELECT min(CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 END) AS type_max,
                            max(t.reltuples) AS rows
                        FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                        JOIN pg_class t ON t.oid = d.refobjid
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.refclassid = 'pg_class'::regclass
                            AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
                    ) ends ON true
                    WHERE \(CatalogueSQL.isUsers) AND c.relpersistence <> 't'
                ), chosen AS MATERIALIZED (
                    SELECT seqrelid, nspname, relname, seqincrement, seqmin, seqmax
                    FROM known WHERE is_readable AND NOT seqcycle ORDER BY coalesce(rows, 0) / seqmax::float8 DESC, seqmax, seqrelid LIMIT 1000
                ), used AS MATERIALIZED (
                    SELECT nspname, relname,
                        CASE WHEN seqincrement > 0 THEN greatest(seqmax::float8 - last, 0) ELSE greatest(last - seqmin::float8, 0) END
                            AS left_over, greatest(seqmax::float8 - seqmin::float8, 1) AS span, abs(seqincrement) AS step
                    FROM (
                        SELECT nspname, relname, seqincrement, seqmin, seqmax, pg_sequence_last_value(seqrelid)::float8 AS last
                        FROM chosen
                    ) read WHERE last IS NOT NULL
                )
                SELECT current_database() AS datname, NULL AS schemaname, NULL AS sequencename, count(*) AS sequences,
                    count(*) FILTER (WHERE NOT seqcycle) - (SELECT count(*) FROM chosen) AS unread, NULL::float8 AS ratio,
                    NULL::float8 AS remaining
                FROM known
                UNION ALL
                (SELECT current_database(), nspname, relname, NULL, NULL, greatest(1 - left_over / span, 0), floor(left_over / step)
                FROM used ORDER BY left_over / span, nspname, relname LIMIT \(CatalogueSQL.listMax))
                """
            }
        ])
}
