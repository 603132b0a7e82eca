import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

/// On the version of VITALS_TEST_POSTGRES, or the machine's own: `make test-matrix` runs them on all.
@Suite struct VersionTests {
    @Test("Every question of every collector is answered", arguments: VersionServers.Place.all)
    func answered(_ place: VersionServers.Place) async throws {
        let round = try await QuestionRound(on: try await VersionServers.url(place))
        #expect(round.context.server.isStandby == place.isStandby)
        #expect(round.context.server.isSuperuser == place.isSuperuser)
        #expect(round.failures == [])
    }

    @Test("Names that a version or a role lacks are those of the list, and no others", arguments: VersionServers.Place.all)
    func names(_ place: VersionServers.Place) async throws {
        let round = try await QuestionRound(on: try await VersionServers.url(place))
        let all = Set(QuestionRound.questions.flatMap(\.families).map(\.name))
        let expected = AbsentName.all.filter { $0.isAbsent(from: round.context) }.map(\.name)
        #expect(Set(expected).subtracting(all) == [], "names that no collector has")
        let absent = all.subtracting(round.offered)
        #expect(absent.subtracting(expected).sorted() == [], "absent without a reason in the list")
        #expect(Set(expected).subtracting(absent).sorted() == [], "in the list, and there all the same")
    }

    @Test("A name is one family: type, labels and help are the same wherever it is asked for")
    func families() {
        var known: [String: Family] = [:]
        for family in QuestionRound.questions.flatMap(\.families) {
            if let first = known[family.name] { #expect(first == family, "\(family.name)") }
            known[family.name] = family
        }
    }

    /// Each of them moved at least once between 13 and 18: to another view, another unit, another name.
    @Test(
        "Checkpoints, backends' writes and block times have one name on every version, and count",
        arguments: [
            "pg_stat_bgwriter_checkpoints_req_total", "pg_stat_bgwriter_checkpoint_write_time_total",
            "pg_stat_bgwriter_buffers_checkpoint_total", "pg_stat_bgwriter_buffers_backend_total",
            "pg_stat_bgwriter_buffers_alloc_total", "pg_stat_checkpointer_num_requested_total",
            "pg_stat_checkpointer_buffers_written_total", "pg_stat_database_blk_write_time",
        ])
    func counts(_ name: String) async throws {
        let place = VersionServers.Place(isStandby: false, isSuperuser: true)
        let url = try await VersionServers.url(place)
        let before = try await QuestionRound(on: url, asking: name).sum(name)
        let table = "growth_\(name)"
        // Five times what shared_buffers hold is more than others can write out for this session.
        try await SharedPostgres.run(
            [
                "CREATE TABLE \(table) AS SELECT n, repeat('x', 1000) AS pad FROM generate_series(1, 100000) n", "CHECKPOINT",
                "DROP TABLE \(table)",
            ], on: url, within: .seconds(60))
        var after = before
        // Postgres before 15 sends statistics to a process, and later ones keep them back for a second.
        for _ in 0..<100 where after <= before {
            try await Task.sleep(for: .milliseconds(100))
            after = try await QuestionRound(on: url, asking: name).sum(name)
        }
        #expect(after > before)
    }

    @Test("WAL written and synced has one name since 14, and counts")
    func walCounts() async throws {
        let place = VersionServers.Place(isStandby: false, isSuperuser: true)
        let url = try await VersionServers.url(place)
        let round = try await QuestionRound(on: url)
        guard round.context.version >= 140_000 else { return }
        for name in ["pg_stat_wal_bytes_total", "pg_stat_wal_records_total", "pg_stat_wal_writes_total"] {
            #expect(round.sum(name) > 0, "\(name)")
        }
        for name in ["pg_stat_wal_syncs_total", "pg_stat_wal_write_seconds_total", "pg_stat_wal_sync_seconds_total"] {
            #expect(round.sum(name) >= 0, "\(name)")
        }
    }
}
