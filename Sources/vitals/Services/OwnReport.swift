import Alerting
import Health
import MetricsModel
import Receivers
import Records
import SampleStore
import Synchronization

/// What Vitals says about itself in every sample.
final class OwnReport: Sendable {
    /// Where the numbers come from.
    struct Sources: Sendable {
        let registry: Registry
        let store: SampleStore
        let rules: RuleEngine
        let notifications: Notifications
        let heartbeats: Heartbeats
        let health: HealthMonitor
        let storagePath: String
        /// Nil while rows have no database.
        let records: RecordWriter?
        let reload: ReloadState
    }

    private let sources: Sources
    private let cache = Mutex(SeriesCache())

    init(_ sources: Sources) {
        self.sources = sources
    }

    func families() -> [FamilySamples] {
        cache.withLock { cache in
            var held = SeriesCache()
            swap(&held, &cache)
            var sample = SampleBuilder(held)
            sources.registry.collect(into: &sample)
            ProcessMetrics.add(to: &sample)
            sources.health.report.add(to: &sample)
            sample.add(OwnFamilies.buildInfo, [Build.version, Build.swiftVersion], 1)
            addStore(to: &sample)
            addRules(to: &sample)
            addNotifications(to: &sample)
            addSuppression(to: &sample)
            addRecords(to: &sample)
            sample.add(OwnFamilies.reloadSuccessful, [], sources.reload.wasSuccessful ? 1 : 0)
            sample.add(OwnFamilies.reloadTimestamp, [], Double(sources.reload.lastSuccess) / 1_000)
            let (families, kept) = sample.finish()
            cache = kept
            return families
        }
    }

    private func addStore(to sample: inout SampleBuilder) {
        let statistics = sources.store.stats
        sample.add(OwnFamilies.storeSeries, [], Double(statistics.series))
        sample.add(OwnFamilies.storeSamples, [], Double(statistics.samples))
        sample.add(OwnFamilies.storeLogFailures, [], Double(statistics.logFailures))
        sample.add(OwnFamilies.storeRetention, [], Double(sources.store.retention.milliseconds) / 1_000)
        sample.add(OwnFamilies.storeBytes, [], Double(statistics.bytes))
        for reason in RefusalReason.allCases {
            sample.add(OwnFamilies.storeRefused, [reason.rawValue], Double(statistics.refused[reason] ?? 0))
        }
        do {
            sample.add(OwnFamilies.storageFree, [], Double(try diskSpace(at: sources.storagePath).freeBytes))
        } catch {
            // The health check of the storage says why; here the series is absent.
        }
    }

    private func addRules(to sample: inout SampleBuilder) {
        var alerts: [[String]: Double] = [:]
        var kept = 0
        for group in sources.rules.groups {
            sample.add(OwnFamilies.ruleEvaluations, [group.key], Double(group.evaluations))
            sample.add(OwnFamilies.ruleFailures, [group.key], Double(group.evaluationFailures))
            sample.add(OwnFamilies.ruleMissed, [group.key], Double(group.iterationsMissed))
            sample.add(OwnFamilies.ruleDuration, [group.key], group.evaluationSeconds)
            sample.add(OwnFamilies.ruleTimestamp, [group.key], group.lastEvaluation.map { Double($0) / 1_000 })
            sample.add(OwnFamilies.ruleMatchesNoSeries, [group.key], Double(group.rulesWithoutSeries))
            for alert in group.alerts where alert.state != .inactive {
                let labels = alert.labels
                if alert.kept != nil { kept += 1 }
                alerts[[labels["alertname"] ?? "", labels["severity"] ?? "", alert.state.rawValue], default: 0] += 1
            }
        }
        for (labels, count) in alerts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            sample.add(OwnFamilies.alerts, labels, count)
        }
        sample.add(OwnFamilies.alertsKept, [], Double(kept))
        sample.add(OwnFamilies.ruleReach, [], Double(sources.reload.rulesReach) / 1_000)
    }

    private func addNotifications(to sample: inout SampleBuilder) {
        for receiver in sources.notifications.receivers {
            sample.add(OwnFamilies.notificationsSent, [receiver.name], Double(receiver.sent))
            for reason in NotifyError.Reason.allCases {
                sample.add(
                    OwnFamilies.notificationsFailed, [receiver.name, reason.rawValue], Double(receiver.failed[reason] ?? 0))
            }
            sample.add(OwnFamilies.notificationsDropped, [receiver.name], Double(receiver.dropped + receiver.refused))
            sample.add(OwnFamilies.notificationsQueued, [receiver.name], Double(receiver.queueLength))
            sample.add(OwnFamilies.notificationsCapacity, [receiver.name], Double(receiver.queueCapacity))
            sample.add(
                OwnFamilies.notificationsLastSuccess, [receiver.name], receiver.lastSuccess.map { Double($0) / 1_000 })
        }
    }

    private func addSuppression(to sample: inout SampleBuilder) {
        let counts = sources.notifications.suppressed
        sample.add(OwnFamilies.alertsSuppressed, ["muted"], Double(counts.muted))
        sample.add(OwnFamilies.alertsSuppressed, ["inhibited"], Double(counts.inhibited))
        let now = unixMilliseconds()
        let mutes = sources.notifications.allMutes
        sample.add(OwnFamilies.mutes, ["active"], Double(mutes.count { $0.state(at: now) == .active }))
        sample.add(OwnFamilies.mutes, ["pending"], Double(mutes.count { $0.state(at: now) == .pending }))
        for heartbeat in sources.heartbeats.snapshots {
            sample.add(OwnFamilies.heartbeatPings, [heartbeat.name, "success"], Double(heartbeat.succeeded))
            sample.add(OwnFamilies.heartbeatPings, [heartbeat.name, "failure"], Double(heartbeat.failed))
            sample.add(
                OwnFamilies.heartbeatLastSuccess, [heartbeat.name], heartbeat.lastSuccess.map { Double($0) / 1_000 })
        }
    }

    private func addRecords(to sample: inout SampleBuilder) {
        guard let numbers = sources.records?.numbers else { return }
        sample.add(OwnFamilies.rowsWritten, [], Double(numbers.written))
        sample.add(OwnFamilies.rowsSpooled, [], Double(numbers.spooled))
        sample.add(OwnFamilies.rowsFailed, [], Double(numbers.failed))
        sample.add(OwnFamilies.rowsDropped, [], Double(numbers.dropped))
        sample.add(OwnFamilies.rowsLastWrite, [], numbers.lastWrite.map { Double($0) / 1_000 })
    }
}
