import Demo
import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

@Suite("What no exporter has: replication")
struct ReplicationTests {
    @Test(
        "A standby's lag is 0 on an idle primary, grows with paused replay and without a receiver, and each is told from the other"
    )
    func standby() async throws {
        let directory = try TemporaryDirectory()
        let primary = try await SharedPostgres.start(in: directory)
        try await SharedPostgres.run(["CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)"], on: primary.url)
        let proxy = try FaultProxy(to: primary.port)
        let standby = try await StandbyServer.start(of: primary, port: proxy.port, in: directory)
        try await AskedServer.with(standby.url) { asked async throws in
            #expect(asked.context.server.isStandby)
            func lag() async throws -> Answer { try await asked.ask("replication_lag.standby") }

            let streams = try await comesTrue {
                let answer = try await lag()
                return answer.reading("pg_wal_receiver_up") == 1 && answer.reading("pg_standby_lag_seconds") == 0
            }
            #expect(streams, "streaming and caught up")
            try await SharedPostgres.run(["INSERT INTO t VALUES (2)"], on: primary.url)
            try await Task.sleep(for: .seconds(2))
            let idle = try await lag()
            #expect(idle.reading("pg_standby_lag_seconds") == 0, "the primary has been idle for two seconds")
            #expect(idle.reading("pg_standby_replay_paused") == 0 && idle.reading("pg_standby_replay_backlog_bytes") == 0)
            #expect(try #require(idle.reading("pg_wal_receiver_last_message_age_seconds")) < 60)

            try await SharedPostgres.run(["SELECT pg_wal_replay_pause()"], on: standby.url)
            try await SharedPostgres.run(["INSERT INTO t SELECT generate_series(1, 1000)"], on: primary.url)
            let grows = try await comesTrue {
                let answer = try await lag()
                return answer.reading("pg_standby_lag_seconds").map { $0 >= 1 } == true
                    && answer.reading("pg_standby_replay_backlog_bytes").map { $0 > 10_000 } == true
            }
            #expect(grows, "replay is paused")
            let paused = try await lag()
            #expect(paused.reading("pg_standby_replay_paused") == 1 && paused.reading("pg_wal_receiver_up") == 1)
            try await SharedPostgres.run(["SELECT pg_wal_replay_resume()"], on: standby.url)
            let again = try await comesTrue { try await lag().reading("pg_standby_lag_seconds") == 0 }
            #expect(again, "replay goes on")

            proxy.set(.refuse)
            proxy.cut()
            let dead = try await comesTrue {
                let answer = try await lag()
                return answer.reading("pg_wal_receiver_up") == 0
                    && answer.reading("pg_standby_lag_seconds").map { $0 >= 1 } == true
            }
            #expect(dead, "the connection is cut")
            let cut = try await lag()
            #expect(cut.reading("pg_standby_replay_backlog_bytes") == 0, "which is why postgres_exporter says 0 here")
            #expect(cut.reading("pg_wal_receiver_last_message_age_seconds") == nil)
            proxy.set(.none)
            let back = try await comesTrue {
                let answer = try await lag()
                return answer.reading("pg_wal_receiver_up") == 1 && answer.reading("pg_standby_lag_seconds") == 0
            }
            #expect(back, "the connection is there again")
        }
        await standby.stop()
        proxy.stop()
        await primary.stop()
    }

