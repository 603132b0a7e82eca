import MetricsModel
import SampleStore
import Support
import Testing

/// Alternatives of plain text, with or without saying so.
struct Alternatives: LabelPattern {
    let texts: [String]
    let literals: [String]?

    init(_ texts: [String], tells: Bool) {
        self.texts = texts
        literals = tells ? texts : nil
    }

    func matches(_ value: String) -> Bool { texts.contains { sameBytes($0, value) } }
}

/// A slow and obvious store: what the real one must agree with.
struct PlainStore {
    var series: [(labels: Labels, samples: [(time: Int64, value: Double)])] = []

    mutating func append(_ labels: Labels, _ time: Int64, _ value: Double) {
        guard let place = series.firstIndex(where: { $0.labels == labels }) else {
            series.append((labels, [(time, value)]))
            return
        }
        guard let last = series[place].samples.last, time > last.time else { return }
        series[place].samples.append((time, value))
    }

    func select(_ matchers: [LabelMatcher], _ from: Int64, _ through: Int64, _ selection: SampleSelection) -> [String] {
        series.compactMap { series in
            guard matchers.allSatisfy({ $0.matches(series.labels) }) else { return nil }
            var samples = series.samples.filter { $0.time >= from && $0.time <= through }
            if case .newest = selection { samples = samples.suffix(1) }
            guard !samples.isEmpty else { return nil }
            return line(series.labels, samples.map(\.time), samples.map(\.value))
        }.sorted()
    }
}

func line(_ labels: Labels, _ times: [Int64], _ values: [Double]) -> String {
    "\(labels) " + zip(times, values).map { "\($0):\(String($1.bitPattern, radix: 16))" }.joined(separator: " ")
}

func lines(
    _ store: SampleStore, _ matchers: [LabelMatcher] = [], _ from: Int64 = .min, _ through: Int64 = .max,
    _ selection: SampleSelection = .all
) throws -> [String] {
    try store.select(matchers, from: from, through: through, selection: selection, maxSamples: 10_000_000)
        .map { line($0.labels, $0.timestamps, $0.values) }.sorted()
}

@Suite struct SampleStoreTests {
    static func randomLabels(_ random: inout SeededGenerator) -> Labels {
        let values = ["", "a", "b", "c", "é", "e\u{301}"]
        return Labels([
            Label(Labels.metricName, ["up", "size", "load"].randomElement(using: &random) ?? "up"),
            Label("x", values.randomElement(using: &random) ?? ""), Label("y", values.randomElement(using: &random) ?? ""),
        ])
    }

