import Postgres
import Support
import Testing

@testable import Sampling

@Suite struct ExplainTests {
    private func settings(_ file: String) -> PostgresTargetSettings {
        var settings = PostgresTargetSettings()
        settings.add(ReadFile(file).collectors, CustomCollector.Surroundings())
        return settings
    }

    private let file = """
        collectors:
          - {name: runs, query: SELECT 1 AS n, ttl: 30s, columns: {n: gauge}}
          - {name: everywhere, query: SELECT 1 AS n, scope: database, columns: {n: gauge}}
          - {name: later, query: SELECT 1 AS n, version: ">=99", columns: {n: gauge}}
          - {name: standby, query: SELECT 1 AS n, tags: [standby], columns: {n: gauge}}
          - {name: extended, query: SELECT 1 AS n, tags: ["extension:postgis"], columns: {n: gauge}}
          - {name: gated, query: SELECT 1 AS n, predicate: SELECT false, columns: {n: gauge}}
          - {name: open, query: SELECT 1 AS n, predicate: SELECT true, columns: {n: gauge}}
          - {name: off, query: SELECT 1 AS n, enabled: false, columns: {n: gauge}}
        """

    @Test("It says where each question would be asked, and why not")
    func decisions() async throws {
        let fixture = try PostgresFixture(try await SharedPostgres.database(), settings(file))
        let plan = try await fixture.target.explain(by: .now + .seconds(20))
        func decisions(_ collector: String) -> [PostgresPlan.Decision] {
            plan.entries.filter { $0.collector == collector }.map(\.decision)
        }
        #expect(decisions("runs") == [.ask])
        #expect(!decisions("everywhere").isEmpty && decisions("everywhere").allSatisfy { $0 == .ask })
        #expect(decisions("later") == [.skip(reason: "version", detail: "Postgres 99 or later")])
        #expect(decisions("standby") == [.skip(reason: "role", detail: "a standby")])
        #expect(decisions("extended") == [.skip(reason: "extension", detail: "the extension postgis")])
        #expect(decisions("gated") == [.skip(reason: "predicate", detail: "that the predicate 'gated.0' says yes")])
        #expect(decisions("open") == [.ask])
        #expect(plan.off.contains("off") && decisions("off").isEmpty)
        let runs = try #require(plan.entries.first { $0.collector == "runs" })
        #expect(runs.interval == .seconds(30) && runs.sql.contains("SELECT 1 AS n"))
        await fixture.close()
    }

    @Test("Without a server it says what can be said")
    func outline() {
        let outline = PostgresOutline(settings(file))
        #expect(outline.entries.first { $0.collector == "later" }?.requirements == ["Postgres 99 or later"])
        #expect(outline.entries.first { $0.collector == "everywhere" }?.isPerDatabase == true)
        #expect(outline.entries.contains { $0.collector == "stat_bgwriter" })
        #expect(outline.off.contains("off"))
    }

    @Test("Custom collectors are asked as their tags say, and predicates decide from the first sample on")
    func sampled() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(["CREATE TABLE gate (is_open bool)", "INSERT INTO gate VALUES (false)"], on: url)
        var settings = PostgresTargetSettings(
            collectors: Dictionary(PostgresTarget.collectorNames.map { ($0, false) }, uniquingKeysWith: { $1 }))
        let name = try PostgresConfiguration(url).database ?? ""
        settings.databases = DatabaseSelection(include: [name])
        settings.add(
            ReadFile(
                """
                collectors:
                  - {name: a, query: SELECT 1 AS n, columns: {n: gauge}}
                  - {name: b, query: SELECT 2 AS n, predicate: SELECT is_open FROM gate, columns: {n: gauge}}
                  - {name: c, query: SELECT 3 AS n, predicate: SELECT 1, columns: {n: gauge}}
                  - {name: d, query: SELECT 4 AS n, tags: [standby], columns: {n: gauge}}
                  - {name: e, query: SELECT 'x' AS n, columns: {n: gauge}}
                """
            ).collectors, CustomCollector.Surroundings())
        let fixture = try PostgresFixture(url, settings)
        let first = await fixture.sample()
        #expect(
            first.reading("a_n") == 1 && first.reading("b_n") == nil && first.reading("c_n") == nil && first.reading("d_n") == nil
        )
        #expect(Set(first.failed) == ["c", "e"])
        try await SharedPostgres.run(["UPDATE gate SET is_open = true"], on: url)
        _ = await fixture.sample()
        let later = await fixture.sample()
        #expect(later.reading("b_n") == 2)
        await fixture.close()
    }
}
