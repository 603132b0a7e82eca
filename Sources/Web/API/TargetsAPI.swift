import Health
import MetricsModel
import RemoteWrite

/// `/api/v1/targets`, `scrape_pools`, `targets/metadata`, `metadata` and `alertmanagers`: what is sampled and what it means.
struct TargetsAPI: Sendable {
    let sources: WebSources

    func targets(_ request: WebRequest) async throws -> WebResponse {
        let state = (request.query["state"] ?? "").lowercased()
        let showsActive = ["", "any", "active"].contains(state)
        let showsDropped = ["", "any", "dropped"].contains(state)
        let pool = request.query["scrapePool"] ?? ""
        let all = await pools()
        let shown = showsActive ? all.filter { pool.isEmpty || $0.job == pool } : []
        return successResponse { json in
            json.object { json in
                json.key("activeTargets")
                json.array { json in
                    for target in shown { json.target(target) }
                }
                json.key("droppedTargets")
                json.array { _ in }
                json.key("droppedTargetCounts")
                json.object { json in
                    guard showsDropped else { return }
                    for job in names(all) where pool.isEmpty || job == pool { json.member(job, 0) }
                }
            }
        }
    }

    func scrapePools(_ request: WebRequest) async throws -> WebResponse {
        let names = names(await pools())
        return successResponse { json in
            json.object { json in
                json.key("scrapePools")
                json.texts(names)
            }
        }
    }

    /// The families of every target, and what remote write said about others.
    func metadata(_ request: WebRequest) async throws -> WebResponse {
        let parameters = APIParameters(form: request.query)
        let limit = try parameters.number("limit") ?? -1
        let perMetric = try parameters.number("limit_per_metric") ?? -1
        let wanted = parameters["metric"]
        var entries: [String: [MetricMetadata]] = [:]
        for entry in await pools().flatMap(\.metadata) + (sources.remoteWrite?.metadata ?? [])
        where wanted.isEmpty || sameBytes(entry.metric, wanted) {
            if entries[entry.metric]?.contains(entry) != true { entries[entry.metric, default: []].append(entry) }
        }
        let sorted = entries.sorted { bytesPrecede($0.key, $1.key) }
        return successResponse(isGzip: request.takesGzip) { json in
            json.object { json in
                for (metric, all) in limit >= 0 ? sorted.prefix(limit) : sorted[...] {
                    json.key(metric)
                    json.array { json in
                        for entry in perMetric > 0 ? all.prefix(perMetric) : all[...] {
                            json.object { $0.metadata(entry) }
                        }
                    }
                }
            }
        }
    }

    func targetMetadata(_ request: WebRequest) async throws -> WebResponse {
        let parameters = APIParameters(form: request.query)
        let limit = try parameters.number("limit") ?? -1
        let wanted = parameters["metric"]
        var matchers: [LabelMatcher] = []
        if !parameters["match_target"].isEmpty {
            guard let selector = sources.selector else { throw QueryFailure(.badData, "match_target is not supported here") }
            matchers = try selector(parameters["match_target"])
        }
        var found: [(target: Labels, entry: MetricMetadata)] = []
        for target in await pools() where matchers.allSatisfy({ $0.matches(target.labels) }) {
            found += target.metadata.filter { wanted.isEmpty || sameBytes($0.metric, wanted) }.map { (target.labels, $0) }
        }
        guard !found.isEmpty else { throw QueryFailure(.notFound, "specified metadata not found") }
        return successResponse(isGzip: request.takesGzip) { json in
            json.array { json in
                for (target, entry) in limit >= 0 ? found.prefix(limit) : found[...] {
                    json.object { json in
                        json.key("target")
                        json.labels(target)
                        // With one metric asked for, its name goes without saying.
                        if wanted.isEmpty { json.member("metric", entry.metric) }
                        json.metadata(entry)
                    }
                }
            }
        }
    }

    func alertmanagers(_ request: WebRequest) async throws -> WebResponse {
        let addresses = await sources.status?().alertmanagers ?? []
        return successResponse { json in
            json.object { json in
                json.key("activeAlertmanagers")
                json.array { json in
                    for address in addresses { json.object { $0.member("url", address) } }
                }
                json.key("droppedAlertmanagers")
                json.array { _ in }
            }
        }
    }

    /// In the order of their jobs, as Prometheus lists them.
    private func pools() async -> [ScrapeTargetView] {
        let targets = await sources.scrapeTargets?() ?? []
        return targets.sorted { bytesPrecede($0.job, $1.job) }
    }

    private func names(_ targets: [ScrapeTargetView]) -> [String] {
        Set(targets.map(\.job)).sorted(by: bytesPrecede)
    }
}

extension JSONWriter {
    fileprivate mutating func target(_ target: ScrapeTargetView) {
        object { json in
            json.key("discoveredLabels")
            json.map([
                "__address__": target.labels["instance"] ?? "", "__scrape_interval__": target.interval,
                "__scrape_timeout__": target.timeout, "job": target.job,
            ])
            json.key("labels")
            json.labels(target.labels)
            json.member("scrapePool", target.job)
            json.member("scrapeUrl", target.address)
            json.member("globalUrl", target.address)
            json.member("lastError", target.error)
            json.key("lastScrape")
            json.time(target.lastSample)
            json.member("lastScrapeDuration", target.durationSeconds)
            json.member("health", target.isUp.map { $0 ? "up" : "down" } ?? "unknown")
            json.member("scrapeInterval", target.interval)
            json.member("scrapeTimeout", target.timeout)
        }
    }

    fileprivate mutating func metadata(_ entry: MetricMetadata) {
        member("type", entry.type)
        member("help", entry.help)
        member("unit", entry.unit)
    }
}
