import MetricsModel
import Postgres
import Support
import Testing

@testable import Sampling

/// A server that single questions are put to, without a target around them.
struct AskedServer {
    let session: PostgresSession
    let context: QuestionContext
    private let readiness: Readiness

    static func with<Result>(_ url: String, _ body: (AskedServer) async throws -> Result) async throws -> Result {
        let server = try await AskedServer(url)
        do {
            let result = try await body(server)
            await server.close()
            return result
        } catch {
            await server.close()
            throw error
        }
    }

    private init(_ url: String) async throws {
        readiness = try Readiness()
        session = PostgresSession(try PostgresConfiguration(url), readiness: readiness)
        let row = try #require(
            try await session.rows(
                Statement(
                    """
                    SELECT current_setting('server_version_num') AS version, pg_is_in_recovery() AS standby,
                        (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
                        pg_has_role('pg_monitor', 'USAGE') AS monitor, current_database()::text AS name
                    """), by: .now + .seconds(20)
            ).first)
        var context = QuestionContext()
        context.version = try row.int("version") ?? 0
        context.server.isStandby = try row.bool("standby") ?? false
        context.server.isSuperuser = try row.bool("superuser") ?? false
        context.server.isMonitor = try row.bool("monitor") ?? false
        context.database.name = try row.string("name") ?? ""
        self.context = context
    }

    static var questions: [Question] { PostgresCollectorSwitch.beyond.flatMap(\.questions) }

    /// Asks one question by its name. Throws what the server said.
    func ask(_ name: String) async throws -> Answer {
        let question = try #require(Self.questions.first { $0.name == name }, "there is no question \(name)")
        return try await ask(question)
    }

    func ask(_ question: Question) async throws -> Answer {
        let rows = try await session.rows(
            Statement(question.sql(context), question.parameters(PostgresTargetSettings()), limits: question.limits),
            by: .now + .seconds(20))
        var sample = SampleBuilder(SeriesCache())
        guard case .columns(let columns) = question.reading else { return Answer(families: [], rows: rows) }
        try ColumnReader(columns: columns).read(rows, into: &sample)
        return Answer(families: sample.finish().families, rows: rows)
    }

    private func close() async {
        await session.close()
        readiness.stop()
    }
}

/// What an answer became.
struct Answer {
    let families: [FamilySamples]
    let rows: Postgres.Rows

    var points: [(name: String, labels: Labels, value: Double)] {
        families.flatMap { $0.everyPoint.map { ($0.series.name, $0.series.labels, $0.value) } }
    }

    /// The value of a series by its name and some of its labels; nil without one.
    func reading(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        points.first { point in point.name == name && labels.allSatisfy { point.labels[$0.key] == $0.value } }?.value
    }

    func all(_ name: String) -> [(labels: Labels, value: Double)] {
        points.filter { $0.name == name }.map { ($0.labels, $0.value) }
    }
}

/// A session of an application's, kept open.
final class Client: Sendable {
    private let connection: PostgresConnection
    private let readiness: Readiness

    init(_ url: String, name: String = "client") async throws {
        readiness = try Readiness()
        connection = PostgresConnection(
            try PostgresConfiguration(url, applicationName: name, purpose: .application), readiness: readiness)
        try await connection.connect(by: .now + .seconds(20))
    }

    @discardableResult
    func run(_ sql: String) async throws -> Postgres.Rows {
        let limits = StatementLimits(statement: .seconds(60), lock: .seconds(60))
        return try await connection.pipeline([Statement(sql, preparation: .unprepared, limits: limits)], by: .now + .seconds(60))
            .rows(0)
    }

    func close() async {
        await connection.close()
        readiness.stop()
    }
}

/// Asks until it is so; false when it never was.
func comesTrue(within limit: Duration = .seconds(20), _ what: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await what() { return true }
        try await Task.sleep(for: .milliseconds(50))
    }
    return false
}
