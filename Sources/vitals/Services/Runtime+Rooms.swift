import Alerting
import Health
import Logging
import MetricsModel
import Postgres
import PromQL
import Receivers
import Records
import SampleStore
import Sampling
import Web
import YAML

extension Runtime {
    static func openStore(
        _ settings: Settings, _ retention: Retention, _ logger: Logger
    ) throws(Findings) -> SampleStore {
        let limits = StoreLimits(retention: retention.duration, bytesMax: settings.storageMaxBytes)
        do {
            let (store, report) = try SampleStore.open(directory: settings.storagePath + "/store", limits: limits)
            if report.isClean {
                logger.info("store read", metadata: ["samples": "\(store.stats.samples)"])
            } else {
                logger.warning("store read in part: \(report)")
            }
            return store
        } catch {
            throw Findings(all: [Finding("--storage.path", error.description)])
        }
    }

    /// Nil when no Postgres target is there to hold rows.
    static func recordWriter(
        _ settings: Settings, _ targets: Targets, _ sampler: Sampler, _ logger: Logger
    ) throws(Findings) -> RecordWriter? {
        let configuration = settings.configuration
        guard configuration.targets.contains(where: { $0.kind == .postgres }) || configuration.records.target != nil else {
            return nil
        }
        let place = try recordTarget(configuration)
        guard let session = targets.sessions[place.name] else { return nil }
        let folder = settings.storagePath + "/records"
        let spool: RecordSpool
        do {
            try makeFolder(folder)
            spool = try RecordSpool.open(directory: folder)
        } catch {
            throw Findings(all: [Finding("--storage.path", "\(error)")])
        }
        let interval = configuration.sample.interval
        return RecordWriter(
            database: session, spool: spool,
            configuration: RecordConfiguration(
                interval: configuration.records.interval, retention: configuration.records.retention),
            time: RecordTime(now: unixMilliseconds, sleep: { try await Task.sleep(for: $0) }),
            read: {
                let sample = await sampler.sample(deadline: .now + SampleTimer.deadline(for: interval))
                return HealthReading(
                    timestamp: sample.set.timestamp, database: session.configuration.database,
                    postgres: sample.targets.filter { $0.identity.name == place.name }.flatMap(\.families),
                    redis: sample.targets.filter { $0.identity.kind == .redis }.flatMap(\.families))
            }, report: { logger.report($0) })
    }

    static func webServer(
        _ settings: Settings, registry: Registry, sampler: Sampler, store: SampleStore, engine: PromQLEngine,
        rules: RuleEngine, notifications: Notifications, heartbeats: Heartbeats, health: HealthMonitor, reloader: Reloader,
        rooms: QueryRooms, logger: Logger
    ) throws(Findings) -> WebServer {
        var web = WebSettings()
        web.listen = settings.listenAddresses
        web.telemetryPath = settings.telemetryPath
        web.maxRequests = settings.maxRequests
        web.configFile = settings.webConfigFile
        web.tokenFile = settings.adminTokenFile
        web.origins = settings.query.origins
        web.limits.queryTimeout = settings.query.timeout
        // A client gets its answer, or the word that it took too long.
        web.limits.responseTimeout = max(web.limits.responseTimeout, settings.query.timeout + .seconds(30))
        web.limits.queriesAtOnce = settings.query.atOnce
        let alerts = ShippedFiles.alertsFolder()
        let dashboards = ShippedFiles.dashboardsFolder()
        let queries = PromQLQueries(engine: engine, source: store)
        var sources = WebSources(
            metrics: SamplerMetrics(sampler: sampler), health: health,
            build: BuildView(version: Build.version, swiftVersion: Build.swiftVersion),
            targets: { await targetViews(sampler) },
            ruleGroups: {
                let retention = store.retention.milliseconds
                return rules.groups.map { RuleGroupView($0, retention: retention) }
            },
            queries: queries, selector: { (text: String) throws(QueryFailure) in try queries.selector(text) },
            runbook: { ShippedFiles.runbook($0, in: alerts) }, dashboard: { ShippedFiles.dashboard($0, in: dashboards) },
            reload: { try await reloader.reload() })
        sources.missingSeries = { MissingSeriesView(rules.missingSeries()) }
        sources.notifications = notifications
        sources.heartbeats = { heartbeats.snapshots.map(HeartbeatView.init) }
        rooms.fill(&sources, registry: registry)
        do throws(WebStartError) {
            return try WebServer(
                settings: web, sources: sources, registry: registry, logger: Logger(label: "web"),
                onListening: { addresses in
                    // Behind TLS or a proxy only the operator knows the address that people use.
                    guard settings.webConfigFile == nil else { return }
                    for address in addresses { say(worthOpening("http://\(address)", telemetryPath: settings.telemetryPath)) }
                })
        } catch {
            throw Findings(
                all: error.findings.map {
                    Finding($0.file, line: $0.line == 0 ? nil : $0.line, column: $0.column, $0.message)
                })
        }
    }

    private static func targetViews(_ sampler: Sampler) async -> [TargetView] {
        guard let sample = await sampler.newest else { return [] }
        return sample.targets.filter { $0.identity.kind != .vitals }.map { target in
            let failing = target.collectors.filter { !$0.success }.map(\.name)
            return TargetView(
                job: target.identity.kind.rawValue, instance: target.identity.instance, isUp: target.up,
                lastSample: sample.set.timestamp,
                error: target.up
                    ? (failing.isEmpty ? nil : "without an answer: \(failing.joined(separator: ", "))") : "no answer")
        }
    }
}

/// The pages that somebody who has just started Vitals wants to see.
private func worthOpening(_ base: String, telemetryPath: String) -> String {
    """

    \(base)/             what is sampled, and links
    \(base)\(telemetryPath)      what Prometheus scrapes
    \(base)/alerts       the rules and their alerts
    \(base)/api/health   the health of every component

    """
}

extension HeartbeatView {
    fileprivate init(_ heartbeat: Heartbeat.Snapshot) {
        self.init(
            name: heartbeat.name, lastAttempt: heartbeat.lastAttempt, lastSuccess: heartbeat.lastSuccess,
            error: heartbeat.error?.description, problem: heartbeat.problem)
    }
}

/// What `/metrics` reads.
struct SamplerMetrics: MetricsProvider {
    let sampler: Sampler

    func sample(deadline: ContinuousClock.Instant) async -> SampleSet {
        await sampler.sample(deadline: deadline).set
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}

extension Settings {
    /// Where people reach this process: as configured, else where it listens.
    var externalURL: String {
        var url = configuration.alerting.externalURL ?? "http://\(listenAddresses.first.map { "\($0)" } ?? "localhost")"
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }
}

extension Configuration {
    /// The sections in which `other` differs and that a reload does not bring into the running process.
    func partsThatNeedRestart(against other: Configuration) -> [String] {
        var parts: [String] = []
        if targets != other.targets { parts.append("targets") }
        if sample.maxAge != other.sample.maxAge { parts.append("sample.max_age") }
        if records != other.records { parts.append("records") }
        if queues != other.queues { parts.append("queues") }
        if queries != other.queries { parts.append("queries") }
        if thresholds != other.thresholds { parts.append("thresholds") }
        return parts
    }

    /// Takes what a reload brings into the running process.
    mutating func takeOver(_ other: Configuration) {
        ruleFiles = other.ruleFiles
        sample.interval = other.sample.interval
        alerting = other.alerting
    }
}