    static func randomMatchers(_ random: inout SeededGenerator) -> [LabelMatcher] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in
            let name = [Labels.metricName, "x", "y", "z"].randomElement(using: &random) ?? "x"
            let values = ["", "a", "b", "up", "size", "é", "e\u{301}"]
            let value = values.randomElement(using: &random) ?? ""
            let several = (0..<2).map { _ in values.randomElement(using: &random) ?? "" }
            switch Int.random(in: 0..<4, using: &random) {
            case 0: return LabelMatcher(name, equals: value)
            case 1: return LabelMatcher(name, notEquals: value)
            default:
                let pattern = Alternatives(several, tells: Bool.random(using: &random))
                return LabelMatcher(name, matching: pattern, text: "…", negated: Bool.random(using: &random))
            }
        }
    }

    @Test("The store agrees with a plain array of samples")
    func model() throws {
        for seed in UInt64(0)..<120 {
            var random = SeededGenerator(seed: seed)
            let store = SampleStore()
            var plain = PlainStore()
            var time: Int64 = 1_000
            for _ in 0..<Int.random(in: 1...300, using: &random) {
                time += Int64.random(in: -20...100, using: &random)
                let labels = SampleStoreTests.randomLabels(&random)
                let value = XORChunkTests.oddValues.randomElement(using: &random) ?? 0
                if isStaleMarker(value), !plain.series.contains(where: { $0.labels == labels }) { continue }
                store.append(labels, at: time, value)
                plain.append(labels, time, value)
            }
            for _ in 0..<20 {
                let matchers = SampleStoreTests.randomMatchers(&random)
                let from = Int64.random(in: 0...time + 50, using: &random)
                let through = from + Int64.random(in: 0...time, using: &random)
                for selection in [SampleSelection.all, .newest] {
                    let got = try lines(store, matchers, from, through, selection)
                    #expect(got == plain.select(matchers, from, through, selection), "seed \(seed) \(matchers)")
                }
            }
            #expect(store.stats.samples == plain.series.reduce(0) { $0 + $1.samples.count }, "seed \(seed)")
            #expect(store.stats.series == plain.series.count, "seed \(seed)")
        }
    }

    @Test("Retention drops whole chunks, never a sample it should keep, and what is left agrees with a plain array")
    func retention() throws {
        for seed in UInt64(0)..<100 {
            var random = SeededGenerator(seed: seed)
            let hour: Int64 = 3_600_000
            let store = SampleStore(limits: StoreLimits(retention: .seconds(4 * 3_600)))
            var plain = PlainStore()
            var time: Int64 = 0
            for _ in 0..<450 {
                time += Int64.random(in: 1...120_000, using: &random)
                let labels = SampleStoreTests.randomLabels(&random)
                store.append(labels, at: time, 1)
                plain.append(labels, time, 1)
            }
            store.append(Labels([Label(Labels.metricName, "last")]), at: time + 120_000, 1)
            plain.append(Labels([Label(Labels.metricName, "last")]), time + 120_000, 1)
            let horizon = time + 120_000 - 4 * hour
            #expect(try lines(store, [], horizon) == plain.select([], horizon, .max, .all), "seed \(seed)")
            // A chunk spans two hours at most.
            let oldest =
                try store.select([], from: .min, through: .max, selection: .all, maxSamples: .max)
                .compactMap(\.timestamps.first).min() ?? 0
            #expect(oldest >= horizon - 2 * hour, "seed \(seed)")
        }
    }

    @Test("A series of which nothing is left is forgotten, and its slot serves another")
    func churn() throws {
        let store = SampleStore(limits: StoreLimits(retention: .seconds(3_600)))
        for round in Int64(0)..<50 {
            for child in 0..<10 {
                store.append(Labels(["__name__": "a", "child": "\(round)-\(child)"]), at: round * 3_700_000, Double(child))
            }
        }
        #expect(store.stats.series <= 20)
        #expect(store.labelValues("child").count == store.stats.series)
        #expect(try lines(store, [LabelMatcher("child", equals: "49-3")]).count == 1)
        #expect(try lines(store, [LabelMatcher("child", equals: "0-3")]).isEmpty)
    }

    @Test("What cannot be taken is refused and counted by its reason")
    func refusals() throws {
        let store = SampleStore(limits: StoreLimits(retention: .seconds(60), seriesMax: 2))
        let a = Labels(["__name__": "a"])
        store.append(a, at: 100_000, 1)
        store.append(a, at: 100_000, 1)
        #expect(store.stats.refused.values.allSatisfy { $0 == 0 })
        store.append(a, at: 100_000, 2)
        store.append(a, at: 99_999, 1)
        store.append(Labels(["__name__": "b"]), at: 30_000, 1)
        store.append(Labels(["__name__": "c"]), at: 100_000, 1)
        #expect(
            store.stats.refused == [
                .outOfOrder: 1, .duplicateTimestamp: 1, .tooOld: 1, .seriesLimit: 1, .bytesLimit: 0,
            ])
        #expect(try lines(store) == [line(a, [100_000], [1])])
    }

    @Test("What a rule's sample is refused for is said in Prometheus' words; the same sample again is none")
    func refusedByRule() {
        let store = SampleStore(limits: StoreLimits(retention: .seconds(60), seriesMax: 2))
        let labels = Labels(["__name__": "r"])
        #expect(store.appendOrRefuse(labels, at: 1_000_000, 1) == nil)
        #expect(store.appendOrRefuse(labels, at: 1_000_000, 1) == nil)
        #expect(
            store.appendOrRefuse(labels, at: 1_000_000, 2.5)
                == "duplicate sample for timestamp 1000000; overrides not allowed: existing 1, new value 2.5")
        #expect(store.appendOrRefuse(labels, at: 999_999, 1) == "out of order sample")
        #expect(store.appendOrRefuse(Labels(["__name__": "s"]), at: 1, 1) == "too old sample")
        #expect(store.appendOrRefuse(Labels(["__name__": "t"]), at: 1_000_000, 1) == "the store takes no new series")
    }

    @Test("A longer retention keeps from then on what a shorter one would have dropped")
    func changedRetention() throws {
        let store = SampleStore(limits: StoreLimits(retention: .seconds(600)))
        let labels = Labels(["__name__": "r"])
        store.setRetention(.seconds(100_000))
        #expect(store.retention == .seconds(100_000))
        for second in stride(from: Int64(0), to: 50_000, by: 50) { store.append(labels, at: second * 1_000, Double(second)) }
        #expect(store.stats.samples == 1_000)
        store.setRetention(.seconds(600))
        for second in stride(from: Int64(50_000), to: 60_000, by: 50) { store.append(labels, at: second * 1_000, Double(second)) }
        #expect(store.stats.samples < 300)
    }

    @Test("At the limit of bytes old chunks go, new series are refused, and what is left is right")
    func bytesLimit() throws {
        let limit = 60_000
        let store = SampleStore(limits: StoreLimits(retention: .seconds(1_000_000), bytesMax: limit))
        var random = SeededGenerator(seed: 1)
        var plain = PlainStore()
        for round in Int64(0)..<2_000 {
            for child in 0..<8 {
                let labels = Labels(["__name__": "a", "child": "\(child)"])
                let value = Double(random.next() >> 12)
                store.append(labels, at: round * 1_000, value)
                plain.append(labels, round * 1_000, value)
            }
            #expect(store.stats.bytes <= limit + 200)
        }
        for child in 0..<200 { store.append(Labels(["__name__": "b", "child": "\(child)"]), at: 2_000_000, 1) }
        #expect((store.stats.refused[.bytesLimit] ?? 0) > 0)
        let matcher = [LabelMatcher(Labels.metricName, equals: "a")]
        for series in try store.select(matcher, from: .min, through: .max, selection: .all, maxSamples: .max) {
            let whole = plain.series.first { $0.labels == series.labels }?.samples.suffix(series.timestamps.count) ?? []
            #expect(
                line(series.labels, whole.map(\.time), whole.map(\.value))
                    == line(series.labels, series.timestamps, series.values))
        }
    }

    @Test("One sample more than allowed is an error, just as many is an answer")
    func maxSamples() throws {
        let store = SampleStore()
        for time in Int64(0)..<300 { store.append(Labels(["__name__": "a"]), at: time, 1) }
        #expect(try store.select([], from: 0, through: 299, selection: .all, maxSamples: 300).count == 1)
        #expect(throws: SeriesSourceError.self) { try store.select([], from: 0, through: 299, selection: .all, maxSamples: 299) }
        #expect(try store.select([], from: 0, through: 150, selection: .newest, maxSamples: 1)[0].timestamps == [150])
        #expect(throws: SeriesSourceError.self) { try store.select([], from: 0, through: 299, selection: .newest, maxSamples: 0) }
    }

    @Test("Names, values and series are listed sorted, with matchers or without")
    func listing() {
        let store = SampleStore()
        for value in ["b", "a", "c"] { store.append(Labels(["__name__": "m", "x": value]), at: 10, 1) }
        store.append(Labels(["__name__": "n", "y": "z"]), at: 20, 1)
        #expect(store.labelNames() == ["__name__", "x", "y"])
        #expect(store.labelNames([LabelMatcher(Labels.metricName, equals: "m")]) == ["__name__", "x"])
        #expect(store.labelValues("x") == ["a", "b", "c"])
        #expect(store.labelValues("x", [LabelMatcher("x", notEquals: "b")]) == ["a", "c"])
        #expect(store.series([], from: 15, through: 30).map(\.description) == ["n{y=\"z\"}"])
    }
}
