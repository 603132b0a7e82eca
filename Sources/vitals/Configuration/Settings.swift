import Logging
import MetricsModel
import Web
import YAML

/// What a run of Vitals goes by: flags over the file over the environment over the defaults.
struct Settings: Sendable {
    var configuration: Configuration
    let configFile: String?
    let listenAddresses: [ListenAddress]
    let telemetryPath: String
    let webConfigFile: String?
    let adminTokenFile: String?
    let maxRequests: Int
    let storagePath: String
    /// Nil: as long as the rules need.
    let storageRetention: Duration?
    let storageMaxBytes: Int
    let bulkSeries: BulkSeries
    let query: QuerySettings
    let logLevel: Logger.Level
    let logFormat: LogFormat
    /// The collectors of the user's files.
    let collectors: CollectorFiles
    /// What is odd but usable.
    let warnings: [String]
    /// What must never be printed.
    let secrets: Secrets

    /// Reads everything that was given and throws everything that is wrong with it, at once.
    init(
        _ options: ServeOptions, environment: Environment, extraTargets: [TargetConfiguration] = []
    ) throws(Findings) {
        var findings: [Finding] = []
        let secrets = Secrets()
        var configuration = Configuration()
        if let path = options.configFile {
            do {
                configuration = try ConfigurationFile(environment: environment, secrets: secrets).read(path)
            } catch {
                findings += error.all
            }
        }
        configuration.targets += extraTargets
        for kind in TargetConfiguration.Kind.allCases {
            do {
                guard let url = try environment.value(orFileOf: kind.variable) else { continue }
                secrets.add(passwordInAddress(url))
                configuration.targets.append(TargetConfiguration(kind: kind, name: kind.rawValue, url: url))
            } catch {
                findings += error.all
            }
        }
        do {
            try configuration.addDataSources(DataSources(environment: environment).read(secrets))
        } catch {
            findings += error.all
        }
        for (place, target) in configuration.targets.enumerated()
        where configuration.targets[..<place].contains(where: { $0.name == target.name }) {
            let variable = target.kind.variable
            findings.append(
                Finding(
                    variable, "the configuration file already has a target named '\(target.name)'; rename it or unset \(variable)"
                ))
        }

        func duration(_ text: String?, _ flag: String) -> Duration? {
            guard let text else { return nil }
            do {
                let duration = try PrometheusDuration.parse(text)
                if duration > .zero || flag == "--sample.max-age" { return duration }
                findings.append(Finding(flag, "must be longer than 0, for example 15s"))
            } catch {
                findings.append(Finding(flag, error.message + "; durations are written like 15s or 1h30m"))
            }
            return nil
        }
        if let interval = duration(options.sampleInterval, "--sample.interval") { configuration.sample.interval = interval }
        if let maxAge = duration(options.sampleMaxAge, "--sample.max-age") { configuration.sample.maxAge = maxAge }
        storageRetention = duration(options.storageRetention, "--storage.retention")

        var choices: ExporterChoices?
        do {
            choices = try ExporterChoices(options.exporter, environment)
        } catch {
            findings += error.all
        }
        choices?.apply(to: &configuration)
        configuration.switchCollectors(options.collectors)
        var collectors = CollectorFiles()
        do {
            collectors = try CollectorFiles(configuration)
        } catch {
            findings += error.all
        }
        let custom = collectors.names
        findings += configuration.unknownCollectors.filter { !custom.contains($0.name) }.map(\.finding)
        if options.maxRequests < 0 { findings.append(Finding("--web.max-requests", "must be 0 (no limit) or more")) }
        let telemetryPath = options.telemetryPath ?? choices?.telemetryPath ?? "/metrics"
        if !telemetryPath.hasPrefix("/") {
            findings.append(Finding("--web.telemetry-path", "must begin with /, for example /metrics"))
        }
        if options.storageMaxBytes < 1 << 20 {
            findings.append(Finding("--storage.max-bytes", "must be at least 1048576 (1 MiB)"))
        }
        var query: QuerySettings?
        do {
            query = try QuerySettings(options.query)
        } catch {
            findings += error.all
        }
        var addresses: [ListenAddress] = []
        let listenAddresses =
            options.listenAddresses.isEmpty ? [choices?.listenAddress].compactMap { $0 } : options.listenAddresses
        for text in listenAddresses {
            do {
                addresses.append(try ListenAddress(parsing: text))
            } catch {
                findings.append(Finding("--web.listen-address", error.description))
            }
        }
        guard findings.isEmpty, let query else { throw Findings(all: findings) }

        self.configuration = configuration
        configFile = options.configFile
        // Loopback when nothing is said, so that nothing is open to the network by accident.
        self.listenAddresses = addresses.isEmpty ? [.standard] : addresses
        self.telemetryPath = telemetryPath
        webConfigFile = options.webConfigFile
        adminTokenFile = options.adminTokenFile
        maxRequests = options.maxRequests
        storagePath = options.storagePath
        bulkSeries = options.bulkSeries
        storageMaxBytes = options.storageMaxBytes
        self.query = query
        logLevel = options.logLevel
        logFormat = options.logFormat
        self.collectors = collectors
        warnings = (choices?.warnings ?? []) + collectors.warnings
        self.secrets = secrets
    }
}
