import Glibc
import Health
import MetricsModel
import PromQL
import RemoteWrite
import SampleStore
import Sampling
import Web
import YAML

/// What stands behind the query API, beside the engine.
struct QueryRooms {
    let settings: Settings
    let store: SampleStore
    let sampler: Sampler
    /// Of every target, Vitals itself last.
    let identities: [TargetIdentity]
    let postgres: [PostgresTarget]
    let reload: ReloadState
    let started = unixMilliseconds()

    /// Hands the rooms to the server.
    func fill(_ sources: inout WebSources, registry: Registry) {
        sources.catalog = store
        sources.scrapeTargets = { await targets() }
        sources.status = { status() }
        if !postgres.isEmpty {
            sources.statements = { await statements($0) }
            sources.locks = { await locks($0) }
        }
        if settings.query.receivesRemoteWrite {
            sources.remoteWrite = RemoteWriteReceiver(sink: StoreSink(store: store), registry: registry, now: unixMilliseconds)
        }
    }

    private func targets() async -> [ScrapeTargetView] {
        let sample = await sampler.newest
        let interval = settings.configuration.sample.interval
        return identities.map { identity in
            let target = sample?.targets.first { $0.identity == identity }
            let failing = target?.collectors.filter { !$0.success }.map(\.name) ?? []
            let error =
                target?.up == false
                ? "no answer" : failing.isEmpty ? "" : "without an answer: \(failing.joined(separator: ", "))"
            return ScrapeTargetView(
                labels: identity.labels.merging(Labels(["job": identity.kind.rawValue, "instance": identity.instance])),
                address: address(of: identity), isUp: target?.up, lastSample: target == nil ? nil : sample?.set.timestamp,
                durationSeconds: (target?.duration).map { Double($0.milliseconds) / 1_000 } ?? 0, error: error,
                interval: PrometheusDuration.text(milliseconds: interval.milliseconds),
                timeout: PrometheusDuration.text(milliseconds: min(interval, .seconds(10)).milliseconds),
                metadata: target?.families.map { MetricMetadata($0.family) } ?? [])
        }
    }

    /// How long a server may take to say what runs there now.
    private static let statementTimeout: Duration = .seconds(3)

    /// All servers at once; one that does not answer says so.
    private func statements(_ query: StatementQueryView) async -> [StatementListView] {
        let order = StatementOrder(rawValue: query.order.rawValue) ?? .total
        let wanted = postgres.filter { query.target == nil || $0.identity.name == query.target }
        return await withTaskGroup(of: (Int, StatementReport).self) { group in
            for (place, target) in wanted.enumerated() {
                group.addTask {
                    (place, await target.statements(by: order, limit: query.limit, deadline: .now + Self.statementTimeout))
                }
            }
            var reports = [StatementReport?](repeating: nil, count: wanted.count)
            for await (place, report) in group { reports[place] = report }
            return reports.compactMap { $0 }.map(StatementListView.init)
        }
    }

    /// All servers at once; one that does not answer says so.
    private func locks(_ name: String?) async -> [LockTreeView] {
        let wanted = postgres.filter { name == nil || $0.identity.name == name }
        return await withTaskGroup(of: (Int, LockReport).self) { group in
            for (place, target) in wanted.enumerated() {
                group.addTask { (place, await target.locks(deadline: .now + Self.statementTimeout)) }
            }
            var reports = [LockReport?](repeating: nil, count: wanted.count)
            for await (place, report) in group { reports[place] = report }
            return reports.compactMap { $0 }.map(LockTreeView.init)
        }
    }

    private func address(of identity: TargetIdentity) -> String {
        switch identity.kind {
        case .vitals: "http://\(identity.instance)\(settings.telemetryPath)"
        case .postgres, .redis, .pgbouncer: "\(identity.kind.rawValue)://\(identity.instance)"
        }
    }

    private func status() -> StatusView {
        let extent = store.extent
        var status = StatusView(started: started, lastReload: reload.lastSuccess)
        status.workingDirectory = text(4_096) { getcwd($0, $1) != nil }
        status.hostname = text(256) { gethostname($0, $1) == 0 }
        status.lastReloadSucceeded = reload.wasSuccessful
        status.retention = PrometheusDuration.text(milliseconds: store.retention.milliseconds)
        do {
            status.threads = try threadCount()
        } catch {
            // /proc is not there: the health check of the tasks says so.
        }
        status.processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        status.flags = settings.flags
        status.configuration = settings.prometheusText(identities)
        status.oldestSample = extent.oldestTimestamp
        status.newestSample = extent.newestTimestamp
        status.chunks = extent.chunks
        status.alertmanagers = settings.configuration.alerting.alertmanagers.map { withoutCredentials($0.url) + "/api/v2/alerts" }
        return status
    }

