internal import MetricsModel
internal import Postgres

/// One question to a server, and how its answer becomes families: data, not control flow. Several can belong to one collector.
struct Question: Sendable {
    /// Where it is asked.
    enum Scope: Sendable {
        /// Once for each server, in the database of the target's address.
        case server
        /// Once in every sampled database.
        case database
    }

    /// For how long an answer is used again.
    enum Interval: Sendable, Hashable {
        case fixed(Duration)
        /// As long as the configuration says for sizes (`sizes_interval`).
        case sizes

        /// It is asked in every sample.
        static let zero = Interval.fixed(.zero)

        static func seconds(_ seconds: Int) -> Interval { .fixed(.seconds(seconds)) }
        static func milliseconds(_ milliseconds: Int) -> Interval { .fixed(.milliseconds(milliseconds)) }
    }

    /// What becomes of the rows.
    enum Reading: Sendable {
        case columns([Column])
        /// For answers whose families depend on what is in them.
        case rows(@Sendable (Rows, inout SampleBuilder) throws(PostgresError) -> Void)
        /// Two answers: about tables, and about their indexes (`also`).
        case tables(TableStatistics)
    }

    /// What it is switched on and off by, and the value of the label `collector`.
    let collector: String
    /// Other collectors that fare as this question does, since its families are theirs as well.
    let companions: [String]
    /// For logs and `--explain`; unique.
    let name: String
    let scope: Scope
    /// All must hold.
    let conditions: [Condition]
    let interval: Interval
    let limits: StatementLimits
    /// Prepared once per connection; texts of users are sent whole each time.
    let preparation: Statement.Preparation
    /// The most series of an answer; rows beyond go into a remainder.
    let seriesMax: Int?
    let sql: @Sendable (QuestionContext) -> String
    /// A second statement, which takes no parameters and is asked right after the first. Both are answered or the question fails.
    let also: (@Sendable (QuestionContext) -> String)?
    let parameters: @Sendable (PostgresTargetSettings) -> [String?]
    let reading: Reading

    /// The families that an answer can have; empty where the answer decides.
    var families: [Family] {
        switch reading {
        case .columns(let columns): columns.compactMap(\.family)
        case .rows: []
        case .tables(let statistics): statistics.members.map(\.family)
        }
    }

    /// Catalogue views: they answer within milliseconds or something is wrong.
    static let quick = StatementLimits(statement: .seconds(1), lock: .milliseconds(100))
    /// What reads files or many rows.
    static let dear = StatementLimits(statement: .seconds(2), lock: .milliseconds(100))

    /// A question that is read column by column.
    init(
        _ collector: String, name: String? = nil, scope: Scope = .server, when conditions: [Condition] = [],
        every interval: Interval = .zero, limits: StatementLimits = Question.quick, seriesMax: Int? = nil,
        preparation: Statement.Preparation = .prepared,
        parameters: @escaping @Sendable (PostgresTargetSettings) -> [String?] = { _ in [] },
        columns: [ColumnDraft], sql: @escaping @Sendable (QuestionContext) -> String
    ) {
        self.init(
            collector, name: name, scope: scope, when: conditions, every: interval, limits: limits, seriesMax: seriesMax,
            preparation: preparation, parameters: parameters, reading: .columns(Question.finish(columns)), sql: sql)
    }

    init(
        _ collector: String, name: String? = nil, scope: Scope = .server, when conditions: [Condition] = [],
        every interval: Interval = .zero, limits: StatementLimits = Question.quick, seriesMax: Int? = nil,
        preparation: Statement.Preparation = .prepared, covering companions: [String] = [],
        parameters: @escaping @Sendable (PostgresTargetSettings) -> [String?] = { _ in [] }, reading: Reading,
        also: (@Sendable (QuestionContext) -> String)? = nil, sql: @escaping @Sendable (QuestionContext) -> String
    ) {
        self.collector = collector
        self.companions = companions
        self.also = also
        self.name = name ?? collector
        self.scope = scope
        self.conditions = conditions
        self.interval = interval
        self.limits = limits
        self.preparation = preparation
        self.seriesMax = seriesMax
        self.sql = sql
        self.parameters = parameters
        self.reading = reading
    }

    private static func finish(_ drafts: [ColumnDraft]) -> [Column] {
        let all = drafts.compactMap { draft -> String? in if case .label(let label) = draft.usage { label } else { nil } }
        return drafts.map { draft in
            switch draft.usage {
            case .label(let label): return Column(name: draft.name, usage: .label(label))
            case .discard: return Column(name: draft.name, usage: .discard)
            case .metric(let name, let type, let help, let labels, let scale, let missing, let isBulk):
                let family = Family(name, type, labels: labels ?? all, bulk: isBulk, help: help)
                return Column(name: draft.name, usage: .value(family, scale: scale, missing: missing))
            }
        }
    }
}
