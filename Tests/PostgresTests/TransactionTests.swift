import Support
import Testing

@testable import Postgres

@Suite struct TransactionTests {
    let readiness: Readiness

    init() throws { readiness = try Readiness() }

    private func session(_ url: String) throws -> PostgresSession {
        PostgresSession(try PostgresConfiguration(url), readiness: readiness)
    }

    @Test("All or nothing", arguments: [UInt64(11)])
    func atomic(seed: UInt64) async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(["CREATE TABLE t (n int CHECK (n >= 0))"], on: url)
        let session = try session(url)
        var generator = SeededGenerator(seed: seed)
        var expected = 0
        for _ in 0..<100 {
            let values = (0..<Int.random(in: 1...4, using: &generator)).map { _ in Int.random(in: -1...6, using: &generator) }
            do {
                try await session.transaction(by: soon()) { transaction throws(PostgresError) in
                    for value in values { _ = try await transaction.rows("INSERT INTO t VALUES ($1)", ["\(value)"]) }
                }
                #expect(!values.contains(-1), "seed \(seed)")
                expected += values.count
            } catch {
                #expect(error.code == .constraintViolation, "seed \(seed)")
                #expect(values.contains(-1), "seed \(seed)")
            }
            let count = try await session.rows(Statement("SELECT count(*) FROM t"), by: soon()).first?.int(0)
            #expect(count == expected, "seed \(seed)")
        }
        await session.close()
    }

    @Test("A serialization failure runs the transaction again, and both succeed")
    func serialization() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(["CREATE TABLE t (n int)", "INSERT INTO t VALUES (0)"], on: url)
        let sessions = try (0..<2).map { _ in try session(url) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for session in sessions {
                group.addTask {
                    for _ in 0..<5 {
                        try await session.transaction(by: soon(20)) { transaction throws(PostgresError) in
                            _ = try await transaction.rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                            let n = try await transaction.rows("SELECT n FROM t").first?.int(0) ?? 0
                            _ = try await transaction.rows("UPDATE t SET n = $1", ["\(n + 1)"])
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await sessions[0].rows(Statement("SELECT n FROM t"), by: soon()).first?.int(0) == 10)
        for session in sessions { await session.close() }
    }

    @Test("A failure swallowed by the body is not reported as success")
    func swallowed() async throws {
        let session = try session(try await SharedPostgres.database())
        await #expect(throws: PostgresError.self) {
            try await session.transaction(by: soon()) { transaction throws(PostgresError) in
                _ = try? await transaction.rows("SELECT 1/0")
            }
        }
        #expect(try await session.rows(Statement("SELECT 1"), by: soon()).first?.int(0) == 1)
        await session.close()
    }

    @Test("A transaction that a frozen statement left open is rolled back when its answer has come")
    func leftOpen() async throws {
        let url = try await SharedPostgres.database()
        try await SharedPostgres.run(["CREATE TABLE t (n int)"], on: url)
        let session = try session(url)
        // Connected before: the deadline is the statement's alone.
        _ = try await session.rows(Statement("SELECT 1"), by: soon())
        await #expect(throws: PostgresError.self) {
            try await session.transaction(by: .now + .seconds(1)) { transaction throws(PostgresError) in
                _ = try await transaction.rows("INSERT INTO t VALUES (1)")
                _ = try await transaction.rows("SELECT pg_sleep(2)")
            }
        }
        var rows: Rows?
        for _ in 0..<200 where rows == nil {
            try await Task.sleep(for: .milliseconds(20))
            rows = try? await session.rows(
                Statement("SELECT count(*), pg_current_xact_id_if_assigned() IS NULL FROM t"), by: soon())
        }
        #expect(try rows?.first?.int(0) == 0)
        #expect(await session.statistics().connects == 1)
        await session.close()
    }

    @Test("Users of one session take turns")
    func turns() async throws {
        let session = try session(try await SharedPostgres.database())
        let endings = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask { await session.pipeline([Statement("SELECT pg_sleep(0.005)")], by: soon()).ending == .complete }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(endings == 20)
        let statistics = await session.statistics()
        #expect(statistics.connects == 1)
        #expect(statistics.waits.cumulative.last == 20)
        #expect(statistics.waits.sum > 0.01)
        #expect(statistics.inUse == 0)
        await session.close()
    }
}
