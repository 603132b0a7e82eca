internal import MetricsModel
internal import Postgres

/// A question as it is put to one database, with what is remembered of it.
struct AskedQuestion: Sendable {
    let question: Question
    private let interval: Duration
    private var state = AnswerState<[FamilySamples]>()
    private var cache: SeriesCache

    init(_ question: Question, _ settings: PostgresTargetSettings, constantLabels: Labels) {
        self.question = question
        interval = question.interval.duration(settings)
        cache = SeriesCache(constantLabels: constantLabels)
    }

    enum Plan {
        case ask
        case reuse([FamilySamples])
        case skip(Condition)
        case failed(PostgresError)
    }

    func plan(at now: Int64, _ context: QuestionContext) -> Plan {
        if let unmet = question.conditions.first(where: { !$0.holds(in: context) }) { return .skip(unmet) }
        return switch state.plan(at: now, interval: interval) {
        case .ask: .ask
        case .reuse(let families): .reuse(families)
        case .failed(let error): .failed(error)
        }
    }

    func statement(_ context: QuestionContext, _ settings: PostgresTargetSettings) -> Statement {
        Statement(
            question.sql(context), question.parameters(settings), preparation: question.preparation, limits: question.limits)
    }

    /// Reads an answer. Throws what the server said, or what is wrong with the values; then nothing of the question is left.
    mutating func take(_ answer: Result<Rows, PostgresError>, at now: Int64) throws(PostgresError) -> [FamilySamples] {
        do throws(PostgresError) {
            let rows = try answer.get()
            var sample = SampleBuilder(cache)
            switch question.reading {
            case .columns(let columns): try ColumnReader(columns: columns).read(rows, into: &sample)
            case .rows(let read): try read(rows, &sample)
            }
            let (families, kept) = sample.finish()
            cache = kept
            state.took(families, at: now)
            return families
        } catch {
            state.failed(error, at: now)
            throw error
        }
    }
}

extension Question.Interval {
    func duration(_ settings: PostgresTargetSettings) -> Duration {
        switch self {
        case .fixed(let duration): duration
        case .sizes: settings.sizesInterval
        }
    }
}
