import Health
import MetricsModel

/// `/api/v1/series`, `labels` and `label/{name}/values`: what is there to be asked for.
struct SeriesAPI: Sendable {
    let catalog: (any SeriesCatalog)?
    let selector: (@Sendable (String) throws(QueryFailure) -> [LabelMatcher])?
    let threads: QueryThreads

    func series(_ request: WebRequest) async throws -> WebResponse {
        let parameters = APIParameters(form: try await request.form())
        guard let catalog else { throw absent }
        let limit = try parameters.limit()
        guard !parameters.form.all("match[]").isEmpty else { throw QueryFailure(.badData, "no match[] parameter provided") }
        let (from, through) = try parameters.interval()
        let selectors: [[LabelMatcher]]
        do throws(QueryFailure) {
            selectors = try parameters.selectors(selector)
        } catch {
            throw parameters.invalid("match[]", error.message)
        }
        return try await threads.run(for: request) { () throws(QueryFailure) in
            var found: [Labels] = []
            for matchers in selectors { found += catalog.series(matchers, from: from, through: through) }
            // Several selectors may choose one series.
            if selectors.count > 1 { found = Array(Set(found)).sorted() }
            return answer(found, limit, request) { json, labels in json.labels(labels) }
        }
    }

    func labels(_ request: WebRequest) async throws -> WebResponse {
        let parameters = APIParameters(form: try await request.form())
        guard let catalog else { throw absent }
        let limit = try parameters.limit()
        let (from, through) = try parameters.interval()
        let selectors = try parameters.selectors(selector)
        return try await threads.run(for: request) { () throws(QueryFailure) in
            let names = union(selectors) { catalog.labelNames($0, from: from, through: through) }
            return answer(names, limit, request) { $0.value($1) }
        }
    }

    func labelValues(_ request: WebRequest) async throws -> WebResponse {
        let parameters = APIParameters(form: try await request.form())
        guard let catalog else { throw absent }
        let limit = try parameters.limit()
        let name = unescapedLabelName(request.parameters["name"] ?? "")
        guard !name.isEmpty else { throw QueryFailure(.badData, "invalid label name: \(quoted(name))") }
        let (from, through) = try parameters.interval()
        let selectors = try parameters.selectors(selector)
        return try await threads.run(for: request) { () throws(QueryFailure) in
            let values = union(selectors) { catalog.labelValues(name, $0, from: from, through: through) }
            return answer(values, limit, request) { $0.value($1) }
        }
    }

    private var absent: QueryFailure { QueryFailure(.notFound, "there are no series here") }

    /// What the selectors give together; everything without one.
    private func union(_ selectors: [[LabelMatcher]], _ texts: ([LabelMatcher]) -> [String]) -> [String] {
        guard selectors.count > 1 else { return texts(selectors.first ?? []) }
        return Set(selectors.flatMap(texts)).sorted(by: bytesPrecede)
    }

    private func answer<Element>(
        _ elements: [Element], _ limit: Int, _ request: WebRequest, _ write: (inout JSONWriter, Element) -> Void
    ) -> WebResponse {
        let isCut = limit > 0 && elements.count > limit
        return successResponse(warnings: isCut ? [truncationWarning] : [], isGzip: request.takesGzip) { json in
            json.array { json in
                for element in isCut ? elements.prefix(limit) : elements[...] { write(&json, element) }
            }
        }
    }
}
