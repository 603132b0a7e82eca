import MetricsModel
import PromQL
import Testing

@testable import Web

/// One series with one sample.
private struct OneSeries: SeriesSource {
    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        let labels = Labels(["__name__": "up", "job": "postgres"])
        guard matchers.allSatisfy({ $0.matches(labels) }), (from...through).contains(1_700_000_000_000) else { return [] }
        return [SeriesSamples(labels: labels, timestamps: [1_700_000_000_000], values: [1])]
    }
}

@Suite struct PromQLQueriesTests {
    private let queries = PromQLQueries(engine: PromQLEngine(), source: OneSeries())

    @Test(
        "The local engine answers over HTTP",
        arguments: [
            (
                "query?query=up&time=1700000001",
                #"{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"postgres"},"value":[1700000001,"1"]}]}"#
            ),
            ("query?query=1%2B1&time=5", #"{"resultType":"scalar","result":[5,"2"]}"#),
            ("query?query=%22x%22&time=5", #"{"resultType":"string","result":[5,"x"]}"#),
            (
                "query_range?query=up%2B1&start=1700000000&end=1700000010&step=5",
                #"{"resultType":"matrix","result":[{"metric":{"job":"postgres"},"values":[[1700000000,"2"],[1700000005,"2"],[1700000010,"2"]]}]}"#
            ),
        ])
    func answers(target: String, data: String) async throws {
        let queries = queries
        try await withServer(configure: { $0.queries = queries }) { running async throws in
            let answer = try await fetch(running.port, "/api/v1/" + target)
            #expect(answer.text == #"{"status":"success","data":\#(data)}"#)
        }
    }

    @Test("An expression that is none is bad data, with its place")
    func parseError() async throws {
        let queries = queries
        try await withServer(configure: { $0.queries = queries }) { running async throws in
            let answer = try await fetch(running.port, "/api/v1/query?query=sum(")
            #expect(answer.status == 400)
            #expect(
                answer.text.contains("\"errorType\":\"bad_data\",\"error\":\"invalid parameter \\\"query\\\": 1:5: parse error:"),
                "\(answer.text)")
        }
    }

    @Test("match[] takes a series selector and nothing else")
    func selector() async throws {
        let queries = queries
        #expect(try queries.selector("{severity=\"critical\"}").count == 1)
        #expect(throws: QueryFailure.self) { try queries.selector("rate(x[5m])") }
        #expect(throws: QueryFailure.self) { try queries.selector("x[5m]") }
        #expect(throws: QueryFailure.self) { try queries.selector("x + 1") }
        try await withServer(configure: { sources in
            sources.selector = { (text: String) throws(QueryFailure) in try queries.selector(text) }
            sources.ruleGroups = { demoGroups() }
        }) { running async throws in
            let some = try await fetch(running.port, "/api/v1/rules?match[]=%7Bseverity%3D%22critical%22%7D")
            #expect(some.text.contains("HighErrorRate") && !some.text.contains("job:errors:rate5m"))
            let none = try await fetch(running.port, "/api/v1/rules?match[]=%7Bseverity%3D%22none%22%7D")
            #expect(none.text == #"{"status":"success","data":{"groups":[]}}"#)
        }
    }
}
