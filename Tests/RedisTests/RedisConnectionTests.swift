import Demo
import NIOCore
import NIOPosix
import Support
import Testing

@testable import Redis

@Suite struct RedisConnectionTests {
    private let ping = RedisCommand("PING")

    @Test("Replies come in order, an error fails only its own command")
    func order() async throws {
        let server = try await LocalRedis()
        let session = RedisSession(try server.url("/2"))
        let answers = await session.pipeline(
            [
                RedisCommand("SET", "k", "v"), RedisCommand("LLEN", "k"), RedisCommand("GET", "k"), RedisCommand("GET", "absent"),
                RedisCommand("NOSUCH"), RedisCommand("CLIENT", "LIST"), RedisCommand("XINFO", "HELP"),
            ], deadline: soon())
        #expect(answers[0].reply == .status("OK"))
        #expect(answers[1].code == .wrongType)
        #expect(answers[2].reply?.text == "v")
        #expect(answers[3].reply == .null)
        #expect(answers[4].code == .unknownCommand)
        #expect(answers[5].reply?.text?.contains("name=vitals") == true)
        #expect(answers[5].reply?.text?.contains("db=2") == true)
        #expect((answers[6].reply?.array?.count ?? 0) > 3)
        await session.close()
        #expect(await session.pipeline([ping], deadline: soon()).first?.code == .closed)
        await server.stop()
    }

    @Test("ready => late with a partial answer => draining => ready, on one connection")
    func late() async throws {
        let server = try await LocalRedis()
        let session = RedisSession(try server.url())
        let answers = await session.pipeline([ping, RedisCommand("DEBUG", "SLEEP", "2"), ping], deadline: soon(300))
        #expect(answers.map(\.code) == [nil, .late, .late] || answers.map(\.code) == [.late, .late, .late])
        #expect(await session.pipeline([ping], deadline: soon(100)).first?.code == .late)
        #expect(await session.pipeline([RedisCommand("ECHO", "a")], deadline: soon(9_000)).first?.reply?.text == "a")
        #expect(await session.connectionsOpened == 1)
        await session.close()
        await server.stop()
    }

    @Test("A frozen server: late answers, one connection, usable again after it wakes")
    func frozen() async throws {
        let server = try await LocalRedis()
        let session = RedisSession(try server.url())
        #expect(await session.pipeline([ping], deadline: soon()).first?.reply == .status("PONG"))
        await server.server.freeze()
        for _ in 0..<4 {
            #expect(await session.pipeline([ping, ping], deadline: soon(60)).map(\.code) == [.late, .late])
        }
        await server.server.thaw()
        let answers = await session.pipeline([RedisCommand("INFO", "commandstats"), RedisCommand("ECHO", "b")], deadline: soon())
        #expect(answers.last?.reply?.text == "b")
        // Three of the four frozen pipelines never left, so that nothing piles up in the server: PING came once and once more.
        #expect(answers.first?.reply?.text?.contains("cmdstat_ping:calls=3,") == true)
        #expect(await session.connectionsOpened == 1)
        await session.close()
        await server.stop()
    }