    @Test("A primary that falls silent is told from an idle one by the messages that do not come")
    func silence() async throws {
        let directory = try TemporaryDirectory()
        let primary = try await SharedPostgres.start(in: directory)
        let proxy = try FaultProxy(to: primary.port)
        // The receiver asks a silent primary for a message after half of this, and ends after all of it.
        let standby = try await StandbyServer.start(
            of: primary, port: proxy.port, in: directory, settings: ["wal_receiver_timeout": "4s"])
        try await AskedServer.with(standby.url) { asked async throws in
            func lag() async throws -> Answer { try await asked.ask("replication_lag.standby") }
            let streams = try await comesTrue {
                let answer = try await lag()
                return answer.reading("pg_wal_receiver_up") == 1 && answer.reading("pg_standby_lag_seconds") == 0
            }
            #expect(streams)
            try await Task.sleep(for: .seconds(5))
            #expect(try await lag().reading("pg_standby_lag_seconds") == 0, "the primary answers when it is asked")
            proxy.set(.blackHole)
            let dead = try await comesTrue(within: .seconds(30)) {
                let answer = try await lag()
                return answer.reading("pg_wal_receiver_up") == 0
                    && answer.reading("pg_standby_lag_seconds").map { $0 >= 4 } == true
            }
            #expect(dead)
        }
        await standby.stop()
        proxy.stop()
        await primary.stop()
    }

    @Test("The primary sees each stage of a standby: 0 when it has caught up, growing where it stands still")
    func sender() async throws {
        let directory = try TemporaryDirectory()
        let primary = try await SharedPostgres.start(in: directory)
        try await SharedPostgres.run(["CREATE TABLE t (n int)"], on: primary.url)
        let standby = try await StandbyServer.start(
            of: primary, port: primary.port, in: directory, settings: ["hot_standby_feedback": "on"])
        try await AskedServer.with(primary.url) { asked async throws in
            func lag() async throws -> Answer { try await asked.ask("replication_lag.sender") }
            let stages = ["write", "flush", "replay"]
            func labels(_ stage: String) -> [String: String] {
                ["application_name": "standby", "client_addr": "127.0.0.1", "stage": stage]
            }
            let caughtUp = try await comesTrue {
                let answer = try await lag()
                return stages.allSatisfy {
                    answer.reading("pg_replication_standby_lag_seconds", labels($0)) == 0
                        && answer.reading("pg_replication_standby_lag_bytes", labels($0)) == 0
                }
            }
            #expect(caughtUp)
            #expect(try await lag().reading("pg_replication_standbys", ["state": "streaming", "sync_state": "async"]) == 1)

            try await SharedPostgres.run(["SELECT pg_wal_replay_pause()"], on: standby.url)
            try await SharedPostgres.run(["INSERT INTO t SELECT generate_series(1, 1000)"], on: primary.url)
            let behind = try await comesTrue {
                let answer = try await lag()
                return answer.reading("pg_replication_standby_lag_seconds", labels("replay")).map { $0 >= 1 } == true
                    && answer.reading("pg_replication_standby_lag_bytes", labels("replay")).map { $0 > 10_000 } == true
                    && answer.reading("pg_replication_standby_lag_bytes", labels("flush")) == 0
            }
            #expect(behind)
            try await SharedPostgres.run(["SELECT pg_wal_replay_resume()"], on: standby.url)

            let reader = try await Client(standby.url)
            try await reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
            try await reader.run("SELECT count(*) FROM t")
            try await SharedPostgres.run((0..<20).map { "INSERT INTO t VALUES (\($0))" }, on: primary.url)
            let held = try await comesTrue {
                try await asked.ask("sessions.horizon").reading("pg_xmin_horizon_age_transactions", ["holder": "standby"])
                    .map { $0 >= 20 } == true
            }
            #expect(held, "the standby's feedback keeps what its reader sees")
            await reader.close()
        }
        await standby.stop()
        await primary.stop()
    }

