public import MetricsModel

/// What a query may cost.
public struct QueryLimits: Sendable {
    /// Samples that a query may hold at once, read and computed. Prometheus' default of 50 million is about 800 MB.
    public var samples: Int
    /// Series that one selector may match. A series costs more than a sample, up to some hundred bytes of labels for each step of a
    /// query; a million of them is far more than one process samples, and less than 1 GB.
    public var seriesPerSelector: Int
    /// Nil: no limit.
    public var duration: Duration?

    public init(samples: Int = 50_000_000, seriesPerSelector: Int = 1_000_000, duration: Duration? = .seconds(120)) {
        self.samples = samples
        self.seriesPerSelector = seriesPerSelector
        self.duration = duration
    }
}

/// Evaluates expressions over a source of series. A value: it holds settings only.
public struct PromQLEngine: Sendable {
    public var features: PromQLFeatures
    public var limits: QueryLimits
    /// How old the sample of an instant selector may be, in milliseconds.
    public var lookback: Int64
    /// The step of a subquery that gives none (`[1h:]`), in milliseconds: the global evaluation interval.
    public var subqueryStep: Int64

    public init(
        features: PromQLFeatures = [], limits: QueryLimits = QueryLimits(), lookback: Int64 = 300_000,
        subqueryStep: Int64 = 60_000
    ) {
        self.features = features
        self.limits = limits
        self.lookback = lookback
        self.subqueryStep = subqueryStep
    }

    /// Parses with this engine's features.
    public func parse(_ text: String) throws(PromQLError) -> PromQLExpression {
        try PromQLExpression(text, features: features)
    }

    /// The value of `expression` at one time (milliseconds). Blocks until it is done, the deadline passes or the task is cancelled.
    /// - Parameter memory: of this expression alone; with it and a `WindowedSource` the next evaluation costs less.
    public func evaluate(
        _ expression: PromQLExpression, at time: Int64, over source: any SeriesSource, memory: EvaluationMemory? = nil
    ) throws(PromQLError) -> QueryResult {
        let query = Query(
            engine: self, text: expression.text, source: source, start: time, end: time, step: 0, memory: memory)
        return try query.runInstant(expression.root)
    }

    /// The values of `expression` at `start`, `start + step`, … up to `end` (milliseconds): always a matrix. The expression must be
    /// a scalar or an instant vector, and `step` positive.
    public func evaluate(
        _ expression: PromQLExpression, from start: Int64, through end: Int64, step: Int64, over source: any SeriesSource
    ) throws(PromQLError) -> QueryResult {
        guard expression.type == .scalar || expression.type == .vector else {
            throw PromQLError(
                .query,
                "invalid expression type \"\(expression.type.documented)\" for range query, must be Scalar or instant Vector")
        }
        guard step > 0 else { throw PromQLError(.query, "zero or negative query resolution step widths are not accepted") }
        guard end >= start else { throw PromQLError(.query, "end timestamp must not be before start time") }
        let query = Query(
            engine: self, text: expression.text, source: source, start: start, end: end, step: step)
        return try query.runRange(expression.root)
    }
}
