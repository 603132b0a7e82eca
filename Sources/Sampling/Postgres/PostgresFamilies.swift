public import MetricsModel

/// The families of a Postgres target that are no plain columns of an answer.
public enum PostgresFamilies {
    public static let up = Family(
        "pg_up", .gauge,
        help: "Whether Postgres answered the last sample and lets Vitals' role log in (1), or not (0). Measured by Vitals.")

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
    static let own: [Family] = [up, poolSize, poolInUse, poolWait, authAttempts, lockouts] + StatementFamilies.all
}
