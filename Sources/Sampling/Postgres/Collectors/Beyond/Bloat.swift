extension PostgresCollectorSwitch {
    /// Estimates of what tables and B-tree indexes hold beyond the size they would have if they were written anew, from the catalogues
    /// alone. The page layout is that of the manual, "73.6 Database Page Layout" and "67.4 B-Tree implementation"; widths are those of
    /// the last ANALYZE.
    ///
    /// Errors: a few hundredths of the relation, as pgstattuple counts it; what lies in TOAST does not count at all. The role must be
    /// able to read the columns' statistics, which means SELECT on the table.
    static let bloat = PostgresCollectorSwitch("bloat", [tables, indexesOfTrees])

    /// Relations looked at: the largest by pages. Below ten pages nothing is to be won.
    private static let relationsMax = 100

    private static let tables = Question(
        "bloat", name: "bloat.tables", scope: .database, every: .minutes, limits: Question.dear,
        columns: [
            .label("datname"), .label("schemaname"), .label("relname"),
            .gauge(
                "all_bytes", "pg_tables_bloat_bytes",
                "Estimated bytes that the 100 largest tables of a database would lose if they were written anew. From pg_class and pg_stats.",
                labels: ["datname"]),
            .gauge(
                "unknown", "pg_tables_bloat_unknown",
                "Tables among them without an estimate: not analyzed, or the role may not read their statistics. From pg_stats.",
                labels: ["datname"]),
            .gauge(
                "bytes", "pg_table_bloat_bytes",
                "Estimated bytes that a table would lose, the 20 with the most. From pg_class and pg_stats."),
            .gauge(
                "ratio", "pg_table_bloat_ratio", "The same as a share of the table, 0 to 1. From pg_class and pg_stats."),
        ]
    ) { _ in
        """
        WITH largest AS MATERIALIZED (
            SELECT c.oid, n.nspname, c.relname, c.relpages, c.reltuples, current_setting('block_size')::int AS block,
                coalesce(substring(array_to_string(c.reloptions, ' ') FROM 'fillfactor=([0-9]+)')::int, 100) AS fill
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND c.relpages > 10 AND \(CatalogueSQL.isUsers)
            ORDER BY c.relpages DESC LIMIT \(relationsMax)
        ), estimated AS MATERIALIZED (
            SELECT t.nspname, t.relname, t.relpages, t.block,
                CASE WHEN t.reltuples >= 0 AND s.is_known THEN greatest(t.relpages - ceil(t.reltuples / greatest(1, floor(
                    (t.block - 24) * t.fill / 100.0
                    / (4 + 8 * ceil((8 * ceil((23 + CASE WHEN s.has_nulls THEN (s.present + 7) / 8 ELSE 0 END) / 8.0) + s.width) / 8))
                ))), 0) END AS wasted
            FROM largest t
            CROSS JOIN LATERAL (
                WITH RECURSIVE attributes AS MATERIALIZED (
                    SELECT row_number() OVER (ORDER BY a.attnum) AS place, s.avg_width AS width, s.null_frac,
                        CASE WHEN a.attlen = -1 AND s.avg_width < 127 THEN 1
                            ELSE CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END END AS alignment
                    FROM pg_attribute a LEFT JOIN LATERAL (
                        SELECT avg_width, null_frac FROM pg_stats
                        WHERE schemaname = t.nspname AND tablename = t.relname AND attname = a.attname AND NOT inherited LIMIT 1
                    ) s ON true
                    WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
                ), laid(place, width) AS (
                    SELECT 0::int8, 0::float8
                    UNION ALL
                    SELECT a.place,
                        l.width + (1 - a.null_frac) * (ceil(l.width / a.alignment) * a.alignment - l.width + a.width)
                    FROM laid l JOIN attributes a ON a.place = l.place + 1
                )
                SELECT count(*) AS present, bool_and(a.width IS NOT NULL) AS is_known, bool_or(a.null_frac > 0) AS has_nulls,
                    (SELECT max(width) FROM laid) AS width
                FROM attributes a
            ) s
        )
        SELECT current_database() AS datname, NULL AS schemaname, NULL AS relname, coalesce(sum(wasted * block), 0) AS all_bytes,
            count(*) - count(wasted) AS unknown, NULL::float8 AS bytes, NULL::float8 AS ratio
        FROM estimated
        UNION ALL
        (SELECT current_database(), nspname, relname, NULL, NULL, wasted * block, wasted / relpages
        FROM estimated WHERE wasted IS NOT NULL ORDER BY wasted DESC, nspname, relname LIMIT \(CatalogueSQL.listMax))
        """
    }

    private static let indexesOfTrees = Question(
        "bloat", name: "bloat.indexes", scope: .database, every: .minutes, limits: Question.dear,
        columns: [
            .label("datname"), .label("schemaname"), .label("relname"), .label("indexrelname"),
            .gauge(
                "all_bytes", "pg_indexes_bloat_bytes",
                "Estimated bytes that the 100 largest B-tree indexes of a database would lose if they were built anew. From pg_class and pg_stats.",
                labels: ["datname"]),
            .gauge(
                "unknown", "pg_indexes_bloat_unknown",
                "Indexes among them without an estimate: not analyzed, or the role may not read their statistics. From pg_stats.",
                labels: ["datname"]),
            .gauge(
                "bytes", "pg_index_bloat_bytes",
                "Estimated bytes that a B-tree index would lose, the 20 with the most. From pg_class and pg_stats."),
            .gauge(
                "ratio", "pg_index_bloat_ratio", "The same as a share of the index, 0 to 1. From pg_class and pg_stats."),
        ]
    ) { _ in
        // LIMIT 1: the statistics are looked up for each column instead of being joined whole.
        // Equal keys share one entry with six bytes for each row where all operator classes allow it (support function 4).
        """
        WITH largest AS MATERIALIZED (
            SELECT i.indexrelid, i.indrelid, i.indkey::int2[] AS keys, i.indnatts, n.nspname, t.relname, c.relname AS indexrelname,
                c.relpages, c.reltuples, current_setting('block_size')::int AS block,
                coalesce(substring(array_to_string(c.reloptions, ' ') FROM 'fillfactor=([0-9]+)')::int, 90) AS fill,
                NOT i.indisunique AND i.indnatts = i.indnkeyatts
                    AND array_to_string(c.reloptions, ' ') ~ 'deduplicate_items=(off|false|no|0)' IS NOT TRUE
                    AND NOT EXISTS (
                        SELECT FROM unnest(i.indclass::oid[]) AS k(class) JOIN pg_opclass o ON o.oid = k.class
                        WHERE NOT EXISTS (
                            SELECT FROM pg_amproc p
                            WHERE p.amprocfamily = o.opcfamily AND p.amproclefttype = o.opcintype AND p.amprocnum = 4
                        )
                    ) AS shares
            FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid
            JOIN pg_namespace n ON n.oid = t.relnamespace
            WHERE c.relkind = 'i' AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'btree') AND c.relpages > 10
                AND c.relpersistence <> 't' AND \(CatalogueSQL.isUsers)
            ORDER BY c.relpages DESC LIMIT \(relationsMax)
        ), sized AS MATERIALIZED (
            SELECT x.nspname, x.relname, x.indexrelname, x.relpages, x.block, x.reltuples, x.fill,
                CASE WHEN s.known = x.indnatts THEN s.size END AS size,
                CASE WHEN x.shares THEN least(s.distinct_keys, x.reltuples) ELSE x.reltuples END AS groups
            FROM largest x
            CROSS JOIN LATERAL (
                SELECT count(v.avg_width) AS known,
                    8 + CASE WHEN bool_or(v.null_frac > 0) THEN 8 ELSE 0 END
                        + 8 * ceil(sum((1 - v.null_frac) * v.avg_width) / 8) AS size,
                    exp(sum(ln(greatest(CASE WHEN v.n_distinct < 0 THEN -v.n_distinct * x.reltuples ELSE v.n_distinct END, 1))))
                        AS distinct_keys
                FROM unnest(x.keys) WITH ORDINALITY AS k(attnum, place)
                JOIN pg_attribute a ON a.attrelid = CASE WHEN k.attnum = 0 THEN x.indexrelid ELSE x.indrelid END
                    AND a.attnum = CASE WHEN k.attnum = 0 THEN k.place ELSE k.attnum END
                LEFT JOIN LATERAL (
                    SELECT avg_width, null_frac, n_distinct FROM pg_stats
                    WHERE schemaname = x.nspname AND tablename = CASE WHEN k.attnum = 0 THEN x.indexrelname ELSE x.relname END
                        AND attname = a.attname AND NOT inherited LIMIT 1
                ) v ON true
            ) s
        ), estimated AS MATERIALIZED (
            SELECT nspname, relname, indexrelname, relpages, block,
                CASE WHEN reltuples >= 0 AND size IS NOT NULL THEN greatest(relpages - 1 - ceil(
                    CASE WHEN groups * 2 <= reltuples
                        THEN (groups * (size + 4) + reltuples * 6) / ((block - 40) * fill / 100.0)
                        ELSE reltuples / greatest(2, floor((block - 40) * fill / 100.0 / (size + 4))) END
                    * (1 + (size + 4) / block::float8)
                ), 0) END AS wasted
            FROM sized
        )
        SELECT current_database() AS datname, NULL AS schemaname, NULL AS relname, NULL AS indexrelname,
            coalesce(sum(wasted * block), 0) AS all_bytes, count(*) - count(wasted) AS unknown, NULL::float8 AS bytes,
            NULL::float8 AS ratio
        FROM estimated
        UNION ALL
        (SELECT current_database(), nspname, relname, indexrelname, NULL, NULL, wasted * block, wasted / relpages
        FROM estimated WHERE wasted IS NOT NULL ORDER BY wasted DESC, nspname, indexrelname LIMIT \(CatalogueSQL.listMax))
        """
    }
}
