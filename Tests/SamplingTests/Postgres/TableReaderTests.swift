import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

@Suite struct TableReaderTests {
    private static let contents = [
        "CREATE TABLE keyed (id int PRIMARY KEY, v text)", "CREATE INDEX ON keyed (v)",
        "INSERT INTO keyed SELECT n, repeat('x', n) FROM generate_series(1, 500) n", "CREATE TABLE plain (n int)",
        "INSERT INTO plain SELECT generate_series(1, 50)", "CREATE TABLE long (id int PRIMARY KEY, body text)",
        "ALTER TABLE long ALTER body SET STORAGE EXTERNAL",
        "INSERT INTO long SELECT n, repeat('y', 20000) FROM generate_series(1, 20) n",
        "SELECT sum(length(body)) FROM long", "SELECT * FROM keyed WHERE id = 7", "UPDATE keyed SET v = 'z' WHERE id < 10",
        "DELETE FROM plain WHERE n < 5", "CREATE TABLE parts (n int PRIMARY KEY) PARTITION BY RANGE (n)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100)", "INSERT INTO parts SELECT generate_series(0, 99)",
        "CREATE SCHEMA other", "CREATE MATERIALIZED VIEW other.seen AS SELECT n FROM plain", "VACUUM ANALYZE keyed",
        "ANALYZE parts",
    ]

    private static func families(
        _ statistics: TableStatistics, _ reader: inout TableReader, on url: String
    ) async throws -> [FamilySamples] {
        var context = QuestionContext()
        context.version = try await SharedPostgres.version()
        let tables = try await SharedPostgres.rows(statistics.tablesSQL(context), on: url)
        let indexes = try await SharedPostgres.rows(statistics.indexesSQL, on: url)
        return try reader.read(tables, indexes, database: "d").families
    }

    /// By family and `schema.table`.
    private static func values(_ families: [FamilySamples]) -> [String: [String: Double]] {
        var values: [String: [String: Double]] = [:]
        for samples in families {
            for column in samples.columns {
                column.forEach { row, value in
                    let labels = column.rows.labels(row)
                    values[samples.family.name, default: [:]]["\(labels["schemaname"] ?? "").\(labels["relname"] ?? "")"] = value
                }
            }
        }
        return values
    }

    @Test("Numbers of tables are those of the views, of every kind of table")
    func views() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(Self.contents + [SharedPostgres.flush()], on: url)
        let statistics = TableStatistics.rows + .blocks
        var reader = TableReader(statistics, constantLabels: Labels(["tier": "gold"]))
        let families = try await Self.families(statistics, &reader, on: url)
        let read = Self.values(families)
        for (view, prefix, isOfBlocks) in [
            ("pg_stat_user_tables", "pg_stat_user_tables_", false), ("pg_statio_user_tables", "pg_statio_user_tables_", true),
        ] {
            let columns = statistics.members.filter { $0.isOfBlocks == isOfBlocks }.map {
                $0.family.name.dropFirst(prefix.count).description
            }
            let named = columns.map { $0.replacing("blocks", with: "blks") }.map {
                $0.hasPrefix("last_") ? "extract(epoch FROM \($0))" : $0
            }
            let rows = try await SharedPostgres.rows(
                "SELECT schemaname || '.' || relname, \(named.joined(separator: ", ")) FROM \(view)", on: url)
            #expect(rows.count >= 5)
            for row in rows {
                let table = try #require(try row.string(0))
                for (place, column) in columns.enumerated() {
                    #expect(read[prefix + column]?[table] == (try row.double(place + 1)) ?? 0, "\(prefix)\(column) of \(table)")
                }
            }
            // No more than the view has.
            #expect(read[prefix + (columns.first ?? "")]?.count == rows.count)
        }
        // The view has partitioned tables from Postgres 14 on.
        let hasParts = try await SharedPostgres.version() >= 140_000
        #expect(read["pg_stat_user_tables_seq_tup_read"]?.keys.contains("public.parts") == hasParts)
        #expect(read["pg_statio_user_tables_toast_blocks_hit"]?["public.long"].map { $0 > 20 } == true)
        #expect(families.first?.columns.first?.rows.labels(0)["tier"] == "gold")
    }

    @Test("While names stay, rows are one object; a new table, an index and a new name are found")
    func changes() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(["CREATE TABLE a (n int)", "CREATE TABLE b (n int PRIMARY KEY)"], on: url)
        let statistics = TableStatistics.rows
        var reader = TableReader(statistics, constantLabels: .empty)
        let first = try await Self.families(statistics, &reader, on: url)
        try await SharedPostgres.run(["CREATE INDEX ON a (n)", "INSERT INTO b SELECT generate_series(1, 9)"], on: url)
        try await SharedPostgres.run(
            ["SET enable_seqscan = off", "SELECT n FROM a WHERE n = 1", SharedPostgres.flush()], on: url)
        let second = try await Self.families(statistics, &reader, on: url)
        #expect(first.first?.columns.first?.rows === second.first?.columns.first?.rows)
        #expect(Self.values(second)["pg_stat_user_tables_idx_scan"]?["public.a"].map { $0 >= 1 } == true)
        #expect(Self.values(second)["pg_stat_user_tables_n_tup_ins"]?["public.b"] == 9)
        try await SharedPostgres.run(["ALTER TABLE a RENAME TO c", "CREATE TABLE d (n int)"], on: url)
        let third = Self.values(try await Self.families(statistics, &reader, on: url))
        #expect(Set(third["pg_stat_user_tables_idx_scan"]?.keys ?? [:].keys) == ["public.b", "public.c", "public.d"])
        try await SharedPostgres.run(["DROP TABLE b, c, d"], on: url)
        #expect(try await Self.families(statistics, &reader, on: url).isEmpty)
    }

    @Test(
        "One of the two collectors alone, both and neither: each family once, and both collectors fare alike",
        arguments: [
            (true, true), (true, false), (false, true), (false, false),
        ])
    func switches(_ rows: Bool, _ blocks: Bool) async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(["CREATE TABLE t (n int)"], on: url)
        let fixture = try PostgresFixture(
            url, PostgresTargetSettings(collectors: ["stat_user_tables": rows, "statio_user_tables": blocks]))
        let sample = await fixture.sample()
        #expect(sample.failed == [])
        let names = sample.families.map(\.family.name)
        #expect(names.filter { $0 == "pg_stat_user_tables_seq_scan" }.count == (rows ? 1 : 0))
        #expect(names.filter { $0 == "pg_statio_user_tables_heap_blocks_hit" }.count == (blocks ? 1 : 0))
        let outcomes = sample.collectors.filter { ["stat_user_tables", "statio_user_tables"].contains($0.name) }
        #expect(outcomes.map(\.name) == (rows ? ["stat_user_tables"] : []) + (blocks ? ["statio_user_tables"] : []))
        #expect(outcomes.allSatisfy { $0.isAsked && $0.success })
        await fixture.close()
    }
}
