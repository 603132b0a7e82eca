import MetricsModel
import Testing

@Suite("Declared families")
struct MetricUsesTests {
    private static let declared = DeclaredFamilies(types: [
        "requests_total": .counter, "depth": .gauge, "took_seconds": .histogram, "pg_stat_database_blks_hit": .unknown,
    ])

    @Test(
        "An expression may use what exists, as its type allows",
        arguments: [
            "rate(requests_total[1m])", "sum(increase(requests_total[1m]))", "depth > 1", "delta(depth[5m])",
            "histogram_quantile(0.9, sum by (le) (rate(took_seconds_bucket[1m])))", "rate(took_seconds_count[1m])",
            "pg_stat_database_blks_hit", "rate(pg_stat_database_blks_hit[1m])", #"up{job="postgres"} == 0"#, "vector(1)",
        ])
    func allowed(expression: String) throws {
        #expect(try Self.declared.findings(in: expression) == [])
    }

    @Test(
        "What does not exist or is of the wrong type is named",
        arguments: [
            ("rate(request_total[1m])", "there is no metric request_total"),
            ("requests_total > 1", "requests_total is a counter and must be rated"),
            ("rate(depth[1m])", "depth is a gauge and must not be rated"),
            ("histogram_quantile(0.9, took_seconds)", "took_seconds is a histogram and must be rated"),
            ("depth_bucket", "there is no metric depth_bucket"),
        ])
    func refused(expression: String, finding: String) throws {
        #expect(try Self.declared.findings(in: expression) == [finding])
    }

    @Test("A runbook is cut at its headings, fences and backticks")
    func runbook() {
        let runbook = Runbook(
            alert: "A", markdown: "# A\n\nSee `x` and `y`.\n\n## Meaning\n\n```promql\ndepth\n> 1\n```\n\n## Impact\n")
        #expect(runbook.title == "A" && runbook.headings == ["Meaning", "Impact"] && runbook.inlineCode == ["x", "y"])
        #expect(runbook.blocks.map(\.language) == ["promql"] && runbook.blocks.map(\.text) == ["depth\n> 1"])
    }
}
