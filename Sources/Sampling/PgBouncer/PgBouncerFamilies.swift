public import MetricsModel

/// The families of a PgBouncer target. Names are pgbouncer_exporter's (prometheus-community) where it has one: they are what public
/// rules and dashboards use. Times are seconds.
public enum PgBouncerFamilies {
    public static let up = Family(
        "pgbouncer_up", .gauge, help: "Whether PgBouncer's console answered the last sample (1) or not (0). Measured by Vitals.")
    static let versionInfo = Family(
        "pgbouncer_version_info", .gauge, labels: ["version"],
        help: "PgBouncer's version as a label, value 1. From server_version of the console's greeting.")
    static let version = Family(
        "pgbouncer_version", .gauge,
        help: "PgBouncer's version as a number, 1.18.0 is 11800. From server_version of the console's greeting.")

    static let waitMax = Family(
        "db_connection_pool_wait_max_seconds", .gauge, labels: ["pool"],
        help: "How long the client that has waited longest for a connection of the pool has waited. From SHOW POOLS, maxwait.")

    private static func list(_ name: String, _ help: String) -> [PgBouncerEntry] {
        [PgBouncerEntry("pgbouncer_\(name)", "\(help) From SHOW LISTS.")]
    }

    static let lists: [String: [PgBouncerEntry]] = [
        "databases": list("databases", "Configured databases."),
        "users": list("users", "Known users."),
        "pools": list("pools", "Pools, one for each database and user."),
        "free_clients": list("free_clients", "Places of clients that are kept in memory and not used."),
        "used_clients": list("used_clients", "Places of clients in use."),
        "login_clients": list("login_clients", "Clients that are logging in."),
        "free_servers": list("free_servers", "Places of server connections that are kept in memory and not used."),
        "used_servers": list("used_servers", "Places of server connections in use."),
        "dns_names": list("cached_dns_names", "Host names in the DNS cache."),
        "dns_zones": list("cached_dns_zones", "Zones in the DNS cache."),
        "dns_queries": list("in_flight_dns_queries", "DNS queries on their way."),
    ]

    static let poolLabels = [("database", "database"), ("user", "user")]

    static let pools = PgBouncerTable(
        .pools, prefix: "pgbouncer_pools", labels: poolLabels, important: "cl_waiting",
        [
            .gauge(
                "cl_active", as: "client_active_connections",
                "Clients that have a server connection, or are idle and have asked for none."),
            .gauge("cl_waiting", as: "client_waiting_connections", "Clients that wait for a server connection."),
            .gauge(
                "cl_active_cancel_req", as: "client_active_cancel_connections",
                "Clients whose cancel request was forwarded and is not answered yet."),
            .gauge(
                "cl_waiting_cancel_req", "cl_cancel_req", as: "client_waiting_cancel_connections",
                "Clients whose cancel request was not forwarded yet."),
            .gauge("sv_active", as: "server_active_connections", "Server connections that a client has."),
            .gauge(
                "sv_active_cancel", as: "server_active_cancel_connections", "Server connections that forward a cancel request."),
            .gauge(
                "sv_being_canceled", as: "server_being_canceled_connections",
                "Server connections that wait for the cancel requests sent to them before they become idle."),
            .gauge("sv_idle", as: "server_idle_connections", "Server connections that can be used at once."),
            .gauge(
                "sv_used", as: "server_used_connections",
                "Server connections idle for longer than server_check_delay, to be checked before use."),
            .gauge("sv_tested", as: "server_testing_connections", "Server connections that are being reset or checked."),
            .gauge("sv_login", as: "server_login_connections", "Server connections that are logging in."),
            .gauge(
                "maxwait", as: "client_maxwait_seconds", "How long the client that has waited longest has waited.",
                plus: "maxwait_us"),
        ])

    /// Under both prefixes that versions of pgbouncer_exporter have had; rules and dashboards use either.
    static func stats(_ prefix: String) -> PgBouncerTable {
        PgBouncerTable(
            .stats, prefix: prefix, labels: [("database", "database")],
            [
                .counter("total_query_count", as: "queries_pooled_total", "Queries."),
                .counter("total_query_time", as: "queries_duration_seconds_total", "Seconds in which servers executed queries.")
                    .fromMicroseconds(),
                .counter("total_xact_count", as: "sql_transactions_pooled_total", "Transactions."),
                .counter(
                    "total_xact_time", as: "server_in_transaction_seconds_total",
                    "Seconds in which servers were in a transaction, executing or idle."
                ).fromMicroseconds(),
                .counter(
                    "total_wait_time", as: "client_wait_seconds_total",
                    "Seconds for which clients waited for a server connection."
                ).fromMicroseconds(),
                .counter("total_received", as: "received_bytes_total", "Bytes received from clients."),
                .counter("total_sent", as: "sent_bytes_total", "Bytes sent to clients."),
                .counter(
                    "total_server_assignment_count", as: "server_assignments_total", "Times a server was given to a client."),
                .counter("total_client_parse_count", as: "client_parses_total", "Statements prepared by clients."),
                .counter("total_server_parse_count", as: "server_parses_total", "Statements prepared on servers."),
                .counter("total_bind_count", as: "binds_total", "Prepared statements bound for execution."),
            ])
    }

