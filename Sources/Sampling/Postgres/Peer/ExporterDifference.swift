public import MetricsModel

/// Where Vitals does not say what postgres_exporter says, and why. The parity test excuses these differences and no others, and
/// `vitals metrics --differences` prints them.
public struct ExporterDifference: Sendable {
    public enum Kind: Sendable, Hashable {
        /// The quantity is there under these names, with a right name or unit.
        case renamed([String])
        case type(MetricType)
        /// These labels instead.
        case labels([String])
        case value
        /// Some series are left out; those that are there say the same.
        case fewer
        /// There is nothing to take its place.
        case absent
    }

    /// The peer's name; of several a pattern with `*`.
    public let name: String
    public let kind: Kind
    public let reason: String

    init(_ name: String, _ kind: Kind, _ reason: String) {
        self.name = name
        self.kind = kind
        self.reason = reason
    }

    public func covers(_ name: String) -> Bool {
        let parts = self.name.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return name == self.name }
        var rest = name[...]
        guard rest.hasPrefix(first) else { return false }
        rest = rest.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.hasSuffix(last)
    }

    private static let moment = "a moment is no counter: rate() of it means nothing"

    /// From its main branch.
    public static let current: [ExporterDifference] = [
        ExporterDifference(
            "pg_database_wraparound_age_datfrozenxid_seconds", .renamed(["pg_database_wraparound_age_datfrozenxid"]),
            "it counts transactions, not seconds"),
        ExporterDifference(
            "pg_database_wraparound_age_datminmxid_seconds", .renamed(["pg_database_wraparound_age_datminmxid"]),
            "it counts multixacts, not seconds"),
        ExporterDifference(
            "pg_long_running_transactions", .renamed(["pg_open_transactions"]), "it counts every open transaction, however young"),
        ExporterDifference(
            "pg_long_running_transactions_oldest_timestamp_seconds", .renamed(["pg_open_transactions_oldest_age_seconds"]),
            "it is an age, not a timestamp"),
        ExporterDifference("pg_stat_bgwriter_stats_reset_total", .type(.gauge), moment),
        ExporterDifference("pg_stat_checkpointer_stats_reset_total", .type(.gauge), moment),
        ExporterDifference("pg_stat_database_stats_reset", .type(.gauge), moment),
        ExporterDifference("pg_stat_wal_receiver_*_time", .type(.gauge), moment),
        ExporterDifference(
            "pg_stat_database_conflicts_confl_active_logicalslot", .type(.counter), "the peer does not know the column"),
        ExporterDifference(
            "pg_statio_user_indexes_*", .labels(["datname", "schemaname", "relname", "indexrelname"]),
            "every database is read, and two may have an index of one name"),
        ExporterDifference(
            "pg_stat_user_tables_*_size_bytes", .fewer,
            "of the largest tables alone (thresholds.largest_tables), at sizes_interval: of all of them it takes seconds of the server"
        ),
        ExporterDifference(
            "pg_stat_user_tables_*", .fewer,
            "temporary tables are left out: they are other sessions' own and come and go with them"),
        ExporterDifference(
            "pg_stat_progress_vacuum_max_dead_tuples", .renamed(["pg_stat_progress_vacuum_max_dead_tuple_bytes"]),
            "from Postgres 17 on the peer gives bytes under this name; until 16 the name stays"),
        ExporterDifference(
            "pg_stat_progress_vacuum_num_dead_tuples", .value,
            "from Postgres 17 on the peer gives bytes; here it is num_dead_item_ids, the number"),
        ExporterDifference(
            "pg_replication_lag_seconds", .value,
            "the peer's is 0 also when the receiver is dead; here it grows, and is absent when nothing was replayed yet"),
        ExporterDifference(
            "pg_replication_last_replay_seconds", .value,
            "absent on a standby that has replayed nothing yet, where the peer says 0"),
        ExporterDifference("pg_process_idle_seconds", .value, "of every group, where the peer stops at the first"),
        ExporterDifference(
            "pg_stat_replication_*", .value, "client_addr without the network's length: 10.0.0.1, not 10.0.0.1/32"),
        ExporterDifference(
            "pg_stat_wal_receiver_*", .value, "also of a receiver without a slot, which the peer leaves out"),
        ExporterDifference("pg_stat_statements_query_id", .absent, "a statement's text is no label; the page /statements has it"),
        ExporterDifference("pg_*_pg_xlog_location_diff", .absent, "Postgres 9.6 and before"),
        ExporterDifference("pg_xlog_location_bytes", .absent, "Postgres 9.6 and before"),
        ExporterDifference(
            "pg_settings_extra_float_digits", .value,
            "settings are as configured; the exporter's driver sets this one for its own session"),
        ExporterDifference("pg_exporter_*", .value, "of Vitals' own sampling"),
        ExporterDifference(
            "pg_scrape_collector_*", .value, "of Vitals' own sampling; the collectors are those of the main branch"),
        ExporterDifference(
            "pg_exporter_user_queries_load_error", .absent,
            "a file that cannot be read stops the start or the reload: vitals_config_last_reload_successful"),
        ExporterDifference(
            "postgres_exporter_config_last_reload_successful", .renamed(["vitals_config_last_reload_successful"]),
            "another program"),
        ExporterDifference(
            "postgres_exporter_config_last_reload_success_timestamp_seconds",
            .renamed(["vitals_config_last_reload_success_timestamp_seconds"]), "another program"),
        ExporterDifference("postgres_exporter_build_info", .renamed(["vitals_build_info"]), "another program"),
        ExporterDifference("process_*", .value, "of Vitals' own process"),
        ExporterDifference("process_virtual_memory_max_bytes", .absent, "there is no limit"),
        ExporterDifference("process_network_*", .absent, "the machine's, not the process's"),
        ExporterDifference(
            "promhttp_metric_handler_*", .renamed(["http_requests_total", "http_requests_in_flight"]), "another program"),
        ExporterDifference("go_*", .absent, "not written in Go"),
    ]

    /// Of Debian's 0.11.1 with the queries.yaml that it ships.
    public static let old: [ExporterDifference] =
        [
            ExporterDifference("pg_settings_*", .labels([]), serverLabel),
            ExporterDifference("pg_stat_database_*", .labels(["datid", "datname"]), serverLabel),
            ExporterDifference("pg_stat_database_*", .fewer, "without the series of no database (datid 0), as the main branch"),
            ExporterDifference("pg_stat_database_checksum_*", .fewer, "NULL is no sample, and not NaN"),
            ExporterDifference("pg_stat_database_*session*", .type(.counter), "0.11.1 has no type for it"),
            ExporterDifference("pg_stat_database_active_time", .type(.counter), "0.11.1 has no type for it"),
            ExporterDifference("pg_stat_database_idle_in_transaction_time", .type(.counter), "0.11.1 has no type for it"),
            ExporterDifference("pg_stat_database_checksum_failures", .type(.counter), "0.11.1 has no type for it"),
            ExporterDifference("pg_stat_database_checksum_last_failure", .type(.gauge), "0.11.1 has no type for it"),
            ExporterDifference(
                "pg_stat_activity_*",
                .labels(["datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event"]),
                "more labels since 0.17, no label server; sums by datname and state are the same"),
            ExporterDifference("pg_locks_count", .labels(["datname", "mode"]), serverLabel),
            ExporterDifference("pg_database_size_bytes", .labels(["datname"]), serverLabel),
            ExporterDifference("pg_stat_archiver_*", .labels([]), serverLabel),
            ExporterDifference("pg_replication_*", .labels([]), serverLabel),
            ExporterDifference("pg_postmaster_*", .labels([]), serverLabel),
            ExporterDifference("pg_process_idle_seconds", .labels(["state", "application_name"]), "the label state since 0.12"),
            ExporterDifference("pg_stat_user_tables_*", .labels(["datname", "schemaname", "relname"]), serverLabel),
        ]
        + ["heap", "idx", "toast", "tidx"].flatMap { part in
            ["read", "hit"].map {
                ExporterDifference(
                    "pg_statio_user_tables_\(part)_blks_\($0)", .renamed(["pg_statio_user_tables_\(part)_blocks_\($0)"]),
                    "the main branch's name; the old one is there when the queries.yaml is loaded")
            }
        }

    private static let serverLabel = "no label server, as the main branch; the target's instance says it"

    /// A table of all of them.
    public static var markdown: String {
        let head = ["| postgres_exporter | here | why |", "| --- | --- | --- |"]
        return (head + (current + old).map(\.row)).joined(separator: "\n")
    }

    private var row: String {
        let here =
            switch kind {
            case .renamed(let names): names.map { "`\($0)`" }.joined(separator: ", ")
            case .type(let type): "type \(type == .unknown ? "untyped" : type.rawValue)"
            case .labels(let labels): labels.isEmpty ? "no labels" : "labels " + labels.map { "`\($0)`" }.joined(separator: ", ")
            case .value: "another value"
            case .fewer: "fewer series"
            case .absent: "–"
            }
        return "| `\(name)` | \(here) | \(reason) |"
    }
}
