import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

/// The views are joins over the catalogue that cost twice as much; what stands in their place must not differ from them.
@Suite struct TableParityTests {
    private static let views = ["pg_stat_user_tables", "pg_statio_user_tables"]

    /// The families of a view with their columns: postgres_exporter writes `blocks` where the view has `blks`.
    private static func columns(of view: String) -> [(family: String, column: String)] {
        (TableStatistics.rows + .blocks).members.map(\.family.name).filter { $0.hasPrefix("\(view)_") }.map { family in
            (family, String(family.dropFirst(view.utf8.count + 1)).replacing("_blocks_", with: "_blks_"))
        }
    }

    @Test("What is read of tables and indexes is what the server's views say, column by column")
    func views() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(
            [
                "CREATE TABLE plain (n int)", "CREATE TABLE keyed (id int PRIMARY KEY, other int UNIQUE, note text)",
                "INSERT INTO keyed SELECT n, n, repeat(md5(n::text), 300) FROM generate_series(1, 500) n",
                "INSERT INTO plain SELECT generate_series(1, 500)", "UPDATE keyed SET note = 'x' WHERE id % 3 = 0",
                "DELETE FROM keyed WHERE id % 5 = 0", "CREATE INDEX ON keyed (left(note, 5))",
                "CREATE MATERIALIZED VIEW seen AS SELECT * FROM keyed",
                "CREATE TABLE parts (n int, note text) PARTITION BY RANGE (n)",
                "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (1000)",
                "CREATE INDEX ON parts (n)", "INSERT INTO parts SELECT n, 'x' FROM generate_series(1, 100) n",
                "SET enable_seqscan = off", "SELECT * FROM keyed WHERE id = 7", "SELECT length(note) FROM keyed WHERE other < 50",
                "VACUUM ANALYZE",
            ], on: url)
        let database = try #require(url.split(separator: "/").last.map(String.init))
        // Statistics reach the views late, and autovacuum works on: once both sides agree they do.
        var differences = ["not compared"]
        for _ in 0..<40 where differences != [] {
            let ours = try await Self.ours(url, database)
            #expect(ours.count > 100)
            differences = try await Self.differences(ours, url)
            if differences != [] { try await Task.sleep(for: .milliseconds(250)) }
        }
        #expect(differences == [])
    }

    /// By `family relname`.
    private static func ours(_ url: String, _ database: String) async throws -> [String: Double] {
        let statistics = TableStatistics.rows + .blocks
        var context = QuestionContext()
        context.version = try await SharedPostgres.version()
        let tables = try await SharedPostgres.rows(statistics.tablesSQL(context), on: url)
        let indexes = try await SharedPostgres.rows(statistics.indexesSQL, on: url)
        var reader = TableReader(statistics, constantLabels: .empty)
        let reading = try reader.read(tables, indexes, database: database, seriesMax: nil)
        var values: [String: Double] = [:]
        for point in reading.families.flatMap(\.everyPoint) {
            values["\(point.series.name) \(point.series.labels["relname"] ?? "")"] = point.value
        }
        return values
    }

    private static func differences(_ ours: [String: Double], _ url: String) async throws -> [String] {
        var differences: [String] = []
        var compared = 0
        for view in views {
            let columns = columns(of: view)
            let list = columns.map { $0.column.hasPrefix("last_") ? "date_part('epoch', \($0.column))" : $0.column }
            let rows = try await SharedPostgres.rows("SELECT relname, \(list.joined(separator: ", ")) FROM \(view)", on: url)
            for row in rows {
                let name = try row.string(0) ?? ""
                for (place, entry) in columns.enumerated() {
                    guard let value = ours["\(entry.family) \(name)"] else {
                        differences.append("\(entry.family) of \(name) is missing")
                        continue
                    }
                    compared += 1
                    let theirs = try row.double(place + 1) ?? 0
                    if value != theirs { differences.append("\(entry.family) of \(name): \(value), by the view \(theirs)") }
                }
            }
        }
        if compared != ours.count { differences.append("\(ours.count - compared) more than the views have") }
        return differences
    }
}
