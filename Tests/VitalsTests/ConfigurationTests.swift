import ArgumentParser
import MetricsModel
import Receivers
import Sampling
import Support
import Testing

@testable import vitals

func settings(
    file: String? = nil, environment: [String: String] = [:], _ arguments: [String] = []
) throws -> Settings {
    var arguments = arguments
    // Until the file has been read.
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    if let file {
        let path = try directory.write("vitals.yml", file)
        arguments += ["--config.file", path]
    }
    let options = try ServeOptions.parse(arguments)
    return try Settings(options, environment: Environment(environment))
}

func findings(
    file: String? = nil, environment: [String: String] = [:], _ arguments: [String] = []
) throws -> [Finding] {
    do {
        _ = try settings(file: file, environment: environment, arguments)
        return []
    } catch let findings as Findings {
        return findings.all
    }
}

@Suite struct ConfigurationTests {
    @Test("DATABASE_URL and REDIS_URL are enough: each adds a target")
    func environmentIsEnough() throws {
        let settings = try settings(environment: ["DATABASE_URL": "postgres://db/app", "REDIS_URL": "redis://cache"])
        #expect(settings.configuration.targets.map(\.name) == ["postgres", "redis"])
        #expect(settings.configuration.targets.map(\.kind) == [.postgres, .redis])
    }

    @Test("PgBouncers are targets of a kind of their own, from the file and from PGBOUNCER_URL, with switches of their own")
    func pgBouncers() throws {
        let file = """
            targets:
              postgres: [{name: main, url: "postgres://db/app"}]
              pgbouncer:
                - {name: east, url: "postgres://stats:s3cret@east/", labels: {zone: a}, collectors: {pgbouncer_pool: false}}
                - {name: west, url: "postgres://stats@west:7000/pgbouncer"}
            """
        let settings = try settings(
            file: file, environment: ["PGBOUNCER_URL": "postgres://stats@127.0.0.1"], ["--no-collector.pgbouncer_clients"])
        let targets = settings.configuration.targets
        #expect(targets.map(\.name) == ["main", "east", "west", "pgbouncer"])
        #expect(targets.map(\.kind) == [.postgres, .pgbouncer, .pgbouncer, .pgbouncer])
        let off = ["pgbouncer_clients": false]
        #expect(targets.map(\.collectors) == [[:], ["pgbouncer_pool": false, "pgbouncer_clients": false], off, off])
        let wrong = try findings(file: "targets: {pgbouncer: [{name: a, url: \"postgres://h\", collectors: {pools: true}}]}")
        #expect(wrong.count == 1 && wrong.first?.message.contains("pgbouncer_pools") == true)
    }

