internal import Postgres

/// The predicates of the questions to one database, and what the server said to them. They go out along with the questions of one sample
/// and decide about those of the next.
struct AskedPredicates: Sendable {
    private struct State: Sendable {
        let predicate: Predicate
        var answer: Result<Bool, PostgresError>?
        /// Milliseconds since the Unix epoch.
        var asked: Int64?
    }

    private static let limits = StatementLimits(statement: .seconds(1), lock: .milliseconds(100), isReadOnly: true)
    private var states: [State]

    init(_ conditions: [Condition]) {
        var seen: Set<Predicate> = []
        states = conditions.compactMap { condition in
            guard let predicate = condition.predicate, seen.insert(predicate).inserted else { return nil }
            return State(predicate: predicate)
        }
    }

    /// Those whose answers are too old, each asked once for each point in time.
    func due(at now: Int64) -> [Predicate] {
        states.filter { state in
            guard let asked = state.asked, now >= asked else { return true }
            return now > asked && Double(now - asked) >= state.predicate.interval.seconds * 1000
        }.map(\.predicate)
    }

    static func statement(_ predicate: Predicate) -> Statement {
        Statement(predicate.sql, preparation: .unprepared, limits: limits)
    }

    /// What was said to those still counts when nothing is said now: silence is of the connection, not of the predicate.
    mutating func take(_ predicate: Predicate, _ answer: Result<Rows, PostgresError>, at now: Int64) {
        guard let place = states.firstIndex(where: { $0.predicate == predicate }) else { return }
        states[place].asked = now
        do throws(PostgresError) {
            states[place].answer = .success(try AskedPredicates.read(answer.get()))
        } catch {
            states[place].answer = .failure(error)
        }
    }

    /// Of each that was answered.
    var answers: [Predicate: Bool] {
        var answers: [Predicate: Bool] = [:]
        for state in states { if case .success(let holds)? = state.answer { answers[state.predicate] = holds } }
        return answers
    }

    /// Why a predicate has no answer, where the server said so.
    func failure(_ condition: Condition) -> PostgresError? {
        guard let predicate = condition.predicate,
            case .failure(let error)? = states.first(where: { $0.predicate == predicate })?.answer
        else { return nil }
        return PostgresError(error.code, "the predicate '\(predicate.name)': \(error.message)", sqlState: error.sqlState)
    }

    /// One boolean; no row and NULL say no. Throws `unexpectedValue` for anything else.
    private static func read(_ rows: Rows) throws(PostgresError) -> Bool {
        guard rows.columns.count == 1, rows.count <= 1 else {
            throw PostgresError(.unexpectedValue, "a predicate answers with one row of one boolean")
        }
        return try rows.first?.bool(0) ?? false
    }
}

extension Condition {
    /// The predicate that it is, or is the opposite of.
    var predicate: Predicate? {
        switch self {
        case .predicate(let predicate): predicate
        case .not(let condition): condition.predicate
        case .version, .versions, .primary, .standby, .database, .user, .extension, .schema, .relation, .monitor, .superuser,
            .tag:
            nil
        }
    }
}
