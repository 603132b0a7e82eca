import Demo
import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

@Suite struct PostgresTargetTests {
    static let application = [
        "CREATE TABLE users (id int PRIMARY KEY, is_active boolean NOT NULL)",
        "INSERT INTO users SELECT n, n % 4 <> 0 FROM generate_series(1, 100) n",
        "CREATE TABLE api_keys (id int PRIMARY KEY, is_active boolean NOT NULL)",
        "INSERT INTO api_keys VALUES (1, true), (2, false)",
        """
        CREATE TABLE audit_logs (timestamp timestamptz NOT NULL DEFAULT clock_timestamp(), event_type varchar(100) NOT NULL,
            action varchar(100) NOT NULL, success boolean NOT NULL)
        """,
        "ANALYZE",
    ]

    /// What a single, quiet server has no rows of.
    static let quiet: Set = ["replication_slots", "stat_replication", "stat_progress_vacuum"]
    /// NULL on a server without checksums, archive and standby, and what other versions have.
    static let absent: Set = [
        "pg_stat_statements_query_id", "pg_query_avg_seconds",
        "pg_stat_database_checksum_last_failure", "pg_stat_database_checksum_failures", "pg_stat_archiver_last_archive_age",
        "pg_stat_database_conflicts_confl_active_logicalslot",
    ]

    /// Those that are on unless somebody says otherwise.
    static let collectorsOn = PostgresTarget.collectorNames.filter { name in
        PostgresCollectorSwitch.all.first { $0.name == name }?.isOn ?? true
    }

