import Postgres
import Testing

@testable import Sampling

@Suite struct CollectorFileTests {
    @Test("A list under 'collectors' is Vitals' own format, and all of it is read")
    func ownFormat() throws {
        let file = ReadFile(
            """
            collectors:
              - name: shop_orders
                description: Orders of the shop.
                query: |
                  SELECT state, count(*) AS count, 5 AS age, 1 AS noise FROM orders GROUP BY state;  -- by state
                scope: database
                ttl: 1m
                timeout: 500ms
                version: ">=14 <18"
                tags: [primary, "database:shop", "extension:postgis", "schema:app", "not:relation:legacy"]
                predicate: SELECT to_regclass('orders') IS NOT NULL
                columns:
                  state: label
                  count: gauge
                  age: {usage: gauge, rename: oldest_seconds, description: Age of the oldest., scale: 0.001, default: 0}
                  noise: discard
            """)
        #expect(file.findings.isEmpty && file.warnings.isEmpty)
        let collector = try #require(file.collectors.first)
        #expect(collector.format == .vitals && collector.name == "shop_orders" && collector.line == 2)
        #expect(collector.interval == .seconds(60) && collector.timeout == .milliseconds(500))
        #expect(
            collector.conditions.dropLast() == [
                .versions(VersionRanges([140_000..<180_000])), .primary, .database("shop"), .extension("postgis"), .schema("app"),
                .not(.relation("legacy")),
            ])
        #expect(collector.columns.map(\.alias) == ["state", "count", "oldest_seconds", "noise"])
        let question = collector.question(CustomCollector.Surroundings())
        #expect(question.scope == .database && question.limits.isReadOnly)
        #expect(question.sql(QuestionContext()).contains("current_database() AS datname"))
    }

    @Test("Everything that is wrong is said at once, each at its line, with what would be right")
    func allFindings() {
        let file = ReadFile(
            """
            collectors:
              - name: "bad name"
                query: DELETE FROM orders
                columns: {n: gage}
              - name: twice
                querry: SELECT 1
                version: "14 to 18"
                tags: [primery, "schema:"]
                columns:
                  a: {usage: histogram, buckets: [3, 2]}
                  b: {usage: gauge, scale: much}
              - name: labels_only
                query: SELECT 1 AS a; SELECT 2
                timeout: 5m
                columns: {a: label, "b-c": label}
            """)
        let lines = file.findings
        #expect(lines.contains { $0.hasPrefix("2: 'bad name' is no beginning of a metric's name") })
        #expect(lines.contains { $0.hasPrefix("3: a collector only reads") && $0.contains("'delete'") })
        #expect(lines.contains { $0.hasPrefix("4: unknown usage 'gage'") && $0.contains("did you mean 'gauge'?") })
        #expect(lines.contains { $0.hasPrefix("6: unknown key 'querry'") && $0.contains("did you mean 'query'?") })
        #expect(lines.contains { $0.hasPrefix("5: 'query' is missing") })
        #expect(lines.contains { $0.hasPrefix("7: '14 to 18' is no range of versions") })
        #expect(lines.contains { $0.hasPrefix("8: unknown tag 'primery'") && $0.contains("did you mean 'primary'?") })
        #expect(lines.contains { $0.hasPrefix("8: the tag 'schema:' has nothing behind its colon") })
        #expect(lines.contains { $0.hasPrefix("10: the bounds must rise") })
        #expect(lines.contains { $0.hasPrefix("11: expected a number") })
        #expect(lines.contains { $0.hasPrefix("13: there is more than one statement") })
        #expect(lines.contains { $0.hasPrefix("14: expected a duration above 0") })
        #expect(lines.contains { $0.hasPrefix("15: 'b-c' is no name of a label") })
        #expect(lines.contains { $0.hasPrefix("15: no column is a gauge") })
    }

    @Test("The format is told by words that only one of them has")
    func recognition() {
        func format(_ text: String) -> CustomCollector.Format? { ReadFile(text).collectors.first?.format }
        let column = "metrics: [{n: {usage: GAUGE}}]"
        #expect(format("a:\n  query: SELECT 1 AS n\n  \(column)\n") == .queries)
        #expect(format("a:\n  query: SELECT 1 AS n\n  master: true\n  \(column)\n") == .queries)
        #expect(format("a:\n  query: SELECT 1 AS n\n  ttl: 10\n  \(column)\n") == .pgExporter)
        #expect(format("a:\n  query: SELECT 1 AS n\n  metrics: [{n: {usage: GAUGE, rename: m}}]\n") == .pgExporter)
        #expect(format("collectors:\n  query: SELECT 1 AS n\n  \(column)\n") == .queries)
        #expect(format("collectors:\n  - {name: a, query: SELECT 1 AS n, columns: {n: gauge}}\n") == .vitals)
        let mixed = ReadFile("a: {query: SELECT 1 AS n, master: true}\nb:\n  query: SELECT 1 AS n\n  ttl: 10\n")
        #expect(mixed.collectors.isEmpty)
        #expect(
            mixed.findings == [
                "4: 'ttl' is a word of pg_exporter's collectors, and 'master' in line 1 one of postgres_exporter's queries.yaml; keep the two in files of their own"
            ])
    }

    @Test(
        "A text that is no file of collectors is a finding, an empty one is not",
        arguments: [("", 0), ("# nothing", 0), ("[1, 2]", 1), ("a: [", 1), ("42", 1), ("a: 1", 1)])
    func noFile(_ text: String, _ findings: Int) {
        let file = ReadFile(text)
        #expect(file.collectors.isEmpty && file.findings.count == findings)
    }

    @Test("A range of versions is read as people write it")
    func versions() throws {
        func ranges(_ text: String) throws -> [Range<Int>] { try VersionRanges(text).ranges }
        #expect(try ranges(">=10.0.0 <12.0.0") == [100_000..<120_000])
        #expect(try ranges(">= 13") == [130_000..<Int.max])
        #expect(try ranges(">13") == [140_000..<Int.max])
        #expect(try ranges("<=9.6") == [0..<90_700])
        #expect(try ranges("15.x || =16.2") == [150_000..<160_000, 160_002..<160_003])
        #expect(try ranges("!=14") == [0..<140_000, 150_000..<Int.max])
        #expect(try ranges(">=15 <14") == [])
        for text in ["", "||", "fourteen", ">=", "1.2.3.4", ">>14", "14 -", "99999999999999999999"] {
            #expect(throws: VersionRanges.Problem.self) { try VersionRanges(text) }
        }
    }

    @Test("SQL ends before its semicolon, whatever stands behind it or in quotation marks")
    func sqlText() throws {
        func text(_ sql: String) throws -> String { try CollectorSQL(sql).statement() }
        #expect(try text("SELECT 1;\n-- end\n/* ; */ ").contains("SELECT 1\n)"))
        #expect(try text("SELECT ';' AS a, $x$;$x$ AS b -- ;").contains("SELECT ';' AS a, $x$;$x$ AS b -- ;\n)"))
        #expect(try text("WITH a AS (SELECT 1) SELECT * FROM a").hasPrefix("SELECT vitals.* FROM ("))
        #expect(try text("(SELECT 1) UNION (SELECT 2)").hasPrefix("SELECT vitals.* FROM ("))
        #expect(try text(" SHOW max_connections ;") == " SHOW max_connections ")
        for sql in [
            "", ";", "-- only", "INSERT INTO t VALUES (1)", "SELECT 1; SELECT 2", "WITH a AS (SELECT 1) DELETE FROM t",
            "SET a = 1", "EXPLAIN SELECT 1",
        ] {
            #expect(throws: CollectorSQL.Problem.self) { try CollectorSQL(sql) }
        }
    }
}
