import AsyncHTTPClient
import Demo
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Support
import Testing

/// What Grafana's Prometheus data source asks, as it asks it.
@Suite struct GrafanaTests {
    private static let form = [
        "Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "gzip", "User-Agent": "Grafana/12.1.0",
    ]

    @Test("A Grafana data source works: health check, builder, explore, rules", .timeLimit(.minutes(2)))
    func dataSource() async throws {
        try await AnswerPair.with { pair in
            let (from, to) = ("\(pair.start / 1_000)", "\(pair.end / 1_000)")
            func post(_ path: String, _ body: String) async throws -> AnswerTree {
                var request = HTTPClientRequest(url: pair.vitals.url + path)
                request.method = .POST
                for (name, value) in Self.form where name != "Accept-Encoding" { request.headers.add(name: name, value: value) }
                request.body = .bytes(ByteBuffer(string: body))
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
                #expect(response.status == .ok, "\(path) \(body)")
                #expect(response.headers.first(name: "Content-Type") == "application/json")
                let bytes = try await response.body.collect(upTo: 64 << 20)
                return try JSONDecoder().decode(AnswerTree.self, from: Data(bytes.readableBytesView))
            }
            func get(_ path: String) async throws -> AnswerTree {
                let answer = try await fetch(pair.vitals.url + path, headers: ["User-Agent": "Grafana/12.1.0"])
                #expect(answer.status == 200, "\(path): \(answer.text)")
                return try JSONDecoder().decode(AnswerTree.self, from: Data(answer.body))
            }
            // "Save & test": a query and the version.
            let health = try await post("/api/v1/query", "query=1%2B1&time=\(to)")
            #expect(health["data"]?["resultType"] == .text("scalar"))
            #expect(health["data"]?["result"] == .list([.number(Double(pair.end / 1_000)), .text("2")]))
            guard case .text? = try await get("/api/v1/status/buildinfo")["data"]?["version"] else {
                Issue.record("no version")
                return
            }
            // The query builder.
            let names = try await get(
                "/api/v1/label/__name__/values?start=\(from)&end=\(to)&limit=40000&match%5B%5D=%7Bjob%3D%22diff%22%7D")
            guard case .list(let metrics)? = names["data"] else { throw SupportError("no names: \(names)") }
            #expect(metrics.contains(.text("requests_total")))
            let labels = try await post("/api/v1/labels", "start=\(from)&end=\(to)&match%5B%5D=requests_total")
            #expect(labels["data"] == .list(["__name__", "code", "instance", "job"].map(AnswerTree.text)))
            let values = try await get(
                "/api/v1/label/code/values?match%5B%5D=requests_total%7Bjob%3D%22diff%22%7D&start=\(from)&end=\(to)")
            #expect(values["data"] == .list(["200", "404", "500"].map(AnswerTree.text)))
            let series = try await post("/api/v1/series", "match%5B%5D=gone&start=\(from)&end=\(to)&limit=40000")
            #expect(
                series["data"] == .list([.fields(["__name__": .text("gone"), "instance": .text("a"), "job": .text("diff")])]))
            guard case .fields(let metadata)? = try await get("/api/v1/metadata?limit=40000")["data"] else {
                throw SupportError("no metadata")
            }
            #expect(metadata["redis_up"] != nil)
            // A panel and Explore.
            let panel = try await post(
                "/api/v1/query_range",
                "end=\(to)&query=sum+by+%28code%29+%28rate%28requests_total%5B5m0s%5D%29%29&start=\(from)&step=15")
            #expect(panel["data"]?["resultType"] == .text("matrix"))
            let exemplars = try await post("/api/v1/query_exemplars", "end=\(to)&query=requests_total&start=\(from)")
            #expect(exemplars["data"] == .list([]))
            let formatted = try await post("/api/v1/format_query", "query=sum%28x%29by%28a%29")
            #expect(formatted["data"] == .text("sum by (a) (x)"))
            let parsed = try await post("/api/v1/parse_query", "query=up")
            #expect(parsed["data"]?["type"] == .text("vectorSelector"))
            // Alerting.
            guard case .list? = try await get("/api/v1/rules")["data"]?["groups"] else { throw SupportError("no groups") }
            guard case .list? = try await get("/api/v1/alerts")["data"]?["alerts"] else { throw SupportError("no alerts") }
            // What a data source that uses POST sends where only GET is: 405, after which it uses GET.
            let answer = try await fetch(
                pair.vitals.url + "/api/v1/label/code/values", headers: Self.form, method: "POST", body: "start=1")
            #expect(answer.status == 405)
        }
    }

    @Test("vitals query prints what promtool prints", .timeLimit(.minutes(2)))
    func command() async throws {
        try await AnswerPair.with { pair in
            let directory = pair.vitals.directory
            let (from, to) = ("\(pair.start / 1_000)", "\(pair.end / 1_000)")
            let selector = "{job=\"diff\"}"
            for (ours, theirs) in [
                (
                    ["query", "--time", to, "requests_total\(selector)"],
                    ["instant", "--time=\(to)", "URL", "requests_total\(selector)"]
                ),
                (["query", "instant", "--time", to, "1+1"], ["instant", "--time=\(to)", "URL", "1+1"]),
                (
                    ["query", "--time", to, "-o", "json", "gone\(selector)"],
                    ["-o", "json", "instant", "--time=\(to)", "URL", "gone\(selector)"]
                ),
                (
                    ["query", "range", "--start", from, "--end", to, "--step", "5m", "huge\(selector)"],
                    ["range", "--start=\(from)", "--end=\(to)", "--step=5m", "URL", "huge\(selector)"]
                ),
                (["query", "series", "--match", "gone", "--match", "back"], ["series", "--match=gone", "--match=back", "URL"]),
                (["query", "labels", "code"], ["labels", "URL", "code"]),
                (["query", "sum("], ["instant", "URL", "sum("]),
            ] {
                for url in [pair.vitals.url, pair.prometheus.url] {
                    let mine = try await RunningVitals.run(ours + ["--server", url], in: directory)
                    let other = try await runProgram("promtool", ["query"] + theirs.map { $0 == "URL" ? url : $0 }, in: directory)
                    #expect(mine.code == other.code && lines(mine.output) == lines(other.output), "\(ours)\n\(mine)\n\(other)")
                }
            }
            let refused = try await RunningVitals.run(["query", "--server", "127.0.0.1:1", "up"], in: directory)
            #expect(refused.code == 1 && refused.output.contains("query error"))
        }
    }

    /// A vector comes in no order.
    private func lines(_ text: String) -> [Substring] { text.split(separator: "\n").sorted() }
}