    @Test("Every family is there, from one round trip")
    func everything() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(Self.application + [SharedPostgres.flush()], on: url)
        let fixture = try PostgresFixture(url)
        _ = await fixture.sample()
        try await SharedPostgres.run(["SELECT count(*) FROM users"], on: url)
        _ = await fixture.sample()
        try await SharedPostgres.run(["SELECT count(*) FROM users"], on: url)
        let sample = await fixture.sample()
        #expect(sample.up)
        #expect(sample.failed == [])
        #expect(sample.collectors.map(\.name) == Self.collectorsOn)
        #expect(sample.roundTrips == 1)
        let names = Set(sample.families.map(\.family.name))
        let asked = PostgresCollectorSwitch.exporter.filter { $0.isOn && !Self.quiet.contains($0.name) }
        let families = PostgresFamilies.own + asked.flatMap(\.questions).filter { $0.conditions.isEmpty }.flatMap(\.families)
        var context = QuestionContext()
        context.version = try await SharedPostgres.version()
        var lacking = Self.absent.union(AbsentName.all.filter { $0.isAbsent(from: context) }.map(\.name))
        // pg_stat_statements_info is new in 14.
        if context.version < 140_000 { lacking.insert("pg_stat_statements_dealloc_total") }
        #expect(Set(families.map(\.name)).subtracting(names).subtracting(lacking) == [])
        let database = try #require(url.split(separator: "/").last.map(String.init))
        #expect(sample.reading("pg_up") == 1)
        #expect(sample.reading("pg_settings_max_connections") == 50)
        #expect(sample.reading("db_connection_pool_size", ["pool": "postgres"]) == 47)
        #expect(try #require(sample.reading("db_connection_pool_in_use", ["pool": "postgres"])) >= 1)
        #expect(sample.reading("db_connection_pool_in_use", ["pool": "vitals"]) == 0)
        // Its own connection is left out, as the exporter's is.
        #expect(sample.reading("pg_stat_activity_count", ["datname": database, "state": "active"]) == 0)
        #expect(try #require(sample.reading("pg_database_size_bytes", ["datname": database])) > 1_000_000)
        // ANALYZE and the inserts it had seen already may both count.
        #expect(try #require(sample.reading("pg_stat_user_tables_n_live_tup", ["relname": "users"])) >= 100)
        #expect(try #require(sample.reading("pg_stat_user_tables_table_size_bytes", ["relname": "users"])) >= 8192)
        #expect(sample.reading("pg_locks_waiting", ["datname": database]) == 0)
        #expect(sample.reading("users_active_total") == 75)
        #expect(sample.reading("users_created_total") == 100)
        #expect(sample.reading("api_keys_active_total") == 1)
        #expect(sample.reading("auth_attempts_total", ["result": "failure", "source": "audit_logs"]) == 0)
        #expect(fixture.lines == ["info: postgres main: connected"])
        await fixture.close()
    }

    @Test("The application's statements are counted, each once, and Vitals' own never")
    func statements() async throws {
        // Of its own: the statements of all databases count.
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        let url = server.url
        try await SharedPostgres.run(["CREATE TABLE t (n int)"], on: url)
        let fixture = try PostgresFixture(url)
        for _ in 0..<3 { _ = await fixture.sample() }
        let before = await fixture.sample()
        let insert = Array(repeating: "INSERT INTO t VALUES (1)", count: 7)
        let cte = ["/* x */ WITH gone AS (SELECT n FROM t) DELETE FROM t WHERE n IN (SELECT n + 1 FROM gone)"]
        try await SharedPostgres.run(insert + ["SELECT pg_sleep(0.03)", "UPDATE t SET n = 1"] + cte, on: url)
        for _ in 0..<3 { _ = await fixture.sample() }
        let after = await fixture.sample()
        func growth(_ name: String, _ type: String) -> Double {
            (after.reading(name, ["query_type": type]) ?? .nan) - (before.reading(name, ["query_type": type]) ?? .nan)
        }
        #expect(growth("db_queries_total", "insert") == 7)
        #expect(growth("db_queries_total", "update") == 1)
        #expect(growth("db_queries_total", "delete") == 1)
        #expect(growth("db_queries_total", "select") == 1)
        #expect(growth("db_query_duration_seconds_count", "insert") == 7)
        #expect(growth("db_query_duration_seconds_sum", "select") > 0.03)
        #expect(
            after.reading("db_query_duration_seconds_bucket", ["query_type": "select", "le": "0.025"])
                == before.reading(
                    "db_query_duration_seconds_bucket", ["query_type": "select", "le": "0.025"]))
        await fixture.close()
        await server.stop()
    }

    @Test("pg_monitor is enough for Postgres' own families, SELECT on the tables for the rest")
    func grants() async throws {
        let url = try await SharedPostgres.database()
        let server = try await SharedPostgres.get()
        let database = try #require(url.split(separator: "/").last.map(String.init))
        try await SharedPostgres.run(
            Self.application + [
                "CREATE ROLE vitals_\(database) LOGIN", "GRANT pg_monitor TO vitals_\(database)",
                "GRANT SELECT ON users, api_keys, audit_logs TO vitals_\(database)",
            ], on: url)
        let fixture = try PostgresFixture(server.url(user: "vitals_\(database)", database: database))
        _ = await fixture.sample()
        let sample = await fixture.sample()
        #expect(sample.failed == [])
        #expect(fixture.lines.count == 1)
        await fixture.close()
    }

    @Test("permission denied => that collector alone fails, one line => granted => back, one line")
    func denied() async throws {
        let url = try await SharedPostgres.database()
        let server = try await SharedPostgres.get()
        let database = try #require(url.split(separator: "/").last.map(String.init))
        try await SharedPostgres.run(
            Self.application + [
                "CREATE ROLE poor_\(database) LOGIN", "GRANT pg_monitor TO poor_\(database)",
                "GRANT SELECT ON users, api_keys TO poor_\(database)",
            ], on: url)
        let fixture = try PostgresFixture(server.url(user: "poor_\(database)", database: database))
        for _ in 0..<4 {
            let sample = await fixture.sample()
            #expect(sample.failed == ["auth"])
            #expect(sample.reading("auth_attempts_total") == nil)
            #expect(sample.reading("users_active_total") == 75)
        }
        #expect(fixture.lines.count == 2)
        #expect(fixture.lines.last?.contains("permission denied for table audit_logs") == true)
        try await SharedPostgres.run(["GRANT SELECT ON audit_logs TO poor_\(database)"], on: url)
        #expect(await fixture.sample(after: .seconds(61)).failed == [])
        #expect(fixture.lines.last == "info: postgres main: auth works again")
        await fixture.close()
    }

    @Test("What is not there is absent and said once; when it comes it is found")
    func missing() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(["DROP EXTENSION pg_stat_statements"], on: url)
        let fixture = try PostgresFixture(url)
        for _ in 0..<3 {
            let sample = await fixture.sample()
            #expect(sample.up)
            #expect(sample.failed == [])
            #expect(
                Set(sample.collectors.filter { !$0.isAsked }.map(\.name)).isSuperset(of: ["auth", "business", "stat_statements"]))
            #expect(sample.collectors.first { $0.name == "business" }?.skipped == ["relation": 3])
            #expect(sample.collectors.first { $0.name == "stat_statements" }?.skipped == ["extension": 1])
            #expect(sample.reading("db_queries_total") == nil)
            #expect(sample.reading("users_active_total") == nil)
        }
        #expect(fixture.lines.count == 1)
        try await SharedPostgres.run(
            ["CREATE SCHEMA ext", "CREATE EXTENSION pg_stat_statements SCHEMA ext"] + Self.application, on: url)
        _ = await fixture.sample(after: .seconds(61))
        let sample = await fixture.sample()
        #expect(sample.failed == [])
        #expect(sample.reading("db_queries_total", ["query_type": "select"]) != nil)
        await fixture.close()
    }

    @Test("frozen => pg_up 0 before the deadline, at once while it lasts => woken => everything, one line for each change")
    func frozen() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        let fixture = try PostgresFixture(server.url)
        _ = await fixture.sample()
        await server.freeze()
        let late = await fixture.sample(within: .milliseconds(600))
        #expect(!late.up)
        #expect(late.reading("pg_up") == 0)
        #expect(late.reading("pg_settings_max_connections") == nil)
        #expect(Set(late.failed) == Set(Self.collectorsOn))
        for _ in 0..<2 { #expect(await fixture.sample().reading("pg_up") == 0) }
        await server.thaw()
        var back = await fixture.sample()
        for _ in 0..<200 where !back.up {
            try await Task.sleep(for: .milliseconds(20))
            back = await fixture.sample(after: .milliseconds(20))
        }
        #expect(back.up)
        #expect(back.reading("pg_settings_max_connections") == 50)
        #expect(fixture.lines.filter { $0.hasPrefix("error:") }.count == 1)
        #expect(fixture.lines.filter { $0.contains("answers again") }.count == 1)
        await server.kill()
        #expect(await fixture.sample().reading("pg_up") == 0)
        await fixture.close()
    }

    @Test("A table under ACCESS EXCLUSIVE lock costs its sizes only")
    func locked() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(Self.application, on: url)
        let readiness = try Readiness()
        let session = PostgresSession(try PostgresConfiguration(url, purpose: .application), readiness: readiness)
        let fixture = try PostgresFixture(url)
        _ = await fixture.sample()
        try await session.transaction(by: .now + .seconds(20)) { transaction throws(PostgresError) in
            _ = try await transaction.rows("LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE")
            let sample = await fixture.sample(after: .seconds(61))
            let isRight =
                sample.failed == ["business"] && sample.reading("pg_stat_user_tables_n_live_tup", ["relname": "api_keys"]) != nil
                && sample.reading("pg_stat_user_tables_table_size_bytes", ["relname": "api_keys"]) == nil
                && sample.reading("pg_stat_user_tables_table_size_bytes", ["relname": "users"]) != nil
                && sample.duration < .seconds(2)
            if !isRight { throw PostgresError(.internal, "\(sample.failed) \(sample.duration)") }
        }
        #expect(await fixture.sample().failed == [])
        await session.close()
        await fixture.close()
    }

    @Test("Logins and lockouts of the audit log are counted once, however often they are read")
    func auth() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(
            Self.application + ["INSERT INTO audit_logs VALUES (now(), 'login', 'login', true)"], on: url)
        let fixture = try PostgresFixture(url)
        _ = await fixture.sample()
        try await SharedPostgres.run(
            [
                "INSERT INTO audit_logs (event_type, action, success) SELECT 'auth', 'user_login', n > 2 FROM generate_series(1, 5) n",
                "INSERT INTO audit_logs (event_type, action, success) VALUES ('account_lockout', 'lock', true), ('logout', 'logout', true)",
            ], on: url)
        for _ in 0..<3 {
            let sample = await fixture.sample(after: .seconds(16))
            #expect(sample.reading("auth_attempts_total", ["result": "success"]) == 3)
            #expect(sample.reading("auth_attempts_total", ["result": "failure"]) == 2)
            #expect(sample.reading("auth_account_lockouts_total") == 1)
        }
        try await SharedPostgres.run(["DELETE FROM audit_logs"], on: url)
        #expect(await fixture.sample(after: .seconds(16)).reading("auth_attempts_total", ["result": "success"]) == 3)
        await fixture.close()
    }

    @Test("Slow queries and the longest of them are seen while they run")
    func slow() async throws {
        let url = try await SharedPostgres.database()
        let database = try #require(url.split(separator: "/").last.map(String.init))
        let fixture = try PostgresFixture(url, PostgresTargetSettings(slowQuery: .milliseconds(50)))
        #expect(await fixture.sample().reading("pg_slow_queries", ["datname": database]) == 0)
        async let sleeping: Void = SharedPostgres.run(["SELECT pg_sleep(3)"], on: url)
        var sample = await fixture.sample()
        for _ in 0..<50 where sample.reading("pg_slow_queries", ["datname": database]) == 0 {
            try await Task.sleep(for: .milliseconds(50))
            sample = await fixture.sample()
        }
        #expect(sample.reading("pg_slow_queries", ["datname": database]) == 1)
        #expect(try #require(sample.reading("pg_slow_query_longest_seconds", ["datname": database])) > 0.05)
        try await sleeping
        await fixture.close()
    }

    @Test("A configured query has labels and replaces a shipped one; a wrong one fails alone")
    func business() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(Self.application, on: url)
        let queries = [
            try BusinessQuery(
                name: "users_by_state", help: "h", type: .gauge,
                sql: "SELECT is_active AS active, count(*) FROM users GROUP BY 1 -- all;", labels: ["active"],
                valueColumn: "count"),
            try BusinessQuery(
                name: "users_active_total", help: "h", type: .gauge, sql: "SELECT 7;", labels: [], valueColumn: nil),
            try BusinessQuery(
                name: "broken", help: "h", type: .gauge, sql: "SELECT 'x' AS v", labels: [], valueColumn: "v"),
            try BusinessQuery(
                name: "writes", help: "h", type: .gauge, sql: "DELETE FROM users RETURNING 1", labels: [], valueColumn: nil),
        ]
        let fixture = try PostgresFixture(url, PostgresTargetSettings(queries: queries))
        let sample = await fixture.sample()
        #expect(sample.failed == ["business"])
        #expect(sample.reading("users_by_state", ["active": "t"]) == 75)
        #expect(sample.reading("users_active_total") == 7)
        #expect(sample.reading("users_created_total") == 100)
        #expect(sample.reading("broken") == nil)
        #expect(sample.reading("writes") == nil)
        #expect(fixture.lines.count == 3)
        try await SharedPostgres.run(["DELETE FROM users WHERE id <= 10", "INSERT INTO users VALUES (200, true)"], on: url)
        #expect(await fixture.sample(after: .seconds(31)).reading("users_created_total") == 100)
        try await SharedPostgres.run(["INSERT INTO users VALUES (201, true)"], on: url)
        #expect(await fixture.sample(after: .seconds(31)).reading("users_created_total") == 101)
        await fixture.close()
    }

    @Test("A collector that is off is not asked")
    func off() async throws {
        let url = try await SharedPostgres.database()
        let fixture = try PostgresFixture(
            url,
            PostgresTargetSettings(collectors: ["stat_user_tables": false, "business": false, "auth": false, "locks": false]))
        let sample = await fixture.sample()
        #expect(!sample.collectors.contains { ["stat_user_tables", "business", "auth", "locks"].contains($0.name) })
        #expect(sample.failed == [])
        #expect(sample.reading("pg_locks_count") == nil)
        await fixture.close()
    }
}

