import MetricsModel

/// One evaluation in progress.
final class Query {
    init(engine: PromQLEngine, text: String, source: any SeriesSource, start: Int64, end: Int64, step: Int64) {}

    func runInstant(_ root: Expression) throws(PromQLError) -> QueryResult {
        throw PromQLError(.execution, "the evaluator is being written")
    }

    func runRange(_ root: Expression) throws(PromQLError) -> QueryResult {
        throw PromQLError(.execution, "the evaluator is being written")
    }
}