    /// What a call of the system writes into a buffer; empty when it fails.
    private func text(_ size: Int, _ read: (UnsafeMutablePointer<CChar>, Int) -> Bool) -> String {
        var buffer = [CChar](repeating: 0, count: size)
        let isRead = buffer.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { read($0, size - 1) } ?? false
        }
        guard isRead, let end = buffer.firstIndex(of: 0) else { return "" }
        return String(decoding: buffer[..<end].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension MetricMetadata {
    fileprivate init(_ family: Family) {
        self.init(metric: family.name, type: family.type.rawValue, help: family.help)
    }
}

/// The store as remote write sees it.
private struct StoreSink: WriteSink {
    let store: SampleStore

    func append(_ batch: [SeriesSamples]) -> WriteOutcome {
        let outcome = store.append(batch: batch)
        return WriteOutcome(
            accepted: outcome.accepted,
            refused: Dictionary(outcome.refused.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: +))
    }
}

/// The address without user and password, and without a slash at its end.
private func withoutCredentials(_ address: String) -> String {
    var address = address
    while address.hasSuffix("/") { address.removeLast() }
    guard let scheme = address.firstRange(of: "://") else { return address }
    let rest = address[scheme.upperBound...]
    let authority = rest[..<(rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex)]
    guard let at = authority.lastIndex(of: "@") else { return address }
    return String(address[..<scheme.upperBound] + rest[rest.index(after: at)...])
}

extension Settings {
    /// The flags with the values that hold. None of them is a secret: passwords come from files and the environment.
    fileprivate var flags: [String: String] {
        [
            "config.file": configFile ?? "", "log.format": "\(logFormat)", "log.level": "\(logLevel)",
            "query.lookback-delta": PrometheusDuration.text(milliseconds: query.lookback.milliseconds),
            "query.max-concurrency": "\(query.atOnce)", "query.max-samples": "\(query.samplesMax)",
            "query.timeout": PrometheusDuration.text(milliseconds: query.timeout.milliseconds),
            "sample.interval": PrometheusDuration.text(milliseconds: configuration.sample.interval.milliseconds),
            "sample.max-age": PrometheusDuration.text(milliseconds: configuration.sample.maxAge.milliseconds),
            "storage.bulk-series": bulkSeries.rawValue, "storage.max-bytes": "\(storageMaxBytes)", "storage.path": storagePath,
            "storage.retention": storageRetention.map { PrometheusDuration.text(milliseconds: $0.milliseconds) } ?? "",
            "web.config.file": webConfigFile ?? "", "web.cors.origin": query.corsOrigin,
            "web.enable-remote-write-receiver": "\(query.receivesRemoteWrite)",
            "web.listen-address": listenAddresses.map { "\($0)" }.joined(separator: ","),
            "web.max-requests": "\(maxRequests)", "web.telemetry-path": telemetryPath,
        ]
    }

    /// What is sampled and evaluated, in the form of a Prometheus configuration. No address of it holds a credential.
    fileprivate func prometheusText(_ identities: [TargetIdentity]) -> String {
        let interval = PrometheusDuration.text(milliseconds: configuration.sample.interval.milliseconds)
        var lines = ["global:", "  scrape_interval: \(interval)", "  evaluation_interval: \(interval)"]
        let labels = configuration.alerting.externalLabels.pairs
        if !labels.isEmpty { lines.append("  external_labels:") }
        for label in labels { lines.append("    \(quoted(label.name)): \(quoted(label.value))") }
        if !configuration.ruleFiles.isEmpty { lines.append("rule_files:") }
        for file in configuration.ruleFiles { lines.append("- \(quoted(file))") }
        lines.append("scrape_configs:")
        for kind in TargetKind.allCases {
            let instances = identities.filter { $0.kind == kind }.map { quoted($0.instance) }
            guard !instances.isEmpty else { continue }
            lines += [
                "- job_name: \(kind.rawValue)", "  static_configs:", "  - targets: [\(instances.joined(separator: ", "))]",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension StatementListView {
    fileprivate init(_ report: StatementReport) {
        self.init(
            target: report.target, showsText: report.showsText, readAt: report.readAt,
            entries: report.entries.map {
                Entry(
                    queryID: $0.queryID, user: $0.user, database: $0.database, calls: $0.calls, totalSeconds: $0.totalSeconds,
                    meanSeconds: $0.meanSeconds, maxSeconds: $0.maxSeconds, rows: $0.rows, firstSeen: $0.firstSeen,
                    text: $0.text)
            },
            running: report.running.map {
                Running(
                    pid: $0.pid, user: $0.user, database: $0.database, application: $0.application, ageSeconds: $0.ageSeconds,
                    wait: $0.wait, text: $0.text)
            }, runningError: report.runningError, thresholdSeconds: report.thresholdSeconds)
    }
}

extension LockTreeView {
    fileprivate init(_ report: LockReport) {
        self.init(
            target: report.target,
            sessions: report.places.map { place in
                let session = place.session
                return Session(
                    pid: session.pid, depth: place.depth, blockers: session.blockers, user: session.user,
                    database: session.database, application: session.application, state: session.state,
                    transactionSeconds: session.transactionSeconds, waitSeconds: session.waitSeconds, lock: session.lock,
                    text: session.text)
            }, error: report.error)
    }
}
