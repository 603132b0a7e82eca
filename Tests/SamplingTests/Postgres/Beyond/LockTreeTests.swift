import Demo
import Support
import Testing

@testable import Sampling

@Suite("Who waits for whom")
struct LockTreeTests {
    private static func session(_ pid: Int, _ blockers: [Int], _ seconds: Double? = nil) -> LockTree.Session {
        LockTree.Session(
            pid: pid, blockers: blockers, user: "", database: "", application: "", state: "active", transactionSeconds: nil,
            waitSeconds: seconds, lock: nil, text: nil)
    }

    @Test("Each stands under the one that it waits for, the longest wait first")
    func order() {
        let tree = LockTree([
            Self.session(1, []), Self.session(2, [1], 5), Self.session(3, [1], 9), Self.session(4, [3], 1), Self.session(5, []),
            Self.session(6, [5, 2], 3),
        ])
        #expect(tree.places.map(\.session.pid) == [1, 3, 4, 2, 6, 5])
        #expect(tree.places.map(\.depth) == [0, 1, 2, 1, 2, 0])
    }

    @Test("A circle has no root and is listed all the same, as is one whose blocker has gone")
    func circle() {
        let tree = LockTree([Self.session(1, [2], 1), Self.session(2, [1], 2), Self.session(3, [99], 3)])
        #expect(tree.places.map(\.session.pid) == [3, 1, 2])
        #expect(tree.places.map(\.depth) == [0, 0, 1])
    }

    @Test("Of any graph every session is there once, and none deeper than one below what stands before it", arguments: 1...200)
    func property(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 0...30, using: &random)
        let sessions = (0..<count).map { pid in
            Self.session(
                pid, (0..<Int.random(in: 0...4, using: &random)).map { _ in Int.random(in: 0...35, using: &random) },
                Double.random(in: 0...10, using: &random))
        }
        let places = LockTree(sessions).places
        #expect(places.map(\.session.pid).sorted() == Array(0..<count), "seed \(seed)")
        for (before, after) in zip(places, places.dropFirst()) {
            #expect(after.depth <= before.depth + 1, "seed \(seed)")
            if after.depth == before.depth + 1 { #expect(after.session.blockers.contains(before.session.pid), "seed \(seed)") }
        }
    }

    @Test("The tree of a real server, with texts without literals only where they are switched on")
    func server() async throws {
        let directory = try TemporaryDirectory()
        let server = try await SharedPostgres.start(in: directory)
        try await SharedPostgres.run(["CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)"], on: server.url)
        var settings = PostgresTargetSettings()
        settings.statements = StatementSettings(showsText: true)
        let fixture = try PostgresFixture(server.url, settings)
        let quiet = try PostgresFixture(server.url)
        let calm = await fixture.target.locks(deadline: .now + .seconds(10))
        #expect(calm.places.isEmpty && calm.error == nil && calm.target == "main")
        let (root, waiter) = (try await Client(server.url, name: "root"), try await Client(server.url, name: "waiter"))
        try await root.run("BEGIN")
        try await root.run("UPDATE t SET n = 42")
        async let update = waiter.run("UPDATE t SET n = 4711")
        let seen = try await comesTrue { await fixture.target.locks(deadline: .now + .seconds(10)).places.count == 2 }
        #expect(seen)
        let places = await fixture.target.locks(deadline: .now + .seconds(10)).places
        #expect(places.map(\.session.application) == ["root", "waiter"] && places.map(\.depth) == [0, 1])
        let first = try #require(places.first?.session)
        let last = try #require(places.last?.session)
        #expect(first.state == "idle in transaction" && first.waitSeconds == nil && first.lock == nil && first.blockers.isEmpty)
        #expect(try #require(first.transactionSeconds) > 0)
        #expect(last.blockers == [first.pid] && last.lock == "transactionid" && last.state == "active")
        #expect(try #require(last.waitSeconds) >= 0)
        #expect(last.text?.contains("UPDATE t SET n =") == true && last.text?.contains("4711") == false)
        let silent = await quiet.target.locks(deadline: .now + .seconds(10))
        #expect(silent.places.count == 2 && silent.places.allSatisfy { $0.session.text == nil })
        try await root.run("COMMIT")
        _ = try await update
        for client in [root, waiter] { await client.close() }
        for fixture in [fixture, quiet] { await fixture.close() }
        await server.stop()
        let gone = await fixture.target.locks(deadline: .now + .seconds(2))
        #expect(gone.places.isEmpty && gone.error != nil)
    }
}
