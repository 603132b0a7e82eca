import MetricsModel
import Support
import Testing

@Suite struct SeriesCacheTests {
    private static let size = Family("size_bytes", .gauge, labels: ["name"], help: "Size.")
    private static let time = Family("time_seconds", .histogram, labels: ["name"], help: "Time.")

    private static func sample(_ cache: SeriesCache, _ names: [String]) -> [Point] {
        var sample = SampleBuilder(cache)
        for name in names { sample.add(size, [name], 1) }
        return sample.finish().families.flatMap(\.points)
    }

    @Test("A series stays the same object from sample to sample, in any order")
    func identity() {
        let cache = SeriesCache()
        for seed in UInt64(0)..<100 {
            var random = SeededGenerator(seed: seed)
            let names = (0..<20).map { "t\($0)" }
            let first = SeriesCacheTests.sample(cache, names.shuffled(using: &random))
            let second = SeriesCacheTests.sample(cache, names.shuffled(using: &random))
            let byName = Dictionary(uniqueKeysWithValues: first.map { ($0.series.labels["name"] ?? "", $0.series) })
            for point in second { #expect(byName[point.series.labels["name"] ?? ""] === point.series, "seed \(seed)") }
        }
    }

    @Test("A series that is away for two samples is forgotten, for one it is not")
    func forgetting() {
        let cache = SeriesCache()
        let first = SeriesCacheTests.sample(cache, ["a", "b"])
        _ = SeriesCacheTests.sample(cache, ["a"])
        #expect(cache.count == 2)
        let third = SeriesCacheTests.sample(cache, ["a", "b"])
        #expect(third[1].series === first[1].series)
        _ = SeriesCacheTests.sample(cache, ["a"])
        _ = SeriesCacheTests.sample(cache, ["a"])
        #expect(cache.count == 1)
        _ = SeriesCacheTests.sample(cache, [])
        _ = SeriesCacheTests.sample(cache, [])
        #expect(cache.count == 0)
    }

    @Test("Two spellings of é are two series")
    func spellings() {
        let points = SeriesCacheTests.sample(SeriesCache(), ["\u{E9}", "e\u{301}", "\u{E9}"])
        #expect(points[0].series !== points[1].series)
        #expect(points[0].series === points[2].series)
    }

    @Test("A histogram whose bounds changed gets new buckets")
    func bounds() {
        let cache = SeriesCache()
        for bounds in [[0.5, 1], [0.5, 2], [0.5, 2]] {
            var sample = SampleBuilder(cache)
            sample.addHistogram(SeriesCacheTests.time, ["a"], bounds: bounds, cumulative: [1, 2, 3], sum: 4)
            let points = sample.finish().families.flatMap(\.points)
            #expect(points.map { $0.series.labels["le"] } == ["0.5", bucketBoundText(bounds[1]), "+Inf", nil, nil])
            #expect(points.map(\.value) == [1, 2, 3, 4, 3])
        }
        #expect(cache.count == 5)
    }

    @Test("A missing value is an absent series")
    func absence() {
        var sample = SampleBuilder(SeriesCache())
        sample.add(SeriesCacheTests.size, ["a"], Double?.none)
        #expect(sample.finish().families.isEmpty)
    }
}
