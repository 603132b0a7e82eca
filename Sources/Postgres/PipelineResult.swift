/// What became of the statements of one pipeline.
public struct PipelineResult: Sendable {
    /// What became of one statement.
    public enum Outcome: Sendable {
        case rows(Rows)
        case failed(PostgresError)
        /// Not answered before the deadline, or not sent because an earlier answer is still awaited.
        case late
    }

    /// How the connection stands after the call.
    public enum Ending: Sendable, Hashable {
        /// Every statement was answered.
        case complete
        /// The deadline came first; the connection is kept and what is outstanding is read and dropped in the background.
        case late
        /// Nothing was sent: an earlier pipeline or connection attempt is still unanswered.
        case busy
        /// The connection was lost, or there was none to be had.
        case lost(PostgresError)
    }

    /// One for each statement, in order.
    public internal(set) var outcomes: [Outcome]
    /// From the answer before to this one's: with statements pipelined, the time that the server spent on each. Zero for `late`.
    public internal(set) var durations: [Duration]
    public internal(set) var ending: Ending
    /// How often the caller waited for a whole answer: 1, or 2 when a prepared statement had to be prepared anew.
    public internal(set) var roundTrips = 0
    /// Bytes of SQL and parameters handed to libpq.
    public internal(set) var bytesSent = 0

    init(count: Int, outcome: Outcome, ending: Ending) {
        outcomes = Array(repeating: outcome, count: count)
        durations = Array(repeating: .zero, count: count)
        self.ending = ending
    }

    /// Nothing was sent.
    init(count: Int, refused ending: Ending) {
        let outcome: Outcome = if case .lost(let error) = ending { .failed(error) } else { .late }
        self.init(count: count, outcome: outcome, ending: ending)
    }

    /// The rows of one statement. Throws what the server said, or `timeout` when it said nothing in time.
    public func rows(_ place: Int) throws(PostgresError) -> Rows {
        guard outcomes.indices.contains(place) else {
            throw PostgresError(.unexpectedValue, "the pipeline had no statement \(place)")
        }
        switch outcomes[place] {
        case .rows(let rows): return rows
        case .failed(let error): throw error
        case .late: throw ending == .busy ? PostgresError.stillWaiting : PostgresError.deadline
        }
    }
}

extension PostgresError {
    static let deadline = PostgresError(.timeout, "Postgres did not answer before the deadline")
    static let stillWaiting = PostgresError(.busy, "Postgres has not answered an earlier request yet")
}
