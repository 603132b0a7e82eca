internal import MetricsModel
internal import Postgres

/// A collector whose answers mean something only beside earlier ones: counters that go on over resets, texts that are fetched once.
/// It is asked in the database of the target's address, or where that lacks what it needs and any database answers for the server, in another.
protocol RememberingCollector: Sendable {
    /// What it is switched on and off by.
    var name: String { get }
    /// What it asks, in this order; one whose interval is not over, or whose conditions do not hold, is left out. Their names are
    /// unique over all collectors; their readings are not used.
    func questions(_ context: QuestionContext) -> [Question]
    /// Conditions of all the questions that it may ever ask.
    var conditions: [Condition] { get }
    /// Any database of the server that fulfils the conditions gives the same answers.
    var isServerWide: Bool { get }
    /// Whether the collector does without the question's answer.
    func isOptional(_ question: String) -> Bool
    /// Takes an answer.
    mutating func take(_ rows: Rows, of question: String) throws(PostgresError)
    /// Adds what is known by the question's answers so far. Not called while the question fails.
    func add(_ question: String, to sample: inout SampleBuilder) throws(PostgresError)
}

extension RememberingCollector {
    var isServerWide: Bool { false }

    func isOptional(_ question: String) -> Bool { false }
}

/// All of a target, with what is remembered of their questions.
struct RememberedCollectors: Sendable {
    private var collectors: [any RememberingCollector]
    private var states: [String: AnswerState<Bool>] = [:]
    private var cache: SeriesCache
    private let settings: PostgresTargetSettings

    init(_ collectors: [any RememberingCollector], _ settings: PostgresTargetSettings, constantLabels: Labels) {
        self.collectors = collectors
        self.settings = settings
        cache = SeriesCache(constantLabels: constantLabels)
    }

    var conditions: [Condition] { collectors.flatMap(\.conditions) }

    /// Nil when it is switched off.
    var statements: StatementSampler? { collectors.lazy.compactMap { $0 as? StatementSampler }.first }

    func questions(_ context: QuestionContext) -> [Question] { collectors.flatMap { $0.questions(context) } }

    /// One question of one collector, as it stands in a sample.
    struct Asked: Sendable {
        enum Plan: Sendable {
            case ask, reuse
            case skip(Condition)
            case failed(PostgresError)
        }

        let collector: Int
        let question: Question
        /// Not in the database of the target's address.
        let isElsewhere: Bool
        let plan: Plan
    }

    /// Whether some collector could be asked in another database and not in that of the address.
    func isMissing(in context: QuestionContext) -> Bool {
        collectors.contains { $0.isServerWide && !RememberedCollectors.isMet($0.conditions, in: context) }
    }

    /// Whether another database could stand in.
    func isMet(in other: QuestionContext) -> Bool {
        collectors.contains { $0.isServerWide && RememberedCollectors.isMet($0.conditions, in: other) }
    }

    private static func isMet(_ conditions: [Condition], in context: QuestionContext) -> Bool {
        conditions.allSatisfy { $0.holds(in: context) }
    }

    /// `elsewhere`: the database that stands in for that of the address, when there is one.
    func plan(at now: Int64, _ home: QuestionContext, elsewhere: QuestionContext? = nil) -> [Asked] {
        collectors.indices.flatMap { collector in
            let isHome =
                !collectors[collector].isServerWide || RememberedCollectors.isMet(collectors[collector].conditions, in: home)
            let context = isHome ? home : elsewhere ?? home
            return collectors[collector].questions(context).map { question in
                let isElsewhere = !isHome && elsewhere != nil
                if let unmet = question.conditions.first(where: { !$0.holds(in: context) }) {
                    return Asked(collector: collector, question: question, isElsewhere: false, plan: .skip(unmet))
                }
                let state = states[question.name] ?? AnswerState()
                let plan: Asked.Plan =
                    switch state.plan(at: now, interval: question.interval.duration(settings)) {
                    case .ask: .ask
                    case .reuse: .reuse
                    case .failed(let error): .failed(error)
                    }
                return Asked(collector: collector, question: question, isElsewhere: isElsewhere, plan: plan)
            }
        }
    }

    /// `answers` are those to the plan's questions that were to be asked.
    mutating func take(
        _ plan: [Asked], _ context: QuestionContext, _ answers: [Result<Rows, PostgresError>], _ durations: [Duration],
        at now: Int64
    ) -> (families: [FamilySamples], outcomes: [PostgresDatabase.Outcome]) {
        var results: [PostgresDatabase.Outcome.Result?] = []
        var spent: [Duration] = []
        var next = 0
        for asked in plan {
            spent.append(.zero)
            switch asked.plan {
            case .skip(let condition): results.append(.skipped(condition))
            case .failed(let error): results.append(.failed(error))
            case .reuse: results.append(nil)
            case .ask:
                guard answers.indices.contains(next) else { continue }
                spent[spent.count - 1] = durations[next]
                results.append(take(asked, answers[next], at: now).map { .failed($0) })
                next += 1
            }
        }
        var sample = SampleBuilder(cache)
        for (place, asked) in plan.enumerated() where results[place] == nil {
            do throws(PostgresError) {
                try collectors[asked.collector].add(asked.question.name, to: &sample)
                results[place] = .families(QuestionReading())
            } catch {
                results[place] = .failed(error)
            }
        }
        let (families, kept) = sample.finish()
        cache = kept
        let outcomes = plan.indices.compactMap { place -> PostgresDatabase.Outcome? in
            guard let result = results[place] else { return nil }
            let question = plan[place].question
            if case .failed = result, collectors[plan[place].collector].isOptional(question.name) { return nil }
            return PostgresDatabase.Outcome(
                collector: question.collector, question: question.name, result: result, duration: spent[place])
        }
        return (families, outcomes)
    }

    /// Nil when the answer was taken.
    private mutating func take(_ asked: Asked, _ answer: Result<Rows, PostgresError>, at now: Int64) -> PostgresError? {
        let name = asked.question.name
        do throws(PostgresError) {
            try collectors[asked.collector].take(try answer.get(), of: name)
            states[name, default: AnswerState()].took(true, at: now)
            return nil
        } catch {
            states[name, default: AnswerState()].failed(error, at: now)
            return error
        }
    }
}