    @Test("A whole file is read, with ${NAME} expanded from the environment")
    func wholeFile() throws {
        let file = """
            targets:
              postgres:
                - name: main
                  url: postgres://vitals:${DB_PASSWORD}@db:5432/app
                  labels: {tier: gold}
                  collectors: {stat_user_tables: false}
              redis:
                - {name: cache, url: "redis://${REDIS_HOST:-localhost}"}
            sample: {interval: 30s, max_age: 500ms}
            rule_files: [rules/*.yml]
            records: {interval: 5m, retention: 90d, target: main}
            alerting:
              alertmanagers:
                - http://127.0.0.1:9093
                - {url: "https://am", timeout: 3s, basic_auth: {username: u, password: "pass"}}
              external_labels: {region: eu}
              external_url: https://vitals.example
            queues:
              - {name: mails, type: list, failed: "mails:failed"}
              - {name: events, type: stream, key: "s:events", db: 2}
            queries:
              - {name: orders_open, sql: "SELECT count(*) AS n FROM orders", value: n}
            thresholds: {slow_query: 250ms, largest_tables: 5, disk_free_ratio: 0.1}
            statements: {text: on, query_label: true, text_memory_bytes: 33554432}
            """
        let configuration = try settings(file: file, environment: ["DB_PASSWORD": "s3cret"]).configuration
        #expect(configuration.targets.first?.url == "postgres://vitals:s3cret@db:5432/app")
        #expect(configuration.targets.first?.labels["tier"] == "gold")
        #expect(configuration.targets.first?.collectors == ["stat_user_tables": false])
        #expect(configuration.targets.last?.url == "redis://localhost")
        #expect(configuration.sample.interval == .seconds(30))
        #expect(configuration.sample.maxAge == .milliseconds(500))
        #expect(configuration.ruleFiles == ["rules/*.yml"])
        #expect(configuration.records.retention == .seconds(90 * 86_400))
        #expect(configuration.alerting.alertmanagers.map(\.url) == ["http://127.0.0.1:9093", "https://am"])
        #expect(
            configuration.alerting.alertmanagers.last?.http.credentials
                == .basic(username: "u", password: .text("pass")))
        #expect(configuration.alerting.externalLabels["region"] == "eu")
        #expect(configuration.queues.map(\.key) == ["mails", "s:events"])
        #expect(configuration.queries.first?.valueColumn == "n")
        #expect(configuration.statements.text && configuration.statements.queryLabel)
        #expect(configuration.statements.textMemoryBytes == 32 << 20)
        #expect(configuration.thresholds.slowQuery == .milliseconds(250))
    }

    @Test("Everything that is wrong is said at once, each with its line")
    func allFindingsAtOnce() throws {
        let file = """
            targets:
              postgres:
                - name: main
                  ulr: postgres://db/app
            sample: {interval: fast}
            queues:
              - {name: q, type: heap}
            queries:
              - {name: "not a name", sql: "SELECT 1"}
            """
        let lines = try findings(file: file, environment: [:], ["--storage.retention", "soon", "--web.listen-address", "x"])
        #expect(lines.compactMap(\.line).sorted() == [3, 4, 5, 7, 9])
        #expect(lines.contains { $0.message.contains("did you mean 'url'?") })
        #expect(lines.contains { $0.place == "--storage.retention" })
        #expect(lines.contains { $0.place == "--web.listen-address" })
    }

    @Test("A missing environment variable is named with its line; a default stands in for it")
    func missingVariable() throws {
        let file = "targets:\n  redis:\n    - {name: a, url: \"redis://${NO_SUCH}\"}\n"
        let all = try findings(file: file)
        #expect(all.map(\.line) == [3])
        #expect(all.first?.message.contains("NO_SUCH") == true)
    }

    @Test("A collector can be switched by flag, the last word counts, and an unknown one is a wrong flag")
    func collectorSwitch() throws {
        let url = ["DATABASE_URL": "postgres://db", "REDIS_URL": "redis://cache"]
        func collectors(_ arguments: String...) throws -> [[String: Bool]] {
            try settings(environment: url, arguments).configuration.targets.map(\.collectors)
        }
        #expect(try collectors("--no-collector.wal") == [["wal": false], [:]])
        #expect(try collectors("--no-collector.wal", "--collector.wal") == [["wal": true], [:]])
        #expect(try collectors("--no-collector.bgwriter") == [["stat_bgwriter": false], [:]])
        let few = try collectors("--collector.disable-defaults", "--collector.locks")
        #expect(few.first?.filter(\.value).map(\.key) == ["locks"])
        #expect(few.first?.count == PostgresTarget.collectorNames.count)
        #expect(few.last?.values.contains(true) == false)
        #expect(throws: (any Error).self) { try collectors("--collector.nonsense") }
    }

    @Test("No finding shows a value that came from the environment")
    func findingsAreFreeOfSecrets() throws {
        let file = "queues:\n  - {name: q, type: \"${CANARY}\"}\nsample: {interval: \"${CANARY}\"}\n"
        let all = try findings(file: file, environment: ["CANARY": "hunter2-canary"])
        #expect(all.count == 2)
        #expect(!all.contains { $0.description.contains("hunter2") })
    }

    @Test("A secret of a URL or keyword string is found, and blotted out of every line")
    func secretsAreFound() {
        #expect(passwordInAddress("postgres://u:p%40ss@h/d?x=y") == "p%40ss")
        #expect(passwordInAddress("redis://:secret@h") == "secret")
        #expect(passwordInAddress("redis://h/0") == nil)
        #expect(passwordInAddress("host=h password=abc user=u") == "abc")
        let secrets = Secrets()
        secrets.add("topsecret")
        #expect(secrets.redacting("a topsecret b topsecret") == "a *** b ***")
    }

    @Test("${NAME} expands, ${NAME:-default} falls back, $${ stands for itself")
    func expansion() {
        let environment = Environment(["A": "1"])
        var missing: [String] = []
        #expect(environment.expanding("x${A}y${B:-2}$${A}$1", missing: &missing) == "x1y2${A}$1")
        #expect(missing.isEmpty)
        _ = environment.expanding("${B} ${C", missing: &missing)
        #expect(missing.count == 2)
    }
}
