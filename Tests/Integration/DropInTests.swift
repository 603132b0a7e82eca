import Demo
import FoundationEssentials
import MetricsModel
import Support
import Testing

/// Vitals started as postgres_exporter is: the same variables, the same file.
@Suite struct DropInTests {
    private static let queries = """
        shop_orders:
          query: |
            SELECT state, count(*) AS count, max(price) AS price, bool_or(paid) AS paid, max(at) AS at, 1.5::float8 AS extra
            FROM orders GROUP BY state; -- one row for each state
          metrics:
            - state: {usage: "LABEL", description: "State"}
            - count: {usage: "GAUGE", description: "Orders"}
            - price: {usage: "COUNTER", description: "Highest price"}
            - paid: {usage: "GAUGE", description: "Whether one is paid"}
            - at: {usage: "GAUGE", description: "When the last one was"}
        shop_wait:
          query: "SELECT 'web' AS app, '1m30s'::text AS wait, 'x' AS word, ARRAY[1,5]::float8[] AS seconds, ARRAY[2,3]::bigint[] AS seconds_bucket, 12.5::float8 AS seconds_sum, 4::bigint AS seconds_count"
          master: true
          cache_seconds: 30
          metrics:
            - app: {usage: "LABEL", description: "Application"}
            - wait: {usage: "DURATION", description: "Wait"}
            - word: {usage: "DISCARD", description: "Nothing"}
            - seconds: {usage: "HISTOGRAM", description: "Waits"}

        """

    private static let statements = [
        "CREATE TABLE orders (state text, price numeric, paid bool, at timestamptz)",
        "INSERT INTO orders VALUES ('new', 10, false, '2026-01-01 00:00:00+00'), ('new', 12.5, true, '2026-01-02 00:00:00.7+02'), ('sent', 7, true, NULL)",
    ]

    /// A series of a family of the file by its text, with every number of its labels in one form.
    private func series(_ exposition: ParsedExposition) -> [String: (type: MetricType, value: Double)] {
        var all: [String: (type: MetricType, value: Double)] = [:]
        for family in exposition.families where family.name.hasPrefix("shop_") {
            for sample in family.samples {
                var labels = sample.labels
                // Prometheus 3 and OpenMetrics write whole bounds with a point, the exporter without.
                if let bound = labels["le"].flatMap(Double.init) { labels = labels.setting("le", to: numberText(bound)) }
                all[sample.name + String(describing: labels.pairs.map { "\($0.name)=\($0.value)" })] = (family.type, sample.value)
            }
        }
        return all
    }

    @Test("The same variables and the same queries.yaml give the same custom series as postgres_exporter")
    func sameSeries() async throws {
        try await withServers { servers in
            for statement in Self.statements { try await servers.sql(statement) }
            let file = try servers.directory.write("queries.yaml", Self.queries)
            let exporter = try await PrivateServer.postgresExporter(
                on: servers.postgres.url, queries: file, in: servers.directory)
            let environment = [
                "DATA_SOURCE_NAME": "\(servers.postgres.url)?sslmode=disable", "PG_EXPORTER_EXTEND_QUERY_PATH": file,
                "PG_EXPORTER_CONSTANT_LABELS": "region=eu",
            ]
            try await withVitals(environment: environment, in: servers.directory) { vitals in
                let theirs = series(try ParsedExposition(try await fetch(exporter.url + "/metrics").body, .text))
                var ours: [String: (type: MetricType, value: Double)] = [:]
                for (name, reading) in series(try ParsedExposition(try await vitals.get("/metrics").body, .text)) {
                    #expect(name.contains("region=eu"))
                    ours[name.replacing("\"region=eu\", ", with: "")] = reading
                }
                // The exporter knows the usage DURATION, and makes nothing of it in a user's file.
                let waits = ours.filter { $0.key.hasPrefix("shop_wait_wait_milliseconds") }
                #expect(waits.map(\.value.value) == [90_000])
                for name in waits.keys { ours[name] = nil }
                // NULL: the exporter writes NaN, Vitals no sample.
                let compared = theirs.filter { !$0.value.value.isNaN }
                #expect(compared.count >= 12)
                #expect(Set(ours.keys) == Set(compared.keys))
                for (name, reading) in compared {
                    #expect(ours[name]?.value == reading.value, "\(name)")
                    #expect(ours[name]?.type == reading.type, "\(name)")
                }
            }
            await exporter.stop()
        }
    }

    @Test("check config --explain says what would be asked, with the server and without")
    func explain() async throws {
        try await withServers { servers in
            for statement in Self.statements { try await servers.sql(statement) }
            let file = try servers.directory.write(
                "queries.yaml", Self.queries + "later:\n  query: SELECT 1 AS n\n  runonserver: \">=99.0.0\"\n")
            let arguments = ["check", "config", "--explain", "--extend.query-path", file, "--no-collector.wal"]
            let environment = ["DATA_SOURCE_NAME": servers.postgres.url]
            let (code, output) = try await RunningVitals.run(arguments, environment: environment, in: servers.directory)
            #expect(code == 0)
            func line(_ start: String) -> String {
                output.split(separator: "\n").map(String.init).first { $0.hasPrefix(start) } ?? ""
            }
            #expect(line("postgres: Postgres ").contains("a primary"))
            #expect(line("shop_orders ").contains("yes (\(file):1)"))
            #expect(line("later ").contains("no, it needs Postgres 99 or later; this is"))
            #expect(line("wal ").contains("no, switched off"))
            #expect(line("stat_bgwriter ").contains("yes"))
            #expect(!output.contains("FROM orders"))
            let sql = try await RunningVitals.run(arguments + ["--sql"], environment: environment, in: servers.directory)
            #expect(sql.output.contains("FROM orders GROUP BY state"))

            await servers.postgres.stop()
            let down = try await RunningVitals.run(arguments, environment: environment, in: servers.directory)
            #expect(down.code == 0 && down.output.contains("no answer"))
            #expect(down.output.contains("on, and needs Postgres 99 or later"))
        }
    }

    @Test("A file of collectors with mistakes keeps Vitals from starting, each with its line")
    func mistakes() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("bad.yml", "collectors:\n  - {name: a, query: DROP TABLE x, columns: {n: gage}}\n")
        let (code, output) = try await RunningVitals.run(
            ["serve", "--extend.query-path", file, "--storage.path", directory.path("s")],
            environment: ["DATABASE_URL": "postgres://127.0.0.1:1/x"],
            in: directory)
        #expect(code == 1)
        #expect(
            output.contains("\(file):2:") && output.contains("a collector only reads") && output.contains("did you mean 'gauge'?")
        )
    }
}
