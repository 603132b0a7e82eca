public import MetricsModel

/// The families of a Postgres target that are no plain columns of an answer.
public enum PostgresFamilies {
    public static let up = Family(
        "pg_up", .gauge, help: "Whether Postgres answered the last sample (1) or not (0). Measured by Vitals.")

    static let statementLabels = ["user", "datname", "queryid"]
    static let statementCalls = Family(
        "pg_stat_statements_calls_total", .counter, labels: statementLabels,
        help: "Executions of the statements first by total or mean time. From pg_stat_statements.calls.")
    static let statementSeconds = Family(
        "pg_stat_statements_seconds_total", .counter, labels: statementLabels,
        help: "Seconds of execution of the same statements. From pg_stat_statements.total_exec_time.")
    static let statementRows = Family(
        "pg_stat_statements_rows_total", .counter, labels: statementLabels,
        help: "Rows returned or changed by the same statements. From pg_stat_statements.rows.")
    static let statementMean = Family(
        "pg_stat_statements_mean_seconds", .gauge, labels: statementLabels,
        help: "Mean execution time of the same statements since their statistics began. From pg_stat_statements.mean_exec_time.")
    static let queryAverage = Family(
        "pg_query_avg_seconds", .gauge,
        help: "Mean execution time of all statements since the sample before, absent when none ran. From pg_stat_statements.")
    static let queries = Family(
        "db_queries_total", .counter, labels: ["query_type"],
        help: "Statements executed in the database, without Vitals' own. From pg_stat_statements.calls.")
    static let queryDuration = Family(
        "db_query_duration_seconds", .histogram, labels: ["query_type"],
        help:
            "Execution times: sum and count are exact, buckets are spread by the moments of each interval. From pg_stat_statements."
    )

    static let poolSize = Family(
        "db_connection_pool_size", .gauge, labels: ["pool"],
        help: "Usable slots: max_connections without the reserved ones (postgres), connections of Vitals' own (vitals).")
    static let poolInUse = Family(
        "db_connection_pool_in_use", .gauge, labels: ["pool"],
        help: "Client backends in pg_stat_activity (postgres), connections of Vitals' own in use (vitals).")
    static let poolWait = Family(
        "db_connection_pool_wait_duration_seconds", .histogram, labels: ["pool"],
        help: "How long tasks of Vitals waited for its own connection. Measured by Vitals.")

    static let authAttempts = Family(
        "auth_attempts_total", .counter, labels: ["result", "source"],
        help: "Logins of the application since Vitals started. From audit_logs, events like login, by their column success.")
    static let lockouts = Family(
        "auth_account_lockouts_total", .counter, labels: ["source"],
        help: "Accounts locked by the application since Vitals started. From audit_logs, events like lockout.")

    /// Without the shipped questions' own, and without the business queries', which come from the configuration.
    static let own: [Family] = [
        up, statementCalls, statementSeconds, statementRows, statementMean, queryAverage, queries, queryDuration, poolSize,
        poolInUse, poolWait, authAttempts, lockouts,
    ]
}
