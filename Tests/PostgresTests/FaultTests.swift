import Demo
import Support
import Testing

@testable import Postgres

/// Real servers that are frozen, killed, reconfigured. One after the other: each has a server of its own.
@Suite(.serialized) struct FaultTests {
    let readiness: Readiness
    let directory: TemporaryDirectory

    init() throws {
        readiness = try Readiness()
        directory = try TemporaryDirectory()
    }

    private func session(_ url: String) throws -> PostgresSession {
        PostgresSession(try PostgresConfiguration(url), readiness: readiness)
    }

    private static let one = Statement("SELECT 1")
    private static let connections = Statement(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name = 'vitals'")

    private func settles(_ check: () async -> Bool) async throws -> Bool {
        for _ in 0..<300 {
            if await check() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    @Test("frozen server => partial answer at the deadline => busy at once => woken => the same connection works")
    func frozen() async throws {
        let server = try await SharedPostgres.start(in: directory)
        let session = try session(server.url)
        _ = try await session.rows(Self.one, by: soon())
        await server.freeze()
        let late = await session.pipeline([Self.one, Self.one], by: .now + .milliseconds(300))
        #expect(late.ending == .late)
        #expect(await session.pipeline([Self.one], by: soon()).ending == .busy)
        await server.thaw()
        #expect(try await settles { await session.pipeline([Self.one], by: soon()).ending == .complete })
        #expect(try await session.rows(Self.connections, by: soon()).first?.int(0) == 1)
        #expect(await session.statistics().connects == 1)
        await session.close()
        await server.stop()
    }

    @Test("What is slow is late, what came before is there")
    func partial() async throws {
        let session = try session(try await SharedPostgres.database())
        _ = try await session.rows(Self.one, by: soon())
        let result = await session.pipeline(
            [Self.one, Statement("SELECT pg_sleep(3)"), Self.one], by: .now + .seconds(1))
        #expect(result.ending == .late)
        #expect(try result.rows(0).first?.int(0) == 1)
        #expect(throws: PostgresError.deadline) { try result.rows(1) }
        #expect(try await settles { await session.pipeline([Self.one], by: soon()).ending == .complete })
        await session.close()
    }

    @Test("connecting to a frozen server => late => busy at once => woken => one connection")
    func hangingConnect() async throws {
        let server = try await SharedPostgres.start(in: directory)
        let session = try session(server.url)
        await server.freeze()
        #expect(await session.pipeline([Self.one], by: .now + .milliseconds(300)).ending == .late)
        #expect(await session.pipeline([Self.one], by: soon()).ending == .busy)
        await server.thaw()
        #expect(try await settles { await session.pipeline([Self.one], by: soon()).ending == .complete })
        #expect(try await session.rows(Self.connections, by: soon()).first?.int(0) == 1)
        await session.close()
        await server.stop()
    }

    @Test("killed => connection error at once => restarted => reconnected")
    func killed() async throws {
        let server = try await SharedPostgres.start(in: directory)
        let session = try session(server.url)
        _ = try await session.rows(Self.one, by: soon())
        await server.kill()
        await #expect { try await session.rows(Self.one, by: soon()) } throws: { ($0 as? PostgresError)?.code == .connection }
        try await server.start()
        #expect(try await settles { await session.pipeline([Self.one], by: soon()).ending == .complete })
        await session.close()
        await server.stop()
    }

    @Test("An idle connection that the server ended is replaced on the next use")
    func terminated() async throws {
        let url = try await SharedPostgres.database()
        let session = try session(url)
        let pid = try #require(try await session.rows(Statement("SELECT pg_backend_pid()"), by: soon()).first?.int(0))
        try await SharedPostgres.terminate(pid, on: url)
        #expect(try await session.rows(Self.one, by: soon()).first?.int(0) == 1)
        #expect(await session.statistics().connects == 2)
        await session.close()
    }

    @Test("A connection ended in the middle of a statement says why")
    func terminatedInUse() async throws {
        let url = try await SharedPostgres.database()
        let session = try session(url)
        let pid = try #require(try await session.rows(Statement("SELECT pg_backend_pid()"), by: soon()).first?.string(0))
        async let sleeping = session.pipeline([Statement("SELECT pg_sleep(20)"), Self.one], by: soon(15))
        try await Task.sleep(for: .milliseconds(200))
        try await SharedPostgres.run(["SELECT pg_terminate_backend(\(pid))"], on: url)
        let result = await sleeping
        #expect(throws: PostgresError.self) { try result.rows(0) }
        guard case .lost(let error) = result.ending else { return #expect(Bool(false), "\(result.ending)") }
        #expect(error.sqlState == "57P01")
        #expect(error.code == .connection)
        await session.close()
    }

    @Test("password changed => authentication error without the password => back => connected")
    func password() async throws {
        let server = try await SharedPostgres.start(in: directory, password: "canary-S3cret")
        let wrong = try session(server.url(user: "postgres", password: "canary-wrong"))
        do {
            _ = try await wrong.rows(Self.one, by: soon())
            Issue.record("a wrong password was accepted")
        } catch {
            #expect(error.code == .authentication)
            #expect(error.sqlState == "28P01")
            #expect(!"\(error)".contains("canary"))
        }
        #expect(try await session(server.url).rows(Self.one, by: soon()).first?.int(0) == 1)
        await server.stop()
    }

    @Test("CONNECTION LIMIT reached => its class => raised => connected")
    func connectionLimit() async throws {
        let url = try await SharedPostgres.database()
        let server = try await SharedPostgres.get()
        try await SharedPostgres.run(["CREATE ROLE crowded LOGIN CONNECTION LIMIT 0"], on: url)
        let session = try session(server.url(user: "crowded"))
        await #expect { try await session.rows(Self.one, by: soon()) } throws: {
            ($0 as? PostgresError)?.code == .tooManyConnections
        }
        try await SharedPostgres.run(["ALTER ROLE crowded CONNECTION LIMIT 1"], on: url)
        #expect(try await settles { await session.pipeline([Self.one], by: soon()).ending == .complete })
        await session.close()
    }

    @Test("A database, a host or a port that is not there has a class each")
    func nowhere() async throws {
        let server = try await SharedPostgres.get()
        for (url, code) in [
            (server.url(user: "postgres", database: "nowhere"), PostgresError.Code.undefinedObject),
            ("postgres://postgres@127.0.0.1:\(try freePort())/x", .connection),
            ("postgres://postgres@no-such-host.invalid/x", .connection), ("host=/nowhere/at/all dbname=x", .connection),
        ] {
            let session = try session(url)
            let error = await session.pipeline([Self.one], by: soon()).ending.error
            #expect(error?.code == code, "\(url): \(String(describing: error))")
            await session.close()
        }
    }

    @Test("A host name is looked up off the pool and connects")
    func hostName() async throws {
        let server = try await SharedPostgres.get()
        let session = try session("postgres://postgres@localhost:\(server.port)/postgres")
        #expect(try await session.rows(Self.one, by: soon()).first?.int(0) == 1)
        await session.close()
    }

    @Test("The network swallows everything => late, then one connection when it is back")
    func blackHole() async throws {
        let server = try await SharedPostgres.get()
        let proxy = try FaultProxy(to: server.port)
        let session = try session("postgres://postgres@127.0.0.1:\(proxy.port)/postgres")
        _ = try await session.rows(Self.one, by: soon())
        proxy.set(.blackHole)
        #expect(await session.pipeline([Self.one], by: .now + .milliseconds(200)).ending == .late)
        #expect(await session.pipeline([Self.one], by: soon()).ending == .busy)
        #expect(proxy.accepted == 1)
        proxy.set(.none)
        proxy.cut()
        #expect(try await settles { await session.pipeline([Self.one], by: soon()).ending == .complete })
        #expect(proxy.accepted == 2)
        await session.close()
        proxy.stop()
    }

    @Test("A caller that is cancelled leaves the connection usable")
    func cancelled() async throws {
        let session = try session(try await SharedPostgres.database())
        _ = try await session.rows(Self.one, by: soon())
        let task = Task { await session.pipeline([Statement("SELECT pg_sleep(0.5)")], by: soon()).ending }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        #expect(await task.value == .late)
        #expect(try await settles { await session.pipeline([Self.one], by: soon()).ending == .complete })
        #expect(await session.statistics().connects == 1)
        await session.close()
    }

    @Test("Closing ends a wait")
    func closing() async throws {
        let session = try session(try await SharedPostgres.database())
        let task = Task { await session.pipeline([Statement("SELECT pg_sleep(5)")], by: soon()).ending }
        try await Task.sleep(for: .milliseconds(200))
        await session.close()
        guard case .lost = await task.value else { return #expect(Bool(false)) }
        await #expect(throws: PostgresError.self) { try await session.rows(Self.one, by: soon()) }
    }
}