    static let databases = PgBouncerTable(
        .databases, prefix: "pgbouncer_databases",
        labels: ["name", "host", "port", "database", "force_user", "pool_mode"].map { ($0, $0) },
        [
            .gauge("pool_size", as: "pool_size", "Server connections that each of its pools may have."),
            .gauge("min_pool_size", as: "min_pool_size", "Server connections that are kept open."),
            .gauge(
                "reserve_pool_size", "reserve_pool", as: "reserve_pool",
                "Server connections that a pool may have besides when clients wait for too long."),
            .gauge("max_connections", as: "max_connections", "Server connections that the database may have, 0: no limit."),
            .gauge("current_connections", as: "current_connections", "Server connections that the database has."),
            .gauge(
                "max_client_connections", as: "max_client_connections", "Clients that the database may have, 0: no limit."),
            .gauge("current_client_connections", as: "current_client_connections", "Clients that the database has."),
            .gauge("server_lifetime", as: "server_lifetime_seconds", "Age at which a server connection is closed when idle."),
            .gauge("paused", as: "paused", "Whether it was paused on the console (1)."),
            .gauge("disabled", as: "disabled", "Whether new clients are refused (1)."),
        ])

    private static func setting(_ key: String, _ names: String..., help: String) -> (String, [PgBouncerEntry]) {
        (key, names.map { PgBouncerEntry("pgbouncer_config_\($0)", "\(help) From SHOW CONFIG, \(key).") })
    }

    static let config = Dictionary(
        uniqueKeysWithValues: [
            // Both exporters' names are used by public rules.
            setting("max_client_conn", "max_client_connections", "max_client_conn", help: "Clients that PgBouncer takes."),
            setting(
                "max_user_connections", "max_user_connections", help: "Server connections that a user may have, 0: no limit."),
            setting(
                "max_db_connections", "max_db_connections", help: "Server connections that a database may have, 0: no limit."),
            setting("default_pool_size", "default_pool_size", help: "Server connections of a pool that is not told otherwise."),
            setting("min_pool_size", "min_pool_size", help: "Server connections of a pool that are kept open."),
            setting("reserve_pool_size", "reserve_pool_size", help: "Server connections that a pool may have besides."),
            setting(
                "reserve_pool_timeout", "reserve_pool_timeout_seconds",
                help: "For how long a client waits before the reserve is used."),
            setting(
                "query_wait_timeout", "query_wait_timeout_seconds",
                help: "For how long a client waits for a server before it is disconnected, 0: no limit."),
            setting("query_timeout", "query_timeout_seconds", help: "How long a query may run, 0: no limit."),
            setting(
                "idle_transaction_timeout", "idle_transaction_timeout_seconds",
                help: "How long a client may be idle in a transaction, 0: no limit."),
            setting(
                "client_idle_timeout", "client_idle_timeout_seconds", help: "How long a client may be idle, 0: no limit."),
            setting("server_idle_timeout", "server_idle_timeout_seconds", help: "How long a server connection may be idle."),
            setting("server_lifetime", "server_lifetime_seconds", help: "Age at which a server connection is closed when idle."),
            setting(
                "max_prepared_statements", "max_prepared_statements",
                help: "Prepared statements kept for each server connection, 0: none."),
        ])

    static let clients = PgBouncerSockets(
        connections: Family(
            "pgbouncer_clients_connections", .gauge, labels: PgBouncerSockets.labels, help: "Clients by state. From SHOW CLIENTS."
        ),
        requestAge: Family(
            "pgbouncer_clients_request_age_max_seconds", .gauge, labels: PgBouncerSockets.labels,
            help: "How long ago, at most, a client in the state sent its last request. From SHOW CLIENTS, request_time."),
        connectionAge: nil,
        waitMax: Family(
            "pgbouncer_clients_wait_max_seconds", .gauge, labels: ["database", "user"],
            help: "How long the client that has waited longest for a server connection has waited. From SHOW CLIENTS, wait."),
        closing: nil)

    static let servers = PgBouncerSockets(
        connections: Family(
            "pgbouncer_servers_connections", .gauge, labels: PgBouncerSockets.labels,
            help: "Server connections by state. From SHOW SERVERS."),
        requestAge: Family(
            "pgbouncer_servers_request_age_max_seconds", .gauge, labels: PgBouncerSockets.labels,
            help:
                "How long ago, at most, a server connection in the state got its last request: of active ones, the longest query or idle transaction. From SHOW SERVERS, request_time."
        ),
        connectionAge: Family(
            "pgbouncer_servers_age_max_seconds", .gauge, labels: ["database", "user"],
            help: "Age of the oldest server connection. From SHOW SERVERS, connect_time."),
        waitMax: nil,
        closing: Family(
            "pgbouncer_servers_closing", .gauge, labels: ["database", "user"],
            help: "Server connections that are closed as soon as they are released. From SHOW SERVERS, close_needed."))

    /// All but those that are other kinds' too.
    public static var all: [Family] {
        [up, versionInfo, version, waitMax]
            + PgBouncerCollector.all.flatMap { collector -> [Family] in
                switch collector.reading {
                case .table(let table), .pools(let table): table.columns.map(\.family)
                case .entries(_, let entries): entries.sorted { $0.key < $1.key }.flatMap { $0.value.map(\.family) }
                case .sockets(let sockets): sockets.families
                }
            }
    }
}
