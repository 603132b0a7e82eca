import Health
import MetricsModel
import Sampling

/// The registered checks (H5). Those of servers read the last sample and ask nobody: the sampler has asked already.
struct HealthChecks {
    let sampler: Sampler
    let configuration: Configuration
    let storagePath: String

    func all() -> [HealthCheck] {
        var checks: [HealthCheck] = []
        if configuration.targets.contains(where: { $0.kind == .postgres }) {
            checks.append(targets("database", .postgres, weight: .critical))
        }
        if configuration.targets.contains(where: { $0.kind == .redis }) {
            checks.append(targets("cache", .redis, weight: .ordinary))
            if !configuration.queues.isEmpty { checks.append(queues()) }
        }
        if configuration.targets.contains(where: { $0.kind == .pgbouncer }) { checks.append(poolers()) }
        return checks + [storage(), memory(), tasks()]
    }

    private func targets(_ name: String, _ kind: TargetKind, weight: HealthCheck.Weight) -> HealthCheck {
        HealthCheck(name, weight: weight) { [sampler] in
            guard let sample = await sampler.newest else { throw NotSampledYet() }
            let targets = sample.targets.filter { $0.identity.kind == kind }
            let down = targets.filter { !$0.up }.map(\.identity.name)
            guard down.isEmpty else {
                return .unhealthy(message: "no answer from \(down.joined(separator: ", "))")
            }
            return .healthy()
        }
    }

    /// A console that does not answer is no outage yet: the pooler may go on serving its clients, and the database says so if not.
    private func poolers() -> HealthCheck {
        HealthCheck("pooler") { [sampler] in
            guard let sample = await sampler.newest else { throw NotSampledYet() }
            let down = sample.targets.filter { $0.identity.kind == .pgbouncer && !$0.up }.map(\.identity.name)
            return down.isEmpty ? .healthy() : .degraded(message: "no answer from \(down.joined(separator: ", "))")
        }
    }

    private func queues() -> HealthCheck {
        HealthCheck("queue") { [sampler, configuration] in
            guard let sample = await sampler.newest else { throw NotSampledYet() }
            let points = sample.set.families.first { $0.family.name == "queue_jobs" }?.everyPoint ?? []
            let seen = Set(points.compactMap { $0.series.labels["queue"] })
            let unseen = configuration.queues.map(\.name).filter { !seen.contains($0) }
            guard unseen.isEmpty else {
                return .unhealthy(message: "queues without a depth: \(unseen.joined(separator: ", "))")
            }
            return .healthy()
        }
    }

    private func storage() -> HealthCheck {
        let threshold = configuration.thresholds.diskFreeRatio
        return HealthCheck("storage") { [storagePath] in
            let space = try diskSpace(at: storagePath)
            guard space.freeRatio >= threshold else {
                let percent = (space.freeRatio * 1_000).rounded() / 10
                return .degraded(message: "\(percent) % of the storage path's disk is free")
            }
            return .healthy()
        }
    }

    private func memory() -> HealthCheck {
        let threshold = UInt64(max(0, configuration.thresholds.memoryBytes))
        return HealthCheck("memory") {
            let use = try memoryUse()
            guard use.residentBytes <= threshold else {
                return .degraded(message: "\(use.residentBytes >> 20) MiB resident, more than \(threshold >> 20)")
            }
            return .healthy()
        }
    }

    private func tasks() -> HealthCheck {
        HealthCheck("tasks") {
            // The process has a thread per core, some of NIO and its pool's, one that waits for Postgres.
            let limit = 256
            let threads = try threadCount()
            return threads <= limit ? .healthy() : .degraded(message: "\(threads) threads, more than \(limit)")
        }
    }
}

/// The timer's first sample is under way.
private struct NotSampledYet: Error, CustomStringConvertible {
    let description = "not sampled yet"
}