    @Test("A server frozen before the first use is connected to once, and used when it wakes")
    func frozenAtStart() async throws {
        let server = try await LocalRedis(["requirepass pw"])
        await server.server.freeze()
        let session = RedisSession(try server.url(user: ":pw@"))
        for _ in 0..<3 { #expect(await session.pipeline([ping], deadline: soon(60)).first?.code == .late) }
        await server.server.thaw()
        #expect(await session.pipeline([ping], deadline: soon()).first?.reply == .status("PONG"))
        #expect(await session.connectionsOpened == 1)
        await session.close()
        await server.stop()
    }

    @Test("A silence beyond the limit gives the connection up")
    func silence() async throws {
        let server = try await LocalRedis()
        var limits = RedisLimits()
        limits.silenceMax = .milliseconds(150)
        let session = RedisSession(try server.url(), limits: limits)
        _ = await session.pipeline([ping], deadline: soon())
        await server.server.freeze()
        #expect(await session.pipeline([ping], deadline: soon()).first?.code == .closed)
        await server.server.thaw()
        #expect(await session.pipeline([ping], deadline: soon()).first?.reply == .status("PONG"))
        await session.close()
        await server.stop()
    }

    @Test("up => killed => refused => started again => up; the retry policy bridges a kill")
    func restart() async throws {
        let server = try await LocalRedis()
        let session = RedisSession(try server.url())
        _ = await session.pipeline([ping], deadline: soon())
        await server.server.kill()
        let refused = await session.pipeline([ping], deadline: soon()).first
        #expect(refused?.code == .unreachable || refused?.code == .closed)
        let error = await session.pipeline([ping], deadline: soon()).first
        #expect(error?.code == .unreachable)
        if case .failure(let error) = error { #expect(error.message.contains("connection refused")) }
        try await server.server.start()
        #expect(await session.pipeline([ping], deadline: soon()).first?.reply == .status("PONG"))
        _ = await session.pipeline([RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"), ping], deadline: soon())
        #expect(try await session.send(ping, deadline: soon(), retry: .standard) == .status("PONG"))
        await session.close()
        await server.stop()
    }

    @Test("Kill in the middle: what had come stays, the rest says closed")
    func killedMidway() async throws {
        let server = try await LocalRedis()
        let session = RedisSession(try server.url())
        _ = await session.pipeline([ping], deadline: soon())
        async let answers = session.pipeline([ping, RedisCommand("DEBUG", "SLEEP", "3"), ping], deadline: soon())
        try await Task.sleep(for: .milliseconds(150))
        await server.server.kill()
        #expect(await answers.last?.code == .closed)
        await session.close()
        await server.stop()
    }

    @Test("Passwords and users: wrong, missing, right; the password is in no message")
    func passwords() async throws {
        let server = try await LocalRedis(["requirepass canary", "user bob on >canary2 -@all +ping"])
        for (credentials, code) in [("", RedisError.Code.noAuth), (":canary9@", .wrongPass), ("bob:canary9@", .wrongPass)] {
            let session = RedisSession(try server.url(user: credentials))
            let answer = await session.pipeline([ping], deadline: soon()).first
            #expect(answer?.code == code)
            if case .failure(let error) = answer { #expect(!"\(error) \(error.message)".contains("canary")) }
            await session.close()
        }
        let bob = RedisSession(try server.url(user: "bob:canary2@"))
        #expect(await bob.pipeline([ping, RedisCommand("GET", "k")], deadline: soon()).map(\.code) == [nil, .noPerm])
        await bob.close()
        let all = RedisSession(try server.url(user: ":canary@"))
        #expect(await all.pipeline([ping], deadline: soon()).first?.reply == .status("PONG"))
        await all.close()
        await server.stop()
    }

    @Test("A full server's own words are kept, and it is used as soon as there is room")
    func maxClients() async throws {
        let server = try await LocalRedis(["maxclients 1"])
        let first = RedisSession(try server.url())
        // The fixture's own look at the port may hold the one place for a moment.
        let end = soon()
        while await first.pipeline([ping], deadline: end).first?.reply == nil, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(20))
        }
        let second = RedisSession(try server.url())
        for _ in 0..<5 {
            let answer = await second.pipeline([ping], deadline: soon()).first
            #expect(answer?.code == .maxClients)
            if case .failure(let error) = answer { #expect(error.message == "ERR max number of clients reached") }
        }
        await first.close()
        let served = soon()
        while await second.pipeline([ping], deadline: served).first?.reply == nil, ContinuousClock.now < served {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(await second.pipeline([ping], deadline: soon()).first?.reply == .status("PONG"))
        await second.close()
        await server.stop()
    }

    @Test("A Unix socket works like a port; one that is not there says so")
    func unixSocket() async throws {
        let server = try await LocalRedis()
        let session = RedisSession(try RedisURL("unix://\(server.socket)?db=1"))
        #expect(await session.pipeline([ping], deadline: soon()).first?.reply == .status("PONG"))
        await session.close()
        let absent = RedisSession(try RedisURL("unix:///tmp/no-such.sock"))
        #expect(await absent.pipeline([ping], deadline: soon()).first?.code == .unreachable)
        await absent.close()
        await server.stop()
    }

    @Test("Too many callers are refused, the others are served; a cancelled caller leaves at once")
    func callers() async throws {
        let server = try await LocalRedis()
        var limits = RedisLimits()
        limits.waitingMax = 3
        let session = RedisSession(try server.url(), limits: limits)
        _ = await session.pipeline([ping], deadline: soon())
        await server.server.freeze()
        let tasks = (0..<6).map { _ in Task { await session.pipeline([RedisCommand("PING")], deadline: soon(5_000)).first?.code }
        }
        try await Task.sleep(for: .milliseconds(100))
        let cancelled = Task { await session.pipeline([RedisCommand("PING")], deadline: soon(5_000)).first?.code }
        cancelled.cancel()
        #expect([.cancelled, .overloaded].contains(await cancelled.value))
        await server.server.thaw()
        var codes: [RedisError.Code?] = []
        for task in tasks { codes.append(await task.value) }
        #expect(codes.count { $0 == nil } == 4)
        #expect(codes.count { $0 == .overloaded } == 2)
        await session.close()
        await server.stop()
    }

    @Test("A peer that sends a huge or malformed reply is left, with a clear error", arguments: [true, false])
    func hostile(_ isHuge: Bool) async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Hostile(isHuge)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let session = RedisSession(try RedisURL("redis://127.0.0.1:\(port)"), clientName: nil)
        let answer = await session.pipeline([ping], deadline: soon(5_000)).first
        #expect(answer?.code == (isHuge ? .replyTooLarge : .malformedReply))
        await session.close()
        try await listener.close()
    }

    @Test("Nothing listens, or the name is unknown: unreachable, at once")
    func unreachable() async throws {
        for text in ["redis://127.0.0.1:1", "redis://no-such-host.invalid"] {
            let session = RedisSession(try RedisURL(text))
            #expect(await session.pipeline([ping], deadline: soon(8_000)).first?.code == .unreachable)
            await session.close()
        }
        await #expect(throws: RedisError.self) {
            try await RedisConnection.connect(RedisURL("redis://127.0.0.1:1"), deadline: soon())
        }
    }

    @Test("LOADING is told apart")
    func loading() async throws {
        let server = try await LocalRedis()
        let admin = RedisSession(try server.url())
        _ = await admin.pipeline(
            [
                RedisCommand("DEBUG", "POPULATE", "60000"), RedisCommand("SAVE"),
                RedisCommand("CONFIG", "SET", "key-load-delay", "200"),
                RedisCommand("CONFIG", "SET", "loading-process-events-interval-bytes", "1024"),
            ], deadline: soon(9_000))
        async let reload = admin.pipeline([RedisCommand("DEBUG", "RELOAD", "NOSAVE")], deadline: soon(1))
        _ = await reload
        try await Task.sleep(for: .milliseconds(200))
        let reader = RedisSession(try server.url())
        #expect(await reader.pipeline([RedisCommand("GET", "k")], deadline: soon()).first?.code == .loading)
        #expect(
            await reader.pipeline([RedisCommand("INFO", "persistence")], deadline: soon()).first?.reply?.text?.contains(
                "loading:1") == true)
        await reader.close()
        await admin.close()
        await server.stop()
    }

    @Test("BUSY is told apart")
    func busy() async throws {
        let server = try await LocalRedis(["lua-time-limit 50"])
        let script = RedisSession(try server.url())
        _ = await script.pipeline([RedisCommand("EVAL", "while true do end", "0")], deadline: soon(200))
        let reader = RedisSession(try server.url())
        #expect(await reader.pipeline([RedisCommand("GET", "k")], deadline: soon()).first?.code == .busy)
        _ = await reader.pipeline([RedisCommand("SCRIPT", "KILL")], deadline: soon())
        // The script ends at its next step, not before the answer to KILL.
        var answer = await reader.pipeline([ping], deadline: soon()).first
        for _ in 0..<100 where answer?.code == .busy {
            try await Task.sleep(for: .milliseconds(20))
            answer = await reader.pipeline([ping], deadline: soon()).first
        }
        #expect(answer?.reply == .status("PONG"))
        await reader.close()
        await script.close()
        await server.stop()
    }

    @Test("MASTERDOWN is told apart")
    func masterDown() async throws {
        let server = try await LocalRedis(["replicaof 127.0.0.1 1", "replica-serve-stale-data no"])
        let session = RedisSession(try server.url())
        #expect(await session.pipeline([RedisCommand("GET", "k")], deadline: soon()).first?.code == .masterDown)
        await session.close()
        await server.stop()
    }
}

/// Answers everything with 100 MB, or with what is no RESP.
private final class Hostile: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let isHuge: Bool

    init(_ isHuge: Bool) { self.isHuge = isHuge }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isHuge else {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n")), promise: nil)
            return
        }
        context.write(wrapOutboundOut(ByteBuffer(string: "$100000000\r\n")), promise: nil)
        let block = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1_000_000)
        for _ in 0..<100 { context.write(wrapOutboundOut(block), promise: nil) }
        context.flush()
    }
}
