import Alerting
import ArgumentParser
import FoundationEssentials
import Logging
import MetricsModel
import Postgres
import PromQL
import Records
import SampleStore
import YAML

struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what the rules would have fired on stored history.",
        discussion: """
            Instants are RFC 3339, seconds since the epoch, now, or how long ago (90m, 2d). The history is the local store under the
            storage path, which a running Vitals may be using, or the rows of system_health.
            """)

    enum History: String, ExpressibleByArgument, CaseIterable {
        case store
        case rows = "system_health"
    }

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @Option(help: "Where the stretch begins.")
    var from: String

    @Option(help: "Where it ends.")
    var to = "now"

    @Option(help: "The time between evaluations, as a Prometheus duration. Default: as the groups are evaluated.")
    var step: String?

    @Option(name: .customLong("config.file"), help: "The configuration file (YAML), for rules, external labels and targets.")
    var configFile: String?

    @Option(name: .customLong("storage.path"), help: "Where series are kept.")
    var storagePath = "vitals-data"

    @Option(parsing: .upToNextOption, help: "Rule files and globs. Default: those of the configuration, or the shipped ones.")
    var rules: [String] = []

    @Option(help: "Where samples come from: store or system_health.")
    var history = History.store

    @Option(help: "The name of the Postgres target that holds system_health. Default: the configured one, or the first.")
    var target: String?

    @Option(help: "text or json.")
    var output = Output.text

    func run() async throws {
        let now = unixMilliseconds()
        var arguments = ["--storage.path", storagePath]
        if let configFile { arguments += ["--config.file", configFile] }
        let settings = try Settings(ServeOptions.parse(arguments), environment: .current())
        let span = try readSpan(now: now)
        let files = try readRules(settings)
        let past = try await readHistory(settings, span, files)
        let engine = past.engine(PromQLEngine(settings))
        var rules = RuleSettings(settings)
        // Nobody waits for a target of the past: what is not there is judged as the rules judge it.
        if history == .rows { rules.targetDown = .resolve }
        var replay = RuleReplay(
            files, over: span, settings: rules, language: PromQLLanguage(engine), history: past.store,
            begins: past.store.oldestTimestamp, outages: { time, source in Outage.targetsDown(at: time, source: source) })
        let report = replay.run()
        switch output {
        case .text: print(ReplayText.text(report, past.description), terminator: "")
        case .json: print(ReplayText.json(report, past.description).text)
        }
    }

    private func readSpan(now: Int64) throws(Findings) -> RuleReplay.Span {
        let (from, to) = (instant(from, now), instant(to, now))
        var findings: [Finding] = []
        if from == nil {
            findings.append(Finding("--from", "'\(self.from)' is no instant; RFC 3339, seconds, or how long ago (2h)"))
        }
        if to == nil {
            findings.append(Finding("--to", "'\(self.to)' is no instant; RFC 3339, seconds, now, or how long ago (2h)"))
        }
        var milliseconds: Int64?
        if let step {
            do {
                milliseconds = try PrometheusDuration.milliseconds(step)
                if milliseconds ?? 0 <= 0 { findings.append(Finding("--step", "must be longer than 0")) }
            } catch {
                findings.append(Finding("--step", error.message))
            }
        }
        if let from, let to, from > to { findings.append(Finding("--from", "is after --to")) }
        guard findings.isEmpty, let from, let to else { throw Findings(all: findings) }
        return RuleReplay.Span(from: from, through: to, step: milliseconds)
    }

    private func instant(_ text: String, _ now: Int64) -> Int64? {
        if text == "now" { return now }
        if let instant = Timestamp.milliseconds(text) { return instant }
        do {
            return now - (try PrometheusDuration.milliseconds(text))
        } catch {
            return nil
        }
    }

    private func readRules(_ settings: Settings) throws(Findings) -> [RuleFile] {
        guard !rules.isEmpty else { return try Reloader.read(settings, Logger(label: "replay")) }
        let language = PromQLLanguage(PromQLEngine(settings))
        return try RuleFiles(language: language).read(rules, relativeTo: ".", warn: { complain("warning: \($0)") })
    }

    private func readHistory(_ settings: Settings, _ span: RuleReplay.Span, _ files: [RuleFile]) async throws -> StoredHistory {
        switch history {
        case .store: return try StoredHistory.store(settings.storagePath + "/store")
        case .rows:
            let place = try recordTarget(settings.configuration, named: target)
            // The rules look back from the first evaluation, which comes before the stretch by what alerts wait for.
            let reach = RuleReach.of(files).max()?.milliseconds ?? 0
            let from = span.from - min(span.from, reach + longestWait(files))
            return try await StoredHistory.rows(place, from: from, through: span.through, settings.secrets)
        }
    }

    private func longestWait(_ files: [RuleFile]) -> Int64 {
        files.flatMap(\.groups).flatMap(\.rules).map { rule -> Int64 in
            guard case .alert(let hold, let keepFiring, _) = rule.kind else { return 0 }
            return hold + keepFiring
        }.max() ?? 0
    }
}

/// Samples of the past, in memory.
struct StoredHistory {
    let store: SampleStore
    /// Where they come from, for people.
    let description: String
    /// How long a sample stands for its series, where that is longer than usual.
    var lookback: Int64?

    func engine(_ engine: PromQLEngine) -> PromQLEngine {
        var engine = engine
        if let lookback { engine.lookback = max(engine.lookback, lookback) }
        return engine
    }

    static func store(_ directory: String) throws(Findings) -> StoredHistory {
        do {
            let (store, report) = try SampleStore.read(directory: directory)
            return StoredHistory(
                store: store, description: "\(directory): \(report.samplesLoaded) samples of \(report.seriesLoaded) series")
        } catch {
            throw Findings(all: [Finding("--storage.path", error.description)])
        }
    }

    /// The most rows of one answer.
    private static let rowsMax = 10_000

    static func rows(
        _ place: TargetConfiguration, from: Int64, through: Int64, _ secrets: Secrets
    ) async throws(Findings) -> StoredHistory {
        var rows: [SystemHealthRow] = []
        var database: String?
        do {
            let readiness = try Readiness()
            defer { readiness.stop() }
            let configuration = try PostgresConfiguration(place.url, applicationName: "vitals")
            database = configuration.database
            let session = PostgresSession(configuration, readiness: readiness)
            do throws(RecordError) {
                var end = through
                while true {
                    let page = try await session.systemHealthRows(from: from, through: end, rowsMax: rowsMax)
                    rows += page
                    guard page.count == rowsMax, let oldest = page.last else { break }
                    end = oldest.timestamp - 1
                }
                await session.close()
            } catch {
                await session.close()
                throw error
            }
        } catch {
            throw Findings(all: [Finding("system_health", secrets.redacting("\(error)"))])
        }
        let store = SampleStore(
            limits: StoreLimits(retention: .seconds(Int64.max / 4_000), bytesMax: .max / 2, logBytesMax: .max / 2))
        rows.reverse()
        for row in rows {
            for (labels, value) in row.samples(database: database) { store.append(labels, at: row.timestamp, value) }
        }
        // A row stands until the next one: usually a minute, but people may keep one an hour.
        let gaps = zip(rows.dropFirst(), rows).map { $0.timestamp - $1.timestamp }.sorted()
        let usual = gaps.isEmpty ? 0 : gaps[gaps.count / 2]
        return StoredHistory(
            store: store, description: "system_health of \(place.name): \(rows.count) rows", lookback: usual * 2)
    }
}
