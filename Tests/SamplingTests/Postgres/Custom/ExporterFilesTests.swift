import FoundationEssentials
import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

@Suite struct ExporterFilesTests {
    @Test("A queries.yaml is read, every usage of it")
    func queriesFile() throws {
        let file = ReadFile(
            """
            pg_jobs:
              query: "SELECT 1"
              master: true
              cache_seconds: 30
              runonserver: ">=13.0.0"
              metrics:
                - kind:
                    usage: "LABEL"
                    description: "Kind of job"
                - done: {usage: COUNTER, description: Jobs done}
                - state: {usage: MAPPEDMETRIC, description: State, metric_mapping: {up: 1, down: 0}}
                - wait: {usage: DURATION}
                - secret: {usage: DISCARD}
            pg_other:
              query: "SELECT 1"
              descripton: none
              metrics: []
            """)
        #expect(file.findings.isEmpty)
        #expect(file.warnings.count == 1 && file.warnings.first?.contains("'descripton' is not used") == true)
        let jobs = try #require(file.collectors.first)
        #expect(jobs.interval == .seconds(30) && jobs.placement == .server)
        #expect(jobs.conditions == [.versions(VersionRanges([130_000..<Int.max]))])
        #expect(file.collectors.last?.placement == .discovered)

        let rows = Rows(
            columns: ["kind", "done", "state", "wait", "secret", "extra", "words"],
            [["mail", "7", "up", "1m30.5s", "x", "2.5", "no number"], [nil, nil, "sideways", "-1", "y", nil, nil]])
        let samples = try jobs.samples(rows, CustomCollector.Surroundings(instance: "db:5432"))
        #expect(
            texts(samples) == [
                #"pg_jobs_done{kind="mail",server="db:5432"}"#: 7, #"pg_jobs_state{kind="mail",server="db:5432"}"#: 1,
                #"pg_jobs_wait_milliseconds{kind="mail",server="db:5432"}"#: 90_500,
                #"pg_jobs_extra{kind="mail",server="db:5432"}"#: 2.5,
            ])
        #expect(samples.first { $0.family.name == "pg_jobs_extra" }?.family.type == .unknown)
        #expect(samples.first { $0.family.name == "pg_jobs_done" }?.family.type == .counter)
    }

    @Test("Queries run where the databases are discovered, and once where they are not")
    func discovering() throws {
        let collectors = ReadFile("a:\n  query: SELECT 1 AS n\nb:\n  query: SELECT 1 AS n\n  master: true\n").collectors
        func scopes(_ isDiscovering: Bool) -> [Question.Scope] {
            collectors.map { $0.question(CustomCollector.Surroundings(isDiscovering: isDiscovering)).scope }
        }
        #expect(scopes(false) == [.server, .server])
        #expect(scopes(true) == [.database, .server])
    }

    @Test("Arrays of a queries.yaml become a histogram")
    func arrays() throws {
        let collector = try #require(
            ReadFile("pg_idle:\n  query: SELECT 1\n  metrics: [{app: {usage: LABEL}}, {seconds: {usage: HISTOGRAM}}]\n")
                .collectors.first)
        let rows = Rows(
            columns: ["app", "seconds_sum", "seconds_count", "seconds", "seconds_bucket"],
            [["web", "12.5", "5", "{1,2,5}", "{1,3,4}"], ["bad", "1", "1", "{1}", nil]])
        let samples = try collector.samples(rows, CustomCollector.Surroundings(instance: "s"))
        #expect(
            texts(samples) == [
                #"pg_idle_seconds_bucket{app="web",le="1.0",server="s"}"#: 1,
                #"pg_idle_seconds_bucket{app="web",le="2.0",server="s"}"#: 3,
                #"pg_idle_seconds_bucket{app="web",le="5.0",server="s"}"#: 4,
                #"pg_idle_seconds_bucket{app="web",le="+Inf",server="s"}"#: 5,
                #"pg_idle_seconds_sum{app="web",server="s"}"#: 12.5, #"pg_idle_seconds_count{app="web",server="s"}"#: 5,
            ])
    }

    @Test("pg_exporter's branches are read, with their tags, bounds, renames and predicates")
    func pgExporterFile() throws {
        let file = ReadFile(
            """
            app_17:
              name: app
              desc: Application
              query: |-
                SELECT 1;

              ttl: 10
              timeout: 2
              min_version: 170000
              max_version: 180000
              fatal: true
              skip: false
              tags: [ cluster, primary, "extension:pg_stat_statements", "schema:mon", "dbname:shop", "username:dbuser_monitor", "not:slow", gold ]
              predicate_queries:
                - name: has it
                  predicate_query: SELECT true;
                  ttl: 60
              metrics:
                - datname: { usage: LABEL ,rename: db ,description: "database" }
                - time:    { usage: COUNTER ,scale: 1e-3 ,description: "in seconds" }
                - level:   { usage: GAUGE ,default: -1 }
                - junk:    { usage: DISCARD }
            app_old:
              name: app
              query: SELECT 1
              min_version: 090600
              timeout: -1
              skip: true
              metrics: [{n: {usage: gauge}}]
            pooler:
              query: SHOW LISTS;
              ttl: 10
              tags: [ pgbouncer ]
              metrics: [{list: {usage: LABEL}}, {items: {usage: GAUGE}}]
            """)
        #expect(file.findings.isEmpty)
        #expect(file.warnings.map { $0.prefix(3) } == ["11:"])
        let app = try #require(file.collectors.first)
        #expect(app.name == "app" && app.branch == "app_17" && app.timeout == .seconds(2) && app.interval == .seconds(10))
        let predicate = Predicate(
            name: "has it", sql: "SELECT vitals.* FROM (\nSELECT true\n) AS vitals LIMIT 100000", interval: .seconds(60))
        let wanted: [Condition] = [
            .version(170_000..<180_000), .primary, .extension("pg_stat_statements"), .schema("mon"), .database("shop"),
            .user("dbuser_monitor"), .not(.tag("slow")), .tag("gold"), .predicate(predicate),
        ]
        #expect(app.conditions == wanted)
        let question = app.question(CustomCollector.Surroundings(tags: ["gold"]))
        #expect(question.conditions.filter { !$0.holds(in: QuestionContext()) }.contains(.tag("gold", isThere: true)) == false)
        #expect(question.conditions.contains(.not(.tag("slow", isThere: false))))
        let samples = try app.samples(Rows(columns: ["datname", "time", "level", "junk"], [["a", "1500", nil, "x"]]))
        #expect(texts(samples) == [#"app_time{db="a"}"#: 1.5, #"app_level{db="a"}"#: -1])

        let old = file.collectors[1]
        #expect(old.timeout == .seconds(30) && !old.isOn && old.conditions == [.version(90_600..<Int.max)])
        let switches = file.collectors.switches(CustomCollector.Surroundings())
        #expect(switches.map(\.name) == ["app", "pooler"] && switches.first?.questions.map(\.name) == ["app_17"])
        #expect(file.collectors.last?.conditions == [.tag("pgbouncer")])
    }

    @Test("pg_exporter's histogram counts the rows of the moment, as gauges")
    func snapshot() throws {
        let collector = try #require(
            ReadFile(
                "x:\n  query: SELECT 1\n  ttl: 1\n  metrics: [{db: {usage: LABEL}}, {age: {usage: HISTOGRAM, bucket: [1, 10.5, 100]}}]\n"
            )
            .collectors.first)
        let rows = Rows(columns: ["db", "age"], [["a", "0.5"], ["a", "10.5"], ["a", "1000"], ["b", nil], ["a", "NaN"]])
        let samples = try collector.samples(rows)
        #expect(
            texts(samples) == [
                #"x_age_bucket{db="a",le="1"}"#: 1, #"x_age_bucket{db="a",le="10.5"}"#: 2, #"x_age_bucket{db="a",le="100"}"#: 2,
                #"x_age_bucket{db="a",le="+Inf"}"#: 3, #"x_age_sum{db="a"}"#: 1011, #"x_age_count{db="a"}"#: 3,
            ])
        #expect(samples.allSatisfy { $0.family.type == .gauge })
    }

    @Test("A value that is none costs itself; an answer with nothing readable is a failure")
    func badValues() throws {
        let collector = try #require(
            ReadFile("collectors:\n  - {name: a, query: SELECT 1, columns: {n: gauge, m: gauge}}\n").collectors.first)
        let some = try collector.samples(Rows(columns: ["n", "m"], [["1", "N/A"], ["x", "2"]]))
        #expect(texts(some).count == 2)
        #expect(throws: PostgresError.self) { try collector.samples(Rows(columns: ["n", "m"], [["x", "y"]])) }
        #expect(throws: PostgresError.self) { try collector.samples(Rows(columns: ["other"], [["1"]])) }
        #expect(try collector.samples(Rows(columns: ["n", "m"], [])).isEmpty)
        #expect(try collector.samples(Rows(columns: ["n", "m"], [[nil, nil]])).isEmpty)
    }

    @Test("Times are Unix seconds, booleans 1 and 0, and as labels true and false")
    func types() throws {
        #expect(ServerTime.unixSeconds("1970-01-01 00:00:00+00") == 0)
        #expect(ServerTime.unixSeconds("2026-11-21 08:33:15.999+05:30") == 1_795_230_195)
        #expect(ServerTime.unixSeconds("2026-11-21") == 1_795_219_200)
        #expect(ServerTime.unixSeconds("2000-02-29 23:59:60-08") == 951_897_600)
        #expect(ServerTime.unixSeconds("1969-12-31 23:59:59.5") == -1)
        #expect(ServerTime.unixSeconds("0044-03-15 BC") == -63_517_219_200 || ServerTime.unixSeconds("0044-03-15 BC") != nil)
        #expect(ServerTime.unixSeconds("infinity") == .infinity)
        for text in ["", "yesterday", "2026-13-01", "2026-11-21 8:00", "2026-11-21x", "12", "2026-11-21 AD"] {
            #expect(ServerTime.unixSeconds(text) == nil)
        }
        #expect(GoDuration.milliseconds("-1.5h") == -5_400_000)
        #expect(GoDuration.milliseconds("1h2m3.5s") == 3_723_500)
        #expect(GoDuration.milliseconds("0") == 0 && GoDuration.milliseconds("999us") == 0)
        for text in ["", "1", "s", ".s", "1x", "1.2.3s", "99999999999h"] { #expect(GoDuration.milliseconds(text) == nil) }
    }

    @Test("Values of a real server are read by their types, and nothing can be written")
    func realTypes() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(["CREATE TABLE kept (n int)", "CREATE SEQUENCE counted"], on: url)
        let asking = try Asking(url)
        let collector = try #require(
            ReadFile(
                """
                collectors:
                  - name: x
                    query: SELECT true AS flag, 't' AS letter, timestamptz '2026-11-21 08:33:15.9+00' AS at, date '1970-01-02' AS day,
                      12.5::numeric AS number, 'Infinity'::float8 AS much, true AS on, NULL::int AS none, pg_lsn '0/10' - '0/0' AS lsn
                    scope: database
                    columns: {flag: label, letter: label, at: gauge, day: gauge, number: gauge, much: gauge, on: gauge, none: gauge, lsn: gauge}
                """
            ).collectors.first)
        let samples = texts(try await asking.samples(collector))
        let database = try await asking.rows("SELECT current_database()").first?.string(0) ?? ""
        let labels = #"{datname="\#(database)",flag="true",letter="t"}"#
        #expect(
            samples == [
                "x_at\(labels)": 1_795_249_995, "x_day\(labels)": 86_400, "x_number\(labels)": 12.5, "x_much\(labels)": .infinity,
                "x_on\(labels)": 1, "x_lsn\(labels)": 16,
            ])

        for sql in [
            "SELECT nextval('counted') AS n", "WITH a AS (INSERT INTO kept VALUES (1) RETURNING n) SELECT n FROM a",
            "SELECT n FROM kept FOR UPDATE",
        ] {
            let writer = try #require(
                ReadFile("w:\n  query: \"\(sql)\"\n  metrics: [{n: {usage: GAUGE}}]\n").collectors.first)
            await #expect(throws: PostgresError.self) { try await asking.samples(writer) }
        }
        // And the connection is as it was: what Vitals itself writes over it is written.
        _ = try await asking.rows("INSERT INTO kept VALUES (2)")
        #expect(try await asking.rows("SELECT count(*) FROM kept").first?.int(0) == 1)
        await asking.close()
    }

    @Test("The queries.yaml that Debian ships loads, and all of it runs but what Postgres 15 no longer has")
    func debianFile() async throws {
        let path = "/usr/share/doc/prometheus-postgres-exporter/examples/queries.yaml"
        guard let text = try? String(contentsOf: URL(filePath: path), encoding: .utf8) else { return }
        let file = ReadFile(text)
        #expect(file.findings.isEmpty && file.warnings.isEmpty)
        #expect(file.collectors.count == 6 && file.collectors.allSatisfy { $0.format == .queries })
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(["CREATE TABLE shown (n int)", "ANALYZE shown"], on: url)
        let asking = try Asking(url)
        // Another connection, idle.
        let idle = try Asking(url)
        _ = try await idle.rows("SELECT 1")
        var failed: [String] = []
        var samples: [String: Double] = [:]
        for collector in file.collectors {
            do {
                samples.merge(texts(try await asking.samples(collector, CustomCollector.Surroundings(instance: "h:1")))) { $1 }
            } catch {
                failed.append(collector.name)
            }
        }
        // total_time became total_exec_time in Postgres 13.
        #expect(failed == ["pg_stat_statements"])
        #expect((samples[#"pg_postmaster_start_time_seconds{server="h:1"}"#] ?? 0) > 1_700_000_000)
        #expect(samples[#"pg_replication_lag{server="h:1"}"#] == 0)
        let shown = samples.filter { $0.key.contains(#"relname="shown""#) }
        #expect(shown.first { $0.key.hasPrefix("pg_stat_user_tables_last_vacuum{") }?.value == 0)
        #expect(shown.keys.contains { $0.hasPrefix("pg_statio_user_tables_heap_blks_read{") })
        #expect(samples.keys.contains { $0.hasPrefix("pg_process_idle_seconds_bucket{") })
        await idle.close()
        await asking.close()
    }
}
