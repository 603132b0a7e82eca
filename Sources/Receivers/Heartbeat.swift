public import Alerting
public import AsyncHTTPClient
internal import Synchronization

/// Tells a dead man's switch (healthchecks.io and its kind) that evaluation is alive, or that it fails. When the pings stop, the
/// switch pages: that is the one alert that Vitals can't send itself.
///
/// There is no queue: a ping that is late says something that is no longer so.
public final class Heartbeat: Sendable {
    public struct Settings: Sendable, Equatable {
        public var name: String
        /// Its path is the secret. A failure goes to the same address with `/fail` after the path.
        public var url: Secret
        public var interval: Duration = .seconds(60)
        public var http = HTTPSettings()

        public init(name: String, url: Secret) {
            self.name = name
            self.url = url
        }
    }

    /// One heartbeat as pages and metrics show it. Counters since the start; instants in milliseconds since the epoch.
    public struct Snapshot: Sendable {
        public let name: String
        public fileprivate(set) var succeeded: UInt64 = 0
        public fileprivate(set) var failed: UInt64 = 0
        public fileprivate(set) var lastAttempt: Int64?
        public fileprivate(set) var lastSuccess: Int64?
        /// Of the last ping; nil when it arrived.
        public fileprivate(set) var error: NotifyError?
        /// What was last told: nil for health, else why not.
        public fileprivate(set) var problem: String?
    }

    /// Tries of one ping, the first included.
    private static let triesMax = 3

    public let settings: Settings
    private let sender: HTTPSender
    private let clock: any WallClock
    private let state: Mutex<Snapshot>

    public init(_ settings: Settings, client: HTTPClient, clock: any WallClock = SystemWallClock()) {
        self.settings = settings
        sender = HTTPSender(credentials: settings.http.credentials, timeout: settings.http.timeout, client: client)
        self.clock = clock
        state = Mutex(Snapshot(name: settings.name))
    }

    public var snapshot: Snapshot { state.withLock { $0 } }

    /// Pings at once and then every interval, until cancelled.
    ///
    /// - Parameters:
    ///   - problem: why evaluation does not work; nil when it does.
    ///   - onChange: when pings begin to fail, and when they arrive again.
    public func run(
        problem: @Sendable () -> String?, onChange: @Sendable (NotifyError?) -> Void
    ) async throws(CancellationError) {
        let (seconds, attoseconds) = settings.interval.components
        let interval = max(1, seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
        while !Task.isCancelled {
            let started = clock.now
            let wasFailing = snapshot.error != nil
            let error = await ping(problem: problem(), until: started + interval)
            if Task.isCancelled { break }
            if (error != nil) != wasFailing { onChange(error) }
            try await clock.sleep(until: started + interval)
        }
        throw CancellationError()
    }

    /// One ping, tried again until it arrives, a refusal is final, or the next is due.
    func ping(problem: String?, until end: Int64) async -> NotifyError? {
        var pause: Int64 = 500
        var last: NotifyError?
        for _ in 0..<Self.triesMax {
            do throws(NotifyError) {
                try await send(problem: problem)
                state.withLock {
                    $0.succeeded += 1
                    ($0.lastAttempt, $0.lastSuccess) = (clock.now, clock.now)
                    ($0.error, $0.problem) = (nil, problem)
                }
                return nil
            } catch {
                last = error
                if !error.isRetryable || clock.now + pause >= end || Task.isCancelled { break }
                do {
                    try await clock.sleep(until: clock.now + max(pause, min(error.retryAfter ?? 0, end - clock.now)))
                } catch {
                    break
                }
                pause *= 2
            }
        }
        state.withLock {
            $0.failed += 1
            $0.lastAttempt = clock.now
            ($0.error, $0.problem) = (last, problem)
        }
        return last
    }

    private func send(problem: String?) async throws(NotifyError) {
        let url = try settings.url.read()
        guard let problem else {
            _ = try await sender.send(.get, to: url, secrets: URLParts.secrets(of: url))
            return
        }
        // healthchecks.io keeps the body of a failure and shows it in its page.
        _ = try await sender.send(
            .post(body: Array(problem.utf8), contentType: "text/plain; charset=utf-8"), to: Self.failureURL(url),
            secrets: URLParts.secrets(of: url))
    }

    /// The address with `/fail` after its path.
    static func failureURL(_ url: String) -> String {
        let end = url.firstIndex { $0 == "?" || $0 == "#" } ?? url.endIndex
        var path = url[..<end]
        while path.hasSuffix("/") { path = path.dropLast() }
        return path + "/fail" + url[end...]
    }
}
