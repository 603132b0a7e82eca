import MetricsModel
import Testing

@testable import Records

@Suite struct SystemHealthRowTests {
    private func row(_ postgres: [FamilySamples], _ redis: [FamilySamples] = []) -> SystemHealthRow {
        SystemHealthRow(HealthReading(timestamp: 1_700_000_000_123, database: "app", postgres: postgres, redis: redis))
    }

    @Test("What was not read is nil, never 0")
    func nothing() {
        let row = row([family("pg_up", [([:], 0)])])
        #expect(row.connectionsActive == nil && row.connectionsIdle == nil && row.databaseSizeMB == nil)
        #expect(row.largestTables == nil && row.averageQueryMilliseconds == nil && row.slowQueries == nil)
        #expect(row.cacheHitPercent == nil && row.pendingJobs == nil && row.failedJobs == nil && row.errorsLastHour == nil)
        #expect(row.metrics == JSONObject([.init("source", .string("vitals")), .init("pg_up", .integer(0))]))
        #expect(row.timestamp == 1_700_000_000_123)
    }

    @Test("The connected database's sessions and size are taken, others' are not")
    func database() {
        let row = row([
            family(
                "pg_stat_activity_count",
                [
                    (["datname": "app", "state": "active"], 3), (["datname": "app", "state": "idle"], 4),
                    (["datname": "other", "state": "active"], 50),
                ]),
            family("pg_database_size_bytes", [(["datname": "app"], 1_572_864), (["datname": "other"], 9e12)]),
            family("pg_slow_queries", [(["datname": "app"], 2), (["datname": "other"], 7)]),
            family("pg_query_avg_seconds", [([:], 0.012_345)]),
        ])
        #expect(row.connectionsActive == 3)
        #expect(row.connectionsIdle == 4)
        #expect(row.databaseSizeMB == Hundredths(count: 150))
        #expect(row.slowQueries == 2)
        #expect(row.averageQueryMilliseconds == Hundredths(count: 1_235))
        #expect(row.metrics["connections_total"] == .integer(57))
    }

    @Test("A database without sessions in a state has none of them, when the sessions were read")
    func zero() {
        let row = row([
            family("pg_stat_activity_count", [(["datname": "other", "state": "active"], 1)]),
            family("pg_slow_queries", [(["datname": "other"], 1)]),
        ])
        #expect(row.connectionsActive == 0 && row.connectionsIdle == 0 && row.slowQueries == 0)
        #expect(row.databaseSizeMB == nil)
    }

    @Test("A table's bytes are its own and its indexes'; the schema is named unless it is public")
    func tables() {
        func labels(_ schema: String, _ table: String, _ database: String = "app") -> [String: String] {
            ["datname": database, "schemaname": schema, "relname": table]
        }
        let row = row([
            family(
                "pg_stat_user_tables_table_size_bytes",
                [
                    (labels("public", "orders"), 100), (labels("sales", "orders"), 7), (labels("public", "é"), 1),
                    (labels("public", "e\u{301}"), 2), (labels("public", "orders", "other"), 9_000),
                    (labels("public", "bad"), .nan),
                ]),
            family("pg_stat_user_tables_index_size_bytes", [(labels("public", "orders"), 11)]),
        ])
        let tables = row.largestTables
        #expect(
            tables
                == JSONObject([
                    .init("orders", .integer(111)), .init("sales.orders", .integer(7)), .init("é", .integer(1)),
                    .init("e\u{301}", .integer(2)),
                ]))
    }

    @Test("Of too many tables the largest stay")
    func manyTables() {
        let points = (0..<500).map { (["schemaname": "public", "relname": "t\($0)"], Double($0)) }
        let tables = row([family("pg_stat_user_tables_table_size_bytes", points)]).largestTables
        #expect(tables?.members.count == SystemHealthRow.tablesMax)
        #expect(tables?["t499"] == .integer(499) && tables?["t0"] == nil)
    }

    @Test("The hit rate is a percentage, the jobs are summed over queues")
    func redis() {
        let row = row(
            [],
            [
                family("cache_hit_rate", [(["target": "a"], 0.5), (["target": "b"], 1)]),
                family(
                    "queue_jobs",
                    [
                        (["queue": "mail", "state": "waiting"], 5), (["queue": "pdf", "state": "waiting"], 6),
                        (["queue": "mail", "state": "failed"], 1), (["queue": "mail", "state": "active"], 2),
                    ]),
            ])
        #expect(row.cacheHitPercent == Hundredths(count: 7_500))
        #expect(row.pendingJobs == 11)
        #expect(row.failedJobs == 1)
        #expect(row.metrics["jobs_active"] == .integer(2))
    }

    @Test("Numbers beyond the columns are cut, infinite ones are not read")
    func extremes() {
        let row = row(
            [
                family("pg_stat_activity_count", [(["datname": "app", "state": "active"], 1e12)]),
                family("pg_database_size_bytes", [(["datname": "app"], 1e18)]),
                family("pg_query_avg_seconds", [([:], .infinity)]),
                family("pg_slow_queries", [(["datname": "app"], .nan)]),
            ], [family("cache_hit_rate", [([:], 1.5)])])
        #expect(row.connectionsActive == .max)
        #expect(row.databaseSizeMB == .max10)
        #expect(row.averageQueryMilliseconds == nil && row.slowQueries == nil)
        #expect(row.cacheHitPercent == .hundred)
    }

    @Test("The database counts as up only when the sample says so")
    func isUp() {
        #expect(reading(up: true, at: 0).isDatabaseUp)
        #expect(!reading(up: false, at: 0).isDatabaseUp)
        #expect(!HealthReading(timestamp: 0, database: nil, postgres: [], redis: []).isDatabaseUp)
    }
}
