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

        for text in options.collectorSwitches {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = parts.first, let state = parts.last, parts.count == 2 else { continue }
            // A flag speaks to every kind of target: it is wrong only when no kind knows the name.
            let known = TargetConfiguration.Kind.allCases.flatMap(knownCollectors)
            guard known.contains(name) else {
                findings.append(
                    Finding(
                        "--[no-]collector.\(name)", "there is no collector '\(name)'; known: \(known.joined(separator: ", "))"))
                continue
            }
            for place in configuration.targets.indices
            where knownCollectors(configuration.targets[place].kind).contains(name) {
                configuration.targets[place].collectors[name] = state == "on"
            }
        }
        if options.maxRequests < 0 { findings.append(Finding("--web.max-requests", "must be 0 (no limit) or more")) }
        if !options.telemetryPath.hasPrefix("/") {
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
        for text in options.listenAddresses {
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
        listenAddresses = addresses.isEmpty ? [.standard] : addresses
        telemetryPath = options.telemetryPath
        webConfigFile = options.webConfigFile
        adminTokenFile = options.adminTokenFile
        maxRequests = options.maxRequests
        storagePath = options.storagePath
        bulkSeries = options.bulkSeries
        storageMaxBytes = options.storageMaxBytes
        self.query = query
        logLevel = options.logLevel
        logFormat = options.logFormat
        self.secrets = secrets
    }
}
