import Demo
import MetricsModel
import Support
import Testing

@testable import Sampling

@Suite("What no exporter has: sessions and who blocks whom")
struct SessionsTests {
    @Test("A transaction without work is counted in the classes of its age, with the oldest age by database")
    func idleTransaction() async throws {
        let database = try await BeyondServer.database()
        let client = try await Client(database.url)
        try await client.run("BEGIN")
        try await client.run("CREATE TABLE t (n int)")
        try await AskedServer.with(database.url) { asked async throws in
            #expect(
                try await comesTrue {
                    try await asked.ask("sessions").reading(
                        "pg_transactions_idle", ["datname": database.name, "age_over": "1"]) == 1
                })
            let answer = try await asked.ask("sessions")
            let labels = ["datname": database.name]
            #expect(answer.reading("pg_transactions_open", labels.merging(["age_over": "0"]) { $1 }) == 1)
            #expect(answer.reading("pg_transactions_idle", labels.merging(["age_over": "60"]) { $1 }) == 0)
            #expect(answer.all("pg_transactions_open").filter { $0.labels["datname"] == database.name }.count == 7)
            #expect(try #require(answer.reading("pg_transaction_idle_oldest_age_seconds", labels)) >= 1)
            #expect(try #require(answer.reading("pg_transaction_oldest_age_seconds", labels)) >= 1)
            #expect(
                answer.reading("pg_wait_sessions", ["wait_event_type": "Client", "wait_event": "ClientRead"]).map { $0 >= 1 }
                    == true)
            #expect(answer.reading("pg_backends", ["backend_type": "client backend"]).map { $0 >= 1 } == true)
            #expect(answer.reading("pg_backends", ["backend_type": "checkpointer"]) == 1)
            try await client.run("ROLLBACK")
            let after = try await asked.ask("sessions")
            #expect(after.reading("pg_transaction_oldest_age_seconds", labels) == 0)
            #expect(after.reading("pg_transactions_open", labels.merging(["age_over": "0"]) { $1 }) == 0)
        }
        await client.close()
    }

    @Test("A prepared transaction is counted, aged, and named as what holds the horizon")
    func prepared() async throws {
        let database = try await BeyondServer.database()
        try await SharedPostgres.run(["CREATE TABLE t (n int)"], on: database.url)
        let client = try await Client(database.url)
        try await client.run("BEGIN")
        try await client.run("INSERT INTO t VALUES (1)")
        try await client.run("PREPARE TRANSACTION 'p_\(database.name)'")
        try await SharedPostgres.run((0..<20).map { "INSERT INTO t VALUES (\($0))" }, on: database.url)
        try await AskedServer.with(database.url) { asked async throws in
            let answer = try await asked.ask("sessions.horizon")
            #expect(answer.reading("pg_prepared_transactions", ["datname": database.name]) == 1)
            #expect(try #require(answer.reading("pg_prepared_transaction_oldest_age_seconds", ["datname": database.name])) > 0)
            #expect(try #require(answer.reading("pg_xmin_horizon_age_transactions", ["holder": "prepared"])) >= 20)
            #expect(answer.all("pg_xmin_horizon_age_transactions").count == 4)
        }
        try await client.run("ROLLBACK PREPARED 'p_\(database.name)'")
        await client.close()
    }

    @Test("A chain of three has one root, its state and age, two victims, and the longest wait")
    func chain() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory, settings: ["max_prepared_transactions": "5"])
        try await SharedPostgres.run(["CREATE TABLE t (n int PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)"], on: server.url)
        try await AskedServer.with(server.url) { asked async throws in
            let calm = try await asked.ask("blocking")
            #expect(calm.reading("pg_blocking_waiting_sessions") == 0 && calm.reading("pg_blocking_chain_length") == 0)
            #expect(calm.reading("pg_blocking_longest_wait_seconds") == 0 && calm.points.count == 5)

            let (root, middle, last) = (try await Client(server.url), try await Client(server.url), try await Client(server.url))
            try await root.run("BEGIN")
            try await root.run("UPDATE t SET n = n WHERE n = 1")
            try await middle.run("BEGIN")
            try await middle.run("UPDATE t SET n = n WHERE n = 2")
            async let first = middle.run("UPDATE t SET n = n WHERE n = 1")
            #expect(try await comesTrue { try await asked.ask("blocking").reading("pg_blocking_waiting_sessions") == 1 })
            async let second = last.run("UPDATE t SET n = n WHERE n = 2")
            #expect(
                try await comesTrue {
                    let answer = try await asked.ask("blocking")
                    return answer.reading("pg_blocking_chain_length") == 2
                        && answer.reading("pg_blocking_longest_wait_seconds").map { $0 >= 1 } == true
                })
            let answer = try await asked.ask("blocking")
            #expect(answer.reading("pg_blocking_root_sessions") == 1)
            #expect(answer.reading("pg_blocking_root_victims") == 2)
            #expect(answer.reading("pg_blocked_sessions", ["datname": "postgres", "locktype": "transactionid"]) == 2)
            #expect(try #require(answer.reading("pg_blocked_longest_seconds", ["datname": "postgres"])) >= 1)
            #expect(try #require(answer.reading("pg_blocking_root_age_seconds", ["state": "idle in transaction"])) >= 1)
            try await root.run("ROLLBACK")
            _ = try await first
            try await middle.run("PREPARE TRANSACTION 'middle'")
            // Now a prepared transaction, which has no session, holds the last one up.
            #expect(
                try await comesTrue {
                    try await asked.ask("blocking").reading("pg_blocking_root_age_seconds", ["state": "prepared"]) != nil
                })
            try await middle.run("ROLLBACK PREPARED 'middle'")
            _ = try await second
            for client in [root, middle, last] { await client.close() }
        }
        await server.stop()
    }

    @Test("Forty sessions in one queue are answered within the limit")
    func queue() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        try await SharedPostgres.run(["CREATE TABLE t (n int)"], on: server.url)
        let root = try await Client(server.url)
        try await root.run("BEGIN")
        try await root.run("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        var waiting: [Client] = []
        for _ in 0..<40 { waiting.append(try await Client(server.url)) }
        let queue = waiting
        try await AskedServer.with(server.url) { asked async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in queue { group.addTask { try await client.run("DELETE FROM t") } }
                #expect(try await comesTrue { try await asked.ask("blocking").reading("pg_blocking_waiting_sessions") == 40 })
                let answer = try await asked.ask("blocking")
                #expect(answer.reading("pg_blocking_root_sessions") == 1 && answer.reading("pg_blocking_root_victims") == 40)
                #expect(answer.reading("pg_blocked_sessions", ["locktype": "relation"]) == 40)
                try await root.run("COMMIT")
                try await group.waitForAll()
            }
        }
        for client in waiting + [root] { await client.close() }
        await server.stop()
    }
}