    @Test("A base backup is seen while it runs")
    func baseBackup() async throws {
        let server = try await BeyondServer.get()
        let directory = try TemporaryDirectory()
        let command = ChildProcess.Command(
            try Programs.path(of: "pg_basebackup", in: SharedPostgres.programs),
            [
                "-h", "127.0.0.1", "-p", "\(server.port)", "-U", "postgres", "-D", directory.path("copy"), "-c", "fast",
                "--max-rate=2000k", "--no-sync",
            ], log: directory.path("basebackup.log"), directory: directory.path)
        let backup = try await ChildProcess(command)
        try await AskedServer.with(server.url) { asked async throws in
            let seen = try await comesTrue {
                let answer = try await asked.ask("stat_progress.basebackup")
                return answer.reading("pg_progress_basebackups", ["phase": "streaming database files"]) == 1
                    && answer.reading("pg_progress_basebackup_streamed_bytes").map { $0 > 0 } == true
                    && answer.reading("pg_progress_basebackup_size_bytes").map { $0 > 1_000_000 } == true
            }
            #expect(seen)
        }
        await backup.killAndWait()
    }

    @Test("A subscription is followed from copying its table to a failing one, and its slot on the other side")
    func subscription() async throws {
        let publisher = try await BeyondServer.database()
        let directory = try TemporaryDirectory()
        let subscriber = try await SharedPostgres.start(in: directory, settings: ["wal_level": "logical"])
        let table = "CREATE TABLE t (n int PRIMARY KEY)"
        try await SharedPostgres.run(
            [table, "INSERT INTO t SELECT generate_series(1, 100)", "CREATE PUBLICATION p FOR TABLE t"], on: publisher.url)
        let name = "s_\(publisher.name)"
        try await SharedPostgres.run(
            [table, "CREATE SUBSCRIPTION \(name) CONNECTION '\(publisher.url)' PUBLICATION p"], on: subscriber.url)
        let version = try await SharedPostgres.version()
        try await AskedServer.with(subscriber.url) { asked async throws in
            let labels = ["datname": "postgres", "subname": name]
            let ready = try await comesTrue {
                try await asked.ask("stat_subscription.tables").reading(
                    "pg_subscription_tables", labels.merging(["state": "ready"]) { $1 }) == 1
            }
            #expect(ready)
            let alive = try await comesTrue {
                let answer = try await asked.ask("stat_subscription")
                return answer.reading("pg_subscription_worker_up", labels) == 1
                    && answer.reading("pg_subscription_enabled", labels) == 1
                    && answer.reading("pg_stat_subscription_received_bytes_total", labels).map { $0 > 0 } == true
                    && answer.reading("pg_stat_subscription_last_message_age_seconds", labels).map { $0 < 60 } == true
            }
            #expect(alive)
            guard version >= 150_000 else { return }
            // The key is there already: the change cannot be applied.
            try await SharedPostgres.run(["INSERT INTO t VALUES (101)"], on: subscriber.url)
            try await SharedPostgres.run(["INSERT INTO t VALUES (101)"], on: publisher.url)
            let fails = try await comesTrue {
                try await asked.ask("stat_subscription").reading("pg_stat_subscription_apply_errors_total", labels)
                    .map { $0 >= 1 } == true
            }
            #expect(fails)
        }
        // With the row in the way removed it goes on.
        try await SharedPostgres.run(["DELETE FROM t WHERE n = 101"], on: subscriber.url)
        try await SharedPostgres.run(["INSERT INTO t VALUES (102)"], on: publisher.url)
        let reader = try await Client(subscriber.url)
        let applied = try await comesTrue {
            try await reader.run("SELECT count(*) FROM t WHERE n = 102").first?.int(0) == 1
        }
        #expect(applied)
        await reader.close()
        try await AskedServer.with(publisher.url) { asked async throws in
            guard version >= 140_000 else { return }
            let decoded = try await comesTrue {
                try await SharedPostgres.run(["UPDATE t SET n = n + 1000 WHERE n = (SELECT max(n) FROM t)"], on: publisher.url)
                return try await asked.ask("stat_replication_slots").reading(
                    "pg_stat_replication_slots_txns_total", ["slot_name": name]
                ).map { $0 >= 1 } == true
            }
            #expect(decoded)
        }
        try await SharedPostgres.run(["DROP SUBSCRIPTION \(name)"], on: subscriber.url)
        await subscriber.stop()
    }
}
