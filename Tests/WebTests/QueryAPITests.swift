import HTTPTypes
import Health
import MetricsModel
import PromQL
import RemoteWrite
import Support
import Synchronization
import Testing

@testable import Web

/// A few series to be found.
private struct SmallCatalog: SeriesCatalog {
    private let all: [(labels: Labels, from: Int64, through: Int64)] = [
        (Labels(["__name__": "up", "job": "postgres"]), 1_000, 5_000),
        (Labels(["__name__": "up", "job": "redis"]), 1_000, 9_000),
        (Labels(["__name__": "http.requests", "größe": "x"]), 1_000, 9_000),
    ]

    func series(_ matchers: [LabelMatcher], from: Int64, through: Int64) -> [Labels] {
        all.filter { entry in
            matchers.allSatisfy { $0.matches(entry.labels) } && entry.from <= through && entry.through >= from
        }.map(\.labels).sorted()
    }

    func labelNames(_ matchers: [LabelMatcher]) -> [String] {
        Set(series(matchers, from: .min, through: .max).flatMap { $0.pairs.map(\.name) }).sorted(by: bytesPrecede)
    }

    func labelValues(_ name: String, _ matchers: [LabelMatcher]) -> [String] {
        Set(series(matchers, from: .min, through: .max).compactMap { $0[name] }).sorted(by: bytesPrecede)
    }

    func hasSeries(_ matchers: [LabelMatcher]) -> Bool { !series(matchers, from: .min, through: .max).isEmpty }
}

/// Evaluates until it is cancelled, and says that it was.
private final class EndlessEngine: QueryEngine {
    let started = Atomic(0)
    let cancelled = Atomic(0)

    func parse(_ expression: String) throws(QueryFailure) -> PromQLExpression {
        try PromQLQueries(engine: PromQLEngine(), source: NoSeries()).parse(expression)
    }

    func instant(_ expression: PromQLExpression, at time: Int64, _ options: QueryOptions) throws(QueryFailure) -> QueryAnswer {
        if expression.text != "endless" { return QueryAnswer(.scalar(1, timestamp: time)) }
        started.add(1, ordering: .relaxed)
        while ContinuousClock.now < options.deadline {
            if Task.isCancelled {
                cancelled.add(1, ordering: .relaxed)
                throw QueryFailure(.canceled, "query was canceled")
            }
        }
        throw QueryFailure(.timeout, "query timed out")
    }

    func range(
        _ expression: PromQLExpression, from start: Int64, through end: Int64, step: Int64, _ options: QueryOptions
    ) throws(QueryFailure) -> QueryAnswer {
        throw QueryFailure(.internalError, "no range")
    }
}

private func configured(_ sources: inout WebSources) {
    let queries = PromQLQueries(engine: PromQLEngine(), source: NoSeries())
    sources.queries = OneQueryEngine()
    sources.catalog = SmallCatalog()
    sources.selector = { (text: String) throws(QueryFailure) in try queries.selector(text) }
    let counter = MetricMetadata(metric: "b_total", type: "counter", help: "Bs.", unit: "bytes")
    let gauge = MetricMetadata(metric: "a", type: "gauge", help: "As.")
    sources.scrapeTargets = {
        [
            ScrapeTargetView(
                labels: Labels(["job": "redis", "instance": "cache:6379"]), address: "redis://cache:6379", isUp: false,
                lastSample: 1_700_000_000_000, durationSeconds: 0.5, error: "no answer", interval: "15s", timeout: "10s",
                metadata: [gauge]),
            ScrapeTargetView(
                labels: Labels(["job": "postgres", "instance": "db:5432"]), address: "postgres://db:5432", isUp: nil,
                lastSample: nil, interval: "15s", timeout: "10s", metadata: [counter, gauge]),
        ]
    }
    sources.status = {
        var status = StatusView(started: 1_700_000_000_000, lastReload: 1_700_000_000_000)
        status.flags = ["log.level": "info"]
        status.alertmanagers = ["http://am:9093/api/v2/alerts"]
        status.chunks = 7
        return status
    }
}

private func success(_ data: String, warnings: [String] = []) -> String {
    let warnings = warnings.isEmpty ? "" : ",\"warnings\":[" + warnings.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    return "{\"status\":\"success\",\"data\":\(data)\(warnings)}"
}

