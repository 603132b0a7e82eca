extension PostgresCollectorSwitch {
    /// In each sampled database, so that tables have names and not numbers. From Postgres 17 on dead tuples are held in another form,
    /// whose bytes the peer gives as tuples: their number keeps its name, the bytes have names of their own.
    static let statProgressVacuum = PostgresCollectorSwitch(
        "stat_progress_vacuum",
        [
            Question(
                "stat_progress_vacuum", scope: .database, seriesMax: 10_000,
                columns: [
                    .label("datname"), .label("relname"), .label("phase"),
                    .gauge(
                        "is_phase", "pg_stat_progress_vacuum_phase",
                        "Whether VACUUM is in that phase. From pg_stat_progress_vacuum.phase."),
                    vacuum("heap_blks", "Blocks of the table."), vacuum("heap_blks_scanned", "Blocks scanned."),
                    vacuum("heap_blks_vacuumed", "Blocks vacuumed."),
                    vacuum("index_vacuums", "Rounds over the indexes completed."),
                    vacuum("max_dead_tuples", "Dead rows that fit in memory before a round over the indexes. Until Postgres 16."),
                    vacuum("num_dead_tuples", "Dead rows collected since the last round over the indexes."),
                    vacuum("max_dead_tuple_bytes", "Bytes of dead rows' positions that fit in memory. From Postgres 17 on."),
                    vacuum("dead_tuple_bytes", "Bytes of dead rows' positions collected. From Postgres 17 on."),
                ]
            ) { context in
                let dead =
                    context.version >= 170_000
                    ? "p.num_dead_item_ids AS num_dead_tuples, p.max_dead_tuple_bytes, p.dead_tuple_bytes"
                    : "p.num_dead_tuples, p.max_dead_tuples"
                let columns =
                    [
                        "heap_blks", "heap_blks_scanned", "heap_blks_vacuumed", "index_vacuums", "num_dead_tuples",
                    ] + (context.version >= 170_000 ? ["max_dead_tuple_bytes", "dead_tuple_bytes"] : ["max_dead_tuples"])
                // The numbers stand in the row of the current phase alone.
                return """
                    SELECT v.datname, v.relname, s.phase, s.phase = v.phase AS is_phase,
                        \(columns.map { "CASE WHEN s.phase = v.phase THEN v.\($0) END AS \($0)" }.joined(separator: ", "))
                    FROM (
                        SELECT p.datname, p.relid::regclass::text AS relname, p.phase, p.heap_blks_total AS heap_blks,
                            p.heap_blks_scanned, p.heap_blks_vacuumed, p.index_vacuum_count AS index_vacuums, \(dead)
                        FROM pg_stat_progress_vacuum p WHERE p.datname = current_database()
                    ) v CROSS JOIN (VALUES ('initializing'), ('scanning heap'), ('vacuuming indexes'), ('vacuuming heap'),
                        ('cleaning up indexes'), ('truncating heap'), ('performing final cleanup')) AS s(phase)
                    """
            }
        ])

    private static func vacuum(_ column: String, _ help: String) -> ColumnDraft {
        .gauge(
            column, "pg_stat_progress_vacuum_\(column)", "\(help) From pg_stat_progress_vacuum.", labels: ["datname", "relname"])
    }
}
