/// The life of one connection, without its I/O: who drives it, and what a request may do now. At most one attempt and one exchange
/// are ever under way.
struct ConnectionMachine: Sendable {
    enum Driver: Sendable, Hashable {
        /// A caller waits for the outcome.
        case caller
        /// The caller's deadline has passed; the attempt goes on by itself.
        case background
    }

    enum State: Sendable, Hashable {
        /// No connection; why, unless it never was one or was closed on purpose.
        case closed(PostgresError?)
        case connecting(Driver)
        case idle
        /// A caller waits for answers.
        case busy
        /// Late answers are read and dropped.
        case draining
    }

    private(set) var state = State.closed(nil)

    enum ConnectAction: Sendable, Hashable {
        case start, none
        case refuse(PostgresError)
    }

    mutating func connectRequested() -> ConnectAction {
        switch state {
        case .closed:
            state = .connecting(.caller)
            return .start
        case .idle: return .none
        case .connecting, .busy, .draining: return .refuse(.stillWaiting)
        }
    }

    enum DeadlineAction: Sendable, Hashable {
        case continueInBackground, none
    }

    /// The caller that drives an attempt or an exchange waits no longer.
    mutating func deadlinePassed() -> DeadlineAction {
        switch state {
        case .connecting(.caller):
            state = .connecting(.background)
            return .continueInBackground
        case .busy:
            state = .draining
            return .continueInBackground
        case .closed, .connecting(.background), .idle, .draining: return .none
        }
    }

    enum ArrivalAction: Sendable, Hashable {
        case ready
        /// The connection was closed meanwhile.
        case ignore
    }

    mutating func connected() -> ArrivalAction {
        switch state {
        case .connecting:
            state = .idle
            return .ready
        case .closed, .idle, .busy, .draining: return .ignore
        }
    }

    enum RequestAction: Sendable, Hashable {
        case send
        case refuse(PipelineResult.Ending)
    }

    mutating func requested() -> RequestAction {
        switch state {
        case .idle:
            state = .busy
            return .send
        case .closed(let error): return .refuse(.lost(error ?? PostgresError(.connection, "not connected")))
        case .connecting, .busy, .draining: return .refuse(.busy)
        }
    }

    /// Every answer has been read.
    mutating func answered() -> ArrivalAction {
        switch state {
        case .busy, .draining:
            state = .idle
            return .ready
        case .closed, .connecting, .idle: return .ignore
        }
    }

    enum LossAction: Sendable, Hashable {
        case finish, none
    }

    /// The attempt failed, or the connection ended.
    mutating func lost(_ error: PostgresError) -> LossAction {
        switch state {
        case .connecting, .idle, .busy, .draining:
            state = .closed(error)
            return .finish
        case .closed: return .none
        }
    }

    mutating func closeRequested() -> LossAction {
        switch state {
        case .connecting, .idle, .busy, .draining:
            state = .closed(nil)
            return .finish
        case .closed:
            state = .closed(nil)
            return .none
        }
    }
}

extension PipelineResult.Ending {
    /// The error that stands for the whole call; nil when it completed.
    public var error: PostgresError? {
        switch self {
        case .complete: nil
        case .late: .deadline
        case .busy: .stillWaiting
        case .lost(let error): error
        }
    }
}
