import Sampling
import ServiceLifecycle
import Synchronization

/// Samples on the clock, for the rules and the rows; scrapes sample by themselves.
struct SampleTimer: Service {
    let sampler: Sampler
    let interval: SampleInterval

    /// A sample may take this long. Shorter than the interval, so that a frozen target never makes two ticks meet, and no longer than
    /// Prometheus' default scrape time-out, so that a dead target is known as soon as a scrape would tell.
    static func deadline(for interval: Duration) -> Duration {
        min(interval * 4 / 5, .seconds(10))
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            let clock = ContinuousClock()
            var next = clock.now
            while !Task.isCancelled {
                let interval = interval.current
                _ = await sampler.sample(deadline: clock.now + Self.deadline(for: interval))
                next = max(next + interval, clock.now)
                do { try await clock.sleep(until: next) } catch { return }
            }
        }
    }
}

/// How often the timer samples; a reload may change it.
final class SampleInterval: Sendable {
    private let interval: Mutex<Duration>

    init(_ interval: Duration) {
        self.interval = Mutex(interval)
    }

    var current: Duration { interval.withLock { $0 } }

    func set(_ new: Duration) { interval.withLock { $0 = new } }
}
