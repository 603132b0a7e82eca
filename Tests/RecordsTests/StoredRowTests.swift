import Postgres
import Support
import Testing

@testable import Records

extension OnPostgres {
    @Suite struct StoredRowTests {
        @Test("Rows come back from Postgres as they were written: 300 generated ones, in one go and again")
        func roundTrip() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            for seed in 0..<3 as Range<UInt64> {
                var generator = SeededGenerator(seed: seed)
                let rows = (0..<100).map { _ in generator.row() }
                let texts = rows.map(\.json.text)
                #expect(try await database.session.insert(texts) == 100, "seed \(seed)")
                #expect(try await database.session.insert(texts) == 0, "seed \(seed)")
                let stored = try await database.session.systemHealthRows(rowsMax: 1_000)
                for row in rows {
                    let back = stored.first { $0.id == row.id }
                    #expect(back == row, "seed \(seed)")
                }
            }
        }

        @Test("What the columns hold is what the row says: NULL stays NULL")
        func columns() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            var row = SystemHealthRow(timestamp: 1_700_000_000_123)
            row.databaseSizeMB = .max10
            row.cacheHitPercent = Hundredths(count: 8_750)
            row.largestTables = JSONObject([.init("表\"🐘", .integer(5))])
            _ = try await database.session.insert([row.json.text])
            let text = try await database.sql(
                """
                SELECT concat_ws('|', "timestamp" AT TIME ZONE 'UTC', db_size_mb, cache_hit_rate, largest_tables, metrics,
                  num_nulls(db_connections_active, db_connections_idle, avg_query_time_ms, slow_queries_count, pending_jobs, failed_jobs,
                  errors_last_hour)) FROM system_health
                """)
            #expect(text == [#"2023-11-14 22:13:20.123|99999999.99|87.50|{"表\"🐘": 5}|{}|7"#])
        }

        @Test("Rows are chosen by time, newest first")
        func interval() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            _ = try await database.session.insert((1...9).map { SystemHealthRow(timestamp: Int64($0) * 1_000).json.text })
            let rows = try await database.session.systemHealthRows(from: 3_000, through: 7_000, rowsMax: 3)
            #expect(rows.map(\.timestamp) == [7_000, 6_000, 5_000])
        }

        @Test("A clock of ours that is ahead deletes nothing that the server does not find old")
        func pruneClock() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            try await database.sql("INSERT INTO system_health (\"timestamp\") VALUES (now()), (now() - interval '2 hours')")
            #expect(try await database.session.prune(before: .max / 1_000_000, retentionMilliseconds: 3_600_000, rowsMax: 9) == 1)
            #expect(try await database.sql("SELECT count(*) FROM system_health") == ["1"])
        }

        @Test("Old rows go in batches, the oldest first")
        func prune() async throws {
            let database = try await TestDatabase()
            _ = try await Migrator(database.session).up()
            _ = try await database.session.insert((1...9).map { SystemHealthRow(timestamp: Int64($0) * 1_000).json.text })
            #expect(try await database.session.prune(before: 6_000, retentionMilliseconds: 0, rowsMax: 3) == 3)
            #expect(try await database.session.systemHealthRows(rowsMax: 99).map(\.timestamp).last == 4_000)
            #expect(try await database.session.prune(before: 6_000, retentionMilliseconds: 0, rowsMax: 3) == 2)
            #expect(try await database.session.prune(before: 6_000, retentionMilliseconds: 0, rowsMax: 3) == 0)
        }
    }
}
