import MetricsModel
import PromQL
import Testing

@testable import Web

/// A series with a name that is markup, sampled every minute of all times.
private struct HostileSeries: SeriesSource {
    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        let labels = Labels(["__name__": "up", "job": "<b>\"x\"</b>"])
        guard matchers.allSatisfy({ $0.matches(labels) }) else { return [] }
        let first = from / 60_000 * 60_000 + 60_000
        let times = Array(stride(from: first, through: through, by: 60_000))
        return [SeriesSamples(labels: labels, timestamps: times, values: times.map { Double($0 / 60_000 % 7) })]
    }
}

@Suite struct GraphPageTests {
    private let queries = PromQLQueries(engine: PromQLEngine(), source: HostileSeries())

    @Test("The link of a notification leads to the expression's value, and a line of its last hour")
    func value() async throws {
        let queries = queries
        try await withServer(configure: { $0.queries = queries }) { running async throws in
            let page = try await fetch(running.port, "/graph?g0.expr=sum+by+%28job%29+%28up%29+%3E%3D+0&g0.tab=1")
            #expect(page.status == 200)
            #expect(page.text.contains("sum by (job) (up) &gt;= 0</textarea>"))
            #expect(page.text.contains("<path class=\"line0\" d=\"M"))
            #expect(page.text.contains("{job=&quot;&lt;b&gt;"), "\(page.text)")
            #expect(!page.text.contains("<b>") && !page.text.contains("<script"))
        }
    }

    @Test("A line has a gap where the expression has no value")
    func gaps() async throws {
        let queries = queries
        try await withServer(configure: { $0.queries = queries }) { running async throws in
            let page = try await fetch(running.port, "/graph?g0.expr=up+%3E+3&g0.range_input=1h").text
            let line = try #require(page.split(separator: "d=\"").dropFirst().first?.prefix { $0 != "\"" })
            #expect(line.filter { $0 == "M" }.count > 5)
        }
    }

    @Test(
        "What can't be shown is said on the page, with place and reason",
        arguments: [
            ("/graph?g0.expr=sum(", "1:5: parse error"), ("/graph?g0.expr=up&g0.range_input=soon", "soon"),
            ("/graph?g0.expr=up&g0.range_input=0s", "longer than 0"), ("/graph?g0.expr=none", "Nothing now."),
            ("/graph?g0.expr=%22text%22", "text"), ("/graph?g0.expr=up%5B3m%5D", " @20"), ("/graph", "<form action=\"/graph\">"),
        ])
    func said(target: String, text: String) async throws {
        let queries = queries
        try await withServer(configure: { $0.queries = queries }) { running async throws in
            let page = try await fetch(running.port, target)
            #expect(page.status == 200)
            #expect(page.text.contains(text), "\(page.text)")
        }
    }
}
