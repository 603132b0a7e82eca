import MetricsModel

/// A few series with what is hard: gaps, stale markers, resets, NaN, infinities, numbers at the ends of the range.
struct RandomStore: SeriesSource {
    let series: [SeriesSamples]

    init(_ random: inout FuzzRandom) {
        var series: [SeriesSamples] = []
        func add(_ labels: [String: String], isCounter: Bool) {
            var time = Int64(random.below(120)) * 1000 - 60_000
            if random.chance(2) { time = random.pick([-9_000_000_000_000_000, 9_000_000_000_000_000, 0]) }
            var value = Double(random.below(20))
            var times: [Int64] = []
            var values: [Double] = []
            var starts: [Int64] = []
            for _ in 0..<random.below(25) {
                times.append(time)
                starts.append(random.chance(50) ? 0 : time - Int64(random.below(90_000)))
                if random.chance(4) {
                    values.append(staleMarker)
                } else if random.chance(5) {
                    values.append(
                        random.pick([.nan, .infinity, -.infinity, 0, -0.0, 1e308, -1e308, .leastNonzeroMagnitude, 1e-300, 0x1p53])
                    )
                } else {
                    values.append(value)
                }
                value = isCounter && random.chance(90) ? value + Double(random.below(10)) : Double(random.below(40)) - 10
                time += Int64(1 + random.below(random.pick([2, 20_000, 60_000, 400_000])))
            }
            guard !times.isEmpty else { return }
            series.append(
                SeriesSamples(
                    labels: Labels(labels), timestamps: times, values: values, startTimestamps: random.chance(20) ? starts : []))
        }
        let values = ["1", "2", "x", "", "xy"]
        for _ in 0..<random.below(4) {
            add(["__name__": "m", "a": random.pick(values), "b": random.pick(values)], isCounter: false)
        }
        for _ in 0..<random.below(3) { add(["__name__": "n", "a": random.pick(values), "instance": "i"], isCounter: false) }
        for _ in 0..<random.below(4) {
            add(["__name__": "c_total", "a": random.pick(values), "b": random.pick(values)], isCounter: true)
        }
        for bound in ["0.1", "1", "10", "+Inf", "x"] where random.chance(70) {
            add(["__name__": "h_bucket", "le": bound, "a": random.pick(["1", "2"])], isCounter: true)
        }
        if random.chance(30) { add(["__name__": "m.utf8", "l l": "ü", "__type__": "gauge"], isCounter: false) }
        if random.chance(30) { add(["__name__": "target_info", "instance": "i", "job": "j", "z": "9"], isCounter: false) }
        // A source never has two series of one name.
        var seen: Set<Labels> = []
        self.series = series.filter { seen.insert($0.labels).inserted }
    }

    init(_ series: [SeriesSamples]) { self.series = series }

    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        var found: [SeriesSamples] = []
        var left = maxSamples
        for one in series where matchers.allSatisfy({ $0.matches(one.labels) }) {
            var places = one.timestamps.indices.filter { one.timestamps[$0] >= from && one.timestamps[$0] <= through }
            if selection == .newest { places = Array(places.suffix(1)) }
            guard !places.isEmpty else { continue }
            left -= places.count
            if left < 0 { throw SeriesSourceError("too many samples", code: .tooManySamples) }
            found.append(
                SeriesSamples(
                    labels: one.labels, timestamps: places.map { one.timestamps[$0] }, values: places.map { one.values[$0] },
                    startTimestamps: one.startTimestamps.isEmpty ? [] : places.map { one.startTimestamps[$0] }))
        }
        return found
    }
}
