import HTTPTypes
import Health

extension Route {
    /// Every path of the server.
    static func all(_ settings: WebSettings, _ sources: WebSources, _ metrics: MetricsEndpoint) -> [Route] {
        let health = sources.health
        let pages = Pages(sources: sources, telemetryPath: settings.telemetryPath)
        let rules = RulesAPI(sources: sources)
        let threads = QueryThreads(count: settings.limits.queriesAtOnce)
        let graph = GraphPage(engine: sources.queries, limits: settings.limits, threads: threads)
        return [
            // First: with --web.telemetry-path=/ there is no landing page.
            Route([.get], settings.telemetryPath, handle: metrics.respond),
            Route([.get], "/", handle: pages.landing),
            Route([.get], "/style.css", .open) { (_) throws(WebError) in Pages.style },
            Route([.get], "/alerts", handle: pages.alerts),
            Route([.get], "/receivers", handle: pages.receivers),
            Route([.get], "/graph", handle: graph.page),
            Route([.get], "/statements", handle: pages.statements),
            Route([.get], "/runbooks/{alert}", handle: pages.runbook),
            Route([.get], "/dashboards/{name}", handle: pages.dashboard),
            Route([.get], "/api/health") { (_) throws(WebError) in .health(health.report.apiHealth) },
            Route([.get], "/health") { (_) throws(WebError) in .health(health.report.health(services: sources.services)) },
            Route([.get], "/health/live", .open) { (_) throws(WebError) in
                .health(HealthReport.live(timestamp: health.report.timestamp))
            },
            Route([.get], "/health/ready", .open) { (_) throws(WebError) in .health(health.report.ready) },
            Route([.get], "/-/healthy", .open) { (_) throws(WebError) in .text("Vitals is Healthy.\n") },
            Route([.get], "/-/ready", .open) { (_) throws(WebError) in
                health.report.isReady ? .text("Vitals is Ready.\n") : .text("Vitals is not ready.\n", status: 503)
            },
            Route([.post, .put], "/-/reload", .administrator) { (_) throws(WebError) in try await reload(sources) },
            Route.api([.get], "/api/postgres/statements", settings.origins, handle: StatementsAPI(sources: sources).statements),
            Route.api([.get], "/api/postgres/locks", settings.origins, handle: LocksAPI(sources: sources).locks),
            Route.api([.get], "/api/v1/rules", settings.origins, handle: rules.rules),
            Route.api([.get], "/api/v1/alerts", settings.origins, handle: rules.alerts),
            Route.api([.get], "/api/v1/status/buildinfo", settings.origins) { _ in rules.buildInfo() },
        ] + queryAPI(settings, sources, threads) + (sources.notifications.map { alertmanagerAPI($0, sources) } ?? [])
    }

    private static func reload(_ sources: WebSources) async throws(WebError) -> WebResponse {
        guard let reload = sources.reload else { throw WebError(.notFound, "there is no configuration to read again") }
        do {
            try await reload()
        } catch {
            throw WebError(.internal, "the configuration can not be used, the old one stays: \(error)")
        }
        return .text("Configuration read again.\n")
    }
}

extension WebResponse {
    static func health(_ document: HealthDocument) -> WebResponse {
        .json(document.body, status: document.httpStatus)
    }
}
