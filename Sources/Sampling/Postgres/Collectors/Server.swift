extension PostgresCollectorSwitch {
    /// What a server is. postgres_exporter gives it also when every collector is off.
    static let `static` = PostgresCollectorSwitch(
        "static",
        [
            Question(
                "static", every: .seconds(60),
                columns: [
                    .label("version"), .label("short_version"), .label("server"),
                    .untyped("one", "pg_static", "The server's version as labels, value 1. From version()."),
                ]
            ) { context in
                """
                SELECT version() AS version, '\(context.version / 10_000).\(context.version % 10_000).0' AS short_version,
                    \(context.server.address.quotedLiteral) AS server, 1 AS one
                """
            }
        ])

    static let postmaster = PostgresCollectorSwitch(
        "postmaster",
        [
            Question(
                "postmaster",
                columns: [
                    .gauge(
                        "started", "pg_postmaster_start_time_seconds",
                        "When the server started, Unix time. From pg_postmaster_start_time().")
                ]
            ) { _ in "SELECT extract(epoch FROM pg_postmaster_start_time()) AS started" }
        ])

    static let roles = PostgresCollectorSwitch(
        "roles",
        [
            Question(
                "roles", every: .seconds(15),
                columns: [
                    .label("rolname"),
                    .gauge(
                        "rolconnlimit", "pg_roles_connection_limit",
                        "How many connections the role may have at a time, -1 without a limit. From pg_roles.rolconnlimit."),
                ]
            ) { _ in "SELECT rolname, rolconnlimit FROM pg_roles" }
        ])

    /// From Postgres 16 on, where the extension is there in the database of the target's address. It takes no locks.
    static let buffercacheSummary = PostgresCollectorSwitch(
        "buffercache_summary", isOn: false,
        [
            Question(
                "buffercache_summary", when: [.since(160_000), .extension("pg_buffercache")], limits: Question.dear,
                columns: [
                    buffers("used", "Used shared buffers."), buffers("unused", "Unused shared buffers."),
                    buffers("dirty", "Dirty shared buffers."), buffers("pinned", "Pinned shared buffers."),
                    .gauge(
                        "usagecount_avg", "pg_buffercache_summary_usagecount_avg",
                        "Average usage count of used shared buffers. From pg_buffercache_summary().", missing: 0),
                ]
            ) { context in
                """
                SELECT buffers_used, buffers_unused, buffers_dirty, buffers_pinned, usagecount_avg
                FROM \(context.database.extensions["pg_buffercache"]?.schema ?? "")pg_buffercache_summary()
                """
            }
        ])

    private static func buffers(_ state: String, _ help: String) -> ColumnDraft {
        .gauge("buffers_\(state)", "pg_buffercache_summary_buffers_\(state)", "\(help) From pg_buffercache_summary().")
    }

    /// There is nothing to ask: the functions ended with Postgres 9.6, and `pg_stat_replication_pg_current_wal_lsn_bytes` has the position.
    /// The name is known so that a command line that names it goes on working.
    static let xlogLocation = PostgresCollectorSwitch("xlog_location", isOn: false, [])
}

extension String {
    /// As an SQL literal, also where `standard_conforming_strings` is off.
    var quotedLiteral: String {
        let quoted = split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        guard quoted.contains("\\") else { return "'\(quoted)'" }
        return "E'\(quoted.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\"))'"
    }
}
