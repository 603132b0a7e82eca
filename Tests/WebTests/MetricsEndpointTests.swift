import MetricsModel
import NIOCore
import Support
import Testing

@testable import Web

private let prometheus2 =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
private let prometheus3 =
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"

@Suite struct NegotiationTests {
    @Test(
        "Accept decides the format",
        arguments: [
            (nil as String?, ExpositionFormat.text, "text/plain; version=0.0.4; charset=utf-8"),
            (prometheus2, .openMetrics, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
            (prometheus3, .openMetrics, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"),
            ("*/*", .text, "text/plain; version=0.0.4; charset=utf-8"),
            ("text/html,application/xhtml+xml,*/*;q=0.8", .text, "text/plain; version=0.0.4; charset=utf-8"),
            (
                "text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.1", .text,
                "text/plain; version=0.0.4; charset=utf-8"
            ),
            (
                "application/openmetrics-text;version=0.0.1", .openMetrics,
                "application/openmetrics-text; version=0.0.1; charset=utf-8"
            ),
            ("application/openmetrics-text;q=0,text/plain", .text, "text/plain; version=0.0.4; charset=utf-8"),
            ("application/openmetrics-text;version=2.0.0", .text, "text/plain; version=0.0.4; charset=utf-8"),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", .text,
                "text/plain; version=0.0.4; charset=utf-8"
            ),
            (
                "APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"", .openMetrics,
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            ),
            (",;;,q=1;=,\"", .text, "text/plain; version=0.0.4; charset=utf-8"),
            (
                "application/openmetrics-text;escaping=<script>", .openMetrics,
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
            ),
        ])
    func formats(accept: String?, format: ExpositionFormat, contentType: String) {
        let found = Negotiation(accept: accept, acceptEncoding: nil)
        #expect(found.format == .init(format: format, contentType: contentType))
    }

    @Test(
        "Accept-Encoding decides the compression",
        arguments: [
            (nil as String?, false), ("", false), ("gzip", true), ("gzip;q=0", false), ("deflate, gzip;q=0.5", true), ("*", true),
            ("*;q=0", false),
            ("br", false), ("*, gzip;q=0", false), ("identity", false), ("x-gzip", true), ("GZIP", true), ("gzip;q=abc", false),
            ("gzip;q=nan", false),
        ])
    func encodings(accept: String?, isGzip: Bool) {
        #expect(Negotiation(accept: nil, acceptEncoding: accept).isGzip == isGzip)
    }

    @Test("Fuzz: no header breaks the negotiation, and every quality is from 0 to 1")
    func fuzz() {
        let pieces = [
            "text/plain", "application/openmetrics-text", ";", ",", "=", "q", "q=", "0.5", "-1", "1e999", "nan", "\"", "\\",
            "version", "1.0.0",
            "*/*", "gzip", " ", "\t", "é", "\u{0}", "escaping=dots",
        ]
        for seed in UInt64(1)...500 {
            var random = SeededGenerator(seed: seed)
            let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
            for range in MediaRange.parse(text) { #expect((0...1).contains(range.quality), "seed \(seed)") }
            let found = Negotiation(accept: text, acceptEncoding: text)
            #expect(
                found.format.contentType.hasPrefix("text/plain; version=0.0.4")
                    || found.format.contentType.hasPrefix("application/openmetrics-text; version="), "seed \(seed)")
        }
    }
}

@Suite struct MetricsEndpointTests {
    @Test("A scrape answers in both formats, with the version in the content type")
    func formats() async throws {
        try await withServer { running async throws in
            let text = try await fetch(running.port, "/metrics")
            #expect(text.status == 200)
            #expect(text.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(text.text.contains("# TYPE demo_events_total counter\ndemo_events_total 7"))
            let open = try await fetch(running.port, "/metrics", headers: [("Accept", prometheus2)])
            #expect(open.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(open.text.hasSuffix("# EOF\n"))
            #expect(open.text.contains("# TYPE demo_events counter\n"))
            #expect(running.value("vitals_scrape_size_bytes", ["format": "text"]) == Double(text.body.count))
        }
    }

    @Test("gzip gives the same bytes to a real client, and says so")
    func gzip() async throws {
        try await withServer(metrics: FixedMetrics(seriesCount: 5000)) { running async throws in
            let plain = try await fetch(running.port, "/metrics")
            let packed = try await fetch(running.port, "/metrics", headers: [("Accept-Encoding", "gzip")])
            #expect(packed.headers["content-encoding"] == "gzip")
            #expect(packed.headers["vary"] == "Accept, Accept-Encoding")
            #expect(packed.body.count < plain.body.count / 5)
            let unpacked = try await shell("curl -s --compressed http://127.0.0.1:\(running.port)/metrics")
            #expect(unpacked.output == plain.text)
        }
    }

