import Synchronization

/// Runs the registered checks in the background, each on its own round, and keeps what they found. Readers never wait (H5): they get the
/// last finding. A check that hangs shows as timed out, holds up no other, and is not started again before it has ended.
public final class HealthMonitor: Sendable {
    private struct State {
        var components: [ComponentHealth]
        var isShuttingDown = false
    }

    public let version: String
    private let checks: [HealthCheck]
    private let interval: Duration
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Int64
    private let state: Mutex<State>

    /// `interval` lies between two runs of one check. `now` gives milliseconds since the Unix epoch. Of two checks of one name the first
    /// stays.
    public init(
        checks: [HealthCheck], version: String, interval: Duration = .seconds(5),
        clock: any Clock<Duration> = ContinuousClock(), now: @escaping @Sendable () -> Int64
    ) {
        var unique: [HealthCheck] = []
        for check in checks where !unique.contains(where: { $0.name == check.name }) { unique.append(check) }
        self.checks = unique
        self.version = version
        self.interval = interval
        self.clock = clock
        self.now = now
        state = Mutex(State(components: unique.map { ComponentHealth(name: $0.name, state: .pending) }))
    }

    /// The last findings, stamped now.
    public var report: HealthReport {
        let (components, isShuttingDown) = state.withLock { ($0.components, $0.isShuttingDown) }
        return HealthReport(
            timestamp: now(), version: version, components: components,
            critical: Set(checks.filter { $0.weight == .critical }.map(\.name)), isShuttingDown: isShuttingDown)
    }

    /// From now on the process is not ready: the first step of a shutdown, so that a balancer looks elsewhere.
    public func beginShutdown() {
        state.withLock { $0.isShuttingDown = true }
    }

    /// Runs the checks until cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            for (place, check) in checks.enumerated() {
                group.addTask {
                    while !Task.isCancelled {
                        await self.run(check, at: place)
                        do { try await self.sleep(self.interval) } catch { return }
                    }
                }
            }
        }
    }

    /// Runs every check once, at the same time, and returns when all have ended.
    public func runOnce() async {
        await withDiscardingTaskGroup { group in
            for (place, check) in checks.enumerated() {
                group.addTask { await self.run(check, at: place) }
            }
        }
    }

    private func run(_ check: HealthCheck, at place: Int) async {
        let stopwatch = ContinuousClock()
        let start = stopwatch.now
        let finding = Finding()
        let publish: @Sendable (CheckState) -> Void = { found in
            guard finding.decide() else { return }
            let spent = (stopwatch.now - start).seconds * 1000
            let component = ComponentHealth(name: check.name, state: found, latencyMilliseconds: (spent * 1000).rounded() / 1000)
            self.state.withLock { $0.components[place] = component }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    publish(try await check.run().state)
                } catch is CancellationError {
                    // Told to stop, by the time-out or by the end of the process: not a finding.
                } catch {
                    publish(.failed(message: "\(error)"))
                }
            }
            group.addTask {
                do {
                    try await self.sleep(check.timeout)
                    publish(.timedOut(after: check.timeout))
                } catch {
                    // The check ended first.
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func sleep(_ duration: Duration) async throws {
        try await clock.sleep(for: duration, tolerance: nil)
    }
}

/// Whoever publishes first decides: a check that ends just after its time-out does not turn the finding round.
private final class Finding: Sendable {
    private let isDecided = Atomic(false)

    /// True for the first caller.
    func decide() -> Bool {
        !isDecided.exchange(true, ordering: .acquiringAndReleasing)
    }
}
