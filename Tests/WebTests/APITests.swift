import Health
import MetricsModel
import PromQL
import Support
import Testing

@testable import Web

/// Answers every query with what it was asked.
struct OneQueryEngine: QueryEngine {
    func parse(_ expression: String) throws(QueryFailure) -> PromQLExpression {
        if expression == "bad" { throw QueryFailure(.badData, "1:1: parse error: \"no\"") }
        return try PromQLQueries(engine: PromQLEngine(), source: NoSeries()).parse(expression)
    }

    func instant(_ expression: PromQLExpression, at time: Int64, _ options: QueryOptions) throws(QueryFailure) -> QueryAnswer {
        if expression.text == "late" { throw QueryFailure(.timeout, "query timed out") }
        if expression.text == "many" { throw QueryFailure(.execution, "many-to-many") }
        let samples = ["a\"b", "c"].map {
            VectorSample(labels: Labels(["__name__": "up", "job": $0]), timestamp: time, value: .float(1.5))
        }
        return QueryAnswer(
            .vector(Array(samples.prefix(expression.text == "two" ? 2 : 1))), warnings: ["careful"],
            infos: expression.text == "odd" ? (1...12).map { "info \($0)" } : [])
    }

    func range(
        _ expression: PromQLExpression, from start: Int64, through end: Int64, step: Int64, _ options: QueryOptions
    ) throws(QueryFailure) -> QueryAnswer {
        let points = stride(from: start, through: end, by: Int(step)).map { MatrixPoint(timestamp: $0, value: .float(.nan)) }
        return QueryAnswer(.matrix([MatrixSeries(labels: .empty, points: points)]))
    }
}

/// Nothing to read.
struct NoSeries: SeriesSource {
    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] { [] }
}

func demoGroups() -> [RuleGroupView] {
    let alert = AlertView(
        labels: Labels(["alertname": "HighErrorRate", "severity": "critical", "path": "<script>alert(1)</script>"]),
        annotations: ["summary": "\"<b>too many</b>\" & more", "runbook_url": "javascript:alert(1)"], state: .firing,
        activeAt: 1_699_999_000_000, value: 0.05)
    let alerting = RuleView(
        name: "HighErrorRate", query: "rate(errors_total[5m]) > 0.05", labels: Labels(["severity": "critical"]),
        kind: .alerting(state: .firing, forSeconds: 120, keepFiringForSeconds: 0, annotations: ["summary": "s"], alerts: [alert]),
        health: .ok, evaluationSeconds: 0.002, lastEvaluation: 1_699_999_990_000)
    let recording = RuleView(
        name: "job:errors:rate5m", query: "sum by (job) (rate(errors_total[5m]))", labels: .empty, kind: .recording,
        health: .failed(error: "many-to-many <matching>"), evaluationSeconds: 0, lastEvaluation: nil)
    return [
        RuleGroupView(
            name: "vitals", file: "alerts/vitals.yml", intervalSeconds: 15, rules: [alerting, recording],
            evaluationSeconds: 0.003,
            lastEvaluation: 1_699_999_990_000),
        RuleGroupView(
            name: "empty", file: "alerts/empty.yml", intervalSeconds: 60, rules: [], evaluationSeconds: 0, lastEvaluation: nil),
    ]
}

private func configured(_ sources: inout WebSources) {
    sources.queries = OneQueryEngine()
    sources.ruleGroups = { demoGroups() }
    sources.runbook = {
        $0 == "HighErrorRate"
            ? "# High <error> rate\n\nSee `SELECT 1 < 2` and **this**.\n\n- [ok](https://example.org/)\n- [bad](javascript:alert(1))\n- [Other](OtherAlert.md)\n"
                + "- [board](../../dashboards/cache.json)\n- [away](../secret.md)\n\n| Seen | Do |\n| --- | --- |\n| a | b |\n"
            : nil
    }
    sources.dashboard = { $0 == "cache" ? "{\"uid\":\"cache\"}" : nil }
    sources.targets = { [TargetView(job: "postgres", instance: "db:5432", isUp: false, error: "<refused>")] }
}

