import MetricsModel
import Support
import Testing

@testable import Sampling

/// A PgBouncer that is frozen, killed, reconfigured. One after the other: the time that answers take is looked at.
@Suite(.serialized) struct PgBouncerFaultTests {
    private func connections(_ sample: TargetSample) -> Double? {
        sample.reading("pgbouncer_clients_connections", ["database": "pgbouncer"])
    }

    @Test("frozen => 0 before the deadline => 0 at once => woken => 1 in the next sample, over the one connection")
    func frozen() async throws {
        let fixture = try await PgBouncerFixture(PgBouncerFixture.options())
        #expect(await fixture.sample().up)
        await fixture.bouncer.freeze()
        let deadline = ContinuousClock.now + .milliseconds(600)
        let late = await fixture.target.sample(deadline: deadline)
        // A machine at its limits lets the test itself wait.
        #expect(ContinuousClock.now < deadline + .seconds(5))
        #expect(!late.up && late.reading("pgbouncer_up") == 0)
        #expect(late.families.count == 1)
        #expect(late.failed == PgBouncerTarget.collectorNames)
        for _ in 0..<5 {
            let again = await fixture.sample()
            #expect(again.reading("pgbouncer_up") == 0 && again.roundTrips == 0 && again.duration < .seconds(5))
        }
        await fixture.bouncer.thaw()
        let woken = try await fixture.sample { $0.up }
        #expect(woken.up && woken.failed == [] && connections(woken) == 1)
        #expect(
            fixture.lines == [
                "info: pgbouncer pool: connected",
                "error: pgbouncer pool: Postgres did not answer before the deadline",
                "info: pgbouncer pool: answers again",
            ])
        await fixture.close()
    }

    @Test("frozen at the start => 0 before the deadline => woken => 1, over the one connection")
    func frozenAtStart() async throws {
        let fixture = try await PgBouncerFixture(PgBouncerFixture.options())
        await fixture.bouncer.freeze()
        #expect(await fixture.sample(within: .milliseconds(300)).reading("pgbouncer_up") == 0)
        #expect(await fixture.sample().reading("pgbouncer_up") == 0)
        await fixture.bouncer.thaw()
        let woken = try await fixture.sample { $0.up }
        #expect(woken.up && connections(woken) == 1)
        await fixture.close()
    }

    @Test("killed => 0 at once => started again => 1, counters from the beginning")
    func restarted() async throws {
        let fixture = try await PgBouncerFixture(PgBouncerFixture.options())
        try await fixture.load(transactions: 10)
        #expect(await fixture.sample().reading("pgbouncer_stats_queries_pooled_total", ["database": "app"]) == 20)
        await fixture.bouncer.kill()
        for _ in 0..<3 {
            let down = await fixture.sample()
            #expect(!down.up && down.duration < .seconds(5))
        }
        try await fixture.bouncer.start()
        let up = try await fixture.sample { $0.up }
        #expect(up.up && up.reading("pgbouncer_stats_queries_pooled_total", ["database": "app"]) == nil)
        #expect(fixture.lines.count == 3, "\(fixture.lines)")
        await fixture.close()
    }

    @Test("wrong password => 0, one line without it => right => 1")
    func password() async throws {
        var options = try await PgBouncerFixture.options(users: ["app": "secret", "bouncer_stats": "another-one"])
        let fixture = try await PgBouncerFixture(options)
        for _ in 0..<3 { #expect(await fixture.sample().reading("pgbouncer_up") == 0) }
        #expect(fixture.lines.count == 1)
        #expect(fixture.lines.first?.contains("password authentication failed") == true)
        #expect(fixture.lines.first?.contains("stats-secret") == false)
        options.users["bouncer_stats"] = nil
        try fixture.bouncer.configure(options)
        await fixture.bouncer.reload()
        #expect(try await fixture.sample { $0.up }.up)
        await fixture.close()
    }

    @Test("A user who may not look, and an address that names no console, are told apart from silence")
    func noConsole() async throws {
        let options = try await PgBouncerFixture.options()
        let fixture = try await PgBouncerFixture(options, url: nil)
        for (user, password, database, expected) in [
            ("app", "secret", "pgbouncer", "not allowed"),
            ("app", "secret", "app", "the address must name the database pgbouncer"),
        ] {
            let address = fixture.bouncer.url(user: user, password: password, database: database)
            let other = try await PgBouncerFixture(options, url: address)
            #expect(await other.sample().reading("pgbouncer_up") == 0)
            #expect(other.lines.count == 1 && other.lines.first?.contains(expected) == true, "\(other.lines)")
            await other.close()
        }
        await fixture.close()
    }

    @Test("All places taken by clients => the kept connection goes on sampling")
    func full() async throws {
        let fixture = try await PgBouncerFixture(PgBouncerFixture.options(settings: ["max_client_conn = 3"]))
        #expect(await fixture.sample().up)
        for _ in 0..<4 { try await fixture.client("SELECT pg_sleep(60)") }
        let full = try await fixture.sample { $0.reading("pgbouncer_used_clients") == 3 }
        #expect(full.up && full.reading("pgbouncer_used_clients") == 3)
        await fixture.close()
    }
}
