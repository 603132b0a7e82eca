internal import MetricsModel

/// The families of `pg_stat_statements`. Names of single statements are postgres_exporter's where it has one.
enum StatementFamilies {
    private static let labels = ["user", "datname", "queryid"]
    private static func statement(_ name: String, _ type: MetricType, _ help: String) -> Family {
        Family("pg_stat_statements_\(name)", type, labels: labels, help: help)
    }

    static let calls = statement(
        "calls_total", .counter,
        "Executions of the first statements by total time, mean time and calls; queryid=\"other\" has all others. From pg_stat_statements.calls."
    )
    static let seconds = statement(
        "seconds_total", .counter, "Seconds of execution of the same statements. From pg_stat_statements.total_exec_time.")
    static let rows = statement(
        "rows_total", .counter, "Rows returned or changed by the same statements. From pg_stat_statements.rows.")
    static let readSeconds = statement(
        "block_read_seconds_total", .counter,
        "Seconds the same statements spent reading blocks, with track_io_timing. From pg_stat_statements.shared_blk_read_time, before 17 blk_read_time."
    )
    static let writeSeconds = statement(
        "block_write_seconds_total", .counter,
        "Seconds the same statements spent writing blocks, with track_io_timing. From pg_stat_statements.shared_blk_write_time, before 17 blk_write_time."
    )
    static let mean = statement(
        "mean_seconds", .gauge,
        "Mean execution time of the same statements since their statistics began. From pg_stat_statements.total_exec_time and calls."
    )
    static let text = Family(
        "pg_stat_statements_query_id", .gauge, labels: ["queryid", "query"],
        help:
            "Beginning of the same statements' texts without literals, value 1; only with statements.query_label. From pg_stat_statements.query."
    )
    static let evictions = Family(
        "pg_stat_statements_dealloc_total", .counter,
        help:
            "How often the least executed statements were evicted; what they did since the sample before is lost. From pg_stat_statements_info.dealloc."
    )
    static let textReads = Family(
        "vitals_statement_text_reads_total", .counter, labels: ["result"],
        help:
            "How often statement texts were read (read), and left alone since they need more than statements.text_memory_bytes (too_large). Measured by Vitals."
    )
    static let average = Family(
        "pg_query_avg_seconds", .gauge,
        help: "Mean execution time of all statements since the sample before, absent when none ran. From pg_stat_statements.")
    static let queries = Family(
        "db_queries_total", .counter, labels: ["query_type"],
        help: "Statements executed in all sampled databases, without Vitals' own. From pg_stat_statements.calls.")
    static let duration = Family(
        "db_query_duration_seconds", .histogram, labels: ["query_type"],
        help:
            "Execution times: sum and count are exact, buckets are spread by the moments of each interval. From pg_stat_statements."
    )

    static let all = [
        calls, seconds, rows, readSeconds, writeSeconds, mean, text, evictions, textReads, average, queries, duration,
    ]
}
