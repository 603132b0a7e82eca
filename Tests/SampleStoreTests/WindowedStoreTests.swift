import MetricsModel
import PromQL
import Support
import Testing

@testable import SampleStore

@Suite struct WindowedStoreTests {
    /// Counters, gauges, buckets of a few series each, some of which come and go.
    private static func randomLabels(_ random: inout SeededGenerator) -> Labels {
        let name = ["requests_total", "level", "duration_seconds_bucket"].randomElement(using: &random) ?? "level"
        var labels = [Label(Labels.metricName, name), Label("x", "\(Int.random(in: 0..<4, using: &random))")]
        if name.hasSuffix("bucket") {
            labels.append(Label("le", ["0.1", "1", "+Inf", "1.0", "odd"].randomElement(using: &random) ?? "1"))
        }
        return Labels(labels)
    }

    private static func randomValue(_ random: inout SeededGenerator, _ last: Double) -> Double {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: staleMarker
        case 1: .nan
        case 2: [Double.infinity, -.infinity, 0, -0.0, 1e308].randomElement(using: &random) ?? 0
        case 3: 0
        case 4...8: last
        case 9: Double.random(in: -1...1, using: &random)
        default: last + Double(Int.random(in: 0..<50, using: &random)) / 8
        }
    }

    private static let selectors = [
        "level", "level{x=\"1\"}", "requests_total", "{x=~\"1|2\"}", "level{x!=\"3\"}", "duration_seconds_bucket",
    ]

    private static func randomExpression(_ random: inout SeededGenerator) -> String {
        let selector = selectors.randomElement(using: &random) ?? "level"
        let window = ["10s", "1m", "2m", "1h"].randomElement(using: &random) ?? "1m"
        let offset = ["", "", "", " offset 30s", " offset -10s"].randomElement(using: &random) ?? ""
        let function =
            [
                "rate", "increase", "delta", "irate", "idelta", "changes", "resets", "count_over_time", "last_over_time",
                "first_over_time", "present_over_time", "min_over_time", "max_over_time", "sum_over_time", "avg_over_time",
                "stddev_over_time", "deriv", "absent_over_time",
            ].randomElement(using: &random) ?? "rate"
        let range = "\(function)(\(selector)[\(window)]\(offset))"
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return "\(selector)\(offset) > 1"
        case 1: return "sum by (x) (\(range))"
        case 2: return "sum(\(range)) > 0"
        case 3: return "histogram_quantile(0.9, sum by (le) (rate(duration_seconds_bucket[\(window)]\(offset))))"
        case 4: return "histogram_quantile(0.5, increase(duration_seconds_bucket[\(window)]))"
        case 5: return "level\(offset) / on (x) requests_total"
        case 6: return "max_over_time(rate(requests_total[\(window)])[1m:10s])"
        case 7: return "timestamp(\(selector))"
        default: return range
        }
    }

    /// An answer to the bit, or its error.
    private static func answer(_ expression: PromQLExpression, at time: Int64, _ source: any SeriesSource) -> [String] {
        do {
            let result = try PromQLEngine().evaluate(expression, at: time, over: source)
            let notes = result.annotations.map { "\($0)" }
            switch result.value {
            case .vector(let samples):
                return samples.map { "\($0.labels) \(String($0.value.number?.bitPattern ?? 0, radix: 16))" } + notes
            case .scalar(let value, _): return ["\(value.bitPattern)"] + notes
            case .matrix, .string: return ["?"]
            }
        } catch {
            return [error.description]
        }
    }

    @Test("Expressions have the same value to the bit, in the same order, whether windows are remembered or read anew")
    func expressions() throws {
        for seed in UInt64(0)..<25 {
            var random = SeededGenerator(seed: seed)
            let retention = [40, 600, 100_000].randomElement(using: &random) ?? 600
            let store = SampleStore(limits: StoreLimits(retention: .seconds(retention), bytesMax: 40_000))
            let windowed = WindowedStore(store, bytesMax: seed % 5 == 0 ? 4_000 : 1 << 20)
            let expressions = try (0..<12).map { _ in try PromQLExpression(WindowedStoreTests.randomExpression(&random)) }
            var values: [Labels: Double] = [:]
            var time: Int64 = 1_000_000
            for _ in 0..<60 {
                for _ in 0..<Int.random(in: 0...60, using: &random) {
                    // Often on the very edge of a window.
                    time += 500 * Int64.random(in: 0...3, using: &random)
                    let labels = WindowedStoreTests.randomLabels(&random)
                    let value = WindowedStoreTests.randomValue(&random, values[labels] ?? 1)
                    values[labels] = value.isNaN ? 1 : value
                    store.append(labels, at: time, value)
                }
                if Int.random(in: 0..<20, using: &random) == 0 { time += 4_000_000 }
                for _ in 0..<4 {
                    let expression = expressions.randomElement(using: &random) ?? expressions[0]
                    let lags: [Int64] = [0, 0, 0, 20_000, 100_000]
                    let lag = lags.randomElement(using: &random) ?? 0
                    let plain = WindowedStoreTests.answer(expression, at: time - lag, store)
                    let remembered = WindowedStoreTests.answer(expression, at: time - lag, windowed)
                    #expect(plain == remembered, "seed \(seed), \(expression) at \(time - lag)")
                }
                #expect(windowed.sizeBytes <= 1 << 20)
            }
        }
    }

    private static func fill(_ store: SampleStore, _ seconds: Range<Int64>) {
        for second in seconds {
            for x in 0..<20 { store.append(Labels(["__name__": "m", "x": "\(x)"]), at: second * 1_000, Double(second)) }
        }
    }

    private static let matcher = [LabelMatcher(Labels.metricName, equals: "m")]

    @Test("A read costs memory by series and not by samples, unless the samples themselves are asked for")
    func size() {
        let store = SampleStore()
        let windowed = WindowedStore(store)
        WindowedStoreTests.fill(store, 0..<300)
        func counts(_ through: Int64) -> [Int] {
            var counts: [Int] = []
            let isRead = windowed.eachSummary(WindowedStoreTests.matcher, after: through - 300_000, through: through) {
                counts.append($1.count)
            }
            #expect(isRead)
            return counts
        }
        #expect(counts(299_000) == Array(repeating: 300, count: 20))
        let bytes = windowed.sizeBytes
        #expect(bytes < 20 * 400)
        WindowedStoreTests.fill(store, 300..<900)
        #expect(counts(899_000) == Array(repeating: 300, count: 20))
        #expect(windowed.sizeBytes == bytes)
        let isRead = windowed.eachWindow(WindowedStoreTests.matcher, after: 599_000, through: 899_000) { _, times, _, range in
            #expect(range.count == 300 && times[range.lowerBound] == 600_000)
        }
        #expect(isRead && windowed.sizeBytes > bytes + 20 * 300 * 16)
    }

    @Test("Readers that lag behind keep their own place, and what nobody reads for a while is forgotten")
    func lanes() {
        let store = SampleStore()
        let windowed = WindowedStore(store)
        WindowedStoreTests.fill(store, 0..<600)
        func read(_ through: Int64, _ length: Int64 = 60_000) -> Bool {
            windowed.eachSummary(WindowedStoreTests.matcher, after: through - length, through: through) { _, _ in }
        }
        for step in Int64(0)..<20 {
            #expect(read(300_000 + step * 15_000))
            #expect(read(200_000 + step * 15_000))
        }
        let two = windowed.sizeBytes
        #expect(read(590_000))
        #expect(windowed.sizeBytes == two)
        // As many places as there may be; one before all of them is not remembered.
        #expect(read(100_000) && read(50_000))
        #expect(!read(10_000))
        #expect(read(590_000 + 20 * 60_000, 30_000))
        #expect(windowed.sizeBytes < two)
    }

    @Test("What does not fit is not remembered, and takes nothing from what does")
    func limit() {
        let store = SampleStore()
        let windowed = WindowedStore(store, bytesMax: 10_000)
        WindowedStoreTests.fill(store, 0..<300)
        let isSummaryRead = windowed.eachSummary(WindowedStoreTests.matcher, after: 0, through: 299_000) { _, _ in }
        let bytes = windowed.sizeBytes
        let isWindowRead = windowed.eachWindow(WindowedStoreTests.matcher, after: 0, through: 299_000) { _, _, _, _ in }
        #expect(isSummaryRead && !isWindowRead && windowed.sizeBytes == bytes && bytes > 0)
    }
}