    @Test("HEAD has the headers of GET and no body, and the connection lives on")
    func head() async throws {
        try await withServer { running async throws in
            let get = try await fetch(running.port, "/metrics")
            let client = try RawClient(port: running.port)
            client.send(
                "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            let all = String(decoding: try #require(try await client.readToEnd()), as: UTF8.self)
            #expect(all.lowercased().contains("content-length: \(get.body.count)\r\n"))
            #expect(all.contains("Vitals is Healthy."))
            #expect(!all.contains("demo_value"))
        }
    }

    @Test("name[] keeps the families asked for")
    func names() async throws {
        try await withServer { running async throws in
            let answer = try await fetch(
                running.port, "/metrics?name[]=demo_events_total", headers: [("Accept-Encoding", "gzip")])
            #expect(answer.headers["content-encoding"] == "gzip")
            let plain = try await fetch(running.port, "/metrics?name%5B%5D=demo_events_total")
            #expect(plain.text.contains("demo_events_total 7"))
            #expect(!plain.text.contains("demo_value"))
        }
    }

    @Test(
        "The scraper's time-out, less the offset, is the sample's deadline",
        arguments: [
            ("2", 1.5), ("0.4", 0.2), ("10", 9.5), ("1e9", 119.5), ("nan", 10.0), ("-1", 10.0), ("", 10.0), ("soon", 10.0),
        ])
    func deadline(header: String, seconds: Double) async throws {
        let metrics = FixedMetrics()
        try await withServer(metrics: metrics) { running async throws in
            _ = try await fetch(running.port, "/metrics", headers: [("X-Prometheus-Scrape-Timeout-Seconds", header)])
            let found = try #require(metrics.deadlines.last).secondsValue
            #expect(found <= seconds && found > seconds - 1, "\(found)")
        }
    }

    @Test("More scrapes at one time than allowed are answered with 503 at once")
    func maxRequests() async throws {
        let metrics = FixedMetrics()
        metrics.hold()
        var settings = WebSettings()
        settings.maxRequests = 2
        try await withServer(settings, metrics: metrics) { running async throws in
            let port = running.port
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<2 { group.addTask { try await fetch(port, "/metrics").status } }
                #expect(await eventually { metrics.waitingCount == 2 })
                let refused = try await fetch(port, "/metrics")
                #expect(refused.status == 503)
                #expect(refused.headers["retry-after"] == "1")
                #expect(try await fetch(port, "/health/live").status == 200)
                #expect(running.value("http_requests_in_flight") == 2)
                metrics.release()
                for try await status in group { #expect(status == 200) }
            }
            #expect(try await fetch(port, "/metrics").status == 200)
        }
    }

    @Test("Readers of one sample share its bytes, and a new sample is rendered anew")
    func cache() throws {
        let cache = ExpositionCache(registry: Registry())
        func sample(_ value: Double, at time: Int64) -> SampleSet {
            var builder = SampleBuilder(SeriesCache())
            builder.add(FixedMetrics.counter, [], value)
            return SampleSet(timestamp: time, families: builder.finish().families)
        }
        let first = sample(1, at: 5)
        // The same time, other content: a scrape that ran into its deadline beside one that did not.
        let second = sample(2, at: 5)
        func bytes(_ sample: SampleSet, isGzip: Bool) throws -> ByteBuffer {
            guard case .whole(let bytes) = cache.body(of: sample, format: .text, isGzip: isGzip).body else {
                throw SupportError("a small sample is kept")
            }
            return bytes
        }
        let a = try bytes(first, isGzip: false)
        #expect(String(buffer: a).hasSuffix("demo_events_total 1\n"))
        #expect(String(buffer: try bytes(second, isGzip: false)) != String(buffer: a))
        #expect(try bytes(first, isGzip: false) == a)
        #expect(try bytes(first, isGzip: true) == bytes(first, isGzip: true))
    }

    @Test("A text of megabytes is sent as it is made, to readers of every kind")
    func large() async throws {
        let count = ExpositionCache.samplesKeptMax + 1
        try await withServer(metrics: FixedMetrics(seriesCount: count)) { running async throws in
            let url = "http://127.0.0.1:\(running.port)/metrics"
            let plain = try await shell("curl -s \(url)")
            #expect(plain.output.split(separator: "\n").count > count)
            #expect(running.value("vitals_scrape_size_bytes", ["format": "text"]) == Double(plain.output.utf8.count))
            #expect(try await shell("curl -s --compressed \(url)").output == plain.output)
            // Without chunks the end of the connection is the end of the text.
            #expect(try await shell("curl -s -0 \(url)").output == plain.output)
            let head = try await shell("curl -s -I \(url)")
            #expect(head.output.hasPrefix("HTTP/1.1 200"))
            #expect(!head.output.lowercased().contains("content-length"))
        }
    }

    @Test("promtool finds nothing wrong with the server's own metrics")
    func promtool() async throws {
        let registry = Registry()
        struct Own: MetricsProvider {
            let registry: Registry
            func sample(deadline: ContinuousClock.Instant) async -> SampleSet {
                var sample = SampleBuilder(SeriesCache())
                registry.collect(into: &sample)
                return SampleSet(timestamp: 1, families: sample.finish().families)
            }
        }
        try await withServer(metrics: Own(registry: registry)) { running async throws in
            var sample = SampleBuilder(SeriesCache())
            _ = try await fetch(running.port, "/nothing")
            running.registry.collect(into: &sample)
            var text: [UInt8] = []
            SampleSet(timestamp: 1, families: sample.finish().families).encode(.text, into: &text)
            let directory = try TemporaryDirectory()
            let file = try directory.write("metrics", String(decoding: text, as: UTF8.self))
            let checked = try await shell("promtool check metrics < \(file)")
            #expect(checked.status == 0 && checked.output.isEmpty, "\(checked.output)")
            for name in ["auth_attempts_total", "auth_token_validations_total"] {
                #expect(running.value(name, ["result": "success"]) == 0)
                #expect(running.value(name, ["result": "failure"]) == 0)
            }
            #expect(running.value("auth_account_lockouts_total") == 0)
            #expect(running.value("vitals_rate_limit_violations_total") == 0)
        }
    }
}
