/// What is asked of `pg_stat_statements`: the SQL and the places of its columns. One question covers every database of the server,
/// from whichever has the extension.
///
/// The view's function puts its whole answer into memory of `work_mem` and spills what is over: with 4 MB that is all from
/// 9,000 statements on without their texts, and from a thousand on with texts of 4 kB. `set_config` as the function's argument raises the limit
/// before the function runs and until the end of this one statement.
enum StatementQuestions {
    /// Columns of `totals`. A statement has user, database and totals. A row without a user names a database, one
    /// without a database a role, and one with neither tells when the answer was read and since when the totals count.
    enum Column {
        static let user = 0
        static let database = 1
        static let query = 2
        static let calls = 3
        static let total = 4
        static let least = 5
        static let most = 6
        static let deviation = 7
        static let rows = 8
        static let readTime = 9
        static let writeTime = 10
        static let since = 11
        static let name = 12

        // In the row without user and database.
        static let evictions = 3
        static let readAt = 4
        static let resetAt = 5
        static let seesFile = 8
    }

    /// A row of the answer without its text has about 450 bytes in the server's memory; 100,000 statements.
    private static let totalsMemoryKilobytes = 64 << 10
    /// For each statement, in the server's memory, besides its text.
    static let rowBytes = 600

    /// Counters of every statement of the server, without texts. `$1`: whether the names of databases and roles come too.
    ///
    /// `toplevel` and `pg_stat_statements_info` are there from Postgres 14 on; in 17 `stats_since` came and the block times got their
    /// new names. Always one row at least.
    static func totals(version: Int, schema: String) -> String {
        let blocks = version >= 170_000 ? "shared_blk" : "blk"
        let info = version >= 140_000 ? " FROM \(schema)pg_stat_statements_info i" : ""
        return """
            SELECT NULL::oid AS userid, NULL::oid AS dbid, NULL::bigint AS queryid, \
            \(version >= 140_000 ? "i.dealloc" : "NULL::bigint") AS calls,
                extract(epoch FROM statement_timestamp())::float8 AS total,
                \(version >= 140_000 ? "extract(epoch FROM i.stats_reset)::float8" : "NULL::float8") AS least,
                NULL::float8 AS most, NULL::float8 AS deviation,
                has_function_privilege('pg_catalog.pg_stat_file(text, boolean)', 'EXECUTE')::int::bigint AS rows,
                NULL::float8 AS read_time, NULL::float8 AS write_time, NULL::float8 AS since, NULL::name AS name\(info)
            UNION ALL
            SELECT s.userid, s.dbid, s.queryid, s.calls, s.total_exec_time, s.min_exec_time, s.max_exec_time, s.stddev_exec_time,
                s.rows, s.\(blocks)_read_time, s.\(blocks)_write_time,
                \(version >= 170_000 ? "extract(epoch FROM s.stats_since)::float8" : "NULL"), NULL
            FROM \(schema)pg_stat_statements(set_config('work_mem', '\(totalsMemoryKilobytes)', true) IS NULL) s\
            \(version >= 140_000 ? " WHERE s.toplevel" : "")
            UNION ALL
            SELECT NULL, oid, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, datname
            FROM pg_catalog.pg_database WHERE $1::boolean
            UNION ALL
            SELECT oid, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, rolname
            FROM pg_catalog.pg_roles WHERE $1::boolean
            """
    }

    /// Texts of the statements with the query ids `$1`, cut. The last column adds up the bytes of all texts; it is NULL everywhere when they
    /// were not read. `$2`: the bytes up to which they are; known before they are read only to who may look at the file.
    static func texts(version: Int, schema: String, memoryBytes: Int, charactersMax: Int, seesFile: Bool) -> String {
        let raise = "set_config('work_mem', '\(max(64, memoryBytes >> 10))', true) IS NOT NULL"
        // Opened nowhere else: src/include/pgstat.h and contrib/pg_stat_statements have both parts of the name.
        let file = "pg_catalog.pg_stat_file('pg_stat_tmp/pgss_query_texts.stat', true)"
        let isAsked =
            seesFile
            ? "CASE WHEN coalesce((SELECT size FROM \(file)), 0) <= $2::bigint THEN \(raise) ELSE false END"
            : "\(raise) AND $2::bigint IS NOT NULL"
        // Only a long list of common table expressions hides a statement's verb far from its start.
        let length = """
            CASE WHEN pg_catalog.left(query, \(QueryType.verbCharacters)) ILIKE '%with%' THEN \(QueryType.bytesMax) \
            ELSE \(max(QueryType.verbCharacters, charactersMax)) END
            """
        // One row for all that is not asked for; before 15 a hash table of many texts would go to a temporary file (hash_mem_multiplier).
        let isGrouped = version >= 150_000
        return """
            SELECT w.userid, w.dbid, w.queryid, w.query, \(isGrouped ? "pg_catalog.sum(w.bytes)" : "w.bytes")::bigint AS bytes
            FROM (
                SELECT CASE WHEN wanted THEN userid END AS userid, CASE WHEN wanted THEN dbid END AS dbid,
                    CASE WHEN wanted THEN queryid END AS queryid,
                    CASE WHEN wanted THEN pg_catalog.left(query, \(length)) END AS query,
                    pg_catalog.octet_length(query) AS bytes
                FROM (
                    SELECT userid, dbid, queryid, query, coalesce(queryid = ANY ($1::bigint[]), false)\
            \(version >= 140_000 ? " AND toplevel" : "") AS wanted
                    FROM \(schema)pg_stat_statements(\(isAsked))
                ) s
            ) w\(isGrouped ? " GROUP BY 1, 2, 3, 4" : "")
            """
    }

    /// Queries running for longer than `$1` seconds, the oldest first, at most `$2`.
    static let running = """
        SELECT pid, coalesce(datname, ''), coalesce(usename, ''), coalesce(application_name, ''),
            extract(epoch FROM clock_timestamp() - query_start)::float8, coalesce(wait_event_type, ''),
            coalesce(wait_event, ''), query
        FROM pg_catalog.pg_stat_activity
        WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
            AND clock_timestamp() - query_start > make_interval(secs => $1::float8)
        ORDER BY query_start LIMIT $2::int
        """
}
