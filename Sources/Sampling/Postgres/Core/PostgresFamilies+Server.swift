internal import MetricsModel
internal import Postgres

/// What a target says about its server, its databases and its own sampling, whatever is switched off.
extension PostgresFamilies {
    static let databaseUp = Family(
        "pg_database_up", .gauge, labels: ["datname"],
        help: "Whether the sampled database answered the last sample (1) or not (0). Measured by Vitals.")
    static let databasesSkipped = Family(
        "pg_databases_skipped", .gauge, labels: ["reason"],
        help:
            "Databases that are not sampled: excluded by the configuration, template, not_connectable, privilege (CONNECT is missing) or limit (of kept connections). From pg_database."
    )
    static let loginError = Family(
        "pg_login_error", .gauge, labels: ["reason"],
        help:
            "Whether a new login of Vitals' role is refused (1) for this reason, while open connections may live on. Measured by Vitals."
    )
    static let loginDuration = Family(
        "pg_login_duration_seconds", .gauge,
        help: "How long the last new login of Vitals' role took. Measured by Vitals.")

    static let collectorSuccess = Family(
        "pg_scrape_collector_success", .gauge, labels: ["collector"],
        help:
            "Whether every question of the collector was answered, or none had to be asked (1), or one failed (0). Measured by Vitals."
    )
    static let collectorDuration = Family(
        "pg_scrape_collector_duration_seconds", .gauge, labels: ["collector"],
        help: "How long the server took for the collector's questions, over all databases. Measured by Vitals.")
    static let scrapeError = Family(
        "pg_exporter_last_scrape_error", .gauge,
        help: "Whether the last sample of the server had an error (1) or none (0). Measured by Vitals.")
    static let scrapeDuration = Family(
        "pg_exporter_last_scrape_duration_seconds", .gauge,
        help: "How long the last sample of the server took. Measured by Vitals.")
    static let scrapes = Family(
        "pg_exporter_scrapes_total", .counter, help: "How often the server was sampled since Vitals started. Counted by Vitals.")

    static let server: [Family] = [
        databaseUp, databasesSkipped, loginError, collectorSuccess, collectorDuration, scrapeError, scrapeDuration, scrapes,
    ]

    /// Names that no question may use.
    static let reserved = Set(([up, loginDuration] + server).map(\.name))
}

/// The values of the label `reason` of `pg_login_error`.
enum LoginReason: String, CaseIterable {
    case authentication, limit, starting, timeout, connection, other

    init(_ error: PostgresError) {
        self =
            switch error.code {
            case .authentication: .authentication
            case .tooManyConnections: .limit
            case .startingUp: .starting
            case .timeout, .busy: .timeout
            case .connection: .connection
            case .configuration, .permissionDenied, .undefinedObject, .constraintViolation, .notFound, .serialization, .deadlock,
                .readOnly, .syntax, .unexpectedValue, .internal:
                .other
            }
    }
}
