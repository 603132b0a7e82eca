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
import ServiceLifecycle
import UnixSignals
import Web

/// The running process: every room built from the settings and wired, one after the other in the direction in which data flows.
struct Runtime {
    private let settings: Settings
    private let logger: Logger
    private let readiness: Readiness
    private let sampleInterval: SampleInterval
    private let sampler: Sampler
    private let store: SampleStore
    private let rules: RuleEngine
    private let notifications: Notifications
    private let heartbeats: Heartbeats
    private let health: HealthMonitor
    private let records: RecordWriter?
    private let reloader: Reloader
    private let preflight: Preflight
    private let web: WebServer

    /// Builds everything; nothing is connected and nothing listens yet. Throws findings about what can't be used as it is given.
    init(_ settings: Settings, environment: Environment, options: ServeOptions) async throws {
        self.settings = settings
        let logger = Logger(label: "vitals")
        self.logger = logger
        let configuration = settings.configuration
        do {
            try makeFolder(settings.storagePath)
        } catch {
            throw Findings(all: [Finding("--storage.path", "\(error)")])
        }
        readiness = try Readiness()

        // What the rules look back to is what the store has to keep.
        let ruleFiles = try Reloader.read(settings, logger)
        sampleInterval = SampleInterval(configuration.sample.interval)

        // Samples in.
        let targets = try Targets(settings, readiness: readiness)
        preflight = Preflight(
            databases: configuration.targets.compactMap { target in targets.sessions[target.name].map { (target.name, $0) } },
            recordDatabase: configuration.records.target ?? configuration.targets.first { $0.kind == .postgres }?.name)
        let own = TargetIdentity(
            name: "vitals", kind: .vitals, instance: settings.listenAddresses.first.map { "\($0)" } ?? "vitals")
        let opened = try Self.openStore(settings, Retention(given: settings.storageRetention, rules: ruleFiles), logger)
        // Before the first sample: the rules are loaded later.
        opened.setBulkNames(settings.bulkSeries.names(ruleFiles))
        store = opened
        let writer = StoreWriter(store: opened, identities: targets.identities + [own])
        let report = OwnReportSlot()
        sampler = Sampler(
            targets: targets.all, own: own, maxAge: configuration.sample.maxAge, now: unixMilliseconds,
            ownFamilies: { report.families() }, consume: { writer.append($0) })

        // Alerts out.
        let receivers = try ReceiverSet(configuration.alerting, externalURL: settings.externalURL)
        let notifications = Notifications(
            alertmanagers: receivers.alertmanagers, pagers: receivers.pagers, routing: receivers.routing,
            directory: settings.storagePath + "/outbox", onEvent: logger.report)
        self.notifications = notifications
        let engine = PromQLEngine(settings)
        let outages = SampledOutages(targets.identities)
        rules = RuleEngine(
            settings: RuleSettings(settings), language: PromQLLanguage(engine), source: WindowedStore(opened), sink: opened,
            catalog: opened, outages: { outages.read(at: $0, source: $1) }, stateDirectory: settings.storagePath + "/rules",
            notify: { await notifications.enqueue($0) }, onEvent: logger.report)
        heartbeats = Heartbeats(receivers.heartbeats, rules: rules, logger: logger)
        reloader = Reloader(
            rules: rules, notifications: notifications, heartbeats: heartbeats, store: opened, sampleInterval: sampleInterval,
            options: options, environment: environment,
            running: settings, logger: logger)
        await reloader.start(with: ruleFiles)

        // Rows.
        records = try Self.recordWriter(settings, targets, sampler, logger)

        // Health and the web.
        health = HealthMonitor(
            checks: HealthChecks(sampler: sampler, configuration: configuration, storagePath: settings.storagePath).all(),
            version: Build.version, now: unixMilliseconds)
        let registry = Registry()
        web = try Self.webServer(
            settings, registry: registry, sampler: sampler, store: opened, engine: engine, rules: rules,
            notifications: notifications, heartbeats: heartbeats, health: health, reloader: reloader,
            rooms: QueryRooms(
                settings: settings, store: opened, sampler: sampler, identities: targets.identities + [own],
                postgres: targets.postgres, reload: reloader.state),
            logger: logger)
        report.fill(
            OwnReport(
                OwnReport.Sources(
                    registry: registry, store: opened, rules: rules, notifications: notifications, heartbeats: heartbeats,
                    health: health, storagePath: settings.storagePath, records: records, reload: reloader.state)))
    }

    /// Serves until SIGTERM or SIGINT, then ends in the order of U3.
    func run() async throws {
        logger.info(
            "starting",
            metadata: [
                "version": "\(Build.version)", "targets": "\(settings.configuration.targets.map(\.name).joined(separator: ","))",
            ])
        for warning in settings.query.features.warnings + settings.warnings { logger.warning("\(warning)") }
        var services: [any Service] = [
            SampleTimer(sampler: sampler, interval: sampleInterval),
            Running("store") { try await keepStore() },
            Running("notifications", before: { [notifications] in await notifications.drain(within: .seconds(5)) }) {
                [notifications, rules] in
                await notifications.run { rules.groups.allSatisfy { $0.iterations > 0 } }
            },
            Running("heartbeats") { [heartbeats] in await heartbeats.run() },
            Running("rules") { [rules] in try await rules.run() },
            Running("health") { [health, sampler, settings] in
                // The checks of servers read the first sample: before it there is nothing to say.
                _ = await sampler.sample(deadline: .now + SampleTimer.deadline(for: settings.configuration.sample.interval))
                await health.run()
            },
            ReloadSignals(reloader: reloader),
            Running("preflight") { await check() },
        ]
        if let records { services.append(Running("records") { await records.run() }) }
        // Last started, first stopped: while requests are finished, everything that they need is there.
        services.append(web)
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quietLogger)
        configuration.maximumGracefulShutdownDuration = .seconds(45)
        let result: Result<Void, any Error>
        do {
            try await ServiceGroup(configuration: configuration).run()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        var hooks = ShutdownHooks()
        hooks.register(.closeDatabases, "connections to Postgres and Redis closed") { [sampler] in await sampler.close() }
        hooks.register(.flushState, "series and alert states written") { [store] in try store.close() }
        hooks.register(.flushState, "waiting thread ended") { [readiness] in readiness.stop() }
        await hooks.run(logger)
        logger.info("stopped")
        try result.get()
    }

    /// A crash of the machine costs the samples since the last synchronization; the time of a start and the size of the log follow
    /// from how long ago the last checkpoint was.
    private func keepStore() async throws {
        var rounds = 0
        while true {
            try await Task.sleep(for: .seconds(30))
            rounds += 1
            if rounds == 1 { StartupMemory.release(logger) }
            do {
                if rounds.isMultiple(of: 20) { try store.checkpoint() } else { try store.synchronize() }
            } catch {
                logger.error("series are not kept over a restart", metadata: ["err": "\(error)"])
            }
        }
    }

    /// U1: what is wrong is said once, at the start; the process goes on and connects when it can.
    private func check() async {
        let found = await preflight.run(by: .now + .seconds(10))
        for error in found.report.errors { logger.error("startup: \(error)") }
        for warning in found.warnings { logger.warning("startup: \(warning)") }
        if found.report.success { logger.info("startup: every check passed") }
    }

    /// The service group's own lines say what ours say.
    private var quietLogger: Logger {
        var quiet = Logger(label: "services")
        quiet.logLevel = max(settings.logLevel, .warning)
        return quiet
    }
}
