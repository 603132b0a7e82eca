import ArgumentParser
import PromQL
import Web
import YAML

/// The flags about queries and what comes in over the API, named as Prometheus names them.
struct QueryOptionGroup: ParsableArguments {
    @Option(name: .customLong("query.timeout"), help: "How long a query may take, as a Prometheus duration.")
    var timeout = "2m"

    @Option(name: .customLong("query.max-concurrency"), help: "Queries that compute at one time; further ones wait.")
    var atOnce = 2

    @Option(name: .customLong("query.max-samples"), help: "Samples that one query may hold in memory (16 bytes each).")
    var samplesMax = 20_000_000

    @Option(name: .customLong("query.lookback-delta"), help: "How old a series' newest sample may be to be its value.")
    var lookback = "5m"

    @Option(
        name: .customLong("enable-feature"),
        help: "Features of PromQL to enable, separated by commas, as Prometheus names them. May be repeated.")
    var features: [String] = []

    @Option(
        name: .customLong("web.cors.origin"),
        help: "Other sites whose pages may read the API: a regular expression for their whole origin.")
    var corsOrigin = ".*"

    @Flag(name: .customLong("web.enable-remote-write-receiver"), help: "Take samples over remote write 1.0: POST /api/v1/write.")
    var receivesRemoteWrite = false
}

/// What holds for queries.
struct QuerySettings: Sendable {
    let timeout: Duration
    let atOnce: Int
    let samplesMax: Int
    let lookback: Duration
    let features: PromQLFeatures.Request
    let corsOrigin: String
    let origins: OriginPolicy?
    let receivesRemoteWrite: Bool

    /// Throws everything that is wrong with the flags.
    init(_ options: QueryOptionGroup) throws(Findings) {
        var findings: [Finding] = []
        func duration(_ text: String, _ flag: String) -> Duration {
            do {
                let duration = try PrometheusDuration.parse(text)
                if duration > .zero { return duration }
                findings.append(Finding(flag, "must be longer than 0, for example 5m"))
            } catch {
                findings.append(Finding(flag, error.message + "; durations are written like 15s or 1h30m"))
            }
            return .zero
        }
        timeout = duration(options.timeout, "--query.timeout")
        lookback = duration(options.lookback, "--query.lookback-delta")
        features = PromQLFeatures.request(options.features)
        atOnce = options.atOnce
        samplesMax = options.samplesMax
        corsOrigin = options.corsOrigin
        receivesRemoteWrite = options.receivesRemoteWrite
        if !(1...64).contains(atOnce) { findings.append(Finding("--query.max-concurrency", "must be from 1 to 64")) }
        if samplesMax < 1 { findings.append(Finding("--query.max-samples", "must be 1 or more")) }
        var origins: OriginPolicy?
        if !corsOrigin.isEmpty {
            do {
                origins = try OriginPolicy(corsOrigin)
            } catch {
                findings.append(Finding("--web.cors.origin", error.description))
            }
        }
        self.origins = origins
        guard findings.isEmpty else { throw Findings(all: findings) }
    }
}

extension PromQLEngine {
    /// The engine of rules and queries.
    init(_ settings: Settings) {
        self.init(
            features: settings.query.features.features,
            limits: QueryLimits(samples: settings.query.samplesMax, duration: settings.query.timeout),
            lookback: settings.query.lookback.milliseconds,
            subqueryStep: settings.configuration.sample.interval.milliseconds)
    }
}
