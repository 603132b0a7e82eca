public import Alerting
public import Health
public import MetricsModel
public import RemoteWrite

/// Everything the server shows and does, handed in by the executable. What is nil is answered with 404.
public struct WebSources: Sendable {
    public let metrics: any MetricsProvider
    public let health: HealthMonitor
    /// The names in `/health` and the components behind them.
    public let services: [HealthService]
    public let build: BuildView
    public var targets: (@Sendable () async -> [TargetView])?
    /// All rule groups, in file order.
    public var ruleGroups: (@Sendable () async -> [RuleGroupView])?
    /// Series that the rules have read and that are no more there. Reads every selector: asked for by the page of the alerts only.
    public var missingSeries: (@Sendable () async -> MissingSeriesView)?
    public var queries: (any QueryEngine)?
    /// Reads a series selector, for `match[]` of `/api/v1/rules`.
    public var selector: (@Sendable (String) throws(QueryFailure) -> [LabelMatcher])?
    /// What is there to be queried, for `/api/v1/series` and `labels`.
    public var catalog: (any SeriesCatalog)?
    /// The sampled targets, for `/api/v1/targets` and `metadata`.
    public var scrapeTargets: (@Sendable () async -> [ScrapeTargetView])?
    /// For `/api/v1/status/…`.
    public var status: (@Sendable () async -> StatusView)?
    /// Takes what is written to `/api/v1/write`; nil: nobody may.
    public var remoteWrite: RemoteWriteReceiver?
    /// The Markdown of an alert's runbook; nil when there is none of that name.
    public var runbook: (@Sendable (_ alert: String) async -> String?)?
    /// The JSON of a shipped Grafana dashboard; nil when there is none of that name.
    public var dashboard: (@Sendable (_ name: String) async -> String?)?
    /// Reads the configuration anew. Throws what is wrong with it (its description is shown to the administrator); the old one then stays.
    public var reload: (@Sendable () async throws -> Void)?

    /// Receivers, mutes, and who is told of what.
    public var notifications: Notifications?
    /// Pings of dead man's switches.
    public var heartbeats: (@Sendable () -> [HeartbeatView])?
    /// The statements of the sampled Postgres servers. Asks them what runs now: by the page and its API only.
    public var statements: (@Sendable (StatementQueryView) async -> [StatementListView])?
    /// Who waits for whom on the sampled Postgres servers, or on the one of that name. Asks them: by the API only.
    public var locks: (@Sendable (String?) async -> [LockTreeView])?

    public init(
        metrics: any MetricsProvider, health: HealthMonitor, services: [HealthService] = HealthService.documented,
        build: BuildView,
        targets: (@Sendable () async -> [TargetView])? = nil, ruleGroups: (@Sendable () async -> [RuleGroupView])? = nil,
        queries: (any QueryEngine)? = nil, selector: (@Sendable (String) throws(QueryFailure) -> [LabelMatcher])? = nil,
        runbook: (@Sendable (_ alert: String) async -> String?)? = nil,
        dashboard: (@Sendable (_ name: String) async -> String?)? = nil,
        reload: (@Sendable () async throws -> Void)? = nil
    ) {
        self.metrics = metrics
        self.health = health
        self.services = services
        self.build = build
        self.targets = targets
        self.ruleGroups = ruleGroups
        self.queries = queries
        self.selector = selector
        self.runbook = runbook
        self.dashboard = dashboard
        self.reload = reload
    }
}
