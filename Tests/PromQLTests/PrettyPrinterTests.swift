import PromQL
import Support
import Testing

@Suite("Printing over lines")
struct PrettyPrinterTests {
    private static let long = "http_requests_total_with_a_rather_long_name"

    @Test("What fits a line stays on it")
    func short() throws {
        #expect(try PromQLExpression("sum(rate(foo[5m]))   by (a)").root.pretty == "sum by (a) (rate(foo[5m]))")
        #expect(try PromQLExpression("foo[5m:1m]").root.pretty == "foo[5m:1m]")
    }

    @Test("What is longer is broken up, level by level")
    func long() throws {
        let text =
            "sum by (job) (rate(\(Self.long){a=\"b\"}[5m])) / ignoring (x) group_left (y) -topk(3, \(Self.long){code=~\"5..\"} offset 5m)"
        #expect(
            try PromQLExpression(text).root.pretty == """
                  sum by (job) (rate(\(Self.long){a="b"}[5m]))
                / ignoring (x) group_left (y)
                  -topk(3, \(Self.long){code=~"5.."} offset 5m)
                """)
        let nested =
            "(histogram_quantile(0.99, sum by (le) (rate(\(Self.long)_bucket{job=\"a rather long value of a label\"}[5m]))) > bool 1)"
        #expect(
            try PromQLExpression(nested).root.pretty == """
                (
                    histogram_quantile(
                      0.99,
                      sum by (le) (
                        rate(\(Self.long)_bucket{job="a rather long value of a label"}[5m])
                      )
                    )
                  > bool
                    1
                )
                """)
    }

    @Test("Property: what is printed over lines reads as the same expression")
    func roundTrip() throws {
        let parts = [
            "sum by (a, b) (PART)", "rate(\(Self.long){a=\"x\"}[5m])", "PART + on (job) group_left (x) PART", "(PART)", "-PART",
            "max_over_time((PART)[30m:1m] offset 5m)", "topk(5, PART)", "label_replace(PART, \"a\", \"$1\", \"b\", \"(.*)\")",
            "PART unless PART", "clamp_max(PART, 100)",
        ]
        for seed in UInt64(1)...200 {
            var random = SeededGenerator(seed: seed)
            var text = "PART"
            for _ in 0..<6 {
                guard let range = text.firstRange(of: "PART") else { break }
                text.replaceSubrange(range, with: parts[Int.random(in: 0..<parts.count, using: &random)])
            }
            text = text.replacing("PART", with: Self.long)
            let expression = try PromQLExpression(text)
            #expect(try PromQLExpression(expression.root.pretty) == expression, "seed \(seed): \(text)")
        }
    }
}
