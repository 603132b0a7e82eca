import Support
import Testing

@testable import Postgres

/// Simple queries to the console of a real PgBouncer.
@Suite(.serialized) struct ConsoleTests {
    let readiness: Readiness
    let directory: TemporaryDirectory

    init() throws {
        readiness = try Readiness()
        directory = try TemporaryDirectory()
    }

    private func bouncer(_ settings: [String] = []) async throws -> PrivatePgBouncer {
        try await PrivatePgBouncer.start(
            .init(databases: ["app = host=127.0.0.1 port=9 dbname=postgres"], settings: settings), in: directory)
    }

    private func session(_ url: String) throws -> PostgresSession {
        PostgresSession(try PostgresConfiguration(url, purpose: .console), readiness: readiness)
    }

    private func settles(_ check: () async -> Bool) async throws -> Bool {
        for _ in 0..<300 {
            if await check() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    @Test("Commands are answered one after the other, over one connection, and one that is refused costs only itself")
    func asks() async throws {
        let bouncer = try await bouncer()
        let session = try session(bouncer.consoleURL)
        let result = await session.ask(["SHOW VERSION", "SHOW NOTHING", "SHOW LISTS", "SHOW FDS", "SHOW DATABASES"], by: soon())
        #expect(result.ending == .complete && result.roundTrips == 5)
        #expect(try result.rows(0).first?.string("version")?.hasPrefix("PgBouncer ") == true)
        #expect(throws: PostgresError.self) { try result.rows(1) }
        #expect(try result.rows(2).columns == ["list", "items"])
        // Not for those who may look only.
        #expect(throws: PostgresError.self) { try result.rows(3) }
        #expect(try result.rows(4).contains { try $0.string("name") == "app" })
        #expect(result.durations.allSatisfy { $0 > .zero })
        #expect(await session.parameter("server_version")?.hasSuffix("/bouncer") == true)
        #expect(await session.ask(["SHOW LISTS"], by: soon()).ending == .complete)
        #expect(await session.statistics().connects == 1)
        await session.close()
        await bouncer.stop()
    }

    @Test("A list of commands may be empty, and a NUL byte is refused before it is sent")
    func odd() async throws {
        let bouncer = try await bouncer()
        let session = try session(bouncer.consoleURL)
        #expect(await session.ask([], by: soon()).ending == .complete)
        let result = await session.ask(["SHOW\0LISTS", "", "SHOW LISTS"], by: soon())
        #expect(throws: PostgresError.self) { try result.rows(0) }
        #expect(try result.rows(2).count > 5)
        await session.close()
        await bouncer.stop()
    }

    @Test(
        "frozen console => late at the deadline => busy at once => woken => the same connection works, late answers are dropped")
    func frozen() async throws {
        let bouncer = try await bouncer()
        let session = try session(bouncer.consoleURL)
        #expect(await session.ask(["SHOW VERSION"], by: soon()).ending == .complete)
        await bouncer.freeze()
        let late = await session.ask(["SHOW VERSION", "SHOW LISTS"], by: .now + .milliseconds(300))
        #expect(late.ending == .late)
        #expect(throws: PostgresError.deadline) { try late.rows(1) }
        #expect(await session.ask(["SHOW LISTS"], by: soon()).ending == .busy)
        await bouncer.thaw()
        #expect(try await settles { await session.ask(["SHOW LISTS"], by: soon()).ending == .complete })
        // The answer to SHOW VERSION came late and is nobody's.
        let after = await session.ask(["SHOW POOLS", "SHOW LISTS"], by: soon())
        #expect(try after.rows(0).columns.contains("cl_active"))
        #expect(try after.rows(1).columns == ["list", "items"])
        #expect(await session.statistics().connects == 1)
        await session.close()
        await bouncer.stop()
    }

    @Test("frozen while connecting => late => busy => woken => connected, by the first attempt")
    func frozenAtStart() async throws {
        let bouncer = try await bouncer()
        await bouncer.freeze()
        let session = try session(bouncer.consoleURL)
        #expect(await session.ask(["SHOW LISTS"], by: .now + .milliseconds(200)).ending == .late)
        #expect(await session.ask(["SHOW LISTS"], by: soon()).ending == .busy)
        await bouncer.thaw()
        #expect(try await settles { await session.ask(["SHOW LISTS"], by: soon()).ending == .complete })
        let clients = try await session.ask(["SHOW CLIENTS"], by: soon()).rows(0)
        #expect(clients.count == 1)
        await session.close()
        await bouncer.stop()
    }

    @Test("killed => lost => started again => connected anew")
    func restarted() async throws {
        let bouncer = try await bouncer()
        let session = try session(bouncer.consoleURL)
        #expect(await session.ask(["SHOW LISTS"], by: soon()).ending == .complete)
        await bouncer.kill()
        guard case .lost = await session.ask(["SHOW LISTS"], by: soon()).ending else {
            Issue.record("answered by nobody")
            return
        }
        try await bouncer.start()
        #expect(try await settles { await session.ask(["SHOW LISTS"], by: soon()).ending == .complete })
        #expect(await session.statistics().connects == 2)
        await session.close()
        await bouncer.stop()
    }

    @Test("A wrong password and a user who is neither administrator nor statistics user are told why")
    func refused() async throws {
        let bouncer = try await PrivatePgBouncer.start(
            .init(databases: ["app = host=127.0.0.1 port=9"], users: ["somebody": "pass"]), in: directory)
        for (user, password) in [(PrivatePgBouncer.stats, "wrong"), ("somebody", "pass")] {
            let session = try session(bouncer.url(user: user, password: password, database: "pgbouncer"))
            let result = await session.ask(["SHOW LISTS"], by: soon())
            guard case .lost(let error) = result.ending else {
                Issue.record("let in: \(user)")
                continue
            }
            #expect(error.code == .authentication || error.code == .connection, "\(error)")
            #expect(!error.description.contains("wrong"), "\(error)")
            await session.close()
        }
        await bouncer.stop()
    }

    @Test("What the address leaves open comes from the defaults, what it says stays")
    func defaults() throws {
        let defaults = ["dbname": "pgbouncer", "port": "6432"]
        let open = try PostgresConfiguration("postgres://stats@pool.example", purpose: .console, defaults: defaults)
        #expect(open.instance == "pool.example:6432" && open.database == "pgbouncer")
        let said = try PostgresConfiguration("postgres://stats@pool.example:7000/console", purpose: .console, defaults: defaults)
        #expect(said.instance == "pool.example:7000" && said.database == "console")
    }
}
