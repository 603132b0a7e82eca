import Health
import Synchronization
import Testing

private struct CheckFailure: Error, CustomStringConvertible {
    let description: String
}

/// A clock whose sleepers wake when a test says so.
private final class HandClock: Clock, Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Sleeper {
        let id: Int
        let until: Instant
        let wake: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = ContinuousClock.now
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var nextID = 0
    }

    private let state = Mutex(State())

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }
    /// How long every sleeper still sleeps, ascending.
    var sleeps: [Duration] { state.withLock { state in state.sleepers.map { $0.until - state.now }.sorted() } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (wake: CheckedContinuation<Void, any Error>) in
                let isOver: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.contains(id) { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers.append(Sleeper(id: id, until: deadline, wake: wake))
                    return nil
                }
                if let isOver { wake.resume(with: isOver) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.cancelled.insert(id)
                guard let place = state.sleepers.firstIndex(where: { $0.id == id }) else { return nil as Sleeper? }
                return state.sleepers.remove(at: place)
            }
            sleeper?.wake.resume(throwing: CancellationError())
        }
    }

    func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.now += duration
            let now = state.now
            let woken = state.sleepers.filter { $0.until <= now }
            state.sleepers.removeAll { $0.until <= now }
            return woken
        }
        for sleeper in woken { sleeper.wake.resume() }
    }
}

/// Lets other tasks run until something holds.
private func eventually(_ what: () -> Bool) async -> Bool {
    for _ in 0..<100_000 {
        if what() { return true }
        await Task.yield()
    }
    return false
}

@Suite struct HealthMonitorTests {
    private func monitor(_ checks: [HealthCheck], _ clock: HandClock = HandClock()) -> HealthMonitor {
        HealthMonitor(checks: checks, version: "1", interval: .seconds(10), clock: clock, now: { 1000 })
    }

    @Test("Before the first check has ended nothing is ready, and the document is still complete")
    func pending() {
        let monitor = monitor([HealthCheck("database", weight: .critical) { .healthy() }])
        #expect(monitor.report["database"]?.state == .pending)
        #expect(monitor.report.ready.httpStatus == 503)
        #expect(monitor.report.components.count == 4)
    }

    @Test("A check that throws is unhealthy with the error's message")
    func throwing() async {
        let monitor = monitor([HealthCheck("cache") { throw CheckFailure(description: "connection refused") }])
        await monitor.runOnce()
        #expect(monitor.report["cache"]?.state == .failed(message: "connection refused"))
        #expect(monitor.report.status == .unhealthy)
    }

    @Test("A check past its time-out is degraded, readers do not wait for it, others go on, and it is not started twice")
    func hanging() async {
        let clock = HandClock()
        let starts = Atomic(0)
        let others = Atomic(0)
        let release = AsyncStream.makeStream(of: Void.self)
        let monitor = monitor(
            [
                HealthCheck("database", weight: .critical, timeout: .seconds(5)) {
                    starts.add(1, ordering: .relaxed)
                    // Deaf to cancellation, like a call into C.
                    await Task.detached { for await _ in release.stream {} }.value
                    return .healthy()
                },
                HealthCheck("cache", timeout: .seconds(5)) {
                    others.add(1, ordering: .relaxed)
                    return .healthy()
                },
            ], clock)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await monitor.run() }
            #expect(await eventually { starts.load(ordering: .relaxed) == 1 && clock.sleeps == [.seconds(5), .seconds(10)] })
            clock.advance(by: .seconds(5))
            #expect(await eventually { monitor.report["database"]?.state == .timedOut(after: .seconds(5)) })
            #expect(monitor.report.status == .degraded)
            #expect(!monitor.report.isReady)
            clock.advance(by: .seconds(5))
            for round in 2...4 {
                #expect(await eventually { others.load(ordering: .relaxed) == round && clock.sleeps == [.seconds(10)] })
                clock.advance(by: .seconds(10))
            }
            #expect(await eventually { others.load(ordering: .relaxed) == 5 && clock.sleeps == [.seconds(10)] })
            #expect(starts.load(ordering: .relaxed) == 1)
            release.continuation.finish()
            #expect(await eventually { clock.sleeps == [.seconds(10), .seconds(10)] })
            // The late end of a check that was given up does not turn the finding round.
            #expect(monitor.report["database"]?.state == .timedOut(after: .seconds(5)))
            clock.advance(by: .seconds(10))
            #expect(await eventually { monitor.report["database"]?.state == .passed(message: nil) })
            #expect(monitor.report.isReady)
            group.cancelAll()
        }
    }

    @Test("Shutting down makes it not ready at once, while it stays live")
    func shuttingDown() async {
        let monitor = monitor([HealthCheck("database", weight: .critical) { .healthy() }])
        await monitor.runOnce()
        #expect(monitor.report.ready.httpStatus == 200)
        monitor.beginShutdown()
        #expect(monitor.report.ready.httpStatus == 503)
        #expect(HealthReport.live(timestamp: 0).httpStatus == 200)
    }

    @Test("The system's own checks answer on a running system")
    func system() async throws {
        let space = try diskSpace(at: "/")
        #expect(space.totalBytes > 0 && space.freeBytes <= space.totalBytes)
        let memory = try memoryUse()
        #expect(memory.residentBytes > 1_000_000 && memory.residentBytes < memory.totalBytes)
        #expect(try threadCount() >= 1)
        #expect(throws: SystemCheckError.self) { try diskSpace(at: "/nowhere/at/all") }
        let monitor = monitor([
            .diskSpace(at: "/", minimumFreeRatio: 0), .memory(maximumResidentBytes: 1), .taskCount(limit: 0),
            .diskSpace("data", at: "/nowhere"),
        ])
        await monitor.runOnce()
        #expect(monitor.report["storage"]?.status == .healthy)
        #expect(monitor.report["memory"]?.status == .degraded)
        #expect(monitor.report["tasks"]?.status == .degraded)
        #expect(monitor.report["data"]?.status == .unhealthy)
    }
}
