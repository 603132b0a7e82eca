internal import MetricsModel
internal import Synchronization

/// One group at work: serialises its evaluations, reloads and saves, and shows the newest snapshot to readers, who never wait for
/// an evaluation.
actor RuleGroupRunner {
    nonisolated let key: String
    private nonisolated let published: Mutex<RuleGroupSnapshot>
    private var group: RuleGroup
    private let language: any RuleLanguage
    private let statePath: String?
    private let onEvent: @Sendable (RuleEvent) -> Void
    private var isUnsaved = false
    private var lastSavedAt = Int64.min
    private var isSaveFailing = false
    private var isRetired = false
    private var lastInspectedAt = Int64.min

    /// Series come and go slowly: this often the rules are looked at that no series applies to (milliseconds).
    private static let inspectInterval: Int64 = 60_000

    init(
        _ group: RuleGroup, language: any RuleLanguage, statePath: String?,
        onEvent: @escaping @Sendable (RuleEvent) -> Void
    ) {
        self.key = group.definition.key
        self.group = group
        self.language = language
        self.statePath = statePath
        self.onEvent = onEvent
        published = Mutex(group.snapshot)
    }

    nonisolated var snapshot: RuleGroupSnapshot { published.withLock { $0 } }

    func evaluate(
        at timestamp: Int64, missed: Int, source: any SeriesSource, sink: any SampleSink, outages: OutageReader?,
        catalog: (any SeriesCatalog)?
    ) -> [Notification] {
        guard !isRetired else { return [] }
        let before = group.rules.map(\.health)
        group.countMissed(missed)
        let notifications = group.evaluate(at: timestamp, source: source, sink: sink, outages: outages)
        if let catalog {
            let isDue = lastInspectedAt == .min || timestamp - lastInspectedAt >= Self.inspectInterval
            group.inspect(catalog, all: isDue)
            if isDue { lastInspectedAt = timestamp }
        }
        isUnsaved = isUnsaved || group.isStateChanged
        publish()
        for (rule, old) in zip(group.rules, before) where rule.health != old {
            switch rule.health {
            case .err: onEvent(.ruleFailed(group: key, rule: rule.definition.name, error: rule.lastError ?? ""))
            case .ok where old == .err: onEvent(.ruleRecovered(group: key, rule: rule.definition.name))
            case .ok, .unknown: break
            }
        }
        return notifications
    }

    func replace(
        _ definition: RuleGroupDefinition, settings: RuleSettings, recorded: [String: [any RuleExpression]]
    ) {
        var next = RuleGroup(definition, settings: settings, language: language)
        next.recorded = recorded
        lastInspectedAt = .min
        next.takeState(from: group)
        group = next
        isUnsaved = true
        publish()
    }

    /// Ends the group: its alerts are forgotten, also on disk.
    ///
    /// - Returns: the series that want stale markers, and by how much their times lie before the evaluations'.
    func retire() -> (series: [Labels], queryOffset: Int64) {
        isRetired = true
        if let statePath {
            do {
                try DurableFile.remove(statePath)
            } catch {
                onEvent(.stateNotSaved(group: key, error: error.description))
            }
        }
        return (group.writtenSeries, group.queryOffset)
    }

    /// Alerts that did not change are saved this often all the same (milliseconds): the file's age tells a restart how long nobody
    /// watched. While one is pending, every evaluation is saved: what it has waited already would be lost with a crash.
    private static let saveInterval: Int64 = 30_000

    /// Keeps the alerts on disk when they have changed.
    func save(at now: Int64) {
        guard !isRetired, let statePath else { return }
        let isPending = group.rules.contains { $0.alerts.alerts.values.contains { $0.state == .pending } }
        let isAged = isPending || lastSavedAt == .min || now - lastSavedAt >= Self.saveInterval
        guard isUnsaved || isAged && group.rules.contains(where: { !$0.alerts.alerts.isEmpty }) else { return }
        do {
            let directory = statePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            try DurableFile.createDirectory(directory)
            try DurableFile.replace(statePath, with: RuleStateFile.encode(group, savedAt: now))
            isUnsaved = false
            isSaveFailing = false
            lastSavedAt = now
        } catch {
            if !isSaveFailing { onEvent(.stateNotSaved(group: key, error: error.description)) }
            isSaveFailing = true
        }
    }

    private func publish() {
        let snapshot = group.snapshot
        published.withLock { $0 = snapshot }
    }
}
