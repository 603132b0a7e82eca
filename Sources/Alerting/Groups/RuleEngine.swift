public import MetricsModel
internal import Synchronization

/// What happened that somebody should know of. Said once per change, not per evaluation.
public enum RuleEvent: Sendable {
    case ruleFailed(group: String, rule: String, error: String)
    case ruleRecovered(group: String, rule: String)
    /// Alerts of a group could not be kept; a restart now would forget them.
    case stateNotSaved(group: String, error: String)
    /// A group's kept alerts could not be read and are forgotten.
    case stateNotRestored(group: String, error: String)
}

/// Evaluates groups of rules at their times.
///
///     let engine = RuleEngine(settings: settings, language: PromQLLanguage(), source: store, sink: store, stateDirectory: path + "/rules",
///         notify: { await outbox.enqueue($0) }, onEvent: { … })
///     engine.load(files)
///     try await engine.run()      // until cancelled
public final class RuleEngine: Sendable {
    private struct State {
        var settings: RuleSettings
        var runners: [String: RuleGroupRunner] = [:]
        /// The keys of the groups in the order of the files.
        var order: [String] = []
        /// In that order.
        var definitions: [RuleGroupDefinition] = []
        var timetable = GroupTimetable()
        /// Series of groups that are gone: the time of their stale markers, and when they get them.
        var retired: [(series: [Labels], endedAt: Int64, due: Int64)] = []
    }

    private let language: any RuleLanguage
    private let source: any SeriesSource
    private let sink: any SampleSink
    private let catalog: (any SeriesCatalog)?
    private let outages: OutageReader?
    private let threads = RuleThreads()
    private let clock: any WallClock
    private let stateDirectory: String?
    private let notify: @Sendable ([Notification]) async -> Void
    private let onEvent: @Sendable (RuleEvent) -> Void
    private let state: Mutex<State>
    private let changed = Signal()

    /// - Parameters:
    ///   - catalog: of `source`: says which rules read series that are not there. nil: no rule is looked at.
    ///   - outages: says what cannot be read; used where the settings keep the alerts behind it.
    ///   - stateDirectory: where alerts are kept over a restart; created when needed. nil keeps them in memory only.
    ///   - notify: takes what receivers are to be told. A group waits for it, so it must queue and not deliver.
    public init(
        settings: RuleSettings, language: any RuleLanguage, source: any SeriesSource, sink: any SampleSink,
        catalog: (any SeriesCatalog)? = nil,
        outages: OutageReader? = { Outage.targetsDown(at: $0, source: $1) },
        clock: any WallClock = SystemWallClock(), stateDirectory: String?,
        notify: @escaping @Sendable ([Notification]) async -> Void, onEvent: @escaping @Sendable (RuleEvent) -> Void
    ) {
        state = Mutex(State(settings: settings))
        self.language = language
        self.source = source
        self.sink = sink
        self.catalog = catalog
        self.outages = outages
        self.clock = clock
        self.stateDirectory = stateDirectory
        self.notify = notify
        self.onEvent = onEvent
    }

    /// The groups in the order of the files.
    public var groups: [RuleGroupSnapshot] {
        state.withLock { state in state.order.compactMap { state.runners[$0] } }.map(\.snapshot)
    }

    /// Takes the rules of these files, and only these. Groups known by file and name keep the state of their rules; new ones take
    /// theirs from the state directory; what vanished gets stale markers two intervals later, when a renamed rule has written its own.
    /// Two loads at once are not meant to be.
    ///
    /// - Parameter newSettings: what holds from now on; nil leaves the settings as they are.
    public func load(_ files: [RuleFile], settings newSettings: RuleSettings? = nil) async {
        let now = clock.now
        let (settings, old) = state.withLock { state in
            state.settings = newSettings ?? state.settings
            return (state.settings, state.runners)
        }
        var runners: [String: RuleGroupRunner] = [:]
        var order: [String] = []
        var schedules: [(String, GroupSchedule)] = []
        var definitions: [RuleGroupDefinition] = []
        let recorded = Self.recorded(by: files)
        for definition in files.flatMap(\.groups) where runners[definition.key] == nil {
            let key = definition.key
            if let known = old[key] {
                await known.replace(definition, settings: settings, recorded: recorded)
                runners[key] = known
            } else {
                runners[key] = makeRunner(definition, settings, recorded, now: now)
            }
            order.append(key)
            definitions.append(definition)
            let interval = definition.interval ?? settings.interval
            schedules.append((key, GroupSchedule(file: definition.file, group: definition.name, interval: interval)))
        }
        var retired: [(series: [Labels], endedAt: Int64, due: Int64)] = []
        for (key, runner) in old where runners[key] == nil {
            let gone = await runner.retire()
            // A renamed group may write the same series meanwhile: then the marker comes too late for them and is refused.
            retired.append((gone.series, now - gone.queryOffset, now + 2 * runner.snapshot.interval))
        }
        state.withLock { state in
            state.runners = runners
            state.order = order
            state.definitions = definitions
            state.timetable.replace(schedules, now: now)
            state.retired += retired
        }
        changed.set()
    }

