import MetricsModel
import Sampling
import Support
import Testing

@testable import vitals

@Suite struct ExporterChoicesTests {
    private func targets(_ environment: [String: String], _ arguments: [String] = []) throws -> [TargetConfiguration] {
        try settings(environment: environment, arguments).configuration.targets
    }

    @Test("DATA_SOURCE_NAME is a target, several of them several")
    func dataSourceName() throws {
        let one = try targets(["DATA_SOURCE_NAME": "postgresql://u:p@h:5433/app?sslmode=disable"])
        #expect(one.map(\.name) == ["postgres"] && one.first?.url == "postgresql://u:p@h:5433/app?sslmode=disable")
        let several = try targets(["DATA_SOURCE_NAME": "host=a dbname=x user=u,host=b dbname=y user=u"])
        #expect(several.map(\.name) == ["a:5432/x", "b:5432/y"])
        let both = try targets(["DATA_SOURCE_NAME": "postgres://b/y", "DATABASE_URL": "postgres://a/x"])
        #expect(both.map(\.name) == ["postgres", "b:5432/y"])
        #expect(try targets(["DATA_SOURCE_NAME": "postgres://a/x", "DATABASE_URL": "postgres://a/x"]).count == 1)
        #expect(try targets(["PG_EXPORTER_URL": "postgres://a/x"]).map(\.name) == ["postgres"])
    }

    @Test("DATA_SOURCE_URI takes user and password, of any characters, from variables or files")
    func dataSourceParts() throws {
        let directory = try TemporaryDirectory()
        let password = try directory.write("pass", " s3c@ret/#? \n")
        let first = try targets([
            "DATA_SOURCE_URI": "h:1/d?sslmode=disable", "DATA_SOURCE_USER": "me@x", "DATA_SOURCE_PASS": "a b",
        ])
        #expect(first.first?.url == "postgresql://me%40x:a%20b@h:1/d?sslmode=disable")
        let second = try settings(environment: [
            "DATA_SOURCE_URI": "h/d", "DATA_SOURCE_USER": "me", "DATA_SOURCE_PASS": "not this", "DATA_SOURCE_PASS_FILE": password,
        ])
        #expect(second.configuration.targets.first?.url == "postgresql://me:s3c%40ret%2F%23%3F@h/d")
        #expect(second.secrets.redacting("x s3c@ret/#? y") == "x *** y")
        #expect(try targets(["DATA_SOURCE_URI": "h/d"]).first?.url == "postgresql://h/d")
        let missing = try findings(environment: ["DATA_SOURCE_URI": "h/d", "DATA_SOURCE_PASS_FILE": "/no/such"])
        #expect(missing.map(\.place) == ["DATA_SOURCE_PASS_FILE"])
    }

    @Test("A source that cannot be used is named by its variable, without its secret")
    func badSource() throws {
        let all = try findings(environment: ["DATA_SOURCE_NAME": "postgres://u:hunter2@h:port/d"])
        #expect(all.map(\.place) == ["DATA_SOURCE_NAME"])
        #expect(!all.contains { $0.description.contains("hunter2") })
    }

    @Test("postgres_exporter's flags and variables mean the same here, flags over variables")
    func choices() throws {
        let directory = try TemporaryDirectory()
        let queries = try directory.write("queries.yaml", "pg_x:\n  query: SELECT 1 AS n\n  metrics: [{n: {usage: GAUGE}}]\n")
        let settings = try settings(
            environment: [
                "DATA_SOURCE_NAME": "postgres://a/x", "PG_EXPORTER_EXTEND_QUERY_PATH": queries,
                "PG_EXPORTER_DISABLE_SETTINGS_METRICS": "true",
                "PG_EXPORTER_AUTO_DISCOVER_DATABASES": "1", "PG_EXPORTER_EXCLUDE_DATABASES": "old, te*st",
                "PG_EXPORTER_CONSTANT_LABELS": "region=eu,tier=gold", "PG_EXPORTER_WEB_TELEMETRY_PATH": "/m",
                "PG_EXPORTER_WEB_LISTEN_ADDRESS": ":9187", "PG_EXPORTER_COLLECTION_TIMEOUT": "1m",
                "PG_EXPORTER_DISABLE_CACHE": "true",
            ],
            [
                "--disable-default-metrics", "--include-databases", "app", "--collection-timeout", "2s",
                "--collector.stat_statements.limit", "7", "--collector.settings",
            ])
        let target = try #require(settings.configuration.targets.first)
        #expect(target.collectors == ["static": false, "stat_database_conflicts": false, "settings": true])
        #expect(target.postgres.isDiscovering && target.postgres.queriesTimeout == .seconds(2))
        #expect(target.postgres.databases.include == ["app"] && target.postgres.databases.exclude == ["old", "te\\*st"])
        #expect(target.labels["region"] == "eu" && target.labels["tier"] == "gold")
        #expect(settings.telemetryPath == "/m" && settings.listenAddresses.map { "\($0)" } == ["0.0.0.0:9187"])
        #expect(settings.configuration.thresholds.topStatements == 7)
        #expect(settings.collectors.of("postgres").map(\.name) == ["pg_x"])
        #expect(settings.warnings.count == 1 && settings.warnings.first?.contains("PG_EXPORTER_DISABLE_CACHE") == true)
    }

