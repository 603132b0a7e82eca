import Demo
import MetricsModel
import Support
import Testing

@testable import Sampling

@Suite struct PgBouncerTargetTests {
    private static let app = ["database": "app", "user": "postgres"]

    @Test("Two clients at work and one that waits are seen as such, by every name")
    func busy() async throws {
        let fixture = try await PgBouncerFixture(PgBouncerFixture.options(settings: ["default_pool_size = 7"]))
        for _ in 0..<3 { try await fixture.client("BEGIN; SELECT pg_sleep(60); COMMIT") }
        let sample = try await fixture.sample {
            $0.reading("pgbouncer_pools_server_active_connections", Self.app) == 2
                && ($0.reading("pgbouncer_pools_client_maxwait_seconds", Self.app) ?? 0) > 0.5
                && ($0.reading("pgbouncer_clients_request_age_max_seconds", ["state": "active", "database": "app"]) ?? 0) >= 1
        }
        #expect(sample.up && sample.failed == [])
        #expect(sample.collectors.map(\.name) == PgBouncerTarget.collectorNames)
        // One more in the samples that ask for the configuration.
        #expect((6...7).contains(sample.roundTrips))
        #expect(sample.reading("pgbouncer_up") == 1)
        // pgbouncer_exporter's names.
        #expect(sample.reading("pgbouncer_pools_client_active_connections", Self.app) == 2)
        #expect(sample.reading("pgbouncer_pools_client_waiting_connections", Self.app) == 1)
        #expect(sample.reading("pgbouncer_pools_server_active_connections", Self.app) == 2)
        #expect(sample.reading("pgbouncer_pools_server_idle_connections", Self.app) == 0)
        #expect(try #require(sample.reading("pgbouncer_pools_client_maxwait_seconds", Self.app)) > 0.5)
        #expect(sample.reading("pgbouncer_databases_pool_size", ["name": "app"]) == 2)
        #expect(sample.reading("pgbouncer_databases_reserve_pool", ["name": "app"]) == 1)
        #expect(sample.reading("pgbouncer_databases_current_connections", ["name": "app"]) == 2)
        #expect(sample.reading("pgbouncer_used_clients") == 4)
        #expect(sample.reading("pgbouncer_used_servers") == 2)
        #expect(sample.reading("pgbouncer_pools") == 2)
        #expect(sample.reading("pgbouncer_config_max_client_connections") == 100)
        #expect(sample.reading("pgbouncer_config_max_client_conn") == 100)
        #expect(sample.reading("pgbouncer_config_max_user_connections") == 0)
        #expect(sample.reading("pgbouncer_config_default_pool_size") == 7)
        let version = try #require(sample.reading("pgbouncer_version"))
        #expect(version >= 11_800)
        #expect(
            sample.families.contains { $0.points.contains { $0.series.labels["version"]?.hasPrefix("PgBouncer 1.") ?? false } })
        // pg_exporter's.
        #expect(sample.reading("pgbouncer_pool_active_clients", ["datname": "app", "pool_mode": "transaction"]) == 2)
        #expect(sample.reading("pgbouncer_pool_waiting_clients", ["datname": "app"]) == 1)
        #expect(sample.reading("pgbouncer_database_pool_size", ["datname": "app", "host": "127.0.0.1"]) == 2)
        #expect(sample.reading("pgbouncer_list_items", ["list": "used_clients"]) == 4)
        // As a pool like any other: with its reserve it may have three.
        #expect(sample.reading("db_connection_pool_size", ["pool": "app/postgres"]) == 3)
        #expect(sample.reading("db_connection_pool_in_use", ["pool": "app/postgres"]) == 2)
        #expect(try #require(sample.reading("db_connection_pool_wait_max_seconds", ["pool": "app/postgres"])) > 0.5)
        #expect(sample.reading("db_connection_pool_in_use", ["pool": "pgbouncer/pgbouncer"]) == nil)
        // Counted, never one by one.
        let clients = { (state: String) in
            sample.reading("pgbouncer_clients_connections", ["database": "app", "user": "app", "state": state])
        }
        #expect(clients("active") == 2 && clients("waiting") == 1 && clients("idle") == nil)
        #expect(try #require(sample.reading("pgbouncer_clients_wait_max_seconds", ["database": "app"])) > 0.5)
        let servers = ["database": "app", "user": "postgres", "state": "active"]
        #expect(sample.reading("pgbouncer_servers_connections", servers) == 2)
        let age = try #require(sample.reading("pgbouncer_servers_request_age_max_seconds", servers))
        #expect((1...60).contains(age))
        #expect(try #require(sample.reading("pgbouncer_servers_age_max_seconds", Self.app)) >= age)
        #expect(fixture.lines == ["info: pgbouncer pool: connected"])
        await fixture.close()
    }

    @Test("Clients that have asked for nothing yet are idle, on every version")
    func idle() async throws {
        let fixture = try await PgBouncerFixture(PgBouncerFixture.options())
        try await fixture.client("\\! sleep 60")
        let sample = try await fixture.sample {
            $0.reading("pgbouncer_clients_connections", ["database": "app", "state": "idle"]) == 1
        }
        #expect(sample.reading("pgbouncer_clients_connections", ["database": "app", "state": "idle"]) == 1)
        #expect(sample.reading("pgbouncer_clients_wait_max_seconds", ["database": "app"]) == 0)
        await fixture.close()
    }

    @Test("What a load does is counted to the transaction, by all three names, times in seconds")
    func counts() async throws {
        let fixture = try await PgBouncerFixture(PgBouncerFixture.options())
        try await fixture.load(transactions: 1)
        let before = await fixture.sample()
        try await fixture.load(transactions: 100)
        let after = await fixture.sample()
        func growth(_ name: String, _ labels: [String: String]) -> Double {
            (after.reading(name, labels) ?? .nan) - (before.reading(name, labels) ?? .nan)
        }
        let app = ["database": "app"]
        for prefix in ["pgbouncer_stats", "pgbouncer_stats_totals"] {
            #expect(growth("\(prefix)_sql_transactions_pooled_total", app) == 200)
            #expect(growth("\(prefix)_queries_pooled_total", app) == 200)
            // 200 times 2 ms, on two connections.
            #expect((0.4...20).contains(growth("\(prefix)_queries_duration_seconds_total", app)))
            #expect((0.4...20).contains(growth("\(prefix)_server_in_transaction_seconds_total", app)))
            #expect(growth("\(prefix)_received_bytes_total", app) > 200 * 20)
            #expect(growth("\(prefix)_sent_bytes_total", app) > 200 * 20)
            #expect(growth("\(prefix)_client_wait_seconds_total", app) >= 0)
        }
        let datname = ["datname": "app"]
        #expect(growth("pgbouncer_stat_total_xact_count", datname) == 200)
        #expect(
            growth("pgbouncer_stat_total_query_time", datname) == growth("pgbouncer_stats_queries_duration_seconds_total", app))
        #expect(after.reading("pgbouncer_stat_avg_query_time", datname) != nil)
        await fixture.close()
    }

    @Test("A paused database says so, its clients wait, and both end when it is resumed")
    func paused() async throws {
        // The pause ends the server connection that the client needs; PgBouncer would wait for 15 s before it tries again.
        let fixture = try await PgBouncerFixture(PgBouncerFixture.options(settings: ["server_login_retry = 1"]))
        #expect(await fixture.sample().reading("pgbouncer_databases_paused", ["name": "app"]) == 0)
        try await fixture.bouncer.command("PAUSE app")
        try await fixture.client("SELECT pg_sleep(60)")
        let waiting = try await fixture.sample {
            $0.reading("pgbouncer_pools_client_waiting_connections", ["database": "app"]) == 1
        }
        #expect(waiting.reading("pgbouncer_databases_paused", ["name": "app"]) == 1)
        #expect(waiting.reading("pgbouncer_database_paused", ["datname": "app"]) == 1)
        #expect(waiting.reading("pgbouncer_pools_client_waiting_connections", ["database": "app"]) == 1)
        try await fixture.bouncer.command("RESUME app")
        let resumed = try await fixture.sample {
            $0.reading("pgbouncer_pools_server_active_connections", Self.app) == 1
        }
        #expect(resumed.reading("pgbouncer_databases_paused", ["name": "app"]) == 0)
        #expect(resumed.reading("pgbouncer_pools_client_waiting_connections", Self.app) == 0)
        await fixture.close()
    }

    @Test("What is switched off is not asked for; the list of lists always is")
    func switches() async throws {
        let off = Dictionary(uniqueKeysWithValues: PgBouncerTarget.collectorNames.map { ($0, false) })
        let fixture = try await PgBouncerFixture(
            PgBouncerFixture.options(), PgBouncerTargetSettings(collectors: off.merging(["pgbouncer_stat": true]) { $1 }))
        let sample = await fixture.sample()
        #expect(sample.up && sample.roundTrips == 2)
        #expect(sample.collectors.map(\.name) == ["pgbouncer_stat"])
        #expect(sample.reading("pgbouncer_used_clients") == nil)
        #expect(sample.reading("pgbouncer_stat_total_xact_count", ["datname": "pgbouncer"]) != nil)
        await fixture.close()
    }

    @Test("The configuration is asked for once a minute, and again after a restart")
    func configuration() async throws {
        var options = try await PgBouncerFixture.options()
        let fixture = try await PgBouncerFixture(options)
        #expect(await fixture.sample().roundTrips == 7)
        let reused = await fixture.sample()
        #expect(reused.roundTrips == 6)
        #expect(reused.reading("pgbouncer_config_max_client_conn") == 100)
        #expect(await fixture.sample(after: .seconds(60)).roundTrips == 7)
        options.settings.append("max_client_conn = 55")
        try fixture.bouncer.configure(options)
        await fixture.bouncer.stop()
        #expect(await fixture.sample().reading("pgbouncer_up") == 0)
        try await fixture.bouncer.start()
        let restarted = try await fixture.sample { $0.up }
        #expect(restarted.reading("pgbouncer_config_max_client_conn") == 55)
        await fixture.close()
    }

    @Test("Of too many pools those that wait stay, the others are left out and counted")
    func limit() async throws {
        let more = ["b", "c", "d", "zz"]
        let url = try await SharedPostgres.get()
        let fixture = try await PgBouncerFixture(
            PgBouncerFixture.options(
                databases: more.map { "\($0) = host=127.0.0.1 port=\(url.port) dbname=postgres user=postgres pool_size=1" }),
            PgBouncerTargetSettings(seriesMax: 26))
        for name in more { try await fixture.client("SELECT pg_sleep(60)", database: name) }
        try await fixture.client("SELECT pg_sleep(60)", database: "zz")
        let sample = try await fixture.sample {
            $0.reading("pgbouncer_pools_client_waiting_connections", ["database": "zz"]) == 1
                && $0.reading("pgbouncer_pools") == 5
        }
        // 26 series are two pools of twelve.
        let pools = sample.families.first { $0.family.name == "pgbouncer_pools_client_active_connections" }?.points ?? []
        #expect(pools.compactMap { $0.series.labels["database"] } == ["zz", "b"])
        let outcome = try #require(sample.collectors.first { $0.name == "pgbouncer_pools" })
        #expect(outcome.success && outcome.droppedSeries == 36)
        #expect(sample.collectors.first { $0.name == "pgbouncer_stats" }?.droppedSeries ?? 0 > 0)
        await fixture.close()
    }

    @Test("With too many clients they are not listed, which is said once, until there are fewer")
    func crowd() async throws {
        let fixture = try await PgBouncerFixture(
            PgBouncerFixture.options(), PgBouncerTargetSettings(listedClientsMax: 2))
        #expect(await fixture.sample().reading("pgbouncer_clients_connections") != nil)
        for _ in 0..<3 { try await fixture.client("SELECT pg_sleep(60)") }
        let crowded = try await fixture.sample { $0.reading("pgbouncer_clients_connections") == nil }
        #expect(crowded.up && crowded.failed == [])
        let skipped = try #require(crowded.collectors.first { $0.name == "pgbouncer_clients" })
        #expect(!skipped.isAsked && skipped.skipped == ["limit": 1] && skipped.lastSuccess != nil)
        // The clock is known from the list of clients only.
        #expect(crowded.reading("pgbouncer_servers_connections") != nil)
        #expect(crowded.reading("pgbouncer_servers_request_age_max_seconds") == nil)
        await fixture.endClients()
        let empty = try await fixture.sample { $0.reading("pgbouncer_clients_connections") != nil }
        #expect(empty.reading("pgbouncer_clients_connections") != nil)
        #expect(fixture.lines.count == 3, "\(fixture.lines)")
        #expect(fixture.lines.dropFirst().first?.hasSuffix("clients, too many to list: pgbouncer_clients is off") == true)
        #expect(fixture.lines.last?.hasSuffix("clients, listed again: pgbouncer_clients is on") == true)
        await fixture.close()
    }
}
