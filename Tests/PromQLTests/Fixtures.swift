import MetricsModel
import PromQL

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed.
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &self)] }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// Series given literally.
struct LiteralSource: SeriesSource {
    var series: [SeriesSamples] = []

    init() {}

    /// Lines of series notation, one value per `step` milliseconds from 0 on.
    init(_ lines: [String], step: Int64 = 60_000) throws {
        for line in lines {
            let notation = try SeriesNotation(line)
            var times: [Int64] = []
            var values: [Double] = []
            for (index, value) in notation.values.enumerated() {
                guard let value else { continue }
                times.append(Int64(index) * step)
                values.append(value)
            }
            series.append(SeriesSamples(labels: notation.labels, timestamps: times, values: values))
        }
    }

    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        var found: [SeriesSamples] = []
        var count = 0
        for one in series where matchers.allSatisfy({ $0.matches(one.labels) }) {
            var places = one.timestamps.indices.filter { one.timestamps[$0] >= from && one.timestamps[$0] <= through }
            if selection == .newest { places = Array(places.suffix(1)) }
            guard !places.isEmpty else { continue }
            count += places.count
            if count > maxSamples { throw SeriesSourceError("more than \(maxSamples) samples", code: .tooManySamples) }
            found.append(
                SeriesSamples(
                    labels: one.labels, timestamps: places.map { one.timestamps[$0] }, values: places.map { one.values[$0] },
                    startTimestamps: one.startTimestamps.isEmpty ? [] : places.map { one.startTimestamps[$0] }))
        }
        return found
    }
}

/// The vector of an instant query as `labels value` lines, sorted.
func lines(_ text: String, at time: Int64, _ source: LiteralSource, engine: PromQLEngine = PromQLEngine()) throws -> [String] {
    let result = try engine.evaluate(try engine.parse(text), at: time, over: source)
    switch result.value {
    case .scalar(let value, _): return [goGeneralText(value)]
    case .string(let value, _): return [value]
    case .vector(let samples): return samples.map { "\($0.labels) \(goGeneralText($0.value.number ?? .nan))" }.sorted()
    case .matrix(let series):
        return series.map { line in
            "\(line.labels) "
                + line.points.map { "\(goGeneralText($0.value.number ?? .nan))@\($0.timestamp)" }.joined(separator: " ")
        }
    }
}