    @Test("What is not here says what to use")
    func missing() throws {
        let all = try findings(
            environment: [
                "PG_EXPORTER_METRIC_PREFIX": "my", "PG_EXPORTER_CONSTANT_LABELS": "a",
                "PG_EXPORTER_AUTO_DISCOVER_DATABASES": "maybe",
            ],
            [
                "--dumpmaps", "--metric-prefix", "x", "--url", "postgres://u:p@h", "--collection-timeout", "soon",
                "--collector.stat_statements.exclude_users", "x",
            ])
        #expect(
            Set(all.map(\.place)) == [
                "--dumpmaps", "--metric-prefix", "PG_EXPORTER_METRIC_PREFIX", "--url", "--collection-timeout",
                "PG_EXPORTER_CONSTANT_LABELS",
                "PG_EXPORTER_AUTO_DISCOVER_DATABASES", "--collector.stat_statements.exclude_users",
            ])
        #expect(all.contains { $0.place == "--dumpmaps" && $0.message.contains("--explain") })
        #expect(try findings(environment: [:], ["--metric-prefix", "pg", "--no-wrap-large-counters"]).isEmpty)
    }

    @Test("A Postgres target has its databases, limits and collectors in the file")
    func file() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write("a.yml", "collectors:\n  - {name: shop, query: SELECT 1 AS n, columns: {n: gauge}}\n")
        let path = try directory.write(
            "vitals.yml",
            """
            collector_files: [a.yml]
            targets:
              postgres:
                - name: main
                  url: postgres://h/d
                  databases: {include: [app_*], exclude: [app_old], max_connections: 5}
                  limits: {series_per_collector: 1000, series_per_target: 5000}
                  sizes_interval: 5m
                  collector_files: ["more/*.yml"]
                  tags: [gold]
                  collectors: {shop: false}
            """)
        let settings = try settings(environment: [:], ["--config.file", path])
        let target = try #require(settings.configuration.targets.first)
        #expect(target.postgres.databases == DatabaseSelection(include: ["app_*"], exclude: ["app_old"], connectionsMax: 5))
        #expect(target.postgres.limits == SeriesLimits(perCollector: 1_000, perTarget: 5_000))
        #expect(target.postgres.sizesInterval == .seconds(300) && target.postgres.tags == ["gold"])
        #expect(target.collectors == ["shop": false])
        #expect(settings.collectors.of("main").map(\.name) == ["shop"])
        #expect(settings.warnings.contains { $0.contains("matches no file") })
    }

    @Test("A folder of collectors is read in order, a later one takes an earlier one's place, findings have their lines")
    func folder() throws {
        let directory = try TemporaryDirectory()
        func collector(_ name: String, _ sql: String) -> String {
            "\(name):\n  query: \(sql)\n  ttl: 1\n  metrics: [{n: {usage: GAUGE}}]\n"
        }
        _ = try directory.write("100-a.yml", collector("a", "SELECT 1 AS n") + collector("b", "SELECT 1 AS n"))
        _ = try directory.write("900-b.yaml", collector("b", "SELECT 2 AS n"))
        _ = try directory.write("notes.txt", "no YAML: [")
        let url = ["DATABASE_URL": "postgres://h"]
        let good = try settings(environment: url, ["--extend.query-path", directory.path])
        #expect(good.collectors.of("postgres").map(\.name) == ["a", "b"])
        #expect(good.warnings.contains { $0.contains("takes the place of that in") })
        let bad = try directory.write("bad.yml", collector("c", "DROP TABLE x"))
        let all = try findings(environment: url, ["--extend.query-path", directory.path, "--extend.query-path", "/no/such"])
        #expect(all.map(\.place).sorted() == ["/no/such", bad].sorted())
        #expect(all.contains { $0.line == 2 })
    }

    @Test("A collector that neither Vitals nor a file has is named, with those that exist")
    func unknown() throws {
        let all = try findings(file: "targets:\n  postgres:\n    - {name: a, url: postgres://h, collectors: {nonsense: false}}\n")
        #expect(all.map(\.line) == [3])
        #expect(all.first?.message.contains("stat_user_tables") == true)
    }
}
