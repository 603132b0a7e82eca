import HTTPTypes

extension Route {
    /// Prometheus' HTTP API, without rules and alerts.
    static func queryAPI(_ settings: WebSettings, _ sources: WebSources, _ threads: QueryThreads) -> [Route] {
        let queries = QueryAPI(engine: sources.queries, limits: settings.limits, threads: threads)
        let series = SeriesAPI(catalog: sources.catalog, selector: sources.selector, threads: threads)
        let targets = TargetsAPI(sources: sources)
        let status = StatusAPI(sources: sources, threads: threads)
        let origins = settings.origins
        var routes = [
            Route.api([.get, .post], "/api/v1/query", origins, handle: queries.instant),
            Route.api([.get, .post], "/api/v1/query_range", origins, handle: queries.range),
            Route.api([.get, .post], "/api/v1/query_exemplars", origins, handle: queries.exemplars),
            Route.api([.get, .post], "/api/v1/format_query", origins, handle: queries.format),
            Route.api([.get, .post], "/api/v1/parse_query", origins, handle: queries.parse),
            Route.api([.get, .post], "/api/v1/series", origins, handle: series.series),
            Route.api([.get, .post], "/api/v1/labels", origins, handle: series.labels),
            Route.api([.get], "/api/v1/label/{name}/values", origins, handle: series.labelValues),
            Route.api([.get], "/api/v1/metadata", origins, handle: targets.metadata),
            Route.api([.get], "/api/v1/targets", origins, handle: targets.targets),
            Route.api([.get], "/api/v1/targets/metadata", origins, handle: targets.targetMetadata),
            Route.api([.get], "/api/v1/scrape_pools", origins, handle: targets.scrapePools),
            Route.api([.get], "/api/v1/alertmanagers", origins, handle: targets.alertmanagers),
            Route.api([.get], "/api/v1/status/config", origins, handle: status.configuration),
            Route.api([.get], "/api/v1/status/flags", origins, handle: status.flags),
            Route.api([.get], "/api/v1/status/runtimeinfo", origins, handle: status.runtime),
            Route.api([.get], "/api/v1/status/tsdb", origins, handle: status.store),
            Route.api([.get], "/api/v1/status/walreplay", origins, handle: status.replay),
        ]
        if let receiver = sources.remoteWrite {
            let write = WriteAPI(receiver: receiver)
            // No other site's page may write: there is no cross-origin answer here, so a browser never sends the message.
            routes.append(Route([.post], "/api/v1/write") { (request) throws(WebError) in try await write.write(request) })
        }
        return routes
    }
}
