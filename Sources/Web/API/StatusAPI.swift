import Health
import MetricsModel

/// `/api/v1/status/…`: what Prometheus says there about itself, as far as Vitals has it.
struct StatusAPI: Sendable {
    let sources: WebSources
    let threads: QueryThreads

    func configuration(_ request: WebRequest) async throws -> WebResponse {
        let status = try await status()
        return successResponse { json in json.object { $0.member("yaml", status.configuration) } }
    }

    func flags(_ request: WebRequest) async throws -> WebResponse {
        let status = try await status()
        return successResponse { $0.map(status.flags) }
    }

    func runtime(_ request: WebRequest) async throws -> WebResponse {
        let status = try await status()
        return successResponse { json in
            json.object { json in
                json.key("startTime")
                json.time(status.started)
                json.member("CWD", status.workingDirectory)
                json.member("hostname", status.hostname)
                json.key("serverTime")
                json.time(APIParameters.now())
                json.member("reloadConfigSuccess", status.lastReloadSucceeded)
                json.key("lastConfigTime")
                json.time(status.lastReload)
                json.member("corruptionCount", 0)
                json.member("goroutineCount", status.threads)
                json.member("GOMAXPROCS", status.processors)
                json.member("GOMEMLIMIT", 0)
                json.member("GOGC", "")
                json.member("GODEBUG", "")
                json.member("storageRetention", status.retention)
            }
        }
    }

    /// Which metrics and labels make the series. Looks at every series: on the queries' threads.
    func store(_ request: WebRequest) async throws -> WebResponse {
        let parameters = APIParameters(form: request.query)
        let limit = try rankingLength(parameters)
        let status = try await status()
        guard let catalog = sources.catalog else { throw QueryFailure(.notFound, "there are no series here") }
        return try await threads.run(for: request) { () throws(QueryFailure) in
            let counts = SeriesCounts(catalog.series([], from: .min, through: .max))
            return successResponse(isGzip: request.takesGzip) { json in
                json.object { json in
                    json.key("headStats")
                    json.object { json in
                        json.member("numSeries", counts.series)
                        json.member("numLabelPairs", counts.seriesOfPair.count)
                        json.member("chunkCount", status.chunks)
                        json.key("minTime")
                        json.value(status.oldestSample ?? .max)
                        json.key("maxTime")
                        json.value(status.newestSample ?? .min)
                    }
                    json.ranking("seriesCountByMetricName", counts.seriesOfMetric, limit)
                    json.ranking("labelValueCountByLabelName", counts.valuesOfName, limit)
                    json.ranking("memoryInBytesByLabelName", counts.bytesOfName, limit)
                    json.ranking("seriesCountByLabelValuePair", counts.seriesOfPair, limit)
                }
            }
        }
    }

    /// The log is read before the server listens.
    func replay(_ request: WebRequest) async throws -> WebResponse {
        successResponse { json in
            json.object { json in
                for name in ["min", "max", "current"] { json.member(name, 0) }
                json.member("state", "done")
            }
        }
    }

    private func rankingLength(_ parameters: APIParameters) throws(QueryFailure) -> Int {
        let text = parameters["limit"]
        if text.isEmpty { return 10 }
        guard let asked = Int(text), asked > 0 else { throw QueryFailure(.badData, "limit must be a positive number") }
        guard asked <= 10_000 else { throw parameters.invalid("limit", "limit must not exceed 10000") }
        return asked
    }

    private func status() async throws -> StatusView {
        guard let status = await sources.status?() else { throw QueryFailure(.notFound, "there is no status here") }
        return status
    }
}

/// How many series there are of what.
private struct SeriesCounts {
    let series: Int
    private(set) var seriesOfMetric: [String: Int] = [:]
    private(set) var seriesOfPair: [String: Int] = [:]
    private(set) var valuesOfName: [String: Int] = [:]
    /// The bytes of the distinct values.
    private(set) var bytesOfName: [String: Int] = [:]

    init(_ all: [Labels]) {
        series = all.count
        for labels in all {
            for label in labels.pairs {
                let pair = "\(label.name)=\(label.value)"
                let before = seriesOfPair[pair] ?? 0
                seriesOfPair[pair] = before + 1
                if sameBytes(label.name, Labels.metricName) { seriesOfMetric[label.value, default: 0] += 1 }
                if before == 0 {
                    valuesOfName[label.name, default: 0] += 1
                    bytesOfName[label.name, default: 0] += label.value.utf8.count
                }
            }
        }
    }
}

extension JSONWriter {
    /// The largest counts first.
    fileprivate mutating func ranking(_ name: String, _ counts: [String: Int], _ limit: Int) {
        key(name)
        array { json in
            let sorted = counts.sorted { $0.value > $1.value || ($0.value == $1.value && bytesPrecede($0.key, $1.key)) }
            for (name, value) in sorted.prefix(limit) {
                json.object { json in
                    json.member("name", name)
                    json.member("value", value)
                }
            }
        }
    }
}
