internal import Postgres

/// What PgBouncer's console has said: the answers of one sample, and of earlier ones those that are used again.
struct PgBouncerAnswers {
    /// A command that was refused is left alone for a while: each try is an error and a warning in PgBouncer's log.
    static let pauseMilliseconds: Int64 = 60_000

    private struct Answer {
        let result: Result<Rows, PostgresError>
        /// Milliseconds since the Unix epoch.
        let time: Int64
    }

    private var answers: [PgBouncerCommand: Answer] = [:]
    private(set) var durations: [PgBouncerCommand: Duration] = [:]

    /// Which of `commands` are to be asked now. `SHOW LISTS` always is: whether it is answered is whether PgBouncer is up.
    func due(_ commands: Set<PgBouncerCommand>, at now: Int64) -> [PgBouncerCommand] {
        PgBouncerCommand.allCases.filter { command in
            if command == .lists { return true }
            guard commands.contains(command), let answer = answers[command], now >= answer.time else {
                return commands.contains(command)
            }
            switch answer.result {
            case .success: return now - answer.time >= command.reuseMilliseconds
            case .failure(let error): return !error.isRefusal || now - answer.time >= PgBouncerAnswers.pauseMilliseconds
            }
        }
    }

    mutating func took(_ result: PipelineResult, _ asked: [PgBouncerCommand], at now: Int64) {
        durations = [:]
        // What is not used again must not be taken for an answer of this sample.
        answers = answers.filter { command, answer in
            if case .failure = answer.result { true } else { command.reuseMilliseconds > 0 }
        }
        for (place, command) in asked.enumerated() {
            answers[command] = Answer(result: Result { () throws(PostgresError) in try result.rows(place) }, time: now)
            durations[command] = result.durations[place]
        }
    }

    /// Another process may answer next time.
    mutating func forget() {
        answers = [:]
        durations = [:]
    }

    func rows(_ command: PgBouncerCommand) throws(PostgresError) -> Rows {
        guard let answer = answers[command] else { throw PostgresError(.internal, "\(command.rawValue) was not asked") }
        return try answer.result.get()
    }

    /// How many clients there are, as `SHOW LISTS` says; nil when it was not answered, or not understood: its collector fails then.
    var usedClients: Int? {
        guard let lists = rowsIfThere(.lists) else { return nil }
        for row in lists {
            guard let name = try? row.string(0), name == "used_clients" else { continue }
            return (try? row.int(1)) ?? nil
        }
        return nil
    }

    func rowsIfThere(_ command: PgBouncerCommand) -> Rows? {
        if case .success(let rows)? = answers[command]?.result { rows } else { nil }
    }
}

extension PostgresError {
    /// Said by a console that lives: asking again at once brings the same answer.
    fileprivate var isRefusal: Bool {
        switch code {
        case .timeout, .busy, .connection, .startingUp, .tooManyConnections, .authentication, .configuration:
            // PgBouncer's console calls everything that it refuses a protocol violation.
            sqlState == "08P01"
        case .permissionDenied, .undefinedObject, .constraintViolation, .notFound, .serialization, .deadlock, .readOnly, .syntax,
            .unexpectedValue, .internal:
            true
        }
    }
}