@Suite struct QueryAPITests {
    @Test(
        "Series, label names and label values",
        arguments: [
            (
                "series?match[]=up", #"[{"__name__":"up","job":"postgres"},{"__name__":"up","job":"redis"}]"#
            ),
            ("series?match[]=up&match[]=%7Bjob%3D%22redis%22%7D&start=6", #"[{"__name__":"up","job":"redis"}]"#),
            ("series?match[]=down", "[]"), ("labels", #"["__name__","größe","job"]"#),
            ("labels?match[]=up", #"["__name__","job"]"#), ("labels?end=0.5", "[]"),
            (
                "labels?start=-292273086-05-16T16:47:06Z&end=%2B292277025-08-18T07:12:54.999999999Z",
                #"["__name__","größe","job"]"#
            ),
            ("label/job/values", #"["postgres","redis"]"#), ("label/job/values?start=8", #"["redis"]"#),
            ("label/none/values", "[]"), ("label/__name__/values", #"["http.requests","up"]"#),
            ("label/U__gr_F6__DF_e/values", #"["x"]"#), ("label/gr%C3%B6%C3%9Fe/values", #"["x"]"#),
            ("label/job/values?match[]=%7Bjob%3D~%22p.*%22%7D&match[]=%7Bjob%3D%22x%22%7D", #"["postgres"]"#),
        ])
    func catalogue(target: String, data: String) async throws {
        try await withServer(configure: configured) { running async throws in
            #expect(try await fetch(running.port, "/api/v1/" + target).text == success(data))
        }
    }

    @Test(
        "What more than the limit there is is left out with a warning; at the limit nothing is",
        arguments: [
            ("series?match[]=up&limit=1", #"[{"__name__":"up","job":"postgres"}]"#, true),
            ("series?match[]=up&limit=2", #"[{"__name__":"up","job":"postgres"},{"__name__":"up","job":"redis"}]"#, false),
            ("labels?limit=1", #"["__name__"]"#, true), ("label/job/values?limit=1", #"["postgres"]"#, true),
            ("label/job/values?limit=0", #"["postgres","redis"]"#, false),
        ])
    func limits(target: String, data: String, isCut: Bool) async throws {
        try await withServer(configure: configured) { running async throws in
            let answer = try await fetch(running.port, "/api/v1/" + target)
            #expect(answer.text == success(data, warnings: isCut ? ["results truncated due to limit"] : []))
        }
    }

    @Test(
        "What is wrong with a request is said in Prometheus' words",
        arguments: [
            ("series", "no match[] parameter provided"),
            (
                "series?match[]=%7Bjob%3D~%22.*%22%7D",
                #"invalid parameter \"match[]\": match[] must contain at least one non-empty matcher"#
            ),
            ("labels?match[]=%7B%7D", "match[] must contain at least one non-empty matcher"),
            ("labels?limit=x", #"invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax"#),
            ("labels?limit=-1", #"invalid parameter \"limit\": limit must be non-negative"#),
            (
                "labels?start=x",
                #"invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid timestamp"#
            ),
            (
                "query?query=x&time=x",
                #"invalid parameter \"time\": invalid time value for 'time': cannot parse \"x\" to a valid timestamp"#
            ),
            ("query?query=x&timeout=x", #"invalid parameter \"timeout\": cannot parse \"x\" to a valid duration"#),
            ("query?query=x&lookback_delta=x", #"error parsing lookback delta duration: cannot parse \"x\" to a valid duration"#),
            ("query?query=bad", #"invalid parameter \"query\": 1:1: parse error: \"no\""#),
            ("query_range?query=x", #"invalid parameter \"start\": cannot parse \"\" to a valid timestamp"#),
            (
                "query_range?query=x&start=2&end=1&step=1",
                #"invalid parameter \"end\": end timestamp must not be before start time"#
            ),
            (
                "query_range?query=x&start=1&end=2&step=1e20",
                #"invalid parameter \"step\": cannot parse \"1e20\" to a valid duration. It overflows int64"#
            ),
            (
                "query_range?query=x&start=1&end=2&step=0",
                #"invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"#
            ),
            (
                "query_range?query=x&start=0&end=11001&step=1",
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
            ),
            ("metadata?limit=x", "limit must be a number"), ("metadata?limit_per_metric=x", "limit_per_metric must be a number"),
            ("query_exemplars?query=x&start=2&end=1", "end timestamp must not be before start timestamp"),
            ("format_query?query=bad", #"invalid parameter \"query\": 1:1: parse error: \"no\""#),
            ("status/tsdb?limit=0", "limit must be a positive number"),
        ])
    func refusals(target: String, message: String) async throws {
        try await withServer(configure: configured) { running async throws in
            let answer = try await fetch(running.port, "/api/v1/" + target)
            #expect(answer.status == 400)
            #expect(answer.text == #"{"status":"error","errorType":"bad_data","error":"\#(message)"}"#)
        }
    }

    @Test("A query's series are limited, and its remarks beyond ten only counted")
    func remarks() async throws {
        try await withServer(configure: configured) { running async throws in
            let cut = try await fetch(running.port, "/api/v1/query?query=two&limit=1&time=1")
            #expect(cut.text.hasSuffix(#"}]},"warnings":["careful","results truncated due to limit"]}"#), "\(cut.text)")
            let odd = try await fetch(running.port, "/api/v1/query?query=odd&time=1")
            #expect(odd.text.hasSuffix(#""info 10","2 more info annotations omitted"]}"#), "\(odd.text)")
            let all = try await fetch(running.port, "/api/v1/query?query=two&limit=2&time=1&stats=all")
            #expect(!all.text.contains("truncated") && all.text.contains(#""stats":{"timings":{"evalTotalTime":"#))
        }
    }

    @Test("Targets, by state and pool, and what their metrics mean")
    func targets() async throws {
        try await withServer(configure: configured) { running async throws in
            let port = running.port
            let all = try await fetch(port, "/api/v1/targets")
            #expect(
                all.text
                    == success(
                        #"{"activeTargets":[{"discoveredLabels":{"__address__":"db:5432","__scrape_interval__":"15s","__scrape_timeout__":"10s","job":"postgres"},"labels":{"instance":"db:5432","job":"postgres"},"scrapePool":"postgres","scrapeUrl":"postgres://db:5432","globalUrl":"postgres://db:5432","lastError":"","lastScrape":"0001-01-01T00:00:00Z","lastScrapeDuration":0,"health":"unknown","scrapeInterval":"15s","scrapeTimeout":"10s"},{"discoveredLabels":{"__address__":"cache:6379","__scrape_interval__":"15s","__scrape_timeout__":"10s","job":"redis"},"labels":{"instance":"cache:6379","job":"redis"},"scrapePool":"redis","scrapeUrl":"redis://cache:6379","globalUrl":"redis://cache:6379","lastError":"no answer","lastScrape":"2023-11-14T22:13:20.000Z","lastScrapeDuration":0.5,"health":"down","scrapeInterval":"15s","scrapeTimeout":"10s"}],"droppedTargets":[],"droppedTargetCounts":{"postgres":0,"redis":0}}"#
                    ))
            let dropped = try await fetch(port, "/api/v1/targets?state=dropped&scrapePool=redis")
            #expect(dropped.text == success(#"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{"redis":0}}"#))
            #expect(try await fetch(port, "/api/v1/scrape_pools").text == success(#"{"scrapePools":["postgres","redis"]}"#))
            #expect(
                try await fetch(port, "/api/v1/metadata").text
                    == success(
                        #"{"a":[{"type":"gauge","help":"As.","unit":""}],"b_total":[{"type":"counter","help":"Bs.","unit":"bytes"}]}"#
                    ))
            #expect(
                try await fetch(port, "/api/v1/metadata?limit=1").text
                    == success(#"{"a":[{"type":"gauge","help":"As.","unit":""}]}"#))
            #expect(try await fetch(port, "/api/v1/metadata?metric=none").text == success("{}"))
            #expect(
                try await fetch(port, "/api/v1/targets/metadata?metric=a&match_target=%7Bjob%3D%22redis%22%7D").text
                    == success(#"[{"target":{"instance":"cache:6379","job":"redis"},"type":"gauge","help":"As.","unit":""}]"#))
            #expect(try await fetch(port, "/api/v1/targets/metadata?metric=none").status == 404)
            #expect(
                try await fetch(port, "/api/v1/alertmanagers").text
                    == success(#"{"activeAlertmanagers":[{"url":"http://am:9093/api/v2/alerts"}],"droppedAlertmanagers":[]}"#))
        }
    }

    @Test("The process says what it runs with, and which labels make the series")
    func status() async throws {
        try await withServer(configure: configured) { running async throws in
            let port = running.port
            #expect(try await fetch(port, "/api/v1/status/flags").text == success(#"{"log.level":"info"}"#))
            #expect(try await fetch(port, "/api/v1/status/runtimeinfo").text.contains(#""startTime":"2023-11-14T22:13:20.000Z""#))
            let store = try await fetch(port, "/api/v1/status/tsdb?limit=1")
            #expect(
                store.text.hasSuffix(
                    #""seriesCountByMetricName":[{"name":"up","value":2}],"labelValueCountByLabelName":[{"name":"__name__","value":2}],"memoryInBytesByLabelName":[{"name":"__name__","value":15}],"seriesCountByLabelValuePair":[{"name":"__name__=up","value":2}]}}"#
                ), "\(store.text)")
            #expect(store.text.contains(#""headStats":{"numSeries":3,"numLabelPairs":5,"chunkCount":7,"#))
        }
    }

    @Test("Expressions are printed and taken apart; exemplars there are none")
    func expressions() async throws {
        try await withServer(configure: configured) { running async throws in
            let port = running.port
            let form = [("Content-Type", "application/x-www-form-urlencoded")]
            let format = try await fetch(
                port, "/api/v1/format_query", method: "POST", headers: form, body: "query=sum(x)+by+(a)")
            #expect(format.text == success(#""sum by (a) (x)""#))
            let parsed = try await fetch(port, "/api/v1/parse_query?query=1")
            #expect(parsed.text == success(#"{"type":"numberLiteral","val":"1"}"#))
            #expect(try await fetch(port, "/api/v1/query_exemplars?query=x").text == success("[]"))
            #expect(try await fetch(port, "/api/v1/query_exemplars?query=1").status == 204)
        }
    }

    @Test("Large answers are gzipped for those who take it, small ones never")
    func gzip() async throws {
        try await withServer(configure: configured) { running async throws in
            let gzip = [("Accept-Encoding", "gzip")]
            let target = "/api/v1/query_range?query=x&start=0&end=1000&step=1"
            let packed = try await fetch(running.port, target, headers: gzip)
            #expect(packed.headers["content-encoding"] == "gzip" && packed.headers["vary"] == "Accept-Encoding")
            #expect(packed.body.starts(with: [0x1F, 0x8B]))
            let plain = try await fetch(running.port, target)
            #expect(plain.headers["content-encoding"] == nil && plain.body.count > 4 * packed.body.count)
            #expect(try await fetch(running.port, "/api/v1/labels", headers: gzip).headers["content-encoding"] == nil)
        }
    }

    @Test("Pages of the origins that are allowed may read the API, and no page may write")
    func origins() async throws {
        var settings = WebSettings()
        settings.origins = try OriginPolicy("https?://(a|b)\\.example")
        let receiver = RemoteWriteReceiver(sink: NoSink(), registry: Registry(), now: { 0 })
        try await withServer(
            settings,
            configure: { sources in
                configured(&sources)
                sources.remoteWrite = receiver
            }
        ) { running async throws in
            let port = running.port
            let allowed = try await fetch(port, "/api/v1/labels", headers: [("Origin", "https://a.example")])
            #expect(allowed.headers["access-control-allow-origin"] == "https://a.example")
            #expect(allowed.headers["vary"]?.contains("Origin") == true)
            let other = try await fetch(port, "/api/v1/labels", headers: [("Origin", "https://a.example.evil")])
            #expect(other.headers["access-control-allow-origin"] == nil && other.status == 200)
            #expect(try await fetch(port, "/api/v1/labels").headers["access-control-allow-methods"] == nil)
            let asked = try await fetch(port, "/api/v1/query", method: "OPTIONS", headers: [("Origin", "http://b.example")])
            #expect(asked.status == 204 && asked.headers["access-control-allow-origin"] == "http://b.example")
            let write = try await fetch(port, "/api/v1/write", method: "OPTIONS", headers: [("Origin", "http://b.example")])
            #expect(write.status == 405 && write.headers["access-control-allow-origin"] == nil)
        }
        #expect(throws: WebSettingsError.self) { try OriginPolicy("(") }
    }

    @Test("A client that leaves cancels its query, and heavy queries leave scrapes alone")
    func departure() async throws {
        let engine = EndlessEngine()
        try await withServer(configure: { $0.queries = engine }) { running async throws in
            var clients: [RawClient] = []
            for _ in 0..<5 {
                let client = try RawClient(port: running.port)
                client.send("GET /api/v1/query?query=endless HTTP/1.1\r\nHost: x\r\n\r\n")
                clients.append(client)
            }
            #expect(await eventually { engine.started.load(ordering: .relaxed) == 2 })
            #expect(try await fetch(running.port, "/metrics").status == 200)
            clients.removeAll()
            #expect(await eventually { engine.cancelled.load(ordering: .relaxed) >= 2 })
            // Of those that waited, most were never begun (their leaving may be seen late), and the threads are free again.
            let next = try await fetch(running.port, "/api/v1/query?query=1&time=1")
            #expect(next.text == success(#"{"resultType":"scalar","result":[1,"1"]}"#))
            #expect(engine.started.load(ordering: .relaxed) <= 5)
        }
    }

    @Test("A query's own time-out ends it")
    func timeout() async throws {
        try await withServer(configure: { $0.queries = EndlessEngine() }) { running async throws in
            let answer = try await fetch(running.port, "/api/v1/query?query=endless&timeout=50ms")
            #expect(answer.status == 503)
            #expect(answer.text == #"{"status":"error","errorType":"timeout","error":"query timed out"}"#)
        }
    }
}

private struct NoSink: WriteSink {
    func append(_ batch: [SeriesSamples]) -> WriteOutcome { WriteOutcome(accepted: batch.count) }
}

@Suite struct WriteAPITests {
    private func send(_ port: Int, _ body: [UInt8], type: String = "application/x-protobuf") async throws -> RawResponse {
        let client = try RawClient(port: port)
        client.send(
            "POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Type: \(type)\r\nContent-Encoding: snappy\r\n"
                + "X-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n")
        client.send(body)
        let bytes = try #require(try await client.readToEnd())
        return try #require(RawResponse(bytes))
    }

    private static let message = RemoteWriteMessage([.init([("__name__", "a")], [(1, 1)])])

    @Test("A message is stored when the receiver is switched on, and there is nothing otherwise")
    func stored() async throws {
        let receiver = RemoteWriteReceiver(sink: NoSink(), registry: Registry(), now: { 0 })
        try await withServer(configure: { $0.remoteWrite = receiver }) { running async throws in
            let answer = try await send(running.port, Self.message.block)
            #expect(answer.status == 204 && answer.body.isEmpty)
            #expect(
                try await send(
                    running.port, Self.message.block, type: "application/x-protobuf;proto=io.prometheus.write.v2.Request"
                ).status == 415)
            #expect(try await send(running.port, [1, 2, 3]).status == 400)
            #expect(try await fetch(running.port, "/api/v1/write").status == 405)
        }
        try await withServer { running async throws in
            #expect(try await send(running.port, Self.message.block).status == 404)
        }
    }

    @Test("A body longer than any message is refused by its declared length")
    func tooLong() async throws {
        let receiver = RemoteWriteReceiver(sink: NoSink(), registry: Registry(), now: { 0 })
        try await withServer(configure: { $0.remoteWrite = receiver }) { running async throws in
            let client = try RawClient(port: running.port)
            client.send("POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
            let bytes = try #require(try await client.readToEnd())
            #expect(try #require(RawResponse(bytes)).status == 413)
        }
    }

    @Test("Writing needs the credentials that reading needs")
    func authenticated() async throws {
        let directory = try TemporaryDirectory()
        let hash = "$2y$04$oZXSWHZP6Sqvkzg7zqBi0ef3g7BGMCVdTjcwKOqXqzGvAcE0Yp1Wm"
        var settings = WebSettings()
        settings.configFile = try directory.write("web.yml", "basic_auth_users:\n  admin: \(hash)\n")
        let receiver = RemoteWriteReceiver(sink: NoSink(), registry: Registry(), now: { 0 })
        try await withServer(settings, configure: { $0.remoteWrite = receiver }) { running async throws in
            #expect(try await send(running.port, Self.message.block).status == 401)
        }
    }
}

@Suite struct LabelNameEscapingTests {
    @Test(
        "Names in paths, as prometheus/common unescapes them",
        arguments: [
            ("job", "job"), ("U__job", "job"), ("U__a__b", "a_b"), ("U__http_2e_status", "http.status"),
            ("U__gr_F6__DF_e", "größe"), ("U__x_1F600_", "x😀"), ("U__x_zz_", "U__x_zz_"), ("U__x_2e", "U__x_2e"),
            ("U__x_", "U__x_"), ("U__x_D800_", "U__x_D800_"), ("U__x_1234567_", "U__x_1234567_"), ("U__", ""),
        ])
    func unescape(escaped: String, name: String) {
        #expect(unescapedLabelName(escaped) == name)
    }
}
