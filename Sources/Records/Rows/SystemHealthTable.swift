/// The statements on `system_health`. Every one can be repeated without harm.
public enum SystemHealthTable {
    /// Parameter 1: a JSON array of rows as `SystemHealthRow.json`. A row whose id is there already is left as it is. One statement
    /// whatever the number of rows, in their order; answers one row: how many were new.
    ///
    /// Milliseconds become a timestamp through an interval: `to_timestamp` goes through a double and may be a microsecond off.
    static let insert = """
        WITH written AS (
          INSERT INTO system_health (id, "timestamp", db_connections_active, db_connections_idle, db_size_mb, largest_tables,
            avg_query_time_ms, slow_queries_count, cache_hit_rate, pending_jobs, failed_jobs, errors_last_hour, metrics)
          SELECT r.id, TIMESTAMPTZ 'epoch' + r."timestamp" * INTERVAL '1 millisecond', r.db_connections_active,
            r.db_connections_idle, r.db_size_mb, r.largest_tables, r.avg_query_time_ms, r.slow_queries_count, r.cache_hit_rate,
            r.pending_jobs, r.failed_jobs, r.errors_last_hour, coalesce(r.metrics, '{}')
          FROM jsonb_to_recordset($1::jsonb) AS r(id UUID, "timestamp" BIGINT, db_connections_active INTEGER,
            db_connections_idle INTEGER, db_size_mb NUMERIC, largest_tables JSONB, avg_query_time_ms NUMERIC,
            slow_queries_count INTEGER, cache_hit_rate NUMERIC, pending_jobs INTEGER, failed_jobs INTEGER,
            errors_last_hour INTEGER, metrics JSONB)
          ON CONFLICT (id) DO NOTHING
          RETURNING 1)
        SELECT count(*) FROM written
        """

    /// With `synchronous_commit = off` a server that crashes loses what it has acknowledged; the spool has let go of it by then.
    /// `local` and not `on`: a standby that is away must not hold the row up.
    static let durability = """
        SELECT set_config('synchronous_commit', 'local', true) WHERE current_setting('synchronous_commit') = 'off'
        """

    /// Parameters: the oldest and the newest time (milliseconds, both included; null for none), the most rows. Newest first.
    static let select = """
        SELECT jsonb_build_object('id', id, 'timestamp', round(extract(epoch FROM "timestamp") * 1000)::bigint,
          'db_connections_active', db_connections_active, 'db_connections_idle', db_connections_idle, 'db_size_mb', db_size_mb,
          'largest_tables', largest_tables, 'avg_query_time_ms', avg_query_time_ms, 'slow_queries_count', slow_queries_count,
          'cache_hit_rate', cache_hit_rate, 'pending_jobs', pending_jobs, 'failed_jobs', failed_jobs,
          'errors_last_hour', errors_last_hour, 'metrics', metrics)
        FROM system_health
        WHERE ($1::bigint IS NULL OR "timestamp" >= TIMESTAMPTZ 'epoch' + $1::bigint * INTERVAL '1 millisecond')
          AND ($2::bigint IS NULL OR "timestamp" <= TIMESTAMPTZ 'epoch' + $2::bigint * INTERVAL '1 millisecond')
          AND isfinite("timestamp")
        ORDER BY "timestamp" DESC, id
        LIMIT $3::bigint
        """

    /// Parameters: rows before this time go (milliseconds); the most rows; the retention in milliseconds. Answers how many went. The
    /// server's clock must agree that they are old: a clock of ours that jumps ahead must not empty the table. An array of ctids,
    /// because `ctid IN (SELECT …)` reads the whole table.
    static let prune = """
        WITH gone AS (
          DELETE FROM system_health WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM system_health WHERE "timestamp" < least(
              TIMESTAMPTZ 'epoch' + $1::bigint * INTERVAL '1 millisecond', now() - $3::bigint * INTERVAL '1 millisecond')
            ORDER BY "timestamp" LIMIT $2::bigint))
          RETURNING 1)
        SELECT count(*) FROM gone
        """

    /// Whether rows can be written: is the session read-only, is the table there, and the privileges to insert (which needs SELECT
    /// because of ON CONFLICT) and to delete.
    static let probe = """
        SELECT current_setting('transaction_read_only') = 'on', to_regclass('system_health') IS NOT NULL,
          coalesce(has_table_privilege(to_regclass('system_health'), 'INSERT')
            AND has_table_privilege(to_regclass('system_health'), 'SELECT'), false),
          coalesce(has_table_privilege(to_regclass('system_health'), 'DELETE'), false)
        """
}

extension RecordDatabase {
    /// Stores rows given as the JSON texts of `SystemHealthRow.json`, in one transaction. The number that was not there before.
    func insert(_ rows: [String]) async throws(RecordError) -> Int {
        let parameter = "[" + rows.joined(separator: ",") + "]"
        let answer = try await transaction(.brief) { (transaction) async throws(RecordError) -> [[String?]] in
            _ = try await transaction.rows(SystemHealthTable.durability, [])
            return try await transaction.rows(SystemHealthTable.insert, [parameter])
        }
        return try count(answer)
    }

    /// Deletes up to `rowsMax` rows older than `time` (milliseconds) and, by the server's clock, than the retention, the oldest
    /// first. The number that went.
    func prune(before time: Int64, retentionMilliseconds: Int64, rowsMax: Int) async throws(RecordError) -> Int {
        let answer = try await transaction(.brief) { (transaction) async throws(RecordError) -> [[String?]] in
            try await transaction.rows(SystemHealthTable.prune, [String(time), String(rowsMax), String(retentionMilliseconds)])
        }
        return try count(answer)
    }

    /// Whether rows can be written here.
    func probe() async throws(RecordError) -> RecordAccess {
        let rows = try await transaction(.brief) { (transaction) async throws(RecordError) -> [[String?]] in
            try await transaction.rows(SystemHealthTable.probe, [])
        }
        guard let flags = rows.first?.map({ $0 == "t" }), flags.count == 4 else {
            throw RecordError(.malformed, "the probe's answer has another form")
        }
        if !flags[1] { return .tableMissing }
        if !flags[2] { return .denied }
        if flags[0] { return .readOnly }
        return flags[3] ? .full : .insertOnly
    }

    /// Rows of `system_health`, newest first: of the closed interval `from…through` (milliseconds; nil for open), `rowsMax` at most.
    public func systemHealthRows(
        from: Int64? = nil, through: Int64? = nil, rowsMax: Int
    ) async throws(RecordError) -> [SystemHealthRow] {
        let parameters = [from.map { String($0) }, through.map { String($0) }, String(rowsMax)]
        let texts = try await transaction(.brief) { (transaction) async throws(RecordError) -> [[String?]] in
            try await transaction.rows(SystemHealthTable.select, parameters)
        }
        var rows: [SystemHealthRow] = []
        for text in texts {
            rows.append(try SystemHealthRow(json: JSONValue(text: (text.first ?? nil) ?? "")))
        }
        return rows
    }

    private func count(_ rows: [[String?]]) throws(RecordError) -> Int {
        guard let text = rows.first?.first ?? nil, let count = Int(text) else {
            throw RecordError(.malformed, "the statement's count is missing")
        }
        return count
    }
}

/// What a session may do with `system_health`.
public enum RecordAccess: Sendable, Equatable {
    case full
    /// Rows can be written, but old ones not deleted.
    case insertOnly
    case denied
    case tableMissing
    /// A standby, or a session set to read only: rows wait.
    case readOnly
}