    /// Evaluates groups when they are due, each in a task of its own, until cancelled. Called once.
    public func run() async throws(CancellationError) {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for (runner, slot, missed) in takeDue() {
                    group.addTask(executorPreference: threads) {
                        await self.evaluate(runner, at: slot, missed: missed)
                        self.state.withLock { $0.timetable.finish(runner.key) }
                        self.changed.set()
                    }
                }
                let wake = state.withLock { state in
                    (state.retired.map(\.due) + [state.timetable.nextDue ?? .max]).min() ?? .max
                }
                await changed.wait(until: wake, clock: clock)
            }
            // What runs already may end: a round cut short would leave half its samples.
        }
        throw CancellationError()
    }

    /// Evaluates every group once at an instant, in the order of the files. For tests of rules and replays.
    public func evaluateAll(at timestamp: Int64) async {
        let runners = state.withLock { state in state.order.compactMap { state.runners[$0] } }
        for runner in runners { await evaluate(runner, at: timestamp, missed: 0) }
    }

    /// What every rule reads, in the order of the files.
    func readings() -> [(group: String, rule: String, reads: RuleReads)] {
        state.withLock { $0.definitions }.flatMap { group in
            group.rules.map { (group.key, $0.name, $0.expression.reads) }
        }
    }

    /// The series of a selector that ended within the last `within` milliseconds; none where the source cannot answer.
    func vanished(_ matchers: [LabelMatcher], within: Int64) -> [VanishedSeries] {
        let now = clock.now
        do {
            return try VanishedSeries.of(matchers, from: now - within, through: now, source: source)
        } catch {
            return []
        }
    }

    private func evaluate(_ runner: RuleGroupRunner, at timestamp: Int64, missed: Int) async {
        let notifications = await runner.evaluate(
            at: timestamp, missed: missed, source: source, sink: sink, outages: outages, catalog: catalog)
        // The outbox has them on disk before the alerts are kept as sent: a crash between tells twice rather than never.
        if !notifications.isEmpty { await notify(notifications) }
        await runner.save(at: clock.now)
    }

    private func takeDue() -> [(RuleGroupRunner, slot: Int64, missed: Int)] {
        let now = clock.now
        let (due, retired) = state.withLock { state in
            let due = state.timetable.takeDue(now: now).compactMap { item in
                state.runners[item.key].map { ($0, item.slot, item.missed) }
            }
            let retired = state.retired.filter { $0.due <= now }
            state.retired.removeAll { $0.due <= now }
            return (due, retired)
        }
        for entry in retired {
            for series in entry.series { sink.append(series, at: entry.endedAt, staleMarker) }
        }
        return due
    }

    static func recorded(by files: [RuleFile]) -> [String: [any RuleExpression]] {
        var recorded: [String: [any RuleExpression]] = [:]
        for rule in files.lazy.flatMap(\.groups).flatMap(\.rules) where !rule.isAlert {
            recorded[rule.name, default: []].append(rule.expression)
        }
        return recorded
    }

    private func makeRunner(
        _ definition: RuleGroupDefinition, _ settings: RuleSettings, _ recorded: [String: [any RuleExpression]], now: Int64
    ) -> RuleGroupRunner {
        var group = RuleGroup(definition, settings: settings, language: language)
        group.recorded = recorded
        let fingerprint = Labels(["file": definition.file, "name": definition.name]).fingerprint
        let path = stateDirectory.map { "\($0)/\(String(fingerprint, radix: 16)).state" }
        if let path {
            do {
                if let bytes = try DurableFile.read(path),
                    !RuleStateFile.restore(bytes, into: &group, now: now, outageTolerance: settings.outageTolerance)
                {
                    onEvent(.stateNotRestored(group: definition.key, error: "\(path) is damaged"))
                }
            } catch {
                onEvent(.stateNotRestored(group: definition.key, error: error.description))
            }
        }
        return RuleGroupRunner(group, language: language, statePath: path, onEvent: onEvent)
    }
}
