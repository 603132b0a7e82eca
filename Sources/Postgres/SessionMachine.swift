/// Who has the one connection of a session, and when it may be opened again after a failure. No I/O, no clock.
struct SessionMachine: Sendable {
    enum State: Sendable, Hashable {
        case free
        case taken
        case closed
    }

    /// Waits between attempts to connect: doubled from `first` to `longest` while they fail.
    struct Backoff: Sendable, Hashable {
        static let first = Duration.milliseconds(250)
        static let longest = Duration.seconds(5)

        let pause: Duration
        let error: PostgresError
        let until: ContinuousClock.Instant
    }

    private(set) var state = State.free
    private(set) var backoff: Backoff?
    /// Users that wait, first come first served.
    private(set) var queue: [UInt64] = []
    /// Enough for every task of a process that shares one connection; beyond it something is wrong and waiting makes it worse.
    static let queueMax = 256

    enum AcquireAction: Sendable, Hashable {
        case use
        case wait
        case refuse(PostgresError)
    }

    mutating func acquire(_ user: UInt64) -> AcquireAction {
        switch state {
        case .free:
            state = .taken
            return .use
        case .taken:
            guard queue.count < SessionMachine.queueMax else { return .refuse(.stillWaiting) }
            queue.append(user)
            return .wait
        case .closed: return .refuse(SessionMachine.closed)
        }
    }

    /// The waiting user gave up.
    mutating func withdraw(_ user: UInt64) {
        queue.removeAll { $0 == user }
    }

    enum ReleaseAction: Sendable, Hashable {
        case none
        /// The connection now belongs to this user.
        case hand(to: UInt64)
        /// The server does not answer: no use in waiting longer.
        case refuseAll([UInt64])
    }

    mutating func release(isResponsive: Bool) -> ReleaseAction {
        switch state {
        case .free, .closed: return .none
        case .taken:
            if !isResponsive {
                state = .free
                defer { queue = [] }
                return queue.isEmpty ? .none : .refuseAll(queue)
            }
            guard !queue.isEmpty else {
                state = .free
                return .none
            }
            return .hand(to: queue.removeFirst())
        }
    }

    enum ConnectAction: Sendable, Hashable {
        case connect
        case refuse(PostgresError)
    }

    func connectRequested(at now: ContinuousClock.Instant) -> ConnectAction {
        guard let backoff, now < backoff.until else { return .connect }
        return .refuse(backoff.error)
    }

    mutating func connected() { backoff = nil }

    mutating func connectFailed(_ error: PostgresError, at now: ContinuousClock.Instant) {
        let pause = min(backoff.map { $0.pause * 2 } ?? Backoff.first, Backoff.longest)
        backoff = Backoff(pause: pause, error: error, until: now + pause)
    }

    /// Returns the users that waited.
    mutating func close() -> [UInt64] {
        state = .closed
        defer { queue = [] }
        return queue
    }

    static let closed = PostgresError(.connection, "the session is closed")
}
