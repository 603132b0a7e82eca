public import MetricsModel

extension SystemHealthRow {
    /// The series that the row's columns were made from, as far as one value can stand for them: the names and labels of the
    /// sampled families, `job` for the kind of the target, and `datname` where the column speaks of one database. What was summed over
    /// several targets or states is one series here.
    public func samples(database: String?) -> [(labels: Labels, value: Double)] {
        let postgres = ["job": "postgres"]
        let own = database.map { ["job": "postgres", "datname": $0] } ?? postgres
        let redis = ["job": "redis"]
        var samples: [(labels: Labels, value: Double)] = []
        func add(_ name: String, _ labels: [String: String], _ value: Double?) {
            guard let value else { return }
            samples.append((Labels(labels).setting(Labels.metricName, to: name), value))
        }
        func metric(_ name: String) -> Double? {
            switch metrics[name] {
            case .integer(let value): Double(value)
            case .number(let value): value
            case nil, .null, .bool, .string, .array, .object: nil
            }
        }
        func state(_ state: String) -> [String: String] { own.merging(["state": state]) { $1 } }
        func queue(_ state: String) -> [String: String] { redis.merging(["state": state]) { $1 } }
        add("pg_stat_activity_count", state("active"), connectionsActive.map { Double($0) })
        add("pg_stat_activity_count", state("idle"), connectionsIdle.map { Double($0) })
        add("pg_stat_activity_count", state("idle in transaction"), metric("connections_idle_in_transaction"))
        add("pg_database_size_bytes", own, databaseSizeMB.map { $0.value * 1_048_576 })
        add("pg_query_avg_seconds", postgres, averageQueryMilliseconds.map { $0.value / 1_000 })
        add("pg_slow_queries", own, slowQueries.map { Double($0) })
        add("errors_last_hour", postgres, errorsLastHour.map { Double($0) })
        add("cache_hit_rate", redis, cacheHitPercent.map { $0.value / 100 })
        add("queue_jobs", queue("waiting"), pendingJobs.map { Double($0) })
        add("queue_jobs", queue("failed"), failedJobs.map { Double($0) })
        add("queue_jobs", queue("active"), metric("jobs_active"))
        add("queue_jobs", queue("delayed"), metric("jobs_delayed"))
        for (name, family, labels) in [
            ("pg_up", "pg_up", postgres), ("pg_up", "up", postgres), ("redis_up", "redis_up", redis), ("redis_up", "up", redis),
            ("connections_max", "pg_settings_max_connections", postgres), ("locks_waiting", "pg_locks_waiting", own),
            ("slow_query_longest_seconds", "pg_slow_query_longest_seconds", postgres),
            ("xact_commit", "pg_stat_database_xact_commit", own), ("xact_rollback", "pg_stat_database_xact_rollback", own),
            ("blks_hit", "pg_stat_database_blks_hit", own), ("blks_read", "pg_stat_database_blks_read", own),
            ("deadlocks", "pg_stat_database_deadlocks", own), ("temp_bytes", "pg_stat_database_temp_bytes", own),
            ("redis_memory_used_bytes", "redis_memory_used_bytes", redis),
            ("redis_connected_clients", "redis_connected_clients", redis),
            ("cache_evictions_total", "cache_evictions_total", redis),
            ("oldest_job_age_seconds", "queue_oldest_job_age_seconds", redis),
        ] {
            add(family, labels, metric(name))
        }
        return samples
    }
}
