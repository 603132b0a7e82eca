import Demo
import FoundationEssentials
import Glibc
import MetricsModel
import Postgres
import Support

@testable import Sampling

/// What one question costs: its plan once by EXPLAIN (ANALYZE, BUFFERS), and its execution with all rows sent, by the server's clock.
struct QueryCost: Sendable {
    let question: String
    let scope: Question.Scope
    /// How often it is put.
    let interval: Question.Interval
    /// Without a word from the user.
    let isOn: Bool
    var rows = 0
    /// Milliseconds of CPU of the server's process for one execution.
    var processor = 0.0
    /// Milliseconds from sending to the last row.
    var wall = 0.0
    var planning = 0.0
    /// Pages of 8 KiB.
    var buffersHit = 0
    var buffersRead = 0
    var error: String?

    /// From VITALS_EXPLAIN_TABLES; 0: not asked for.
    static let tables = getenv("VITALS_EXPLAIN_TABLES").flatMap { Int(String(cString: $0)) } ?? 0
    private static let executions = 10

    /// Eight databases, one of them with `tables` tables of ten rows, each with a primary key.
    static func server(in directory: TemporaryDirectory) async throws -> PrivatePostgres {
        let server = try await SharedPostgres.start(
            in: directory,
            settings: [
                "max_locks_per_transaction": "256", "autovacuum": "off",
                "track_io_timing": "on",
            ])
        try await SharedPostgres.run((1...5).map { "CREATE DATABASE other_\($0)" } + ["CREATE DATABASE big"], on: server.url)
        let url = server.url(user: PrivatePostgres.superuser, database: "big")
        let step = 250
        let batches = stride(from: 0, to: tables, by: step).map { first in
            """
            DO $$ BEGIN FOR n IN \(first)..\(min(first + step, tables) - 1) LOOP
                EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, note text)', n);
                EXECUTE format('INSERT INTO t%s SELECT i, i::text FROM generate_series(1, 10) i', n);
            END LOOP; END $$
            """
        }
        // About as many as pg_stat_statements keeps: the shape of the condition makes the query id.
        let statements = (0..<4800).map { number in
            "SELECT 1 WHERE " + (0..<13).map { number & (1 << $0) == 0 ? "1 > 2" : "1 < 2" }.joined(separator: " AND ")
        }
        try await SharedPostgres.run(
            ["CREATE EXTENSION pg_stat_statements", "CREATE EXTENSION pg_buffercache"] + batches + statements, on: url,
            within: .seconds(120))
        // The relation's hint bits and the catalogue's pages are settled before anything is measured.
        try await SharedPostgres.run(["VACUUM ANALYZE"], on: url, within: .seconds(300))
        return server
    }

    static func measure(_ server: PrivatePostgres) async throws -> [QueryCost] {
        let readiness = try Readiness()
        defer { readiness.stop() }
        let url = server.url(user: PrivatePostgres.superuser, database: "big")
        let connection = PostgresConnection(try PostgresConfiguration(url), readiness: readiness)
        let deadline = ContinuousClock.now + .seconds(300)
        try await connection.connect(by: deadline)
        let context = try await QuestionRound.context(connection, by: deadline)
        let own = await connection.pipeline([Statement("SELECT pg_backend_pid()")], by: deadline)
        let backend = try own.rows(0).first?.int(0) ?? 0
        var costs: [QueryCost] = []
        let on = Set(PostgresCollectorSwitch.all.filter(\.isOn).map(\.name) + ["stat_statements"])
        // As a target asks them: those about tables together.
        let questions = PostgresCollectorSwitch.questions(of: PostgresCollectorSwitch.all) + QuestionRound.remembering(context)
        for question in questions where question.conditions.allSatisfy({ $0.holds(in: context) }) {
            var cost = QueryCost(
                question: question.name, scope: question.scope, interval: question.interval, isOn: on.contains(question.collector)
            )
            do {
                try await cost.execute(question, context, connection, backend, by: deadline)
                try await cost.explain(question, context, connection, by: deadline)
            } catch let error as PostgresError {
                cost.error = error.description
            }
            costs.append(cost)
        }
        await connection.close()
        return costs
    }

