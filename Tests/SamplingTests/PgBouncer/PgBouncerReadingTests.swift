import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

@Suite struct PgBouncerReadingTests {
    private func values(_ points: PgBouncerPoints) -> [String: Double] {
        Dictionary(
            points.all.map { ("\($0.family.name){\($0.labels.joined(separator: ","))}", $0.value) }, uniquingKeysWith: { $1 })
    }

    @Test("pg_exporter has 46 names, and no family has the name of another")
    func names() {
        let theirs = [PgExporterNames.list, PgExporterNames.database, PgExporterNames.stat, PgExporterNames.pool]
        #expect(theirs.reduce(0) { $0 + $1.columns.count } == 46)
        let all = PgBouncerFamilies.all.map(\.name)
        #expect(Set(all).count == all.count)
        // What public rules and dashboards ask for (grafana/jsonnet-libs, awesome-prometheus-alerts).
        for name in [
            "pgbouncer_up", "pgbouncer_version_info", "pgbouncer_pools_client_active_connections",
            "pgbouncer_pools_client_waiting_connections", "pgbouncer_pools_client_maxwait_seconds",
            "pgbouncer_pools_server_active_connections", "pgbouncer_pools_server_idle_connections",
            "pgbouncer_pools_server_used_connections", "pgbouncer_pools_server_testing_connections",
            "pgbouncer_pools_server_login_connections", "pgbouncer_config_max_client_conn",
            "pgbouncer_config_max_client_connections", "pgbouncer_config_max_user_connections",
            "pgbouncer_databases_current_connections", "pgbouncer_databases_max_connections", "pgbouncer_databases",
            "pgbouncer_users", "pgbouncer_stats_queries_pooled_total", "pgbouncer_stats_client_wait_seconds_total",
            "pgbouncer_stats_totals_queries_duration_seconds_total", "pgbouncer_stats_totals_server_assignments_total",
        ] { #expect(all.contains(name), "\(name)") }
    }

    @Test("The columns of 1.24 and those of 1.15 become the same families")
    func versions() throws {
        let new = Rows(
            columns: [
                "name", "host", "port", "database", "force_user", "pool_size", "min_pool_size", "reserve_pool_size",
                "server_lifetime", "pool_mode", "load_balance_hosts", "max_connections", "current_connections",
                "max_client_connections", "current_client_connections", "paused", "disabled",
            ],
            [["app", "db", "5432", "app", nil, "20", "0", "5", "3600", nil, nil, "0", "3", "0", "9", "0", "1"]])
        let old = Rows(
            columns: [
                "name", "host", "port", "database", "force_user", "pool_size", "reserve_pool", "pool_mode", "max_connections",
                "current_connections", "paused", "disabled",
            ], [["app", "db", "5432", "app", nil, "20", "5", nil, "0", "3", "0", "1"]])
        let newer = values(try PgBouncerFamilies.databases.points(new, seriesMax: 100))
        let older = values(try PgBouncerFamilies.databases.points(old, seriesMax: 100))
        #expect(newer.count == 10 && older.count == 6)
        #expect(older.allSatisfy { newer[$0.key] == $0.value })
        #expect(newer["pgbouncer_databases_reserve_pool{app,db,5432,app,,}"] == 5)
        #expect(newer["pgbouncer_databases_current_client_connections{app,db,5432,app,,}"] == 9)
    }

    @Test("The counters of prepared statements and assignments are there where the version has them")
    func prepared() throws {
        let rows = Rows(
            columns: [
                "database", "total_server_assignment_count", "total_xact_count", "total_query_time", "total_client_parse_count",
                "total_server_parse_count", "total_bind_count", "total_something_new",
            ], [["app", "7", "5", "2500000", "3", "2", "11", "1"]])
        #expect(
            values(try PgBouncerFamilies.stats("p").points(rows, seriesMax: 100)) == [
                "p_server_assignments_total{app}": 7, "p_sql_transactions_pooled_total{app}": 5,
                "p_queries_duration_seconds_total{app}": 2.5, "p_client_parses_total{app}": 3, "p_server_parses_total{app}": 2,
                "p_binds_total{app}": 11,
            ])
    }

