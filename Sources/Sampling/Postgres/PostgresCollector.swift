internal import MetricsModel
internal import Postgres

/// One question of the collectors that are not values yet.
struct PostgresCollector: Sendable {
    let name: String
    let limits: StatementLimits
    let reuse: Question.Interval
    let sql: @Sendable (_ version: Int) -> String
    let parameters: @Sendable (PostgresTargetSettings) -> [String?]
    let read: @Sendable (Rows, inout SampleBuilder) throws(PostgresError) -> Void

    static let quick = Question.quick
    static let dear = Question.dear

    init(
        _ name: String, limits: StatementLimits = Question.quick, reuse: Question.Interval = .zero,
        sql: @escaping @Sendable (Int, Void) -> String,
        parameters: @escaping @Sendable (PostgresTargetSettings) -> [String?] = { _ in [] },
        read: @escaping @Sendable (Rows, inout SampleBuilder) throws(PostgresError) -> Void
    ) {
        self.name = name
        self.limits = limits
        self.reuse = reuse
        self.sql = { sql($0, ()) }
        self.parameters = parameters
        self.read = read
    }

    /// Those whose places no values have taken yet.
    static var remaining: [PostgresCollectorSwitch] {
        let taken = Set(PostgresCollectorSwitch.all.map(\.name))
        return (all + sizes).filter { !taken.contains($0.name) }.map { collector in
            PostgresCollectorSwitch(
                collector.name,
                [
                    Question(
                        collector.name, every: collector.reuse, limits: collector.limits, parameters: collector.parameters,
                        reading: .rows(collector.read), sql: { collector.sql($0.version) })
                ])
        }
    }
}
