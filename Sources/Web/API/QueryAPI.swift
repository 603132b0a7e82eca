import Health
import MetricsModel
import PromQL

/// `/api/v1/query`, `query_range`, `query_exemplars`, `format_query` and `parse_query`, as Prometheus answers them.
struct QueryAPI: Sendable {
    /// Prometheus' limit on the points of one series.
    private static let pointsMax = 11_000.0

    let engine: (any QueryEngine)?
    let limits: WebLimits
    let threads: QueryThreads

    func instant(_ request: WebRequest) async throws -> WebResponse {
        let parameters = APIParameters(form: try await request.form())
        let engine = try self.engine.orAbsent()
        let limit = try parameters.limit()
        let time = try parameters.time("time") ?? APIParameters.now()
        let options = try options(parameters)
        return try await threads.run(for: request) { () throws(QueryFailure) in
            let timings = QueryTimings()
            let expression = try parsed(parameters, engine)
            timings.prepared()
            let answer = try engine.instant(expression, at: time, options)
            return respond(answer, limit, parameters, timings, request)
        }
    }

    func range(_ request: WebRequest) async throws -> WebResponse {
        let parameters = APIParameters(form: try await request.form())
        let engine = try self.engine.orAbsent()
        let limit = try parameters.limit()
        let start = try parameters.neededTime("start")
        let end = try parameters.neededTime("end")
        guard end >= start else { throw parameters.invalid("end", "end timestamp must not be before start time") }
        let step = try parameters.neededDuration("step")
        guard step >= 1 else {
            throw parameters.invalid(
                "step", "zero or negative query resolution step widths are not accepted. Try a positive integer")
        }
        guard (Double(end - start) / step).rounded(.down) <= Self.pointsMax else {
            throw QueryFailure(
                .badData,
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")
        }
        let options = try options(parameters)
        return try await threads.run(for: request) { () throws(QueryFailure) in
            let timings = QueryTimings()
            let expression = try parsed(parameters, engine)
            timings.prepared()
            let answer = try engine.range(expression, from: start, through: end, step: Int64(step), options)
            return respond(answer, limit, parameters, timings, request)
        }
    }

    /// Vitals keeps no exemplars: what is asked for is checked, and the list is empty.
    func exemplars(_ request: WebRequest) async throws -> WebResponse {
        let parameters = APIParameters(form: try await request.form())
        let engine = try self.engine.orAbsent()
        let (from, through) = try parameters.interval()
        guard through >= from else { throw QueryFailure(.badData, "end timestamp must not be before start timestamp") }
        guard !(try engine.parse(parameters["query"]).selectors.isEmpty) else {
            return WebResponse(status: 204, contentType: nil, body: [])
        }
        return successResponse { $0.array { _ in } }
    }

    func format(_ request: WebRequest) async throws -> WebResponse {
        let parameters = APIParameters(form: try await request.form())
        let expression = try parsed(parameters, try engine.orAbsent())
        return successResponse { $0.value(expression.root.pretty) }
    }

    func parse(_ request: WebRequest) async throws -> WebResponse {
        let parameters = APIParameters(form: try await request.form())
        let expression = try parsed(parameters, try engine.orAbsent())
        return successResponse { $0.raw(expression.root.json) }
    }

    private func parsed(_ parameters: APIParameters, _ engine: any QueryEngine) throws(QueryFailure) -> PromQLExpression {
        do {
            return try engine.parse(parameters["query"])
        } catch {
            throw parameters.invalid("query", error.message)
        }
    }

    private func options(_ parameters: APIParameters) throws(QueryFailure) -> QueryOptions {
        var timeout = limits.queryTimeout
        if let asked = try parameters.duration("timeout") { timeout = min(timeout, .milliseconds(max(0, Int64(asked)))) }
        var options = QueryOptions(deadline: .now + timeout)
        if let text = parameters.form["lookback_delta"], !text.isEmpty {
            do throws(APIParameters.ParameterError) {
                options.lookback = Int64(try APIParameters.duration(text))
            } catch {
                throw QueryFailure(.badData, "error parsing lookback delta duration: \(error.message)")
            }
        }
        return options
    }

    private func respond(
        _ answer: QueryAnswer, _ limit: Int, _ parameters: APIParameters, _ timings: QueryTimings, _ request: WebRequest
    ) -> WebResponse {
        var answer = answer
        if limit > 0, answer.truncate(to: limit) { answer.warnings.append(truncationWarning) }
        let samplesRead = parameters["stats"].isEmpty ? nil : answer.samplesRead
        timings.evaluated()
        return successResponse(warnings: answer.warnings, infos: answer.infos, isGzip: request.takesGzip) { json in
            json.object { json in
                json.member("resultType", answer.result.type.rawValue)
                json.key("result")
                json.result(answer.result)
                if let samplesRead { json.statistics(timings, samplesRead: samplesRead) }
            }
        }
    }
}

/// Says that there is more than `limit` let through.
let truncationWarning = "results truncated due to limit"

extension QueryAnswer {
    /// Keeps the first `limit` series; whether there were more.
    mutating func truncate(to limit: Int) -> Bool {
        switch result {
        case .vector(let samples) where samples.count > limit: result = .vector(Array(samples.prefix(limit)))
        case .matrix(let series) where series.count > limit: result = .matrix(Array(series.prefix(limit)))
        case .vector, .matrix, .scalar, .string: return false
        }
        return true
    }
}

extension Optional where Wrapped == any QueryEngine {
    func orAbsent() throws(QueryFailure) -> any QueryEngine {
        guard let engine = self else { throw QueryFailure(.notFound, "queries are not served here") }
        return engine
    }
}
