import Health
import MetricsModel
import ServiceLifecycle
import Support
import Testing

@testable import Web

@Suite(.serialized) struct RobustnessTests {
    @Test("Fuzz: garbage on the socket gets a 4xx or a closed connection, and the server lives")
    func garbage() async throws {
        var settings = WebSettings()
        settings.limits.headTimeout = .milliseconds(300)
        settings.limits.idleTimeout = .milliseconds(300)
        settings.limits.bodyTimeout = .milliseconds(300)
        try await withServer(settings) { running async throws in
            let pieces = [
                "GET ", "POST ", "/metrics", " HTTP/1.1\r\n", "\r\n", "Host: x\r\n", "Content-Length: -1\r\n",
                "Content-Length: 5\r\n",
                "Transfer-Encoding: chunked\r\n", "\u{0}", "%", "/%zz", "/%00", "?name[]=%ff", "HTTP/9.9", "\u{16}\u{3}\u{1}",
                "Accept: ;;,,q=\r\n",
                "Authorization: Basic =\r\n", "traceparent: 00-x\r\n", "FFFFFFFFFFFFFFFFF\r\n", "CONNECT x:1", "http://[::1", "*",
                "é", "//", "/../..",
            ]
            for seed in UInt64(1)...120 {
                var random = SeededGenerator(seed: seed)
                let client = try RawClient(port: running.port)
                if Bool.random(using: &random) {
                    client.send(
                        (0..<Int.random(in: 1...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
                } else {
                    let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                        pieces[Int.random(in: 0..<pieces.count, using: &random)]
                    }.joined()
                    client.send("GET /" + text)
                }
                client.send("\r\n\r\n")
                let answer = try await client.readToEnd()
                let bytes = try #require(answer, "seed \(seed): not closed")
                if let response = RawResponse(bytes) { #expect((200..<500).contains(response.status), "seed \(seed)") }
            }
            #expect(try await fetch(running.port, "/metrics").status == 200)
        }
    }

    @Test("Malformed targets are answered with 400", arguments: ["/%zz", "/%", "/%ff", "/%00", "/a%0ab", "/metrics?a=%g1"])
    func malformed(target: String) async throws {
        try await withServer { running async throws in
            let answer = try await fetch(running.port, target)
            #expect(answer.status == 400)
            #expect(answer.headers["content-type"] == "application/problem+json")
            #expect(answer.text.contains("\"code\":\"VALIDATION_ERROR\""))
        }
    }

    @Test("Slow headers are closed at the time limit")
    func slowHeaders() async throws {
        var settings = WebSettings()
        settings.limits.headTimeout = .milliseconds(200)
        try await withServer(settings) { running async throws in
            let client = try RawClient(port: running.port)
            client.send("GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            let start = ContinuousClock.now
            #expect(try await client.readToEnd() != nil)
            #expect(ContinuousClock.now - start < .seconds(5))
        }
    }

    @Test("A body that does not come is closed at the time limit")
    func slowBody() async throws {
        var settings = WebSettings()
        settings.limits.bodyTimeout = .milliseconds(200)
        try await withServer(settings, configure: { $0.queries = OneQueryEngine() }) { running async throws in
            let client = try RawClient(port: running.port)
            client.send(
                "POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nquery="
            )
            #expect(try await client.readToEnd() != nil)
        }
    }

    @Test("Headers and bodies over their limits are refused")
    func large() async throws {
        try await withServer(configure: { $0.queries = OneQueryEngine() }) { running async throws in
            let client = try RawClient(port: running.port)
            client.send("GET /metrics HTTP/1.1\r\nHost: x\r\nX-Large: " + String(repeating: "a", count: 100_000) + "\r\n\r\n")
            let bytes = try #require(try await client.readToEnd())
            #expect(bytes.isEmpty || RawResponse(bytes)?.status == 400)
            let many = (0..<200).map { ("X-\($0)", "1") }
            let refused = try RawClient(port: running.port)
            refused.send("GET /metrics HTTP/1.1\r\nHost: x\r\n" + many.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n")
            let answer = try #require(try await refused.readToEnd())
            #expect(answer.isEmpty || RawResponse(answer)?.status == 400)
            let form = [("Content-Type", "application/x-www-form-urlencoded")]
            let body = "query=" + String(repeating: "1", count: 300_000)
            #expect(try await fetch(running.port, "/api/v1/query", method: "POST", headers: form, body: body).status == 413)
            #expect(try await fetch(running.port, "/metrics").status == 200)
        }
    }

    @Test("A flood of silent connections makes room for a reader, and is bounded")
    func flood() async throws {
        var settings = WebSettings()
        settings.limits.connections = 50
        try await withServer(settings) { running async throws in
            var held: [RawClient] = []
            for _ in 0..<400 { held.append(try RawClient(port: running.port)) }
            #expect(try await fetch(running.port, "/metrics").status == 200)
            #expect(await eventually { running.server.connectionCount <= 50 })
            #expect(held.count == 400)
        }
    }

    @Test("A connection with a request in flight is not the one that makes room")
    func busyStays() async throws {
        let metrics = FixedMetrics()
        metrics.hold()
        var settings = WebSettings()
        settings.limits.connections = 10
        try await withServer(settings, metrics: metrics) { running async throws in
            let client = try RawClient(port: running.port)
            client.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(await eventually { metrics.waitingCount == 1 })
            var held: [RawClient] = []
            for _ in 0..<60 { held.append(try RawClient(port: running.port)) }
            #expect(try await fetch(running.port, "/health/live").status == 200)
            metrics.release()
            #expect(RawResponse(try #require(try await client.readToEnd()))?.status == 200)
            #expect(held.count == 60)
        }
    }

    @Test("Requests on one connection are answered in order")
    func pipelined() async throws {
        try await withServer { running async throws in
            let client = try RawClient(port: running.port)
            client.send(
                "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /-/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
            let text = String(decoding: try #require(try await client.readToEnd()), as: UTF8.self)
            let statuses = text.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
            #expect(statuses == ["200", "404", "200"])
        }
    }

    @Test("At shutdown readiness falls first, the request in flight is finished, and the server ends")
    func graceful() async throws {
        let metrics = FixedMetrics()
        metrics.hold()
        var settings = WebSettings()
        settings.listen = [ListenAddress(host: "127.0.0.1", port: 0)]
        settings.limits.shutdownDelay = .milliseconds(300)
        let health = await healthyMonitor()
        let listening = AsyncStream.makeStream(of: Int.self)
        let lines = LogLines()
        let server = try WebServer(
            settings: settings, sources: WebSources(metrics: metrics, health: health, build: BuildView(version: "1")),
            registry: .init(), logger: lines.logger()
        ) { listening.continuation.yield($0.first?.port ?? 0) }
        let group = ServiceGroup(configuration: .init(services: [server], logger: lines.logger()))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var ports = listening.stream.makeAsyncIterator()
            let port = try #require(await ports.next())
            #expect(try await fetch(port, "/health/ready").status == 200)
            let client = try RawClient(port: port)
            client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await eventually { metrics.waitingCount == 1 })
            await group.triggerGracefulShutdown()
            // Still accepting, and already not ready.
            #expect(try await fetch(port, "/health/ready").status == 503)
            #expect(try await fetch(port, "/health/live").status == 200)
            #expect(await eventually { (try? RawClient(port: port)) == nil })
            metrics.release()
            #expect(RawResponse(try #require(try await client.readToEnd()))?.status == 200)
            try await tasks.waitForAll()
        }
    }

    @Test("A request that does not end is cut off when the time for the shutdown is over")
    func cutOff() async throws {
        let metrics = FixedMetrics()
        metrics.hold()
        var settings = WebSettings()
        settings.listen = [ListenAddress(host: "127.0.0.1", port: 0)]
        settings.limits.shutdownTimeout = .milliseconds(300)
        let health = await healthyMonitor()
        let listening = AsyncStream.makeStream(of: Int.self)
        let lines = LogLines()
        let server = try WebServer(
            settings: settings, sources: WebSources(metrics: metrics, health: health, build: BuildView(version: "1")),
            registry: .init(), logger: lines.logger()
        ) { listening.continuation.yield($0.first?.port ?? 0) }
        let group = ServiceGroup(configuration: .init(services: [server], logger: lines.logger()))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var ports = listening.stream.makeAsyncIterator()
            let port = try #require(await ports.next())
            let client = try RawClient(port: port)
            client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await eventually { metrics.waitingCount == 1 })
            await group.triggerGracefulShutdown()
            #expect(try await client.readToEnd()?.isEmpty == true)
            metrics.release()
            try await tasks.waitForAll()
        }
        #expect(lines.all.contains { $0.contains("cut off") })
    }

    @Test("A port that is taken ends the server with an error")
    func taken() async throws {
        try await withServer { running async throws in
            var settings = WebSettings()
            settings.listen = [ListenAddress(host: "127.0.0.1", port: 0), ListenAddress(host: "127.0.0.1", port: running.port)]
            let server = try WebServer(
                settings: settings,
                sources: WebSources(metrics: FixedMetrics(), health: running.health, build: BuildView(version: "1")),
                registry: .init(), logger: LogLines().logger())
            await #expect(throws: (any Error).self) { try await server.run() }
        }
    }
}