    @Test("The longest wait is seconds and microseconds together, of pools until 1.15 the only cancel column is read")
    func pools() throws {
        let rows = Rows(
            columns: ["database", "user", "cl_cancel_req", "maxwait", "maxwait_us", "pool_mode"],
            [["app", "a", "4", "2", "966456", "session"]])
        #expect(
            values(try PgBouncerFamilies.pools.points(rows, seriesMax: 100)) == [
                "pgbouncer_pools_client_waiting_cancel_connections{app,a}": 4,
                "pgbouncer_pools_client_maxwait_seconds{app,a}": 2.966456,
            ])
        let without = Rows(columns: ["database", "user", "maxwait"], [["app", "a", "3"]])
        #expect(
            values(try PgBouncerFamilies.pools.points(without, seriesMax: 100)) == [
                "pgbouncer_pools_client_maxwait_seconds{app,a}": 3
            ])
    }

    @Test("An answer of another kind, and a value that is no number, are errors and leave nothing behind")
    func wrong() {
        #expect(throws: PostgresError.self) {
            try PgBouncerFamilies.pools.points(Rows(columns: ["lists"], [["x"]]), seriesMax: 10)
        }
        #expect(throws: PostgresError.self) {
            try PgBouncerFamilies.pools.points(
                Rows(columns: ["database", "user", "cl_active"], [["a", "b", "many"]]), seriesMax: 10)
        }
        #expect(throws: PostgresError.self) {
            try PgBouncerFamilies.clients.points(Rows(columns: ["type"], [["C"]]), now: nil, seriesMax: 10)
        }
    }

    @Test("A row with the labels of another is left out and counted")
    func duplicates() throws {
        let rows = Rows(
            columns: ["database", "user", "cl_active", "cl_waiting"], [["a", "b", "1", "0"], ["a", "b", "2", "0"]])
        let points = try PgBouncerFamilies.pools.points(rows, seriesMax: 100)
        #expect(points.all.count == 2 && points.dropped == 2)
    }

    @Test("The size of a pool is what its database allows, with the reserve and within the database's own limit")
    func sizes() throws {
        let pools = Rows(
            columns: ["database", "user", "sv_active", "sv_tested", "sv_login", "maxwait"],
            [["a", "u", "1", "2", "3", "0"], ["b", "u", "1", "0", "0", "9"], ["gone", "u", "1", "0", "0", "0"]])
        let databases = Rows(
            columns: ["name", "pool_size", "reserve_pool_size", "max_connections"],
            [["a", "20", "5", "0"], ["b", "20", "5", "7"], ["c", "1", "0", "0"]])
        #expect(
            values(try PgBouncerPools.points(pools, databases: databases, seriesMax: 100)) == [
                "db_connection_pool_in_use{a/u}": 6, "db_connection_pool_size{a/u}": 25,
                "db_connection_pool_wait_max_seconds{a/u}": 0, "db_connection_pool_in_use{b/u}": 1,
                "db_connection_pool_size{b/u}": 7, "db_connection_pool_wait_max_seconds{b/u}": 9,
                "db_connection_pool_in_use{gone/u}": 1, "db_connection_pool_wait_max_seconds{gone/u}": 0,
            ])
    }

    @Test(
        "A time of the console is read",
        arguments: [
            ("1970-01-01 00:00:00 UTC", 0), ("2000-02-29 12:34:56 CET", 951_827_696), ("2026-11-21 08:40:06 UTC", 1_795_250_406),
            ("2100-03-01 00:00:00", 4_107_542_400),
        ])
    func times(text: String, seconds: Int) throws {
        #expect(try #require(ConsoleTime(text)).seconds == seconds)
    }

    @Test(
        "What is no time is none",
        arguments: [
            "", "now", "2026-11-21", "2026-13-01 00:00:00 UTC", "2026-11-21 24:00:00 UTC", "2026-11-21 08:40 UTC", "a-b-c d:e:f",
        ])
    func noTimes(text: String) {
        #expect(ConsoleTime(text) == nil)
    }

    @Test("A time plus some seconds is that many seconds later; across a change of the zone nothing is known")
    func differences() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let (hour, minute, second) = (Int.random(in: 0...22, using: &random), Int.random(in: 0...59, using: &random), 7)
            let day =
                "\(Int.random(in: 1970...2400, using: &random))-\(Int.random(in: 1...12, using: &random))-\(Int.random(in: 1...28, using: &random))"
            let earlier = try #require(ConsoleTime("\(day) \(hour):\(minute):\(second) UTC"))
            let later = try #require(ConsoleTime("\(day) \(hour + 1):\(minute):\(second + 5) UTC"))
            #expect(later.seconds(since: earlier) == 3_605)
            #expect(earlier.seconds(since: later) == 0)
        }
        let summer = try #require(ConsoleTime("2026-10-25 02:59:00 CEST"))
        let winter = try #require(ConsoleTime("2026-10-25 02:01:00 CET"))
        #expect(winter.seconds(since: summer) == nil)
    }

    @Test("Ages are on PgBouncer's clock: the latest request is the one that asked")
    func ages() throws {
        let columns = ["user", "database", "state", "request_time", "connect_time", "wait", "wait_us", "link", "close_needed"]
        let rows = Rows(
            columns: columns,
            [
                ["u", "a", "active", "2026-11-21 08:40:02 CET", "2026-11-21 08:00:00 CET", "3", "5", "0x1", "0"],
                ["u", "a", "active", "2026-11-21 08:39:00 CET", "2026-11-21 08:00:00 CET", "0", "0", "", "0"],
                ["u", "a", "waiting", "2026-11-21 08:40:01 CET", "2026-11-21 08:00:00 CET", "4", "500000", "", "0"],
                ["s", "pgbouncer", "active", "2026-11-21 08:40:06 CET", "2026-11-21 08:00:00 CET", "0", "0", "", "0"],
            ])
        let now = try #require(try PgBouncerSockets.now(rows))
        let found = values(try PgBouncerFamilies.clients.points(rows, now: now, seriesMax: 100))
        #expect(found["pgbouncer_clients_connections{a,u,active}"] == 1)
        #expect(found["pgbouncer_clients_connections{a,u,idle}"] == 1)
        #expect(found["pgbouncer_clients_request_age_max_seconds{a,u,active}"] == 4)
        #expect(found["pgbouncer_clients_request_age_max_seconds{a,u,idle}"] == 66)
        #expect(found["pgbouncer_clients_request_age_max_seconds{a,u,waiting}"] == 5)
        #expect(found["pgbouncer_clients_wait_max_seconds{a,u}"] == 4.5)
        #expect(found["pgbouncer_clients_wait_max_seconds{pgbouncer,s}"] == 0)
        let servers = values(try PgBouncerFamilies.servers.points(rows, now: nil, seriesMax: 100))
        #expect(servers["pgbouncer_servers_connections{a,u,waiting}"] == 1)
        #expect(servers["pgbouncer_servers_age_max_seconds{a,u}"] == nil)
        #expect(servers["pgbouncer_servers_closing{a,u}"] == 0)
    }
}
