import Alerting
import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the configuration and the rules again. When anything is wrong, everything stays as it is.
actor Reloader {
    nonisolated let state: ReloadState
    private let rules: RuleEngine
    private let files: RuleFiles
    private let options: ServeOptions
    private let environment: Environment
    private let logger: Logger
    private var running: Settings

    init(
        rules: RuleEngine, files: RuleFiles, options: ServeOptions, environment: Environment, running: Settings,
        logger: Logger
    ) {
        self.rules = rules
        self.files = files
        self.options = options
        self.environment = environment
        self.running = running
        self.logger = logger
        state = ReloadState(now: unixMilliseconds())
    }

    /// Loads the rules at the start. Throws all findings.
    func loadFirst() async throws(Findings) {
        await rules.load(try read(running))
    }

    /// Throws all findings, free of secrets; then nothing has changed.
    func reload() async throws(Findings) {
        do {
            var settings = try Settings(options, environment: environment)
            // Targets that no file names (the demo's own servers) are not the file's to take away.
            if options.configFile == nil { settings.configuration.targets = running.configuration.targets }
            let read = try read(settings)
            await rules.load(read)
            let kept = running.configuration.partsThatNeedRestart(against: settings.configuration)
            if !kept.isEmpty {
                logger.warning("reload: changes in \(kept.joined(separator: ", ")) take effect after a restart")
            }
            running.configuration.ruleFiles = settings.configuration.ruleFiles
            state.succeeded(at: unixMilliseconds())
            logger.info("reload: configuration and rules read", metadata: ["rules": "\(read.reduce(0) { $0 + $1.ruleCount })"])
        } catch {
            state.failed()
            logger.error("reload: the old configuration stays: \(error)")
            throw error
        }
    }

    private func read(_ settings: Settings) throws(Findings) -> [RuleFile] {
        let patterns = settings.configuration.ruleFiles
        let warn: (String) -> Void = { [logger] in logger.warning("\($0)") }
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

    private func folder(of path: String) -> String {
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
