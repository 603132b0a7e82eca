import MetricsModel
import Postgres
import Support

@testable import Sampling

/// Every question of every collector, put once to one server: what each answered, why it failed, or why it was not put.
struct QuestionRound: Sendable {
    enum Outcome: Sendable {
        case answered(Rows)
        case failed(PostgresError)
        /// By a condition, whose reason it is.
        case skipped(String)
    }

    let context: QuestionContext
    let outcomes: [(question: Question, outcome: Outcome)]

    static let questions = PostgresCollectorSwitch.all.flatMap(\.questions)

    init(on url: String) async throws {
        let readiness = try Readiness()
        defer { readiness.stop() }
        let connection = PostgresConnection(try PostgresConfiguration(url), readiness: readiness)
        let deadline = ContinuousClock.now + .seconds(60)
        try await connection.connect(by: deadline)
        let context = try await QuestionRound.context(connection, by: deadline)
        var outcomes: [(Question, Outcome)] = []
        for question in QuestionRound.questions {
            if let unmet = question.conditions.first(where: { !$0.holds(in: context) }) {
                outcomes.append((question, .skipped(unmet.reason)))
                continue
            }
            let statement = Statement(
                question.sql(context), question.parameters(PostgresTargetSettings()), preparation: question.preparation,
                limits: question.limits)
            let result = await connection.pipeline([statement], by: deadline)
            do throws(PostgresError) {
                outcomes.append((question, .answered(try result.rows(0))))
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
                guard case .answered(let rows) = outcome, case .columns(let columns) = question.reading else { return [] }
                return columns.filter { rows.columns.contains($0.name) }.compactMap(\.family?.name)
            })
    }

    /// What the conditions ask after, read from the server.
    static func context(_ connection: PostgresConnection, by deadline: ContinuousClock.Instant) async throws
        -> QuestionContext
    {
        let relations = Set(questions.flatMap(\.conditions).flatMap(\.relations)).sorted()
        let list = relations.map { "'\($0)'" }.joined(separator: ", ")
        let result = await connection.pipeline(
            [
                Statement(
                    """
                    SELECT pg_is_in_recovery(), pg_has_role('pg_monitor', 'USAGE'), rolsuper, current_user, current_database()
                    FROM pg_roles WHERE rolname = current_user
                    """),
                Statement(
                    "SELECT extname, extversion, quote_ident(nspname) || '.' FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace"
                ),
                Statement("SELECT nspname FROM pg_namespace"),
                Statement("SELECT name FROM unnest(ARRAY[\(list)]::text[]) AS name WHERE to_regclass(name) IS NOT NULL"),
            ], by: deadline)
        var context = QuestionContext()
        context.version = await connection.serverVersion
        for row in try result.rows(0) {
            context.server.isStandby = try row.bool(0) ?? false
            context.server.isMonitor = try row.bool(1) ?? false
            context.server.isSuperuser = try row.bool(2) ?? false
            context.server.user = try row.string(3) ?? ""
            context.database.name = try row.string(4) ?? ""
        }
        for row in try result.rows(1) {
            context.database.extensions[try row.string(0) ?? ""] = DatabaseTraits.Extension(
                version: try row.string(1) ?? "", schema: try row.string(2) ?? "")
        }
        for row in try result.rows(2) { context.database.schemas.insert(try row.string(0) ?? "") }
        for row in try result.rows(3) { context.database.relations.insert(try row.string(0) ?? "") }
        return context
    }
}