@Suite struct APITests {
    @Test("A query answers as Prometheus does, by GET and by POST form")
    func query() async throws {
        try await withServer(configure: configured) { running async throws in
            let expected =
                #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a\"b"},"value":[1700000000.050,"1.5"]}]},"warnings":["careful"]}"#
            let get = try await fetch(running.port, "/api/v1/query?query=up&time=1700000000.05")
            #expect(get.text == expected)
            #expect(get.headers["content-type"] == "application/json")
            let form = [("Content-Type", "application/x-www-form-urlencoded")]
            let post = try await fetch(
                running.port, "/api/v1/query", method: "POST", headers: form, body: "query=up&time=2023-11-14T22%3A13%3A20.05Z")
            #expect(post.text == expected)
            let range = try await fetch(running.port, "/api/v1/query_range?query=x&start=10&end=40&step=15s")
            #expect(
                range.text
                    == #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[10,"NaN"],[25,"NaN"],[40,"NaN"]]}]}}"#
            )
        }
    }

    @Test(
        "What is wrong with a query is said as Prometheus says it",
        arguments: [
            ("/api/v1/query?query=bad", 400, "bad_data"), ("/api/v1/query?query=late", 503, "timeout"),
            ("/api/v1/query?query=many", 422, "execution"), ("/api/v1/query?query=x&time=noon", 400, "bad_data"),
            ("/api/v1/query_range?query=x&start=1&end=2", 400, "bad_data"),
            ("/api/v1/query_range?query=x&end=2&step=1", 400, "bad_data"),
            ("/api/v1/query_range?query=x&start=3&end=2&step=1", 400, "bad_data"),
            ("/api/v1/query_range?query=x&start=0&end=11002&step=1", 400, "bad_data"),
            ("/api/v1/query_range?query=x&start=-9e14&end=9e14&step=0.001", 400, "bad_data"),
            ("/api/v1/query?query=x&timeout=soon", 400, "bad_data"), ("/api/v1/rules?type=other", 400, "bad_data"),
            ("/api/v1/rules?match[]=x", 400, "bad_data"),
        ])
    func failures(target: String, status: Int, type: String) async throws {
        try await withServer(configure: configured) { running async throws in
            let answer = try await fetch(running.port, target)
            #expect(answer.status == status)
            #expect(answer.text.hasPrefix(#"{"status":"error","errorType":"\#(type)","error":""#), "\(answer.text)")
        }
    }

    @Test("Rules and alerts have Prometheus' fields in its order")
    func rules() async throws {
        try await withServer(configure: configured) { running async throws in
            let alerts = try await fetch(running.port, "/api/v1/alerts")
            #expect(
                alerts.text
                    == #"{"status":"success","data":{"alerts":[{"labels":{"alertname":"HighErrorRate","path":"<script>alert(1)</script>","severity":"critical"},"annotations":{"runbook_url":"javascript:alert(1)","summary":"\"<b>too many</b>\" & more"},"state":"firing","activeAt":"2023-11-14T21:56:40Z","value":"5e-02"}]}}"#
            )
            let rules = try await fetch(running.port, "/api/v1/rules?exclude_alerts=true")
            #expect(
                rules.text
                    == #"{"status":"success","data":{"groups":[{"name":"vitals","file":"alerts/vitals.yml","rules":[{"state":"firing","name":"HighErrorRate","query":"rate(errors_total[5m]) > 0.05","duration":120,"keepFiringFor":0,"labels":{"severity":"critical"},"annotations":{"summary":"s"},"alerts":null,"health":"ok","evaluationTime":0.002,"lastEvaluation":"2023-11-14T22:13:10Z","type":"alerting"},{"name":"job:errors:rate5m","query":"sum by (job) (rate(errors_total[5m]))","health":"err","lastError":"many-to-many <matching>","evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"}],"interval":15,"limit":0,"evaluationTime":0.003,"lastEvaluation":"2023-11-14T22:13:10Z"}]}}"#
            )
        }
    }

    @Test(
        "What is wrong with the parameters of rules is said in Prometheus' words",
        arguments: [
            ("type=other", #"invalid parameter \"type\": not supported value \"other\""#),
            (
                "exclude_alerts=maybe",
                #"invalid parameter \"exclude_alerts\": error converting exclude_alerts: strconv.ParseBool: parsing \"maybe\": invalid syntax"#
            ),
            (
                "group_next_token=x",
                #"invalid parameter \"group_next_token\": group_limit needs to be present in order to paginate over the groups"#
            ),
            (
                "group_limit=two",
                #"invalid parameter \"group_limit\": group_limit needs to be a valid number: strconv.ParseInt: parsing \"two\": invalid syntax"#
            ),
            (
                "group_limit=99999999999",
                #"invalid parameter \"group_limit\": group_limit needs to be a valid number: strconv.ParseInt: parsing \"99999999999\": value out of range"#
            ),
            ("group_limit=0", #"invalid parameter \"group_limit\": group_limit needs to be greater than 0"#),
            (
                "group_limit=1&group_next_token=gone",
                #"invalid parameter \"group_next_token\": invalid group_next_token 'gone'. were rule groups changed?"#
            ),
        ])
    func rulesParameters(query: String, message: String) async throws {
        try await withServer(configure: configured) { running async throws in
            let answer = try await fetch(running.port, "/api/v1/rules?" + query)
            #expect(answer.status == 400)
            #expect(answer.text == #"{"status":"error","errorType":"bad_data","error":""# + message + #""}"#)
        }
    }

    @Test("Groups come by file and name, in pages whose tokens lead from one to the next; filters come first")
    func rulesPages() async throws {
        func group(_ file: String, _ name: String, _ rules: [String]) -> RuleGroupView {
            RuleGroupView(
                name: name, file: file, intervalSeconds: 15,
                rules: rules.map {
                    RuleView(
                        name: $0, query: "vector(1)", labels: .empty, kind: .recording, health: .ok, evaluationSeconds: 0,
                        lastEvaluation: 1)
                }, evaluationSeconds: 0, lastEvaluation: 1)
        }
        let groups = [
            group("b.yml", "z", ["r1"]), group("b.yml", "a", ["r1", "r2"]), group("a.yml", "y", ["r2"]),
            group("a.yml", "x", ["r1"]),
        ]
        try await withServer(configure: { $0.ruleGroups = { groups } }) { running async throws in
            func names(_ query: String) async throws -> (names: String, token: String?) {
                let text = try await fetch(running.port, "/api/v1/rules?" + query).text
                let found = text.split(separator: #"{"name":""#).dropFirst().filter { $0.contains(#"","file""#) }
                    .map { $0.prefix { $0 != "\"" } }
                let token = text.split(separator: #""groupNextToken":""#).dropFirst().first.map {
                    String($0.prefix { $0 != "\"" })
                }
                return (found.joined(separator: " "), token)
            }
            #expect(try await names("").names == "x y a z")
            let first = try await names("group_limit=2")
            #expect(first.names == "x y")
            let second = try await names("group_limit=2&group_next_token=\(first.token ?? "")")
            #expect(second.names == "a z" && second.token == nil)
            let filtered = try await names("group_limit=1&rule_name[]=r2")
            #expect(filtered.names == "y" && filtered.token != nil)
            #expect(try await names("group_limit=1&rule_name[]=r2&group_next_token=\(filtered.token ?? "")").names == "a")
            #expect(try await names("group_limit=4").token == nil)
        }
    }

    @Test("The page of the alerts says why one is kept, which rules read nothing, and what went away; the API says since when")
    func kept() async throws {
        let kept = KeptAlertView(
            since: 1_699_999_900_000, reason: "postgres at db:5432 does not answer",
            series: [Labels(["__name__": "size", "t": "<b>"])], seriesCount: 3)
        let rule = RuleView(
            name: "Big", query: "size > 5", labels: .empty,
            kind: .alerting(
                state: .firing, forSeconds: 0, keepFiringForSeconds: 0, annotations: [:],
                alerts: [
                    AlertView(
                        labels: Labels(["alertname": "Big"]), annotations: [:], state: .firing, activeAt: 1_699_999_000_500,
                        value: 9, kept: kept)
                ]), health: .ok, evaluationSeconds: 0, lastEvaluation: 1_699_999_990_000, deadSelectors: ["gone{a=\"<i>\"}"],
            reachPastRetentionSeconds: 86_400)
        let group = RuleGroupView(
            name: "g", file: "f", intervalSeconds: 15, rules: [rule], evaluationSeconds: 0, lastEvaluation: 1_699_999_990_000)
        let missing = MissingSeriesView(
            entries: [.init(rule: "Big", series: Labels(["__name__": "size", "t": "<u>"]), since: 1_699_999_900_000)],
            isWhole: false)
        try await withServer(configure: { sources in
            sources.ruleGroups = { [group] }
            sources.missingSeries = { missing }
        }) { running async throws in
            let page = try await fetch(running.port, "/alerts").text
            #expect(page.contains("postgres at db:5432 does not answer. Gone: size{t=&quot;&lt;b&gt;&quot;} and 2 more"))
            #expect(page.contains("No series matches <code>gone{a=&quot;&lt;i&gt;&quot;}</code>: the rule cannot have a result."))
            #expect(page.contains("It looks 86400 s back, further than series are kept."))
            #expect(page.contains("Series that went away") && page.contains("There are more than these."))
            #expect(page.contains("<code>size{t=&quot;&lt;u&gt;&quot;}</code>"))
            let alerts = try await fetch(running.port, "/api/v1/alerts").text
            #expect(
                alerts.contains(
                    #""activeAt":"2023-11-14T21:56:40.5Z","value":"9e+00","keptSince":"2023-11-14T22:11:40Z","keptReason":"postgres at db:5432 does not answer"}"#
                ), "\(alerts)")
        }
    }

    @Test(
        "Rules are filtered by type, name, group and file",
        arguments: [
            ("type=alert", 1), ("type=record", 1), ("rule_name[]=HighErrorRate&rule_name[]=x", 1), ("rule_name[]=x", 0),
            ("rule_group[]=vitals", 2),
            ("rule_group[]=empty", 0), ("file[]=alerts/vitals.yml", 2), ("file[]=x", 0), ("", 2),
        ])
    func filter(query: String, count: Int) async throws {
        try await withServer(configure: configured) { running async throws in
            let answer = try await fetch(running.port, "/api/v1/rules?" + query)
            #expect(answer.text.split(separator: "\"health\":").count - 1 == count, "\(answer.text)")
        }
    }

    @Test("What is not there is a problem document with code, trace and the caller's trace id")
    func problem() async throws {
        try await withServer { running async throws in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            let answer = try await fetch(
                running.port, "/secret-thing?password=hunter2", headers: [("traceparent", "00-\(trace)-00f067aa0ba902b7-01")])
            #expect(answer.status == 404)
            #expect(
                answer.text
                    == #"{"type":"about:blank","title":"Not Found","status":404,"detail":"there is nothing at this path","instance":"/secret-thing","code":"NOT_FOUND","traceId":"\#(trace)"}"#
            )
            #expect(answer.headers["traceparent"]?.hasPrefix("00-\(trace)-") == true)
            #expect(answer.headers["traceparent"]?.hasSuffix("-01") == true)
            #expect(answer.headers["traceparent"]?.contains("00f067aa0ba902b7") == false)
            #expect(running.log.all.contains { $0.contains("trace_id=\(trace)") && $0.contains("status=404") })
            #expect(!running.log.all.contains { $0.contains("hunter2") })
            #expect(running.value("http_requests_total", ["method": "GET", "path": "other", "status": "404"]) == 1)
            let odd = try await fetch(running.port, "/metrics", method: "PROPFIND")
            #expect(odd.status == 405)
            #expect(odd.headers["allow"] == "GET, HEAD")
            #expect(running.value("http_requests_total", ["method": "other", "path": "/metrics", "status": "405"]) == 1)
        }
    }

    @Test("Health in each endpoint's own words")
    func health() async throws {
        try await withServer { running async throws in
            let port = running.port
            let api = try await fetch(port, "/api/health")
            #expect(
                api.text.hasPrefix(
                    #"{"status":"healthy","timestamp":"2023-11-14T22:13:20.000Z","version":"9.9.9","components":{"database":"#))
            #expect(api.headers["cache-control"] == "no-store")
            #expect(
                try await fetch(port, "/health").text
                    == #"{"status":"ok","services":{"api":true,"redis":true,"postgres":true},"timestamp":"2023-11-14T22:13:20.000Z"}"#
            )
            #expect(try await fetch(port, "/health/live").text == #"{"status":"ok","timestamp":"2023-11-14T22:13:20.000Z"}"#)
            #expect(try await fetch(port, "/health/ready").text == #"{"status":"ready","timestamp":"2023-11-14T22:13:20.000Z"}"#)
            #expect(try await fetch(port, "/-/ready").status == 200)
            running.health.beginShutdown()
            #expect(try await fetch(port, "/health/ready").status == 503)
            #expect(try await fetch(port, "/-/ready").status == 503)
            #expect(try await fetch(port, "/health/live").status == 200)
        }
    }

    @Test("The pages escape everything, carry no script, and link nothing that runs")
    func pages() async throws {
        try await withServer(configure: configured) { running async throws in
            for path in ["/", "/alerts", "/runbooks/HighErrorRate"] {
                let page = try await fetch(running.port, path)
                #expect(page.status == 200)
                #expect(page.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
                #expect(!page.text.contains("<script"), "\(path)")
                #expect(!page.text.contains("href=\"javascript"), "\(path)")
                #expect(
                    !page.text.contains("<b>") && !page.text.contains("<refused>") && !page.text.contains("<error>"), "\(path)")
            }
            let alerts = try await fetch(running.port, "/alerts").text
            #expect(alerts.contains("1 firing"))
            #expect(alerts.contains("href=\"/runbooks/HighErrorRate\""))
            #expect(alerts.contains("many-to-many &lt;matching&gt;"))
            #expect(try await fetch(running.port, "/").text.contains("&lt;refused&gt;"))
            let runbook = try await fetch(running.port, "/runbooks/HighErrorRate").text
            #expect(runbook.contains("<h1>High &lt;error&gt; rate</h1>"))
            #expect(runbook.contains("<code>SELECT 1 &lt; 2</code>"))
            #expect(runbook.contains("<strong>this</strong>"))
            #expect(runbook.contains("<a href=\"https://example.org/\""))
            #expect(runbook.contains("<a href=\"/runbooks/OtherAlert\""))
            #expect(runbook.contains("<a href=\"/dashboards/cache\""))
            #expect(!runbook.contains("secret.md"))
            #expect(runbook.contains("<tr><th> Seen </th><th> Do </th></tr>"))
            for path in ["/runbooks/none", "/runbooks/..%2f..%2fetc", "/runbooks/", "/runbooks/a.b"] {
                #expect(try await fetch(running.port, path).status == 404, "\(path)")
            }
            #expect(try await fetch(running.port, "/style.css").headers["content-type"] == "text/css; charset=utf-8")
        }
    }

    @Test("A dashboard is served as its JSON, with or without the file's ending")
    func dashboards() async throws {
        try await withServer(configure: configured) { running async throws in
            for path in ["/dashboards/cache", "/dashboards/cache.json"] {
                let answer = try await fetch(running.port, path)
                #expect(answer.status == 200 && answer.text == "{\"uid\":\"cache\"}", "\(path)")
                #expect(answer.headers["content-type"] == "application/json")
            }
            for path in ["/dashboards/none", "/dashboards/.json", "/dashboards/..%2fcache", "/dashboards/a.b", "/dashboards/"] {
                #expect(try await fetch(running.port, path).status == 404, "\(path)")
            }
        }
    }

    @Test("Parts that were not handed in are not there")
    func absent() async throws {
        try await withServer { running async throws in
            for path in ["/alerts", "/api/v1/rules", "/api/v1/alerts", "/api/v1/query?query=1", "/runbooks/x", "/dashboards/x"] {
                #expect(try await fetch(running.port, path).status == 404, "\(path)")
            }
            #expect(
                try await fetch(running.port, "/api/v1/status/buildinfo").text.contains(
                    "\"version\":\"9.9.9\",\"revision\":\"abc\""))
        }
    }
}

