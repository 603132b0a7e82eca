import ArgumentParser
import Logging

/// The flags of `serve` and `demo`.
struct ServeOptions: ParsableArguments {
    @Option(name: .customLong("config.file"), help: "The configuration file (YAML).")
    var configFile: String?

    @Option(
        name: .customLong("web.listen-address"),
        help: "HOST:PORT to listen on; may be repeated. Loopback only unless told otherwise. Default: 127.0.0.1:9876.")
    var listenAddresses: [String] = []

    @Option(name: .customLong("web.telemetry-path"), help: "The path of the metrics. Default: /metrics.")
    var telemetryPath: String?

    @Option(
        name: .customLong("web.config.file"),
        help: "TLS, client certificates, basic auth and headers, as the Prometheus exporter-toolkit defines the file.")
    var webConfigFile: String?

    @Option(
        name: .customLong("web.admin-token-file"),
        help: "A file with a bearer token that may do what changes something (POST /-/reload).")
    var adminTokenFile: String?

    @Option(name: .customLong("web.max-requests"), help: "Requests served at once; beyond, the answer is 503. 0: no limit.")
    var maxRequests = 40

    @OptionGroup(title: "Queries")
    var query: QueryOptionGroup

    @Option(name: .customLong("storage.path"), help: "Where series, alert states, notifications and unsent rows are kept.")
    var storagePath = "vitals-data"

    @Option(
        name: .customLong("storage.retention"),
        help: "How long series are kept, as a Prometheus duration. Default: 2h, or longer when a loaded rule looks further back.")
    var storageRetention: String?

    @Option(name: .customLong("storage.max-bytes"), help: "How much memory the series may take; new series are refused beyond.")
    var storageMaxBytes = 128 << 20

    @Option(
        name: .customLong("storage.bulk-series"),
        help:
            "Which series of families with one for each of over 100 tables or indexes are kept: those that a rule reads, or all. /metrics has all of them."
    )
    var bulkSeries = BulkSeries.read

    @Option(
        name: .customLong("sample.interval"),
        help: "How often the timer samples, as a Prometheus duration. Default: the file's, or 15s.")
    var sampleInterval: String?

    @Option(name: .customLong("sample.max-age"), help: "How long a scrape shares a sample. Default: the file's, or 1s.")
    var sampleMaxAge: String?

    @Option(
        name: .customLong("log.level"), help: "trace, debug, info, notice, warning, error or critical. Default: info.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text == "warn" ? "warning" : text) else {
                let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("'\(text)' is no log level; known: \(known)")
            }
            return level
        })
    var logLevel = Logger.Level.info

    @Option(name: .customLong("log.format"), help: "logfmt or json.")
    var logFormat = LogFormat.logfmt

    @OptionGroup(title: "As postgres_exporter has them")
    var exporter: ExporterOptionGroup

    @OptionGroup(title: "Collectors")
    var collectors: CollectorOptionGroup
}

extension LogFormat: ExpressibleByArgument {}
