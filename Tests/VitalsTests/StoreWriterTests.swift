import MetricsModel
import SampleStore
import Sampling
import Testing

@testable import vitals

@Suite struct StoreWriterTests {
    @Test("Series are stored under job and instance, with the labels of their target once")
    func labels() throws {
        let identity = TargetIdentity(
            name: "main", kind: .postgres, instance: "db:5432", labels: Labels(["target": "main", "tier": "gold"]))
        let store = SampleStore()
        let family = Family("pg_up", .gauge, help: "A family of this test.")
        let series = Series(name: "pg_up", labels: identity.labels)
        let sample = Sample(
            set: SampleSet(timestamp: 1_000, families: []),
            targets: [TargetSample(identity: identity, up: true, families: [FamilySamples(family, [Point(series, 1)])])],
            started: .now)
        StoreWriter(store: store, identities: [identity]).append(sample)
        let found = try store.select(
            [LabelMatcher("job", equals: "postgres")], from: 0, through: 2_000, selection: .all, maxSamples: 100)
        let wanted = ["job": "postgres", "instance": "db:5432", "target": "main", "tier": "gold"]
        #expect(Set(found.map { $0.labels.removingMetricName() }) == [Labels(wanted)])
        #expect(Set(found.map(\.labels.name)).isSuperset(of: ["pg_up", "up"]))
    }
}
