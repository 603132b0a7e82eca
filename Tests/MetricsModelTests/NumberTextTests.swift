import MetricsModel
import Support
import Testing

@Suite struct NumberTextTests {
    /// The right column is what Go's strconv.FormatFloat(x, 'g', -1, 64) prints.
    @Test(
        "A number is written as Go writes it",
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (12, "12"), (100, "100"), (123_456, "123456"),
            (999_999, "999999"), (1_000_000, "1e+06"), (1_234_567, "1.234567e+06"), (8_192_000, "8.192e+06"),
            (1_700_000_000.25, "1.70000000025e+09"), (0.5, "0.5"), (0.1, "0.1"), (12.75, "12.75"), (0.0001, "0.0001"),
            (0.00001, "1e-05"), (0.000012345, "1.2345e-05"), (1e21, "1e+21"), (1.5e300, "1.5e+300"), (-2.5, "-2.5"),
            (.leastNonzeroMagnitude, "5e-324"), (Double.greatestFiniteMagnitude, "1.7976931348623157e+308"),
            (9_007_199_254_740_992, "9.007199254740992e+15"), (9_007_199_254_740_991, "9.007199254740991e+15"),
            (Double.infinity, "+Inf"), (-Double.infinity, "-Inf"), (Double.nan, "NaN"), (staleMarker, "NaN"),
            (0.30000000000000004, "0.30000000000000004"), (100_000.5, "100000.5"),
        ] as [(Double, String)])
    func writes(_ value: Double, _ text: String) {
        #expect(numberText(value) == text)
    }

    @Test("Every finite number reads back as itself")
    func roundTrip() {
        for seed in UInt64(0)..<200 {
            var random = SeededGenerator(seed: seed)
            for _ in 0..<50 {
                let value = Double(bitPattern: random.next())
                guard value.isFinite else { continue }
                #expect(Double(numberText(value)) == value, "seed \(seed)")
            }
            let whole = Double(Int64(truncatingIfNeeded: random.next()) >> Int64.random(in: 0..<63, using: &random))
            #expect(Double(numberText(whole)) == whole, "seed \(seed)")
        }
    }
}
