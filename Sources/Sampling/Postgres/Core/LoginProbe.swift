internal import Postgres

/// Tries now and then whether the role may still log in: a connection that lives on says nothing about that. One attempt at a time,
/// closed as soon as the server has let it in.
actor LoginProbe {
    /// Not more often than this: each attempt is a process on the server, each refusal a line in its log. Shorter than the usual
    /// sample interval, so that every sample of one tells the truth.
    static let everyMilliseconds: Int64 = 14_000
    /// How long a sample waits for the answer; a slower one counts with the next sample.
    static let patience = Duration.milliseconds(250)

    enum Verdict: Sendable, Hashable {
        /// Nothing is known yet.
        case unknown
        /// How long the login took; nil when nobody saw it end.
        case allowed(took: Duration?)
        case refused(PostgresError)
    }

    private let connection: PostgresConnection
    private var verdict = Verdict.unknown
    private var tried: Int64?

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// What is known, after an attempt when one is due. Call it only when the kept connection has just answered: a server that is
    /// frozen gets no second connection.
    func look(at now: Int64, by limit: ContinuousClock.Instant) async -> Verdict {
        if let tried, now >= tried, now - tried < LoginProbe.everyMilliseconds { return verdict }
        tried = now
        // An attempt that went on in the background has ended meanwhile, nobody knows when.
        let isUnseen = await connection.status == .idle
        let started = ContinuousClock.now
        do throws(PostgresError) {
            try await connection.connect(by: min(limit, started + LoginProbe.patience))
            verdict = .allowed(took: isUnseen ? nil : ContinuousClock.now - started)
            await connection.close()
        } catch {
            switch error.code {
            // The first time it is slow; the second time it has been for a whole pause.
            case .timeout: break
            case .busy: verdict = .refused(PostgresError(.timeout, "a new connection has not been let in yet"))
            case .configuration, .connection, .authentication, .tooManyConnections, .startingUp, .permissionDenied,
                .undefinedObject, .constraintViolation, .notFound, .serialization, .deadlock, .readOnly, .syntax,
                .unexpectedValue, .internal:
                verdict = .refused(error)
            }
        }
        return verdict
    }

    /// The kept connection was made anew at this moment, or was lost: what was known is worth nothing.
    func forget(_ now: Int64, isAllowed: Bool) {
        tried = isAllowed ? now : nil
        verdict = isAllowed ? .allowed(took: nil) : .unknown
    }

    func close() async { await connection.close() }
}

extension LoginProbe.Verdict {
    var refusal: PostgresError? {
        switch self {
        case .refused(let error): error
        case .unknown, .allowed: nil
        }
    }
}
