import MetricsModel
import SampleStore
import Testing

@Suite struct BatchTests {
    private func series(_ name: String, _ samples: [(Int64, Double)]) -> SeriesSamples {
        SeriesSamples(labels: Labels(["__name__": name]), timestamps: samples.map(\.0), values: samples.map(\.1))
    }

    @Test("A batch says what it stored, and why not the rest")
    func outcome() throws {
        let store = SampleStore()
        let first = store.append(batch: [series("a", [(1_000, 1), (2_000, 2)]), series("b", [(1_000, 1)])])
        #expect(first.accepted == 3 && first.refused.isEmpty)
        // The same sample again is no fault; an older one and another value are.
        let second = store.append(batch: [series("a", [(2_000, 2), (1_500, 9), (3_000, 3)]), series("b", [(1_000, 5)])])
        #expect(second.accepted == 2)
        #expect(second.refused == [.outOfOrder: 1, .duplicateTimestamp: 1])
        #expect(
            try lines(store) == [
                "a 1000:3ff0000000000000 2000:4000000000000000 3000:4008000000000000", "b 1000:3ff0000000000000",
            ])
    }

    @Test("The end of a series that is not there makes none")
    func markers() throws {
        let store = SampleStore()
        let outcome = store.append(batch: [
            series("a", [(Int64(1_000), staleMarker)]), series("b", [(Int64(1_000), staleMarker), (Int64(2_000), 1.0)]),
        ])
        #expect(outcome.accepted == 3 && outcome.refused.isEmpty)
        #expect(store.series([], from: .min, through: .max).map(\.name) == ["b"])
        #expect(store.append(batch: [series("b", [(Int64(3_000), staleMarker)])]).accepted == 1)
        #expect(store.stats.samples == 2)
    }

    @Test("Past the limit of series only the new ones are refused")
    func limit() {
        let store = SampleStore(limits: StoreLimits(seriesMax: 1))
        let outcome = store.append(batch: [
            series("a", [(1_000, 1)]), series("b", [(1_000, 1), (2_000, 2)]), series("a", [(2_000, 2)]),
        ])
        #expect(outcome.accepted == 2)
        #expect(outcome.refused == [.seriesLimit: 2])
    }

    @Test("Names and values of labels can be asked for a stretch of time")
    func catalogue() {
        let store = SampleStore()
        _ = store.append(batch: [
            SeriesSamples(labels: Labels(["__name__": "a", "job": "x"]), timestamps: [1_000], values: [1]),
            SeriesSamples(labels: Labels(["__name__": "a", "zone": "y"]), timestamps: [5_000], values: [1]),
        ])
        #expect(store.labelNames([], from: .min, through: .max) == ["__name__", "job", "zone"])
        #expect(store.labelNames([], from: 2_000, through: .max) == ["__name__", "zone"])
        #expect(store.labelValues("job", [], from: 2_000, through: .max) == [])
        #expect(store.labelValues("job", [LabelMatcher("__name__", equals: "a")], from: 0, through: 1_000) == ["x"])
        #expect(store.extent.oldestTimestamp == 1_000 && store.extent.newestTimestamp == 5_000 && store.extent.chunks == 2)
    }
}
