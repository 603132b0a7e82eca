import MetricsModel
import PromQL
import Web

/// The HTTP API's queries, answered from the local store.
struct PromQLQueries: QueryEngine {
    let engine: PromQLEngine
    let source: any SeriesSource

    func instant(
        _ expression: String, at time: Int64, deadline: ContinuousClock.Instant
    ) async throws(QueryFailure) -> QueryAnswer {
        try answer(deadline) { (engine) throws(PromQLError) in
            try engine.evaluate(engine.parse(expression), at: time, over: source)
        }
    }

    func range(
        _ expression: String, from start: Int64, through end: Int64, step: Int64, deadline: ContinuousClock.Instant
    ) async throws(QueryFailure) -> QueryAnswer {
        try answer(deadline) { (engine) throws(PromQLError) in
            try engine.evaluate(engine.parse(expression), from: start, through: end, step: step, over: source)
        }
    }

    private func answer(
        _ deadline: ContinuousClock.Instant, _ evaluate: (PromQLEngine) throws(PromQLError) -> QueryResult
    ) throws(QueryFailure) -> QueryAnswer {
        var limited = engine
        limited.limits.duration = max(.zero, deadline - .now)
        do {
            let result = try evaluate(limited)
            return QueryAnswer(QueryData(result.value), warnings: result.warnings)
        } catch {
            let kind: QueryFailure.Kind =
                switch error.code {
                case .parse: .badData
                case .execution, .tooManySamples: .execution
                case .timeout: .timeout
                case .canceled: .canceled
                case .storage: .internalError
                }
            throw QueryFailure(kind, error.description)
        }
    }
}

extension QueryData {
    fileprivate init(_ value: PromQLValue) {
        switch value {
        case .scalar(let number, let time): self = .scalar(QueryPoint(timestamp: time, value: number))
        case .string(let text, let time): self = .string(timestamp: time, text)
        case .vector(let samples):
            self = .vector(
                samples.compactMap { sample in
                    sample.value.number.map { (sample.labels, QueryPoint(timestamp: sample.timestamp, value: $0)) }
                })
        case .matrix(let series):
            self = .matrix(
                series.map { series in
                    let points = series.points.compactMap { point in
                        point.value.number.map { QueryPoint(timestamp: point.timestamp, value: $0) }
                    }
                    return (series.labels, points)
                })
        }
    }
}
