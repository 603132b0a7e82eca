internal import MetricsModel
internal import Postgres

/// A question as it is put to one database, with what is remembered of it.
struct AskedQuestion: Sendable {
    let question: Question
    private let interval: Duration
    private var state = AnswerState<QuestionReading>()
    private var reader: Reader
    private var limiter = PointLimiter()
    private var made: (number: Int, statements: [Statement])?
    /// The last answer that was read row by row, and what it said.
    private var last: (texts: CellTexts, reading: QuestionReading)?
    /// How many series it may have by the ledger.
    private var held = 0
    private let constantLabels: Labels

    private enum Reader: Sendable {
        case columns(ColumnReader)
        case rows(@Sendable (Rows, inout SampleBuilder) throws(PostgresError) -> Void, SeriesCache)
        case tables(TableReader)
    }

    init(_ question: Question, _ settings: PostgresTargetSettings, constantLabels: Labels) {
        self.question = question
        self.constantLabels = constantLabels
        interval = question.interval.duration(settings)
        reader =
            switch question.reading {
            case .columns(let columns): .columns(ColumnReader(columns: columns, constantLabels: constantLabels))
            case .rows(let read): .rows(read, SeriesCache(constantLabels: constantLabels))
            case .tables(let statistics): .tables(TableReader(statistics, constantLabels: constantLabels))
            }
    }

    /// Comparing more rows with the last answer's costs about as much as reading them.
    private static let rowsRemembered = 2_000

    enum Plan {
        case ask
        case reuse(QuestionReading)
        case skip(Condition)
        case failed(PostgresError)
    }

    func plan(at now: Int64, _ context: QuestionContext) -> Plan {
        if let unmet = question.conditions.first(where: { !$0.holds(in: context) }) { return .skip(unmet) }
        return switch state.plan(at: now, interval: interval) {
        case .ask: .ask
        case .reuse(let reading): .reuse(reading)
        case .failed(let error): .failed(error)
        }
    }

    /// One, or two that belong together. They are made when the context is another one, which its number says.
    mutating func statements(
        _ context: QuestionContext, number: Int, _ settings: PostgresTargetSettings
    ) -> [Statement] {
        if let made, made.number == number { return made.statements }
        let statements = statements(context, settings)
        made = (number, statements)
        return statements
    }

    func statements(_ context: QuestionContext, _ settings: PostgresTargetSettings) -> [Statement] {
        let first = Statement(
            question.sql(context), question.parameters(settings), preparation: question.preparation, limits: question.limits)
        guard let also = question.also else { return [first] }
        return [first, Statement(also(context), preparation: question.preparation, limits: question.limits)]
    }

    /// Reads an answer. Throws what the server said, or what is wrong with the values; then nothing of the question is left.
    mutating func take(
        _ answers: [Result<Rows, PostgresError>], of context: QuestionContext, _ ledger: SeriesLedger, at now: Int64
    ) throws(PostgresError) -> QuestionReading {
        do throws(PostgresError) {
            var all: [Rows] = []
            for answer in answers { all.append(try answer.get()) }
            var reading = try read(all, question.scope == .database ? context.database.name : nil, ledger)
            for place in reading.families.indices {
                let (samples, dropped) = reading.families[place].droppingDuplicates()
                reading.families[place] = samples
                reading.duplicates += dropped
            }
            state.took(reading, at: now)
            return reading
        } catch {
            state.failed(error, at: now)
            throw error
        }
    }

    private mutating func read(
        _ answers: [Rows], _ database: String?, _ ledger: SeriesLedger
    ) throws(PostgresError) -> QuestionReading {
        guard let rows = answers.first else { throw PostgresError(.internal, "not asked") }
        switch reader {
        case .columns(var columns):
            let wanted = columns.seriesCount(rows)
            let granted = grant(wanted, ledger)
            let reading = try columns.read(rows, seriesMax: granted < wanted ? granted : nil, database: database)
            reader = .columns(columns)
            return reading
        case .rows(let read, let cache):
            let columns = Array(rows.columns.indices)
            // Settings, for one, say the same for days.
            if let last, last.texts.isSame(as: rows, columns: columns) { return last.reading }
            last = nil
            var sample = SampleBuilder(cache)
            try read(rows, &sample)
            let (families, kept) = sample.finish()
            reader = .rows(read, kept)
            let wanted = families.reduce(0) { $0 + $1.sampleCount }
            let granted = grant(wanted, ledger)
            guard granted < wanted || limiter.isActive else {
                let reading = QuestionReading(families: families)
                if rows.count <= AskedQuestion.rowsRemembered { last = (CellTexts(rows, columns: columns), reading) }
                return reading
            }
            let labels = database.map { constantLabels.setting("datname", to: $0) } ?? constantLabels
            let (limited, hidden) = limiter.limit(families, samplesMax: granted, keeping: labels)
            return QuestionReading(families: limited, hidden: hidden)
        case .tables(var tables):
            guard answers.count == 2 else { throw PostgresError(.internal, "half of the question was asked") }
            let wanted = tables.seriesCount(rows)
            let granted = grant(wanted, ledger)
            let reading = try tables.read(
                rows, answers[1], database: database ?? "", seriesMax: granted < wanted ? granted : nil)
            reader = .tables(tables)
            return reading
        }
    }

    private mutating func grant(_ wanted: Int, _ ledger: SeriesLedger) -> Int {
        held = ledger.grant(question.collector, wanted: min(wanted, question.seriesMax ?? wanted), had: held)
        return held
    }

    /// It is not asked any more.
    func release(_ ledger: SeriesLedger) { ledger.release(question.collector, had: held) }
}

extension Question.Interval {
    func duration(_ settings: PostgresTargetSettings) -> Duration {
        switch self {
        case .fixed(let duration): duration
        case .sizes: settings.sizesInterval
        }
    }
}
