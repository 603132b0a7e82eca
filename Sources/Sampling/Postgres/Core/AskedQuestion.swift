internal import MetricsModel
internal import Postgres

/// A question as it is put to one database, with what is remembered of it.
struct AskedQuestion: Sendable {
    let question: Question
    private let interval: Duration
    private var state = AnswerState<[FamilySamples]>()
    private var reader: Reader

    private enum Reader: Sendable {
        case columns(ColumnReader)
        case rows(@Sendable (Rows, inout SampleBuilder) throws(PostgresError) -> Void, SeriesCache)
    }

    init(_ question: Question, _ settings: PostgresTargetSettings, constantLabels: Labels) {
        self.question = question
        interval = question.interval.duration(settings)
        reader =
            switch question.reading {
            case .columns(let columns): .columns(ColumnReader(columns: columns, constantLabels: constantLabels))
            case .rows(let read): .rows(read, SeriesCache(constantLabels: constantLabels))
            }
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
            let families = try read(try answer.get())
            state.took(families, at: now)
            return families
        } catch {
            state.failed(error, at: now)
            throw error
        }
    }

    private mutating func read(_ rows: Rows) throws(PostgresError) -> [FamilySamples] {
        switch reader {
        case .columns(var columns):
            let families = try columns.read(rows)
            reader = .columns(columns)
            return families
        case .rows(let read, let cache):
            var sample = SampleBuilder(cache)
            try read(rows, &sample)
            let (families, kept) = sample.finish()
            reader = .rows(read, kept)
            return families
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
