import Demo
import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

@Suite struct ExporterReplicationTests {
    private static func question(_ item: PostgresCollectorSwitch) throws -> Question { try #require(item.questions.first) }

    @Test("pg_replication_lag_seconds is 0 on an idle primary and on a standby that has all, and grows when the receiver is dead")
    func lag() async throws {
        let directory = try TemporaryDirectory()
        let primary = try await SharedPostgres.start(in: directory)
        try await SharedPostgres.run(["CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)"], on: primary.url)
        let proxy = try FaultProxy(to: primary.port)
        let standby = try await StandbyServer.start(of: primary, port: proxy.port, in: directory)
        try await AskedServer.with(primary.url) { asked async throws in
            let answer = try await asked.ask(Self.question(.replication))
            #expect(answer.reading("pg_replication_is_replica") == 0)
            #expect(answer.reading("pg_replication_lag_seconds") == 0 && answer.reading("pg_replication_lag") == 0)
            #expect(answer.reading("pg_replication_last_replay_seconds") == 0)
            let caughtUp = try await comesTrue {
                let answer = try await asked.ask(Self.question(.statReplication))
                return answer.reading("pg_stat_replication_pg_wal_lsn_diff", ["state": "streaming"]) == 0
            }
            #expect(caughtUp)
            let sender = try await asked.ask(Self.question(.statReplication))
            #expect(
                sender.reading("pg_stat_replication_pg_current_wal_lsn_bytes", ["client_addr": "127.0.0.1"]).map { $0 > 0 }
                    == true)
        }
        try await AskedServer.with(standby.url) { asked async throws in
            try await SharedPostgres.run(["INSERT INTO t VALUES (2)"], on: primary.url)
            let has = try await comesTrue {
                try await asked.ask(Self.question(.replication)).reading("pg_replication_lag_seconds") == 0
            }
            #expect(has)
            try await Task.sleep(for: .seconds(2))
            let idle = try await asked.ask(Self.question(.replication))
            #expect(idle.reading("pg_replication_lag_seconds") == 0)
            #expect(idle.reading("pg_replication_last_replay_seconds").map { $0 >= 1 } == true)
            #expect(idle.reading("pg_replication_is_replica") == 1)
            let receiver = try await asked.ask(Self.question(.statWALReceiver))
            let labels = ["upstream_host": "127.0.0.1", "status": "streaming"]
            for name in ["flushed_lsn", "last_msg_receipt_time", "latest_end_lsn", "received_tli"] {
                #expect(receiver.reading("pg_stat_wal_receiver_\(name)", labels).map { $0 > 0 } == true, "\(name)")
            }
            proxy.set(.refuse)
            proxy.cut()
            let grows = try await comesTrue {
                try await asked.ask(Self.question(.replication)).reading("pg_replication_lag_seconds").map { $0 >= 1 } == true
            }
            #expect(grows, "postgres_exporter says 0 here")
        }
        await standby.stop()
        proxy.stop()
        await primary.stop()
    }

    @Test("A slot's series have the labels that the exporter gives them, each family its own")
    func slots() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory, settings: ["wal_level": "logical"])
        try await SharedPostgres.run(
            [
                "SELECT pg_create_physical_replication_slot('standby', true)",
                "SELECT pg_create_logical_replication_slot('changes', 'test_decoding')",
            ], on: server.url)
        try await AskedServer.with(server.url) { asked async throws in
            let answer = try await asked.ask(Self.question(.replicationSlots))
            let changes = ["slot_name": "changes", "database": "postgres"]
            #expect(answer.reading("pg_replication_slots_active", changes) == 0)
            #expect(answer.reading("pg_replication_slots_pg_wal_lsn_diff", changes).map { $0 >= 0 } == true)
            #expect(
                answer.reading("pg_replication_slots_slot_is_active", ["slot_name": "standby", "slot_type": "physical"]) == 0)
            #expect(answer.reading("pg_replication_slots_wal_status", ["slot_name": "standby", "wal_status": "reserved"]) == 1)
            #expect(answer.all("pg_replication_slots_slot_confirmed_flush_lsn").isEmpty, "nobody streams")
            #expect(answer.all("pg_replication_slots_slot_current_wal_lsn").allSatisfy { $0.value > 0 })
            #expect(answer.all("pg_replication_slots_active").map { $0.labels["database"] ?? "" }.sorted() == ["", "postgres"])
        }
        await server.stop()
    }
}
