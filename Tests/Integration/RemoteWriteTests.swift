import AsyncHTTPClient
import Demo
import FoundationEssentials
import MetricsModel
import NIOCore
import NIOHTTP1
import Support
import Testing

/// A redis-server for Vitals to sample, Vitals with a remote-write receiver beside it.
private func withReceiver(
    _ arguments: [String] = [], _ body: (RunningVitals, PrivateRedis, TemporaryDirectory) async throws -> Void
) async throws {
    let directory = try TemporaryDirectory()
    let redis = try await PrivateRedis.start(PrivateRedis.Options(directory: directory.path("redis")))
    do {
        try await withVitals(
            ["--web.enable-remote-write-receiver", "--sample.interval", "1h"] + arguments, environment: ["REDIS_URL": redis.url],
            in: directory
        ) { try await body($0, redis, directory) }
    } catch {
        await redis.stop()
        throw error
    }
    await redis.stop()
}

/// Sends a message to `/api/v1/write` of either.
@discardableResult
private func write(
    _ message: RemoteWriteMessage, to url: String, headers: [String: String] = [:]
) async throws -> (status: Int, text: String) {
    var request = HTTPClientRequest(url: url + "/api/v1/write")
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/x-protobuf")
    request.headers.add(name: "Content-Encoding", value: "snappy")
    request.headers.add(name: "X-Prometheus-Remote-Write-Version", value: "0.1.0")
    for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
    request.body = .bytes(ByteBuffer(bytes: message.block))
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
    let body = try await response.body.collect(upTo: 1 << 20)
    return (Int(response.status.code), String(buffer: body))
}

@Suite struct RemoteWriteTests {
    @Test(
        "A real Prometheus writes into Vitals; both then answer the same, and the end of a series arrives",
        .timeLimit(.minutes(2)))
    func prometheus() async throws {
        try await withReceiver { vitals, redis, directory in
            // Prometheus scrapes itself and sends on what it has.
            let prometheus = try await PrivateServer.prometheus(
                """
                global: {scrape_interval: 1s, scrape_timeout: 1s, external_labels: {origin: there}}
                scrape_configs:
                  - job_name: itself
                    static_configs: [{targets: ["127.0.0.1:\(vitals.port)"]}]
                    metric_relabel_configs: [{source_labels: [__name__], regex: "vitals_.*|redis_.*|up", action: keep}]
                remote_write:
                  - url: \(vitals.url)/api/v1/write
                    queue_config: {batch_send_deadline: 200ms}
                    metadata_config: {send: true, send_interval: 1s}

                """, in: directory)
            let ours = QueryClient(url: vitals.url)
            let theirs = QueryClient(url: prometheus.url)
            let arrived = try await ours.wait(within: .seconds(40)) {
                try await $0.query("count_over_time(up{job=\"itself\", origin=\"there\"}[1m])").first.map { $0.value >= 6 }
                    ?? false
            }
            let log = try vitals.logged()
            #expect(arrived, "\(log)")
            // Old enough to have arrived, young enough to be there.
            let time = Int64(Date().timeIntervalSince1970 * 1_000) - 2_000
            for expression in [
                "up{job=\"itself\"}", "max by (__name__) ({__name__=~\"redis_.+\", job=\"itself\"})",
                "count({job=\"itself\"})", "vitals_store_samples{job=\"itself\"} * 2", "scrape_samples_scraped{job=\"itself\"}",
            ] {
                let mine = try await ours.query(expression, at: time)
                let other = try await theirs.query(expression, at: time)
                let strip = { (series: QueryClient.Series) in series.labels.filter { $0.key != "origin" } }
                #expect(!other.isEmpty, "\(expression)")
                #expect(
                    Dictionary(uniqueKeysWithValues: mine.map { (strip($0), $0.value) })
                        == Dictionary(uniqueKeysWithValues: other.map { (strip($0), $0.value) }), "\(expression)")
            }
            let metadata = try await ours.metadata()
            #expect(metadata["redis_up"]?.map(\.type) == ["gauge"])
            // promtool asks both in the same way.
            for arguments in [
                ["instant", "URL", "up{job=\"itself\"}"], ["labels", "URL", "job"],
                ["series", "--match=up{job=\"itself\"}", "URL"],
            ] {
                let answers = try await [vitals.url, prometheus.url].asyncMap { url in
                    try await runProgram("promtool", ["query"] + arguments.map { $0 == "URL" ? url : $0 }, in: directory)
                }
                #expect(answers.map(\.code) == [0, 0], "\(arguments): \(answers)")
                #expect(answers[0].output.contains("itself"), "\(answers[0].output)")
            }
            // Redis goes: its series are no more in the next scrape, and end here as there.
            await redis.stop()
            let gone = try await ours.wait(within: .seconds(20)) {
                let clients = try await $0.query("redis_connected_clients{job=\"itself\"}")
                let up = try await $0.query("redis_up{job=\"itself\"}")
                return clients.isEmpty && up.map(\.value) == [0]
            }
            #expect(gone)
            #expect(try await ours.query("count_over_time(redis_connected_clients{job=\"itself\"}[5m])").isEmpty == false)
            await prometheus.stop()
        }
    }

    @Test("What can't be stored is answered 400, and the rest of the message is there")
    func refusals() async throws {
        try await withReceiver { vitals, _, _ in
            let now = Int64(Date().timeIntervalSince1970 * 1_000)
            let name = ("__name__", "written")
            #expect(try await write(RemoteWriteMessage([.init([name], [(now - 1_000, 1)])]), to: vitals.url).status == 204)
            let second = try await write(
                RemoteWriteMessage([
                    .init([name], [(now - 2_000, 1)]), .init([name, ("job", "a"), ("job", "b")], [(now, 1)]),
                    .init([name, ("job", "c")], [(now, 5)]),
                ]), to: vitals.url)
            #expect(second.status == 400)
            #expect(second.text.contains("invalid_labels 1, out_of_order 1"), "\(second.text)")
            #expect(try await vitals.query("written{job=\"c\"}") == 5)
            let young = try await write(
                RemoteWriteMessage([]), to: vitals.url,
                headers: ["Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"])
            #expect(young.status == 415)
            // A scrape shares a sample of the second before.
            let metrics = try await vitals.metrics(within: .seconds(10)) { $0["vitals_remote_write_samples_total"] == 2 }
            #expect(metrics?["vitals_remote_write_samples_refused_total{reason=\"out_of_order\"}"] == 1)
        }
    }
}

extension Array {
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