    private mutating func execute(
        _ question: Question, _ context: QuestionContext, _ connection: PostgresConnection, _ backend: Int,
        by deadline: ContinuousClock.Instant
    ) async throws {
        let statements = question.statements(context)
        // Postgres plans a prepared statement anew five times before it keeps a plan.
        for _ in 0..<7 {
            let result = await connection.pipeline(statements, by: deadline)
            rows = try statements.indices.reduce(0) { try $0 + result.rows($1).count }
        }
        let before = QueryCost.processorTime(of: backend)
        let started = ContinuousClock.now
        for _ in 0..<QueryCost.executions { _ = try await connection.pipeline(statements, by: deadline).rows(0) }
        let runs = Double(QueryCost.executions)
        wall = (ContinuousClock.now - started) / .milliseconds(1) / runs
        processor = (QueryCost.processorTime(of: backend) - before) / runs
    }

    private mutating func explain(
        _ question: Question, _ context: QuestionContext, _ connection: PostgresConnection,
        by deadline: ContinuousClock.Instant
    ) async throws {
        for statement in question.statements(context) {
            let explained = Statement(
                "EXPLAIN (ANALYZE, BUFFERS) \(statement.sql)", statement.parameters, preparation: .unprepared,
                limits: Question.dear)
            try addPlan(await connection.pipeline([explained], by: deadline).rows(0))
        }
    }

    private mutating func addPlan(_ plan: Rows) throws {
        var isFirst = true
        for row in plan {
            let words = (try row.string(0) ?? "").split { " :=,".contains($0) }.map(String.init)
            // The first line of buffers is that of the plan's root, and so of all.
            if isFirst, words.first == "Buffers" {
                isFirst = false
                buffersHit += QueryCost.number(after: "hit", in: words)
                buffersRead += QueryCost.number(after: "read", in: words)
            }
            if words.starts(with: ["Planning", "Time"]) { planning += words.dropFirst(2).first.flatMap { Double($0) } ?? 0 }
        }
    }

    private static func number(after word: String, in words: [String]) -> Int {
        guard let place = words.firstIndex(of: word), place + 1 < words.endIndex else { return 0 }
        return Int(words[place + 1]) ?? 0
    }

    /// Milliseconds that the process has run: the first number of its schedstat is nanoseconds.
    private static func processorTime(of process: Int) -> Double {
        let data = FileManager.default.contents(atPath: "/proc/\(process)/schedstat") ?? Data()
        return Double(String(decoding: data, as: UTF8.self).prefix { $0 != " " }).map { $0 / 1e6 } ?? .nan
    }

    /// Markdown, the dearest first.
    static func table(_ costs: [QueryCost]) -> String {
        func text(_ value: Double) -> String {
            let hundredths = Int((value * 100).rounded())
            return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
        }
        let lines = costs.sorted { $0.processor > $1.processor }.map { cost in
            "| \(cost.question) | \(cost.scope) | \(cost.often) | \(cost.rows) | \(text(cost.processor)) | \(text(cost.wall)) "
                + "| \(text(cost.planning)) | \(cost.buffersHit) | \(cost.buffersRead) |"
        }
        let head = [
            "| question | once per | asked | rows | server CPU ms | wall ms | planning ms | buffers hit | read |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        let each = costs.filter { $0.interval == .zero && $0.isOn }
        let sum = each.map(\.processor).reduce(0, +)
        let last = "| the \(each.count) of each sample that are on | | | | \(text(sum)) | | | | |"
        return (head + lines + [last]).joined(separator: "\n")
    }

    private var often: String {
        guard isOn else { return "off" }
        return switch interval {
        case .zero: "each sample"
        case .fixed(let duration): "\(Int(duration / .seconds(1))) s"
        case .sizes: "sizes_interval"
        }
    }
}
