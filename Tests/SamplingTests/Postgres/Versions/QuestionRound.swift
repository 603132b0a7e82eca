import MetricsModel
import Postgres
import Support

@testable import Sampling

/// Every question of every collector, put once to one server: what each answered, why it failed, or why it was not put.
struct QuestionRound: Sendable {
    enum Outcome: Sendable {
        /// To each of its statements.
        case answered([Rows])
        case failed(PostgresError)
        /// By a condition, whose reason it is.
        case skipped(String)
    }

    let context: QuestionContext
    let outcomes: [(question: Question, outcome: Outcome)]

    static let questions = PostgresCollectorSwitch.all.flatMap(\.questions)

    /// What the statement sampler asks in its first reading.
    static func remembering(_ context: QuestionContext) -> [Question] {
        StatementSampler(StatementSettings()).questions(context)
    }

    /// `family`: only the questions that can have it; nil: all.
    init(on url: String, asking family: String? = nil) async throws {
        let readiness = try Readiness()
        defer { readiness.stop() }
        let connection = PostgresConnection(try PostgresConfiguration(url), readiness: readiness)
        let deadline = ContinuousClock.now + .seconds(60)
        try await connection.connect(by: deadline)
        let context = try await QuestionRound.context(connection, by: deadline)
        var outcomes: [(Question, Outcome)] = []
        for question in QuestionRound.questions + QuestionRound.remembering(context)
        where family == nil || question.families.contains(where: { $0.name == family }) {
            if let unmet = question.conditions.first(where: { !$0.holds(in: context) }) {
                outcomes.append((question, .skipped(unmet.reason)))
                continue
            }
            let result = await connection.pipeline(question.statements(context), by: deadline)
            do throws(PostgresError) {
                var answers: [Rows] = []
                for place in result.outcomes.indices { answers.append(try result.rows(place)) }
                outcomes.append((question, .answered(answers)))
            } catch {
                outcomes.append((question, .failed(error)))
            }
        }
        await connection.close()
        self.context = context
        self.outcomes = outcomes
    }

    /// `NAME: error` of each question that failed.
    var failures: [String] {
        outcomes.compactMap { question, outcome in
            if case .failed(let error) = outcome { "\(question.name): \(error)" } else { nil }
        }
    }

    /// The families whose columns are in the answers, whether a row has a value for them or not.
    var offered: Set<String> {
        Set(
            outcomes.flatMap { question, outcome -> [String] in
                guard case .answered(let answers) = outcome, let rows = answers.first else { return [] }
                return switch question.reading {
                case .columns(let columns):
                    columns.filter { rows.columns.contains($0.name) }.compactMap(\.family?.name)
                // They come out of columns that every version has.
                case .tables: question.families.map(\.name)
                case .rows: []
                }
            })
    }

    /// The sum of a family's values over all rows of its answers; NaN when none has it.
    func sum(_ family: String) -> Double {
        var sum = Double.nan
        for case (let question, .answered(let answers)) in outcomes {
            guard case .columns(let columns) = question.reading, let rows = answers.first else { continue }
            for column in columns where column.family?.name == family {
                guard let place = rows.columns.firstIndex(of: column.name) else { continue }
                let values = rows.compactMap { row in try? row.double(place) }
                if !values.isEmpty { sum = (sum.isNaN ? 0 : sum) + values.reduce(0, +) }
            }
        }
        return sum
    }

    /// What the conditions ask after, read from the server.
    static func context(_ connection: PostgresConnection, by deadline: ContinuousClock.Instant) async throws
        -> QuestionContext
    {
        let result = await connection.pipeline(
            [ServerTraits.statement, DatabaseTraits.statement(for: questions.flatMap(\.conditions))], by: deadline)
        return QuestionContext(
            version: await connection.serverVersion, server: try ServerTraits(result.rows(0)),
            database: try DatabaseTraits(result.rows(1)))
    }
}

extension Question {
    /// As a target puts it.
    func statements(_ context: QuestionContext) -> [Statement] {
        let settings = PostgresTargetSettings()
        return AskedQuestion(self, settings, constantLabels: .empty).statements(context, settings)
    }
}
