public import MetricsModel
public import PromQL

/// Answers queries with the local engine over a source of series.
public struct PromQLQueries: QueryEngine {
    private let engine: PromQLEngine
    private let source: any SeriesSource

    public init(engine: PromQLEngine, source: any SeriesSource) {
        self.engine = engine
        self.source = source
    }

    public func parse(_ expression: String) throws(QueryFailure) -> PromQLExpression {
        do {
            return try engine.parse(expression)
        } catch {
            throw Self.failure(error)
        }
    }

    public func instant(_ expression: PromQLExpression, at time: Int64, _ options: QueryOptions) throws(QueryFailure)
        -> QueryAnswer
    {
        let engine = try engine(with: options)
        do {
            return QueryAnswer(try engine.evaluate(expression, at: time, over: source))
        } catch {
            throw Self.failure(error)
        }
    }

    public func range(
        _ expression: PromQLExpression, from start: Int64, through end: Int64, step: Int64, _ options: QueryOptions
    ) throws(QueryFailure) -> QueryAnswer {
        let engine = try engine(with: options)
        do {
            return QueryAnswer(try engine.evaluate(expression, from: start, through: end, step: step, over: source))
        } catch {
            throw Self.failure(error)
        }
    }

    /// The matchers of a series selector, for `match[]`.
    public func selector(_ text: String) throws(QueryFailure) -> [LabelMatcher] {
        let expression: PromQLExpression
        do throws(QueryFailure) {
            expression = try parse(text)
        } catch {
            // The parser refuses already what Prometheus' API refuses after it.
            guard !error.message.hasSuffix("must contain at least one non-empty matcher") else { throw Self.emptySelector }
            throw error
        }
        guard let use = expression.selectors.first, use.window == nil, use.range == SourceRange(0, expression.text.utf8.count)
        else {
            throw QueryFailure(.badData, "\(text) is not a series selector")
        }
        return use.matchers
    }

    static let emptySelector = QueryFailure(.badData, "match[] must contain at least one non-empty matcher")

    private func engine(with options: QueryOptions) throws(QueryFailure) -> PromQLEngine {
        var engine = engine
        let left = options.deadline - .now
        guard left > .zero else { throw QueryFailure(.timeout, "query timed out in query queue") }
        engine.limits.duration = min(left, engine.limits.duration ?? left)
        if let lookback = options.lookback, lookback > 0 { engine.lookback = lookback }
        return engine
    }

    /// Parse errors have their place in the expression; what goes wrong later has none in Prometheus' answers either.
    private static func failure(_ error: PromQLError) -> QueryFailure {
        switch error.code {
        case .parse: QueryFailure(.badData, error.description)
        case .query: QueryFailure(.badData, "invalid parameter \"query\": \(error.message)")
        case .execution, .tooManySamples: QueryFailure(.execution, error.message)
        case .timeout: QueryFailure(.timeout, error.message)
        case .canceled: QueryFailure(.canceled, error.message)
        case .storage: QueryFailure(.internalError, error.message)
        }
    }
}

extension QueryAnswer {
    fileprivate init(_ result: QueryResult) {
        self.init(result.value, warnings: result.warnings, infos: result.infos, samplesRead: result.samplesRead)
    }
}
