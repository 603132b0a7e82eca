import MetricsModel

extension SystemHealthRow {
    /// The most entries of `largest_tables`: the sampler asks for 20 unless configured, and a row should stay a few kilobytes.
    public static let tablesMax = 100

    /// The row of one reading. Pure: the same reading and id give the same row.
    ///
    /// The `db_…` columns speak of the connected database, so that they compare with a row of `check_system_health()`. With several
    /// Redis targets `cache_hit_rate` is the mean of those that had look-ups and the job counts are sums. Numbers that the column
    /// cannot hold are cut to its limit.
    public init(_ reading: HealthReading, id: RowID = RowID()) {
        self.init(id: id, timestamp: reading.timestamp)
        let postgres = reading.postgres
        let redis = reading.redis
        let own = reading.database.map { [Label("datname", $0)] } ?? []

        // Families without this database's label (it has no session in that state) are 0 when the collector answered at all.
        func sessions(_ state: String) -> Int32? {
            guard postgres.sum("pg_stat_activity_count") != nil else { return nil }
            return whole(postgres.sum("pg_stat_activity_count", where: own + [Label("state", state)]) ?? 0)
        }
        connectionsActive = sessions("active")
        connectionsIdle = sessions("idle")
        if reading.database != nil {
            databaseSizeMB = postgres.sum("pg_database_size_bytes", where: own).flatMap { Hundredths($0 / 1_048_576) }
        }
        largestTables = SystemHealthRow.largestTables(postgres, database: reading.database)
        averageQueryMilliseconds = postgres.mean("pg_query_avg_seconds").flatMap { Hundredths($0 * 1_000) }
        if postgres.sum("pg_slow_queries") != nil {
            slowQueries = whole(postgres.sum("pg_slow_queries", where: own) ?? 0)
        }
        cacheHitPercent = redis.mean("cache_hit_rate").flatMap { Hundredths($0 * 100, max: .hundred) }
        pendingJobs = whole(redis.sum("queue_jobs", where: [Label("state", "waiting")]))
        failedJobs = whole(redis.sum("queue_jobs", where: [Label("state", "failed")]))
        errorsLastHour = whole(postgres.sum("errors_last_hour"))
        metrics = SystemHealthRow.metrics(reading, own: own)
    }

    /// Bytes by table, the largest first when there are too many; nil when neither size was read.
    private static func largestTables(_ postgres: [FamilySamples], database: String?) -> JSONObject? {
        var bytes: [Label: Double] = [:]
        for family in ["pg_stat_user_tables_table_size_bytes", "pg_stat_user_tables_index_size_bytes"] {
            for point in postgres.points(of: family) where point.value.isFinite {
                let labels = point.series.labels
                if let database, !sameBytes(labels["datname"] ?? database, database) { continue }
                guard let table = labels["relname"] else { continue }
                // A Label compares by bytes; a String key would make one table of two spellings.
                bytes[Label(labels["schemaname"] ?? "public", table), default: 0] += point.value
            }
        }
        guard !bytes.isEmpty else { return nil }
        let largest = bytes.sorted { a, b in
            if a.value != b.value { return a.value > b.value }
            return bytesPrecede("\(a.key.name).\(a.key.value)", "\(b.key.name).\(b.key.value)")
        }
        // Smallest first: should `a.b` in public and b in schema a meet under one name, the larger holds.
        return JSONObject(
            largest.prefix(tablesMax).reversed().map { table, size in
                .init(table.name == "public" ? table.value : "\(table.name).\(table.value)", number(size))
            })
    }

    /// The column `metrics`: a name appears when it was read.
    private static func metrics(_ reading: HealthReading, own: [Label]) -> JSONObject {
        let postgres = reading.postgres
        let redis = reading.redis
        let values: [(String, Double?)] = [
            ("pg_up", postgres.sum("pg_up")),
            ("redis_up", redis.points(of: "redis_up").map(\.value).min()),
            ("connections_total", postgres.sum("pg_stat_activity_count")),
            ("connections_max", postgres.sum("pg_settings_max_connections")),
            (
                "connections_idle_in_transaction",
                postgres.sum("pg_stat_activity_count", where: own + [Label("state", "idle in transaction")])
            ),
            ("locks_waiting", postgres.sum("pg_locks_waiting", where: own)),
            ("slow_query_longest_seconds", postgres.largest("pg_slow_query_longest_seconds")),
            ("xact_commit", postgres.sum("pg_stat_database_xact_commit", where: own)),
            ("xact_rollback", postgres.sum("pg_stat_database_xact_rollback", where: own)),
            ("blks_hit", postgres.sum("pg_stat_database_blks_hit", where: own)),
            ("blks_read", postgres.sum("pg_stat_database_blks_read", where: own)),
            ("deadlocks", postgres.sum("pg_stat_database_deadlocks", where: own)),
            ("temp_bytes", postgres.sum("pg_stat_database_temp_bytes", where: own)),
            ("redis_memory_used_bytes", redis.sum("redis_memory_used_bytes")),
            ("redis_connected_clients", redis.sum("redis_connected_clients")),
            ("cache_evictions_total", redis.sum("cache_evictions_total")),
            ("jobs_active", redis.sum("queue_jobs", where: [Label("state", "active")])),
            ("jobs_delayed", redis.sum("queue_jobs", where: [Label("state", "delayed")])),
            ("oldest_job_age_seconds", redis.largest("queue_oldest_job_age_seconds")),
        ]
        let read = values.compactMap { name, value in
            value.flatMap { $0.isFinite ? JSONObject.Member(name, number($0)) : nil }
        }
        return JSONObject([.init("source", .string("vitals"))] + read)
    }

    private static func number(_ value: Double) -> JSONValue {
        Int64(exactly: value).map { .integer($0) } ?? .number(value)
    }
}

/// The nearest whole number that INTEGER holds and that a count can be: 0 to 2,147,483,647.
private func whole(_ value: Double?) -> Int32? {
    guard let value, !value.isNaN else { return nil }
    return value >= Double(Int32.max) ? .max : value <= 0 ? 0 : Int32(value.rounded())
}
