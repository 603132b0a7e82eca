public import MetricsModel
import NIOPosix
public import PromQL

/// Answers queries with the local engine over a source of series. Evaluation blocks, so it happens on threads of its own: a heavy query
/// delays neither a scrape nor a probe.
public final class PromQLQueries: QueryEngine {
    /// More queries than this wait; two that compute leave the rest of the process room.
    private static let threadCount = 2

    private let engine: PromQLEngine
    private let source: any SeriesSource
    private let threads = NIOThreadPool(numberOfThreads: threadCount)

    public init(engine: PromQLEngine, source: any SeriesSource) {
        self.engine = engine
        self.source = source
        threads.start()
    }

    deinit {
        threads.shutdownGracefully { _ in }
    }

    public func instant(_ expression: String, at time: Int64, deadline: ContinuousClock.Instant) async throws(QueryFailure)
        -> QueryAnswer
    {
        let source = source
        return try await evaluate(expression, deadline) { engine, parsed in
            try engine.evaluate(parsed, at: time, over: source)
        }
    }

    public func range(
        _ expression: String, from start: Int64, through end: Int64, step: Int64, deadline: ContinuousClock.Instant
    ) async throws(QueryFailure) -> QueryAnswer {
        let source = source
        return try await evaluate(expression, deadline) { engine, parsed in
            try engine.evaluate(parsed, from: start, through: end, step: step, over: source)
        }
    }

    /// The matchers of a series selector, for `match[]`.
    public func selector(_ text: String) throws(QueryFailure) -> [LabelMatcher] {
        do throws(PromQLError) {
            let expression = try engine.parse(text)
            guard let use = expression.selectors.first, use.window == nil, use.range == SourceRange(0, expression.text.utf8.count)
            else {
                throw PromQLError(.parse, "\(text) is not a series selector")
            }
            return use.matchers
        } catch {
            throw Self.failure(error)
        }
    }

    private func evaluate(
        _ text: String, _ deadline: ContinuousClock.Instant,
        _ body: @escaping @Sendable (PromQLEngine, PromQLExpression) throws -> QueryResult
    ) async throws(QueryFailure) -> QueryAnswer {
        let engine = engine
        do {
            return try await threads.runIfActive {
                var engine = engine
                let left = deadline - .now
                guard left > .zero else { throw PromQLError(.timeout, "query timed out in query queue") }
                engine.limits.duration = min(left, engine.limits.duration ?? left)
                let result = try body(engine, try engine.parse(text))
                return QueryAnswer(Self.data(result.value), warnings: result.annotations.map(\.description))
            }
        } catch let error as PromQLError {
            throw Self.failure(error)
        } catch is CancellationError {
            throw QueryFailure(.canceled, "query was canceled")
        } catch {
            throw QueryFailure(.internalError, "the query could not be run")
        }
    }

    private static func failure(_ error: PromQLError) -> QueryFailure {
        let kind: QueryFailure.Kind =
            switch error.code {
            case .parse, .query: .badData
            case .execution, .tooManySamples: .execution
            case .timeout: .timeout
            case .canceled: .canceled
            case .storage: .internalError
            }
        return QueryFailure(kind, error.description)
    }

    private static func data(_ value: PromQLValue) -> QueryData {
        switch value {
        case .scalar(let number, let timestamp): .scalar(QueryPoint(timestamp: timestamp, value: number))
        case .string(let text, let timestamp): .string(timestamp: timestamp, text)
        case .vector(let samples):
            .vector(
                samples.compactMap { sample in
                    sample.value.number.map { (sample.labels, QueryPoint(timestamp: sample.timestamp, value: $0)) }
                })
        case .matrix(let series):
            .matrix(
                series.map { series in
                    (
                        series.labels,
                        series.points.compactMap { point in
                            point.value.number.map { QueryPoint(timestamp: point.timestamp, value: $0) }
                        }
                    )
                })
        }
    }
}
