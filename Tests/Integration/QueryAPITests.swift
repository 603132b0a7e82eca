import Support
import Testing

/// The HTTP API beside a real Prometheus: the same samples, the same requests, answers that say the same.
@Suite struct QueryAPIDifferentialTests {
    private static let expressions = [
        "requests_total{job=\"diff\"}", "sum by (code) (rate(requests_total{job=\"diff\"}[5m]))",
        "increase(requests_total{job=\"diff\",instance=\"b\"}[10m])", "temperature{job=\"diff\"}",
        "-temperature{job=\"diff\"} / 3",
        "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket{job=\"diff\"}[5m])))",
        "avg_over_time(temperature{job=\"diff\"}[2m])", "gone{job=\"diff\"}", "back{job=\"diff\"}", "absent(gone{job=\"diff\"})",
        "tiny{job=\"diff\"}", "huge{job=\"diff\"} * 3", "count_values(\"v\", back{job=\"diff\"})", "vector(1)", "1 / 0", "-1 / 0",
        "0 / 0",
        "time()", "topk(2, sum by (instance) (requests_total{job=\"diff\"}))", "sum(requests_total{job=\"diff\"}) without (code)",
        "requests_total{job=\"diff\"} / on (instance) group_left temperature{job=\"diff\"}",
        "max_over_time(sum(requests_total{job=\"diff\"})[5m:1m])", "requests_total{job=\"diff\"} offset 3m > bool 100",
        "label_replace(back{job=\"diff\"}, \"x\", \"$1-y\", \"instance\", \"(.*)\")", "scalar(tiny{job=\"diff\"})", "\"text\"",
        "nothing{job=\"diff\"}", "requests_total{job=\"diff\",code=~\"4..|5..\"} unless requests_total{code=\"500\"}",
        "temperature{job=\"diff\"}[1m]", "changes(temperature{job=\"diff\"}[4m])",
        "quantile_over_time(0.5, tiny{job=\"diff\"}[3m])",
    ]

    @Test("Queries over the same samples have the same answers as in Prometheus", .timeLimit(.minutes(3)))
    func queries() async throws {
        try await AnswerPair.with { pair in
            var compared = 0
            for expression in Self.expressions {
                var paths = [
                    "query?time={T}&query=\(formEncoded(expression))", "query?time={S}&query=\(formEncoded(expression))",
                ]
                if !expression.hasSuffix("[1m]"), expression != "\"text\"" {
                    paths.append("query_range?start={S}&end={T}&step=30&query=\(formEncoded(expression))")
                    paths.append("query_range?start={S}&end={T}&step=1m3s&timeout=10s&query=\(formEncoded(expression))")
                }
                for path in paths {
                    let (ours, theirs) = try await pair.ask(pair.placed(path))
                    #expect(theirs.0 == 200, "\(expression): \(theirs.1)")
                    #expect(
                        ours.0 == theirs.0 && ours.1.isNear(theirs.1, member: "data"), "\(path)\n ours \(ours)\n theirs \(theirs)"
                    )
                    compared += 1
                }
            }
            #expect(compared > 100)
        }
    }

    /// Of the series, the labels, and what is wrong.
    private static let requests = [
        "series?match[]=%7Bjob%3D%22diff%22%7D", "series?match[]=gone&match[]=back", "series?match[]=gone&start={T}",
        "series?match[]=nothing", "labels?match[]=requests_total", "labels?match[]=gone&match[]=latency_seconds_bucket",
        "label/code/values?match[]=requests_total", "label/le/values?match[]=%7Bjob%3D%22diff%22%7D",
        "label/__name__/values?match[]=%7Bjob%3D%22diff%22%7D", "label/none/values", "metadata?metric=nothing",
        "query_exemplars?query=gone", "format_query?query=sum(rate(a%5B5m%5D))%20by%20(x)%20%3E%201",
        "query?query=", "query?query=sum(", "query?query=up&time=x", "query?query=up&timeout=x", "query_range?query=up",
        "query_range?query=up&start=1", "query_range?query=up&start=2&end=1&step=1", "query_range?query=up&start=1&end=2&step=0",
        "query_range?query=up&start=1&end=2&step=-1", "query_range?query=up&start=1&end=2&step=x",
        "query_range?query=up&start=0&end=11001&step=1", "query_range?query=up&start=1&end=2&step=1e20", "series",
        "series?match[]=%7B%7D",
        "series?match[]=x%5B5m%5D", "labels?match[]=%7B%7D", "labels?start=x", "metadata?limit=x",
        "query?query=requests_total%20%2B%20on(instance)%20temperature", "query?query=nosuch(1)",
        "query_range?query=up%5B5m%5D&start=1&end=2&step=1",
        "query_exemplars?query=x&start=2&end=1", "format_query?query=%29",
    ]

    /// Where 2.42 words an error otherwise than 3.14, whose words ours are.
    private static let reworded: Set<String> = [
        // "Invalid time value" became "invalid time value".
        "query?query=up&time=x", "labels?start=x",
        // A range query's parse error had no "invalid parameter".
        "query_range?query=up%5B5m%5D&start=1&end=2&step=1",
        // The parser's own words; an empty text has no place in 3.14.
        "query?query=",
        "series?match[]=x%5B5m%5D", "query?query=sum(",
        "query?query=requests_total%20%2B%20on(instance)%20temperature",
    ]

    @Test("Catalogue and refusals are those of Prometheus", .timeLimit(.minutes(3)))
    func catalogue() async throws {
        try await AnswerPair.with { pair in
            for path in Self.requests {
                let (ours, theirs) = try await pair.ask(pair.placed(path))
                #expect(ours.0 == theirs.0, "\(path)\n ours \(ours)\n theirs \(theirs)")
                if Self.reworded.contains(path) {
                    #expect(ours.1["errorType"] == theirs.1["errorType"], "\(path)")
                } else {
                    #expect(ours.1 == theirs.1, "\(path)\n ours \(ours)\n theirs \(theirs)")
                }
            }
        }
    }

    @Test("Long expressions are broken up as Prometheus breaks them up", .timeLimit(.minutes(2)))
    func format() async throws {
        let name = "a_metric_with_quite_a_long_name_total"
        let expressions =
            Self.expressions + [
                "sum by (job, instance) (rate(\(name){code=~\"5..\"}[5m])) / sum by (job, instance) (rate(\(name)[5m])) > 0.05",
                "histogram_quantile(0.99, sum by (le, job) (rate(\(name)_bucket{job=\"a rather long value\"}[5m]))) > bool 1",
                "topk(5, sum by (job, instance, code) (increase(\(name){job=~\"api|web\", code!=\"200\"}[1h] offset 5m)))",
                "max_over_time(sum by (job) (rate(\(name){a=\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}[5m]))[30m:1m] offset 1h)",
                "-(\(name){a=\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"} + on (a) group_left (b) \(name){c=\"dddddddddddddddddddddddd\"})",
                "label_replace(\(name){a=\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}, \"x\", \"$1\", \"y\", \"(.*)\") unless ignoring (x) \(name)",
            ]
        try await AnswerPair.with { pair in
            for expression in expressions {
                let (ours, theirs) = try await pair.ask("format_query?query=\(formEncoded(expression))")
                #expect(ours.1 == theirs.1, "\(ours)\n\(theirs)")
            }
        }
    }
}
