import MetricsModel
import Support
import Testing

@testable import Sampling

@Suite struct RowLimiterTests {
    /// A server whose rows come and go, each with a counter and a gauge, against what is obvious.
    @Test("Shown rows stay shown, gauges add up, and the counters of the remainder never fall", arguments: 1...40)
    func properties(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let rowsMax = Int.random(in: 1...12, using: &generator)
        var limiter = RowLimiter()
        var counters: [UInt64: Double] = [:]
        for key in 0..<UInt64.random(in: 0...20, using: &generator) {
            counters[key] = Double.random(in: 0...100, using: &generator).rounded()
        }
        var before: [UInt64] = []
        var shownBefore: Set<UInt64> = []
        var last: [UInt64: Double] = [:]
        var grown = 0.0
        var lastRemainder = 0.0
        for _ in 0..<30 {
            for key in counters.keys.sorted() {
                if Int.random(in: 0..<12, using: &generator) == 0 {
                    counters[key] = nil
                } else {
                    counters[key, default: 0] += Double(Int.random(in: 0...50, using: &generator))
                }
            }
            if Bool.random(using: &generator) { counters[UInt64.random(in: 100...10_000, using: &generator)] = 7 }
            let keys = counters.keys.sorted().shuffled(using: &generator)
            let values = keys.map { counters[$0] ?? 0 }
            let gauges = keys.map { Double($0) }
            guard keys.count > rowsMax || limiter.isActive else {
                before = keys
                shownBefore = Set(keys)
                continue
            }
            let division = limiter.divide(
                keys, [values, gauges], counters: [true, false], rowsMax: rowsMax, before: before)
            let shown = Set(division.shown.map { keys[$0] })
            #expect(division.shown.count <= max(0, rowsMax - 1), "seed \(seed)")
            #expect(division.shown.count + division.hiddenCount == keys.count, "seed \(seed)")
            #expect(division.shown == division.shown.sorted(), "seed \(seed)")
            // What was shown and is there still is shown, as far as there is room.
            let stayed = shownBefore.intersection(keys)
            #expect(shown.intersection(stayed).count == min(stayed.count, max(0, rowsMax - 1)), "seed \(seed)")
            let hidden = keys.filter { !shown.contains($0) }
            #expect(division.remainder[1] == hidden.reduce(0) { $0 + Double($1) }, "seed \(seed)")
            for key in hidden {
                let value = counters[key] ?? 0
                grown += value - (last[key] ?? 0)
            }
            // Counters here never fall; a hidden row that is away for a while is remembered.
            for key in hidden { last[key] = counters[key] }
            for key in shown { last[key] = nil }
            #expect(division.remainder[0] >= lastRemainder, "seed \(seed)")
            #expect(abs(division.remainder[0] - grown) < 1e-6 || counters.isEmpty, "seed \(seed)")
            lastRemainder = division.remainder[0]
            shownBefore = shown
        }
    }

    @Test("A hidden counter that begins anew grows by what it has since")
    func reset() {
        var limiter = RowLimiter()
        let first = limiter.divide([1, 2], [[5, 100]], counters: [true], rowsMax: 2, before: [1])
        #expect(first.shown == [0])
        #expect(first.remainder == [100])
        #expect(limiter.divide([1, 2], [[5, 3]], counters: [true], rowsMax: 2, before: []).remainder == [103])
        #expect(limiter.divide([1], [[5]], counters: [true], rowsMax: 2, before: []).remainder == [103])
        #expect(limiter.divide([1, 2], [[5, 4]], counters: [true], rowsMax: 2, before: []).shown == [0])
    }

    @Test("NaN, infinities and missing values leave the remainder alone")
    func notFinite() {
        var limiter = RowLimiter()
        let division = limiter.divide(
            [1, 2, 3, 4], [[1, .nan, .infinity, 4], [1, ValueColumn.absent, 3, -.infinity]], counters: [true, false], rowsMax: 1,
            before: [])
        #expect(division.shown == [])
        #expect(division.remainder == [5, 4])
    }

    @Test("A target and its collectors have no more series than their limits, and what one gives back another may have")
    func ledger() {
        let ledger = SeriesLedger(SeriesLimits(perCollector: 100, perTarget: 150))
        #expect(ledger.grant("a", wanted: 80, had: 0) == 80)
        #expect(ledger.grant("a", wanted: 60, had: 0) == 20)
        #expect(ledger.grant("b", wanted: 60, had: 0) == 50)
        #expect(ledger.grant("b", wanted: 70, had: 50) == 50)
        ledger.release("a", had: 80)
        #expect(ledger.grant("b", wanted: 70, had: 50) == 70)
        #expect(ledger.grant("a", wanted: 200, had: 20) == 80)
    }
}
