internal import Postgres

/// What is remembered of a question to one database, and when it is asked again. Times are milliseconds since the Unix epoch.
struct AnswerState<Answer: Sendable>: Sendable {
    enum Plan {
        case ask
        case reuse(Answer)
        case failed(PostgresError)
    }

    /// A question that failed by itself is left alone for a while: each try is an error in the server's log.
    static var pauseMilliseconds: Int64 { 60_000 }

    private enum Last {
        case nothing
        case answer(Answer, at: Int64)
        case failure(PostgresError, at: Int64)
    }

    private var last = Last.nothing

    /// `interval`: for how long an answer is used again.
    func plan(at now: Int64, interval: Duration) -> Plan {
        switch last {
        case .nothing: .ask
        // A clock that was set back says nothing about ages.
        case .answer(_, let time) where now < time: .ask
        case .failure(_, let time) where now < time: .ask
        case .answer(let answer, let time): Double(now - time) < interval.seconds * 1000 ? .reuse(answer) : .ask
        case .failure(let error, let time): now - time < Self.pauseMilliseconds ? .failed(error) : .ask
        }
    }

    mutating func took(_ answer: Answer, at now: Int64) { last = .answer(answer, at: now) }

    /// A timeout or a lost connection says nothing about the question: it is asked again next time. In either case the last answer
    /// is gone: what fails shows nothing old.
    mutating func failed(_ error: PostgresError, at now: Int64) {
        last =
            switch error.code {
            case .timeout, .busy, .connection, .startingUp, .tooManyConnections, .authentication, .configuration: .nothing
            case .permissionDenied, .undefinedObject, .constraintViolation, .notFound, .serialization, .deadlock, .readOnly,
                .syntax, .unexpectedValue, .internal:
                .failure(error, at: now)
            }
    }
}
