internal import MetricsModel

/// The 46 names of pg_exporter's PgBouncer collectors (pgsty, config/0910 to 0940), read from the same answers. They can be switched
/// off by its collectors' names. A counter of its that lacks `_total` is of unknown type.
enum PgExporterNames {
    static let list = PgBouncerTable(
        .lists, prefix: "pgbouncer_list", labels: [("list", "list")],
        [.gauge("items", as: "items", "Objects of the kind in PgBouncer's memory.")])

    static let database = PgBouncerTable(
        .databases, prefix: "pgbouncer_database",
        labels: [("name", "datname"), ("host", "host"), ("port", "port"), ("database", "real_datname")],
        [
            .gauge("pool_size", as: "pool_size", "Server connections that each of its pools may have."),
            .gauge("min_pool_size", as: "min_pool_size", "Server connections that are kept open."),
            .gauge("reserve_pool_size", "reserve_pool", as: "reserve_pool", "Server connections that a pool may have besides."),
            .gauge("server_lifetime", as: "server_lifetime", "Age in seconds at which a server connection is closed."),
            .gauge("max_connections", as: "max_connections", "Server connections that the database may have, 0: no limit."),
            .gauge("current_connections", as: "current_connections", "Server connections that the database has."),
            .gauge("max_client_connections", as: "max_client_connections", "Clients that the database may have, 0: no limit."),
            .gauge("current_client_connections", as: "current_client_connections", "Clients that the database has."),
            .gauge("paused", as: "paused", "Whether it was paused on the console (1)."),
            .gauge("disabled", as: "disabled", "Whether new clients are refused (1)."),
        ])

    static let stat = PgBouncerTable(
        .stats, prefix: "pgbouncer_stat", labels: [("database", "datname")],
        [
            .untyped("total_xact_count", as: "total_xact_count", "Transactions."),
            .untyped("total_query_count", as: "total_query_count", "Queries."),
            .untyped(
                "total_server_assignment_count", as: "total_server_assignment_count", "Times a server was given to a client."),
            .untyped("total_received", as: "total_received", "Bytes received from clients."),
            .untyped("total_sent", as: "total_sent", "Bytes sent to clients."),
            .untyped("total_xact_time", as: "total_xact_time", "Seconds in which servers were in a transaction.")
                .fromMicroseconds(),
            .untyped("total_query_time", as: "total_query_time", "Seconds in which servers executed queries.").fromMicroseconds(),
            .untyped("total_wait_time", as: "total_wait_time", "Seconds for which clients waited for a server.")
                .fromMicroseconds(),
            .untyped("total_client_parse_count", as: "total_client_parse_count", "Statements prepared by clients."),
            .untyped("total_server_parse_count", as: "total_server_parse_count", "Statements prepared on servers."),
            .untyped("total_bind_count", as: "total_bind_count", "Prepared statements bound for execution."),
            .gauge("avg_xact_count", as: "avg_xact_count", "Transactions a second in the last stats_period."),
            .gauge("avg_query_count", as: "avg_query_count", "Queries a second in the last stats_period."),
            .gauge(
                "avg_server_assignment_count", as: "avg_server_assignment_count",
                "Times a second that a server was given to a client in the last stats_period."),
            .gauge("avg_recv", as: "avg_recv", "Bytes a second received from clients in the last stats_period."),
            .gauge("avg_sent", as: "avg_sent", "Bytes a second sent to clients in the last stats_period."),
            .gauge("avg_xact_time", as: "avg_xact_time", "Mean seconds of a transaction in the last stats_period.")
                .fromMicroseconds(),
            .gauge("avg_query_time", as: "avg_query_time", "Mean seconds of a query in the last stats_period.")
                .fromMicroseconds(),
            .gauge("avg_wait_time", as: "avg_wait_time", "Seconds that clients waited for a server in the last stats_period.")
                .fromMicroseconds(),
            .gauge(
                "avg_client_parse_count", as: "avg_client_parse_count",
                "Statements prepared by clients a second in the last stats_period."),
            .gauge(
                "avg_server_parse_count", as: "avg_server_parse_count",
                "Statements prepared on servers a second in the last stats_period."),
            .gauge("avg_bind_count", as: "avg_bind_count", "Prepared statements bound a second in the last stats_period."),
        ])

    static let pool = PgBouncerTable(
        .pools, prefix: "pgbouncer_pool",
        labels: [
            ("database", "datname"), ("user", "user"), ("pool_mode", "pool_mode"), ("load_balance_hosts", "load_balance_hosts"),
        ], important: "cl_waiting",
        [
            .gauge("cl_active", as: "active_clients", "Clients that have a server connection, or are idle."),
            .gauge("cl_waiting", as: "waiting_clients", "Clients that wait for a server connection."),
            .gauge("cl_active_cancel_req", as: "active_cancel_clients", "Clients whose cancel request was forwarded."),
            .gauge(
                "cl_waiting_cancel_req", "cl_cancel_req", as: "cancel_clients",
                "Clients whose cancel request was not forwarded yet."),
            .gauge("sv_active", as: "active_servers", "Server connections that a client has."),
            .gauge("sv_active_cancel", as: "active_cancel_servers", "Server connections that forward a cancel request."),
            .gauge("sv_being_canceled", as: "cancel_servers", "Server connections that wait for cancel requests sent to them."),
            .gauge("sv_idle", as: "idle_servers", "Server connections that can be used at once."),
            .gauge("sv_used", as: "used_servers", "Server connections to be checked before use."),
            .gauge("sv_tested", as: "tested_servers", "Server connections that are being reset or checked."),
            .gauge("sv_login", as: "login_servers", "Server connections that are logging in."),
            .gauge("maxwait", as: "maxwait", "Whole seconds that the client that has waited longest has waited."),
            .gauge("maxwait_us", as: "maxwait_us", "The microseconds that belong to them."),
        ])
}