@Suite struct ValueTests {
    @Test(
        "Numbers as Go writes them",
        arguments: [
            (0.0, "0e+00", "0"), (1, "1e+00", "1"), (0.05, "5e-02", "0.05"), (87, "8.7e+01", "87"), (-12.5, "-1.25e+01", "-12.5"),
            (1e21, "1e+21", "1e+21"), (123_456_789_012, "1.23456789012e+11", "123456789012"), (1e-7, "1e-07", "1e-07"),
            (0.000001, "1e-06", "0.000001"), (.infinity, "+Inf", "+Inf"), (-.infinity, "-Inf", "-Inf"), (.nan, "NaN", "NaN"),
            (1.7976931348623157e308, "1.7976931348623157e+308", "1.7976931348623157e+308"), (-0.0, "-0e+00", "-0"),
            (1e20, "1e+20", "100000000000000000000"),
        ])
    func numbers(value: Double, exponent: String, plain: String) {
        #expect(GoNumber.exponent(value) == exponent)
        #expect(GoNumber.plain(value) == plain)
    }

    @Test("Property: a number read back is the number written")
    func roundTrip() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            #expect(Double(GoNumber.exponent(value)) == value)
            #expect(Double(GoNumber.plain(value)) == value)
        }
    }

    @Test(
        "Timestamps of queries",
        arguments: [
            ("2023-11-14T22:13:20Z", 1_700_000_000_000 as Int64?), ("2023-11-14T22:13:20.123456Z", 1_700_000_000_123),
            ("2023-11-15T00:13:20+02:00", 1_700_000_000_000), ("2023-11-14T17:43:20.5-04:30", 1_700_000_000_500),
            ("1969-12-31T23:59:59Z", -1000),
            ("2023-13-14T22:13:20Z", nil), ("2023-11-14T22:13:20", nil), ("2023-11-14", nil), ("", nil),
            ("2023-11-14T22:13:20.Z", nil),
            ("2023-11-14T22:13:20Z!", nil), ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ])
    func times(text: String, expected: Int64?) {
        #expect(millisecondsOfTimestamp(text) == expected)
    }

    @Test("Property: a trace header that is valid keeps its trace, and any other starts a new one")
    func trace() {
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        var seen: Set<String> = []
        for seed in UInt64(1)...300 {
            var random = SeededGenerator(seed: seed)
            var bytes = Array(valid.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0x20...0x7E, using: &random)
            }
            let context = TraceContext(traceparent: String(decoding: bytes, as: UTF8.self), using: &random)
            #expect(context.traceID.utf8.count == 32 && context.spanID.utf8.count == 16, "seed \(seed)")
            #expect(context.traceparent.utf8.count == 55)
            seen.insert(TraceContext(traceparent: nil, using: &random).traceID)
        }
        #expect(seen.count == 300)
        var random = SeededGenerator(seed: 1)
        #expect(TraceContext(traceparent: valid, using: &random).traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        for bad in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", valid + "-extra", valid.uppercased(),
        ] {
            #expect(TraceContext(traceparent: bad, using: &random).traceID != "4bf92f3577b34da6a3ce929d0e0e4736", "\(bad)")
        }
        #expect(
            TraceContext(traceparent: "cc" + valid.dropFirst(2) + "-later", using: &random).traceID
                == "4bf92f3577b34da6a3ce929d0e0e4736")
    }

    @Test(
        "Listen addresses",
        arguments: [
            ("127.0.0.1:9876", "127.0.0.1", 9876), (":9100", "0.0.0.0", 9100), ("[::1]:80", "::1", 80),
            ("localhost:0", "localhost", 0),
        ])
    func listen(text: String, host: String, port: Int) throws {
        #expect(try ListenAddress(parsing: text) == ListenAddress(host: host, port: port))
    }

    @Test("Listen addresses that are none", arguments: ["", "9100", "host", "host:", "host:99999", "::1:80", "host:-1"])
    func noListen(text: String) {
        #expect(throws: WebSettingsError.self) { try ListenAddress(parsing: text) }
    }

    @Test("HTTP dates")
    func date() {
        #expect(httpDate(second: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
}
