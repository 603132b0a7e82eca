/// What is still to come of one pipeline, and what has come: the bookkeeping between libpq's stream of results and the statements
/// asked. No I/O.
struct Exchange: Sendable {
    /// One entry of libpq's queue.
    enum Expectation: Sendable, Hashable {
        /// The session's limits are being set to these.
        case limits(StatementLimits)
        /// Settings whose failure does not matter.
        case setup
        case prepare(sql: StatementText, name: String)
        case execute(place: Int)
        case sync
    }

    /// What an answer means for the connection.
    enum Effect: Sendable, Hashable {
        case none
        case limitsAre(StatementLimits)
        case prepared(sql: StatementText, name: String)
        /// The server no longer has (or never had) this statement's preparation.
        case forget(place: Int)
    }

    private var expected: [Expectation]
    private var position = 0
    private(set) var result: PipelineResult
    private var lastArrival: ContinuousClock.Instant
    /// Statements to run once more because their prepared form was gone.
    private(set) var stale: [Int] = []
    /// Why the server said it would end the connection.
    private(set) var lastWords: PostgresError?

    init(expecting expected: [Expectation], result: PipelineResult, sent: ContinuousClock.Instant) {
        self.expected = expected
        self.result = result
        lastArrival = sent
    }

    var isComplete: Bool { position >= expected.count }

    /// The next result of libpq's, nil being the end of one command's. Nil when the answer does not fit the question.
    mutating func received(_ answer: Handle.Answer?, at now: ContinuousClock.Instant) -> Effect? {
        guard position < expected.count else { return nil }
        let expectation = expected[position]
        if let error = answer?.error, error.code == .connection, error.sqlState != nil { lastWords = error }
        guard let answer else {
            if expectation != .sync { position += 1 }
            return Effect.none
        }
        switch (expectation, answer.kind) {
        case (.sync, .sync):
            position += 1
            return Effect.none
        case (.sync, _), (_, .sync), (_, .copy): return nil
        case (.setup, _): return Effect.none
        case (.limits(let limits), .rows): return .limitsAre(limits)
        case (.prepare(let sql, let name), .rows): return .prepared(sql: sql, name: name)
        case (.prepare, .error):
            // The statement's own answer will say 'aborted'; this is why.
            if case .execute(let place)? = position + 1 < expected.count ? expected[position + 1] : nil, let error = answer.error
            {
                return settle(place, error: error, now)
            }
            return Effect.none
        case (.execute(let place), .rows), (.execute(let place), .empty):
            result.outcomes[place] = .rows(answer.rows)
            result.durations[place] = now - lastArrival
            lastArrival = now
            return Effect.none
        case (.execute(let place), .error):
            return answer.error.map { settle(place, error: $0, now) } ?? Effect.none
        case (.execute, .aborted), (.limits, _), (.prepare, _): return Effect.none
        }
    }

    private mutating func settle(_ place: Int, error: PostgresError, _ now: ContinuousClock.Instant) -> Effect {
        result.outcomes[place] = .failed(error)
        result.durations[place] = now - lastArrival
        lastArrival = now
        // 26000: dropped by DISCARD ALL or never known to the server behind a pooler; 42P05: known there under another's text;
        // 0A000: a table changed under the plan.
        let isStale =
            error.sqlState == "26000" || error.sqlState == "42P05"
            || (error.sqlState == "0A000" && error.message.contains("cached plan"))
        guard isStale else { return .none }
        stale.append(place)
        return .forget(place: place)
    }

    /// The connection is gone: nothing more will come.
    mutating func lost(_ error: PostgresError) {
        for place in result.outcomes.indices {
            if case .late = result.outcomes[place] { result.outcomes[place] = .failed(error) }
        }
        result.ending = .lost(error)
        position = expected.count
    }

    mutating func ended(_ ending: PipelineResult.Ending) { result.ending = ending }
}