@Suite struct BusinessQueryTests {
    @Test(
        "A query that cannot become a metric is refused with the reason",
        arguments: [
            ("1bad", MetricType.gauge, "SELECT 1", [String](), nil as String?), ("good", .histogram, "SELECT 1", [], nil),
            ("sold", .counter, "SELECT 1", [], nil), ("good", .gauge, " ; ", [], nil),
            ("good", .gauge, "SELECT 1", ["a", "a"], nil),
            ("good", .gauge, "SELECT 1", ["__x"], nil), ("good", .gauge, "SELECT 1", ["a-b"], nil),
            ("good", .gauge, "SELECT 1", ["a"], "a"), ("", .gauge, "SELECT 1", [], nil),
        ])
    func refused(name: String, type: MetricType, sql: String, labels: [String], value: String?) {
        #expect(throws: PostgresError.self) {
            try BusinessQuery(name: name, help: "", type: type, sql: sql, labels: labels, valueColumn: value)
        }
    }

    @Test("All shipped queries are valid")
    func shipped() { #expect(BusinessQuery.shipped.count == 3) }

    @Test("Rows become points; too many, or twice the same labels, are refused")
    func points() throws {
        let query = try BusinessQuery(name: "x", help: "", type: .gauge, sql: "SELECT 1", labels: ["a"], valueColumn: nil)
        let points = try query.points(Rows(columns: ["a", "n"], [["p", "1.5"], ["q", nil], [nil, "NaN"]]))
        #expect(points.map(\.labels) == [["p"], [""]])
        #expect(points.first?.value == 1.5)
        #expect(throws: PostgresError.self) { try query.points(Rows(columns: ["a", "n"], [["p", "1"], ["p", "2"]])) }
        #expect(throws: PostgresError.self) { try query.points(Rows(columns: ["a"], [["p"]])) }
        let many = (0...BusinessQuery.rowsMax).map { ["\($0)", "1"] as [String?] }
        #expect(throws: PostgresError.self) { try query.points(Rows(columns: ["a", "n"], many)) }
        #expect(try query.points(Rows(columns: ["a", "n"], Array(many.dropLast()))).count == BusinessQuery.rowsMax)
    }

    @Test("A ratchet never falls and counts every growth", arguments: [UInt64(5)])
    func ratchet(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var ratchet = Ratchet()
            var last = Double(Int.random(in: 0...50, using: &generator))
            ratchet.take(last)
            var expected = last
            for _ in 0..<30 {
                let value = Double(Int.random(in: 0...50, using: &generator))
                expected += max(0, value - last)
                last = value
                ratchet.take(value)
                #expect(ratchet.total == expected, "seed \(seed)")
            }
            ratchet.take(.nan)
            #expect(ratchet.total == expected)
        }
    }
}
