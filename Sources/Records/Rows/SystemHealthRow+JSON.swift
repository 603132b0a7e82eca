extension SystemHealthRow {
    /// The row as a JSON object: column name → value, `timestamp` in milliseconds. The form in the spool, in the INSERT's parameter
    /// and in what `SystemHealthTable.select` answers.
    public var json: JSONValue {
        func integer(_ value: Int32?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
        func decimal(_ value: Hundredths?) -> JSONValue { value.map { .number($0.value) } ?? .null }
        return .object(
            JSONObject([
                .init("id", .string(id.text)),
                .init("timestamp", .integer(timestamp)),
                .init("db_connections_active", integer(connectionsActive)),
                .init("db_connections_idle", integer(connectionsIdle)),
                .init("db_size_mb", decimal(databaseSizeMB)),
                .init("largest_tables", largestTables.map { .object($0) } ?? .null),
                .init("avg_query_time_ms", decimal(averageQueryMilliseconds)),
                .init("slow_queries_count", integer(slowQueries)),
                .init("cache_hit_rate", decimal(cacheHitPercent)),
                .init("pending_jobs", integer(pendingJobs)),
                .init("failed_jobs", integer(failedJobs)),
                .init("errors_last_hour", integer(errorsLastHour)),
                .init("metrics", .object(metrics)),
            ]))
    }

    /// Reads what `json` writes. A column that is missing or null is nil; `metrics` that is null is empty.
    ///
    /// Throws `malformed` with the column's name when a value is of another kind.
    public init(json: JSONValue) throws(RecordError) {
        guard case .object(let object) = json else { throw RecordError(.malformed, "a row is a JSON object") }
        guard case .string(let idText) = object["id"], let id = RowID(text: idText) else {
            throw RecordError(.malformed, "id: not a UUID")
        }
        guard case .integer(let timestamp) = object["timestamp"] else {
            throw RecordError(.malformed, "timestamp: not a whole number of milliseconds")
        }
        self.init(id: id, timestamp: timestamp)
        connectionsActive = try object.integer("db_connections_active")
        connectionsIdle = try object.integer("db_connections_idle")
        databaseSizeMB = try object.decimal("db_size_mb")
        largestTables = try object.object("largest_tables")
        averageQueryMilliseconds = try object.decimal("avg_query_time_ms")
        slowQueries = try object.integer("slow_queries_count")
        cacheHitPercent = try object.decimal("cache_hit_rate")
        pendingJobs = try object.integer("pending_jobs")
        failedJobs = try object.integer("failed_jobs")
        errorsLastHour = try object.integer("errors_last_hour")
        metrics = try object.object("metrics") ?? JSONObject()
    }
}

extension JSONObject {
    fileprivate func integer(_ column: String) throws(RecordError) -> Int32? {
        switch self[column] {
        case nil, .null: return nil
        case .integer(let value):
            guard let value = Int32(exactly: value) else { throw RecordError(.malformed, "\(column): beyond INTEGER") }
            return value
        case .bool, .number, .string, .array, .object: throw RecordError(.malformed, "\(column): not a whole number")
        }
    }

    fileprivate func decimal(_ column: String) throws(RecordError) -> Hundredths? {
        switch self[column] {
        case nil, .null: return nil
        case .integer(let value): return Hundredths(Double(value))
        case .number(let value): return Hundredths(value)
        // JSONB has no NaN: Postgres writes that NUMERIC as a string.
        case .string(let text) where text == "NaN": return nil
        case .bool, .string, .array, .object: throw RecordError(.malformed, "\(column): not a number")
        }
    }

    fileprivate func object(_ column: String) throws(RecordError) -> JSONObject? {
        switch self[column] {
        case nil, .null: return nil
        case .object(let value): return value
        case .bool, .integer, .number, .string, .array: throw RecordError(.malformed, "\(column): not an object")
        }
    }
}
