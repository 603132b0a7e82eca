internal import MetricsModel
internal import Postgres

/// What a target would ask of a server that nothing is known of: for people, when the server is down.
public struct PostgresOutline: Sendable {
    public struct Entry: Sendable {
        public let collector: String
        public let question: String
        /// In every sampled database, or once for the whole server.
        public let isPerDatabase: Bool
        /// What has to hold; empty for nothing.
        public let requirements: [String]
        /// For how long an answer is used again; zero: it is asked in every sample.
        public let interval: Duration
        public let statementTimeout: Duration
    }

    /// In the order in which they are asked.
    public let entries: [Entry]
    /// Collectors that are off.
    public let off: [String]

    public init(_ settings: PostgresTargetSettings) {
        let remembered = RememberedCollectors(PostgresTarget.remembering(settings), settings, constantLabels: .empty)
        let questions = PostgresTarget.switches(settings).flatMap(\.questions) + remembered.questions(QuestionContext())
        entries = questions.map { question in
            Entry(
                collector: question.collector, question: question.name, isPerDatabase: question.scope == .database,
                requirements: question.conditions.map(\.description), interval: question.interval.duration(settings),
                statementTimeout: question.limits.statement)
        }
        let on = Set(entries.map(\.collector))
        off = (PostgresTarget.collectorNames + settings.custom.map(\.name)).filter { !on.contains($0) }
    }
}
