import Demo
import Glibc
import Support
import Testing

/// Clients that mean no good, and a process that is told to end while it answers. Vitals runs without servers of its own here where it can.
@Suite(.serialized) struct HTTPFaultTests {
    @Test("Garbage, huge headers and slow headers get a 4xx or a closed connection, and /metrics keeps answering")
    func garbage() async throws {
        try await withLonelyVitals { vitals in
            let pieces = [
                "GET /metrics HTTP/1.1\r\n", "\r\n", "Host: x\r\n", "Content-Length: -1\r\n", "Transfer-Encoding: chunked\r\n",
                "\u{0}", "/%zz", "HTTP/9.9", "\u{16}\u{3}\u{1}", "Authorization: Basic =\r\n", "FFFFFFFFFFFFFFFFF\r\n",
                "CONNECT x:1",
            ]
            let seed = UInt64.random(in: 0...UInt64.max)
            var random = SeededGenerator(seed: seed)
            for round in 0..<150 {
                let client = try RawSocket(port: vitals.port)
                if Bool.random(using: &random) {
                    client.send(
                        (0..<Int.random(in: 1...4_000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
                } else {
                    for _ in 0..<Int.random(in: 1...10, using: &random) {
                        client.send(pieces.randomElement(using: &random) ?? "")
                    }
                }
                client.send("\r\n\r\n")
                // Some of it is a request whose body never comes: those are left behind, for the server's own time limits.
                if let answer = try await client.readToEnd(within: .milliseconds(100)), !answer.isEmpty {
                    let status = Int(answer.dropFirst("HTTP/1.1 ".count).prefix(3)) ?? 0
                    #expect((200..<500).contains(status), "seed \(seed), round \(round): \(answer.prefix(80))")
                }
            }
            let huge = try RawSocket(port: vitals.port)
            huge.send("GET /metrics HTTP/1.1\r\nHost: x\r\n")
            for number in 0..<2_000 { huge.send("X-\(number): " + String(repeating: "a", count: 4_000) + "\r\n") }
            let refused = try #require(try await huge.readToEnd(within: .seconds(5)), "not closed")
            #expect(refused.isEmpty || refused.hasPrefix("HTTP/1.1 4"))

            let slow = try RawSocket(port: vitals.port)
            slow.send("GET /metrics HTTP/1.1\r\nX-Slow: ")
            let began = ContinuousClock.now
            #expect(try await vitals.get("/metrics").status == 200)
            let closed = try #require(try await slow.readToEnd(within: .seconds(20)), "slow headers are waited for")
            #expect(closed.isEmpty || closed.hasPrefix("HTTP/1.1 4"))
            #expect(ContinuousClock.now - began < .seconds(15))
            #expect(try await vitals.get("/metrics").status == 200)
            #expect(vitals.process.exitCode == nil)
        }
    }

    @Test("Thousands of connections: readers are served all along, memory and descriptors stay bounded")
    func manyConnections() async throws {
        try await withLonelyVitals { vitals in
            let before = try await vitals.metrics()
            let count = min(10_000, RawSocket.limit(12_000) - 500)
            var held: [RawSocket] = []
            var slowest = Duration.zero
            for number in 0..<count {
                let client = try RawSocket(port: vitals.port)
                if number.isMultiple(of: 2) { client.send("GET /metrics HTTP/1.1\r\nHost: ") }
                held.append(client)
                if number.isMultiple(of: 500) {
                    let asked = ContinuousClock.now
                    #expect(try await vitals.get("/metrics").status == 200)
                    slowest = max(slowest, ContinuousClock.now - asked)
                }
            }
            let during = try await vitals.metrics()
            #expect(slowest < .seconds(10))
            #expect(during["process_open_fds"] ?? .infinity < 700)
            let grown = (during["process_resident_memory_bytes"] ?? .infinity) - (before["process_resident_memory_bytes"] ?? 0)
            #expect(grown < 64 * 1_048_576, "\(count) connections cost \(grown / 1_048_576) MiB")
            held = []
            #expect(try await vitals.get("/metrics").status == 200)
        }
    }

    @Test("Beyond --web.max-requests the answer is 503 and not a queue")
    func maxRequests() async throws {
        try await withServers { servers in
            try await withVitals(
                ["--web.max-requests", "2"], environment: servers.environment, in: servers.directory
            ) { vitals in
                _ = try await vitals.metrics()
                try await Task.sleep(for: .seconds(1.1))
                await servers.postgres.freeze()
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<6 {
                        group.addTask {
                            try await vitals.get("/metrics", headers: ["X-Prometheus-Scrape-Timeout-Seconds": "2"]).status
                        }
                    }
                    return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
                }
                #expect(statuses == [200: 2, 503: 4])
                await servers.postgres.thaw()
            }
        }
    }

    @Test("A scrape that is under way when SIGTERM comes is answered, and the exit code is 0", arguments: [SIGTERM, SIGINT])
    func terminatedInAScrape(_ signal: Int32) async throws {
        try await withServers { servers in
            let vitals = try await RunningVitals.serve(environment: servers.environment, in: servers.directory)
            _ = try await vitals.metrics()
            try await Task.sleep(for: .seconds(1.1))
            await servers.postgres.freeze()
            async let answer = vitals.get("/metrics", headers: ["X-Prometheus-Scrape-Timeout-Seconds": "3"])
            try await Task.sleep(for: .milliseconds(500))
            vitals.process.signal(signal)
            let whole = try await answer
            #expect(whole.status == 200)
            #expect(whole.text.contains("\npg_up 0"))
            #expect(whole.text.contains("\nredis_up 1"))
            let asked = ContinuousClock.now
            #expect(await vitals.process.waitForExit() == 0)
            #expect(ContinuousClock.now - asked < .seconds(10))
            await servers.postgres.thaw()
            // U3's order, and the last line.
            let log = try vitals.logged()
            let steps = [
                "no longer accepting", "connections to Postgres and Redis closed", "series and alert states written", "stopped",
            ]
            let places = steps.compactMap { log.firstRange(of: $0)?.lowerBound }
            #expect(places.count == steps.count && places == places.sorted(), "\(log)")
        }
    }

    @Test("A port that is taken ends the start with a line that names it, and exit code 1")
    func portTaken() async throws {
        try await withLonelyVitals { vitals in
            let (code, output) = try await RunningVitals.run(
                [
                    "serve", "--web.listen-address", "127.0.0.1:\(vitals.port)", "--storage.path",
                    vitals.directory.path("other"),
                ], environment: ["REDIS_URL": "redis://127.0.0.1:1"], in: vitals.directory)
            #expect(code == 1)
            #expect(output.contains("127.0.0.1:\(vitals.port)"), "\(output)")
        }
    }

    /// Vitals with one target, where nobody listens.
    private func withLonelyVitals(_ body: (RunningVitals) async throws -> Void) async throws {
        try await withVitals(environment: ["REDIS_URL": "redis://127.0.0.1:1"], in: try TemporaryDirectory(), body)
    }
}
