import Alerting
import Logging
import PromQL
import SampleStore
import ServiceLifecycle
import UnixSignals

/// Reads the configuration and the rules again. When anything is wrong, everything stays as it is.
actor Reloader {
    nonisolated let state: ReloadState
    private let rules: RuleEngine
    private let store: SampleStore
    private let sampleInterval: SampleInterval
    private let notifications: Notifications
    private let heartbeats: Heartbeats
    private let options: ServeOptions
    private let environment: Environment
    private let logger: Logger
    private var running: Settings
    private var announcedRetention = Retention.standard

    init(
        rules: RuleEngine, notifications: Notifications, heartbeats: Heartbeats, store: SampleStore,
        sampleInterval: SampleInterval, options: ServeOptions, environment: Environment, running: Settings, logger: Logger
    ) {
        self.rules = rules
        self.notifications = notifications
        self.heartbeats = heartbeats
        self.store = store
        self.sampleInterval = sampleInterval
        self.options = options
        self.environment = environment
        self.running = running
        self.logger = logger
        state = ReloadState(now: unixMilliseconds())
    }

    /// Loads the rules that were read at the start.
    func start(with files: [RuleFile]) async {
        await load(files, running)
    }

    /// Throws all findings, free of secrets; then nothing has changed.
    func reload() async throws(Findings) {
        do {
            var settings = try Settings(options, environment: environment)
            // Targets that no file names (the demo's own servers) are not the file's to take away.
            if options.configFile == nil { settings.configuration.targets = running.configuration.targets }
            let read = try Self.read(settings, logger)
            let receivers = try ReceiverSet(settings.configuration.alerting, externalURL: settings.externalURL)
            let kept = running.configuration.partsThatNeedRestart(against: settings.configuration)
            if !kept.isEmpty {
                logger.warning("reload: changes in \(kept.joined(separator: ", ")) take effect after a restart")
            }
            await load(read, settings)
            await notifications.reload(
                alertmanagers: receivers.alertmanagers, pagers: receivers.pagers, routing: receivers.routing)
            heartbeats.reload(receivers.heartbeats)
            running.configuration.takeOver(settings.configuration)
            state.succeeded(at: unixMilliseconds())
            logger.info("reload: configuration and rules read", metadata: ["rules": "\(read.reduce(0) { $0 + $1.ruleCount })"])
        } catch {
            state.failed()
            logger.error("reload: the old configuration stays: \(error)")
            throw error
        }
    }

    private func load(_ files: [RuleFile], _ settings: Settings) async {
        let retention = Retention(given: settings.storageRetention, rules: files)
        if let warning = retention.warning { logger.warning("\(warning)") }
        if settings.storageRetention == nil, retention.duration != announcedRetention {
            announcedRetention = retention.duration
            logger.info(
                "series are kept for as long as the rules look back",
                metadata: ["retention": "\(Retention.text(retention.duration.milliseconds))"])
        }
        store.setRetention(retention.duration)
        store.setBulkNames(settings.bulkSeries.names(files))
        state.loaded(reaching: retention.reach)
        sampleInterval.set(settings.configuration.sample.interval)
        await rules.load(files, settings: RuleSettings(settings))
    }

    /// The rule files of a configuration; the shipped ones where it names none.
    static func read(_ settings: Settings, _ logger: Logger) throws(Findings) -> [RuleFile] {
        let files = RuleFiles(language: PromQLLanguage(PromQLEngine(settings)))
        let patterns = settings.configuration.ruleFiles
        let warn: (String) -> Void = { logger.warning("\($0)") }
        if !patterns.isEmpty {
            let base = settings.configFile.map { folder(of: $0) } ?? "."
            return try files.read(patterns, relativeTo: base, warn: warn)
        }
        guard let shipped = ShippedFiles.alertsFolder() else {
            logger.warning("no rule_files are configured and the shipped alerts/vitals.yml is not found: no alert is evaluated")
            return []
        }
        return try files.read(["vitals.yml"], relativeTo: shipped, warn: warn)
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// SIGHUP reads the configuration again, as every daemon does.
struct ReloadSignals: Service {
    let reloader: Reloader

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() {
            do {
                try await reloader.reload()
            } catch {
                // Logged and counted where it happened; a signal has nobody to tell.
            }
        }
    }
}

extension RuleSettings {
    init(_ settings: Settings) {
        self.init()
        interval = settings.configuration.sample.interval.milliseconds
        externalLabels = settings.configuration.alerting.externalLabels
        externalURL = settings.externalURL
        targetDown = settings.configuration.alerting.targetDown
    }
}
