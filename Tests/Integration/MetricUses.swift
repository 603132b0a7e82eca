import MetricsModel
import PromQL

/// One selector of an expression, with what is done to it.
struct MetricUse {
    let name: String
    let matchers: [LabelMatcher]
    /// The functions and aggregations around it, outermost first.
    let around: [String]

    /// Whether it is read as a counter.
    var isRated: Bool { around.contains { ["rate", "irate", "increase"].contains($0) } }

    func has(_ label: String, _ op: LabelMatcher.Operator, _ value: String) -> Bool {
        matchers.contains { $0.name == label && $0.op == op && $0.value == value }
    }

    static func all(in expression: PromQLExpression) -> [MetricUse] { collect(expression.root, []) }

    private static func collect(_ node: Expression, _ around: [String]) -> [MetricUse] {
        switch node {
        case .number, .string: []
        case .vector(let selector): [MetricUse(name: selector.name, matchers: selector.matchers, around: around)]
        case .matrix(let matrix):
            [MetricUse(name: matrix.selector.name, matchers: matrix.selector.matchers, around: around)]
        case .subquery(let subquery): collect(subquery.inner, around)
        case .aggregation(let aggregation):
            collect(aggregation.operand, around + [aggregation.aggregator.rawValue])
                + (aggregation.parameter.map { collect($0, around) } ?? [])
        case .binary(let operation): collect(operation.left, around) + collect(operation.right, around)
        case .unary(let operation): collect(operation.operand, around)
        case .call(let call): call.arguments.flatMap { collect($0, around + [call.function.name]) }
        case .parentheses(let parentheses): collect(parentheses.inner, around)
        }
    }
}

/// The families that a program exposes, by the name of their `# TYPE` line.
struct DeclaredFamilies {
    /// What a Prometheus writes by itself, and what Vitals keeps in its store only.
    private static let written: Set<String> = ["up", "ALERTS", "ALERTS_FOR_STATE"]
    let types: [String: MetricType]

    /// What a Postgres 15 that is a primary without standbys, slots, limits and checksums has no series of.
    static let elsewhere: [String: MetricType] = [
        "pg_wal_receiver_up": .gauge, "pg_standby_lag_seconds": .gauge, "pg_standby_replay_backlog_bytes": .gauge,
        "pg_replication_standby_lag_seconds": .gauge, "pg_replication_standby_lag_bytes": .gauge,
        "pg_replication_slots_pg_wal_lsn_diff": .gauge, "pg_subscription_enabled": .gauge, "pg_subscription_worker_up": .gauge,
        "pg_stat_subscription_apply_errors_total": .counter, "pg_stat_io_read_bytes_total": .counter,
        "pg_stat_io_write_bytes_total": .counter, "pg_database_connections_used_ratio": .gauge,
        "pg_roles_connections_used_ratio": .gauge, "pg_prepared_transaction_oldest_age_seconds": .gauge,
        "pg_stat_database_checksum_failures": .counter, "pg_progress_elapsed_seconds": .gauge, "pg_progress_ratio": .gauge,
        "pg_index_duplicate_size_bytes": .gauge, "pg_table_bloat_bytes": .gauge, "pg_index_bloat_bytes": .gauge,
    ]

    /// What is wrong with how an expression uses them, one sentence each.
    func findings(in expression: String) throws -> [String] {
        try MetricUse.all(in: PromQLExpression(expression)).compactMap { use in
            if Self.written.contains(use.name) { return nil }
            guard let type = type(ofSeries: use.name) else { return "there is no metric \(use.name)" }
            switch (type, use.isRated) {
            case (.gauge, true): return "\(use.name) is a gauge and must not be rated"
            case (.counter, false), (.histogram, false): return "\(use.name) is a \(type.rawValue) and must be rated"
            case (.gauge, false), (.counter, true), (.histogram, true), (.unknown, _), (.summary, _): return nil
            }
        }
    }

    /// The name of every metric that a runbook mentions and that does not exist.
    func missing(in runbook: Runbook) throws -> [String] {
        let asked = try runbook.blocks.filter { $0.language == "promql" }.flatMap { try findings(in: $0.text) }
        let named = runbook.inlineCode.filter { $0.hasPrefix("vitals_") && type(ofSeries: $0) == nil }
        return asked + named.map { "there is no metric \($0)" }
    }

    /// A histogram is declared under its base name and seen under three others.
    private func type(ofSeries name: String) -> MetricType? {
        if let type = types[name] { return type }
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            let base = String(name.dropLast(suffix.count))
            if let type = types[base], type == .histogram || type == .summary { return type }
        }
        return nil
    }
}
