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
        guard let star = self.name.firstIndex(of: "*") else { return name == self.name }
        let (head, tail) = (self.name[..<star], self.name[self.name.index(after: star)...])
        return name.count >= head.count + tail.count && name.hasPrefix(head) && name.hasSuffix(tail)
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
    ]

    /// Of Debian's 0.11.1 with the queries.yaml that it ships.
    public static let old: [ExporterDifference] = [
        ExporterDifference("pg_settings_*", .labels([]), "no label server since 0.12; the target's instance says it"),
        ExporterDifference("pg_stat_database_*", .labels(["datid", "datname"]), "no label server since 0.12"),
        ExporterDifference(
            "pg_stat_activity_*",
            .labels(["datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event"]),
            "more labels since 0.17, no label server; sums by datname and state are the same"),
        ExporterDifference("pg_locks_count", .labels(["datname", "mode"]), "no label server since 0.12"),
        ExporterDifference("pg_database_size_bytes", .labels(["datname"]), "no label server since 0.12"),
        ExporterDifference("pg_stat_archiver_*", .labels([]), "no label server since 0.12"),
    ]

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
