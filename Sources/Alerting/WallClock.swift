import Glibc

/// Civil time, handed in so that tests drive it by hand. Rules are evaluated at instants of civil time, as Prometheus does it.
public protocol WallClock: Sendable {
    /// Milliseconds since the Unix epoch.
    var now: Int64 { get }
    /// Returns at `instant` (milliseconds since the epoch) or soon after; at once when it has passed.
    func sleep(until instant: Int64) async throws(CancellationError)
}

/// The system's clock.
public struct SystemWallClock: WallClock {
    public init() {}

    public var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    public func sleep(until instant: Int64) async throws(CancellationError) {
        let wait = instant - now
        guard wait > 0 else { return }
        do {
            try await Task.sleep(for: .milliseconds(wait))
        } catch {
            throw CancellationError()
        }
    }
}
