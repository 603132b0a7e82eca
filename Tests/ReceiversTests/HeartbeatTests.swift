import Alerting
import AsyncHTTPClient
import Support
import Synchronization
import Testing

@testable import Receivers

/// A clock that jumps to where somebody waits for.
private final class JumpingClock: WallClock {
    private let time = Mutex<Int64>(1_000_000)
    var now: Int64 { time.withLock { $0 } }
    func sleep(until instant: Int64) async throws(CancellationError) {
        if Task.isCancelled { throw CancellationError() }
        time.withLock { $0 = max($0, instant) }
    }
}

@Suite(.serialized) struct HeartbeatTests {
    private func heartbeat(_ url: String, _ client: HTTPClient, _ clock: any WallClock) -> Heartbeat {
        var settings = Heartbeat.Settings(name: "watch", url: .text(url))
        settings.http.timeout = .seconds(2)
        return Heartbeat(settings, client: client, clock: clock)
    }

    @Test("Health is a GET of the address, a problem a POST of its words to /fail beside it")
    func pings() async throws {
        let stub = try HTTPStub()
        defer { stub.stop() }
        try await withClient { client in
            let clock = JumpingClock()
            let heartbeat = heartbeat(stub.url + "/ping/canary?rid=1", client, clock)
            #expect(await heartbeat.ping(problem: nil, until: clock.now + 60_000) == nil)
            #expect(await heartbeat.ping(problem: "group a: no evaluation", until: clock.now + 60_000) == nil)
            #expect(heartbeat.snapshot.succeeded == 2 && heartbeat.snapshot.problem == "group a: no evaluation")
        }
        #expect(
            stub.requests.map { "\($0.method) \($0.path) \($0.body)" } == [
                "GET /ping/canary?rid=1 ", "POST /ping/canary/fail?rid=1 group a: no evaluation",
            ])
    }

    @Test(
        "The address of a failure",
        arguments: [
            ("https://h/uuid", "https://h/uuid/fail"), ("https://h/uuid/", "https://h/uuid/fail"),
            ("https://h/p?a=b/", "https://h/p/fail?a=b/"), ("https://h", "https://h/fail"),
        ])
    func failureURL(url: String, wanted: String) {
        #expect(Heartbeat.failureURL(url) == wanted)
    }

    @Test("A ping that fails is tried twice more, then counted; a refusal is final; the next one starts anew")
    func retries() async throws {
        let stub = try HTTPStub()
        defer { stub.stop() }
        try await withClient { client in
            let clock = JumpingClock()
            let heartbeat = heartbeat(stub.url + "/canary", client, clock)
            stub.set(.answer(status: 500))
            let error = await heartbeat.ping(problem: nil, until: clock.now + 60_000)
            #expect(error?.reason == .serverError && stub.requests.count == 3)
            #expect(heartbeat.snapshot.failed == 1 && heartbeat.snapshot.error != nil && heartbeat.snapshot.lastSuccess == nil)
            // Due again before another try makes sense.
            _ = await heartbeat.ping(problem: nil, until: clock.now + 100)
            #expect(stub.requests.count == 4)
            stub.set(.answer(status: 404))
            _ = await heartbeat.ping(problem: nil, until: clock.now + 60_000)
            #expect(stub.requests.count == 5)
            stub.set(.answer(status: 200))
            #expect(await heartbeat.ping(problem: nil, until: clock.now + 60_000) == nil)
            #expect(heartbeat.snapshot.error == nil && heartbeat.snapshot.lastSuccess == clock.now)
        }
    }

    @Test("It pings every interval until cancelled, and says once that pings fail and once that they arrive again")
    func runs() async throws {
        let stub = try HTTPStub()
        defer { stub.stop() }
        try await withClient { client in
            let heartbeat = heartbeat(stub.url, client, JumpingClock())
            let changes = Mutex<[Bool]>([])
            let task = Task {
                _ = await #expect(throws: CancellationError.self) {
                    try await heartbeat.run(problem: { nil }) { error in changes.withLock { $0.append(error != nil) } }
                }
            }
            while heartbeat.snapshot.succeeded < 3 { await Task.yield() }
            stub.set(.answer(status: 400))
            while heartbeat.snapshot.failed < 3 { await Task.yield() }
            stub.set(.answer(status: 200))
            let before = heartbeat.snapshot.succeeded
            while heartbeat.snapshot.succeeded < before + 2 { await Task.yield() }
            task.cancel()
            await task.value
            #expect(changes.withLock { $0 } == [true, false])
        }
    }
}
