internal import MetricsModel
internal import Postgres

/// One database of a server, with its one kept connection and the questions that are put to it there.
actor PostgresDatabase {
    /// How often it is looked whether tables and extensions came or went.
    static let factsMilliseconds: Int64 = 60_000

    nonisolated let session: PostgresSession
    private let settings: PostgresTargetSettings
    private var questions: [AskedQuestion]
    private let ledger: SeriesLedger
    private let factsStatement: Statement
    private var predicates: AskedPredicates
    private var lastContext: QuestionContext?
    /// Counts contexts: while it stays, statements do.
    private var contextNumber = 0
    private var facts: (traits: DatabaseTraits, read: Int64, connect: Int)?

    /// `conditions` are those of further questions that `ask` brings along.
    init(
        _ session: PostgresSession, _ questions: [Question], _ settings: PostgresTargetSettings, _ ledger: SeriesLedger,
        constantLabels: Labels, conditions: [Condition] = []
    ) {
        self.ledger = ledger
        self.session = session
        self.settings = settings
        self.questions = questions.map { AskedQuestion($0, settings, constantLabels: constantLabels) }
        let all = questions.flatMap(\.conditions) + conditions
        factsStatement = DatabaseTraits.statement(for: all)
        predicates = AskedPredicates(all)
    }

    // MARK: Facts

    /// As last read; nil before the first connection.
    var knownTraits: DatabaseTraits? { facts?.traits }

    struct Preparation {
        let version: Int
        let traits: DatabaseTraits
        /// The answers to what was asked along, when the connection is new; else nil.
        let answers: [Rows]?
        var roundTrips: Int { answers == nil ? 0 : 1 }
    }

    /// Connects when needed; at a new connection reads what questions depend on, and `statements` along with it.
    func prepare(
        at time: Int64, by limit: ContinuousClock.Instant, along statements: [Statement] = []
    ) async throws(PostgresError) -> Preparation {
        let version = try await session.serverVersion(by: limit)
        let connects = await session.statistics().connects
        if let facts, facts.connect == connects {
            return Preparation(version: version, traits: facts.traits, answers: nil)
        }
        let due = predicates.due(at: time)
        let result = await session.pipeline([factsStatement] + statements + due.map(AskedPredicates.statement), by: limit)
        var traits = try DatabaseTraits(result.rows(0))
        var answers: [Rows] = []
        for place in statements.indices { answers.append(try result.rows(place + 1)) }
        takePredicates(due, result, from: 1 + statements.count, time)
        traits.predicates = predicates.answers
        facts = (traits, time, connects)
        return Preparation(version: version, traits: traits, answers: answers)
    }

    // MARK: Questions

    /// What became of one question.
    struct Outcome: Sendable {
        enum Result: Sendable {
            case families(QuestionReading)
            case skipped(Condition)
            case failed(PostgresError)
        }

        let collector: String
        let question: String
        let result: Result
        /// Zero for an answer that was reused.
        let duration: Duration

        /// The same for another collector; the families are given once.
        func shared(with collector: String) -> Outcome {
            let result: Result = if case .families = result { .families(QuestionReading()) } else { result }
            return Outcome(collector: collector, question: question, result: result, duration: .zero)
        }
    }

    struct Answer: Sendable {
        /// Why nothing was said at all; nil when something was.
        let silence: PostgresError?
        let outcomes: [Outcome]
        /// To what was asked along, in order.
        let along: [Result<Rows, PostgresError>]
        let alongDurations: [Duration]
        let roundTrips: Int
    }

    /// Asks what is due, and `statements` along with it, in one round trip. Never throws. `isSampled` false: only what is asked
    /// once for the whole server.
    func ask(
        _ server: ServerTraits, at time: Int64, by limit: ContinuousClock.Instant, isSampled: Bool = true,
        along statements: [Statement] = []
    ) async -> Answer {
        let prepared: Preparation
        do throws(PostgresError) {
            prepared = try await prepare(at: time, by: limit)
        } catch {
            return silent(error, statements.count, roundTrips: 0)
        }
        let context = QuestionContext(version: prepared.version, server: server, database: prepared.traits)
        if context != lastContext {
            lastContext = context
            contextNumber += 1
        }
        var results = [Outcome.Result?](repeating: nil, count: questions.count)
        var asked: [Int] = []
        for place in questions.indices where isSampled || questions[place].question.scope == .server {
            switch questions[place].plan(at: time, context) {
            case .ask: asked.append(place)
            case .reuse(let reading): results[place] = .families(reading)
            case .skip(let condition):
                results[place] = predicates.failure(condition).map { .failed($0) } ?? .skipped(condition)
            case .failed(let error): results[place] = .failed(error)
            }
        }
        // The dear ones last, so that what is late is what is dear.
        asked = asked.filter { questions[$0].question.isQuick } + asked.filter { !questions[$0].question.isQuick }
        var batch: [Statement] = []
        var quick = 0
        for place in asked {
            batch += questions[place].statements(context, number: contextNumber, settings)
            if questions[place].question.isQuick { quick = batch.count }
        }
        batch.insert(contentsOf: statements, at: quick)
        let due = predicates.due(at: time)
        let duePlace = batch.count
        batch += due.map(AskedPredicates.statement)
        let isFactsDue = facts.map { time - $0.read >= PostgresDatabase.factsMilliseconds || time < $0.read } ?? true
        // Something is always asked: that it answers is part of the answer.
        if isFactsDue || batch.isEmpty { batch.append(factsStatement) }
        let result = await session.pipeline(batch, by: limit)
        guard result.isAnswered else {
            let error = result.ending.error ?? PostgresError(.internal, "nothing was answered")
            return silent(error, statements.count, roundTrips: prepared.roundTrips + result.roundTrips)
        }
        takePredicates(due, result, from: duePlace, time)
        if isFactsDue { takeFacts(result, batch.count - 1, time) }
        facts?.traits.predicates = predicates.answers
        var durations: [Int: Duration] = [:]
        var position = 0
        for place in asked {
            if position == quick { position += statements.count }
            let positions = position..<(position + (questions[place].question.also == nil ? 1 : 2))
            position = positions.upperBound
            durations[place] = result.durations[positions].reduce(.zero, +)
            let answers = positions.map { position in Result { () throws(PostgresError) in try result.rows(position) } }
            results[place] = take(place, answers, context, time)
        }
        let along = statements.indices.map { place in
            Result { () throws(PostgresError) in try result.rows(quick + place) }
        }
        return Answer(
            silence: nil, outcomes: outcomes(results, durations), along: along,
            alongDurations: Array(result.durations[quick..<quick + statements.count]),
            roundTrips: prepared.roundTrips + result.roundTrips)
    }

    private func take(
        _ place: Int, _ answers: [Result<Rows, PostgresError>], _ context: QuestionContext, _ time: Int64
    ) -> Outcome.Result {
        do throws(PostgresError) {
            return .families(try questions[place].take(answers, of: context, ledger, at: time))
        } catch {
            return .failed(error)
        }
    }

    private func takePredicates(_ asked: [Predicate], _ result: PipelineResult, from place: Int, _ time: Int64) {
        for (offset, predicate) in asked.enumerated() {
            predicates.take(predicate, Result { () throws(PostgresError) in try result.rows(place + offset) }, at: time)
        }
    }

    /// Old facts are better than none: they are read again with the next sample.
    private func takeFacts(_ result: PipelineResult, _ place: Int, _ time: Int64) {
        guard let rows = try? result.rows(place), let traits = try? DatabaseTraits(rows), let connect = facts?.connect else {
            return
        }
        facts = (traits, time, connect)
    }

    private func outcomes(_ results: [Outcome.Result?], _ durations: [Int: Duration]) -> [Outcome] {
        questions.indices.flatMap { place -> [Outcome] in
            guard let result = results[place] else { return [] }
            let question = questions[place].question
            let outcome = Outcome(
                collector: question.collector, question: question.name, result: result, duration: durations[place] ?? .zero)
            return [outcome] + question.companions.map { outcome.shared(with: $0) }
        }
    }

    private func silent(_ error: PostgresError, _ count: Int, roundTrips: Int) -> Answer {
        Answer(
            silence: error, outcomes: outcomes(questions.map { _ in .failed(error) }, [:]),
            along: Array(repeating: .failure(error), count: count),
            alongDurations: Array(repeating: .zero, count: count), roundTrips: roundTrips)
    }

    func close() async {
        for asked in questions { asked.release(ledger) }
        await session.close()
    }
}

extension Question {
    var isQuick: Bool { limits.statement <= Question.quick.statement }
}

extension PipelineResult {
    /// The server is there when it said anything at all.
    var isAnswered: Bool {
        if case .lost = ending { return false }
        return outcomes.contains { if case .late = $0 { false } else { true } }
    }
}
