import MetricsModel
import SampleStore
import Sampling
import Synchronization

/// Brings every completed sample into the local store, each target under the labels that a Prometheus scraping it would give.
final class StoreWriter: Sendable {
    private let scopes: [TargetIdentity: TargetScope]

    init(store: SampleStore, identities: [TargetIdentity]) {
        scopes = Dictionary(
            identities.map { identity in
                (identity, store.scope(identity.storedLabels))
            }, uniquingKeysWith: { first, _ in first })
    }

    func append(_ sample: Sample) {
        for target in sample.targets {
            scopes[target.identity]?.append(
                target.families, at: sample.set.timestamp, target: target.up ? .up : .down, took: target.duration)
        }
    }
}

/// Stands in for what Vitals says about itself until everything that it speaks of is built.
final class OwnReportSlot: Sendable {
    private let report = Mutex<OwnReport?>(nil)

    func fill(_ new: OwnReport) { report.withLock { $0 = new } }

    func families() -> [FamilySamples] {
        report.withLock { $0 }?.families() ?? []
    }
}
