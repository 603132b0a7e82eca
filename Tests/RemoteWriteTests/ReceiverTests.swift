import MetricsModel
import Support
import Synchronization
import Testing

@testable import RemoteWrite

/// Keeps what it gets; refuses the samples of series named `refused`.
private final class RecordingSink: WriteSink {
    private let batches = Mutex<[[SeriesSamples]]>([])

    var all: [[SeriesSamples]] { batches.withLock { $0 } }

    func append(_ batch: [SeriesSamples]) -> WriteOutcome {
        batches.withLock { $0.append(batch) }
        var outcome = WriteOutcome(accepted: 0)
        for series in batch {
            if series.labels.name == "refused" {
                outcome.refused["out_of_order", default: 0] += series.values.count
            } else {
                outcome.accepted += series.values.count
            }
        }
        return outcome
    }
}

@Suite struct ReceiverTests {
    private let sink = RecordingSink()
    private let registry = Registry()
    private let receiver: RemoteWriteReceiver

    init() {
        receiver = RemoteWriteReceiver(sink: sink, registry: registry, now: { 1_700_000_000_000 })
    }

    private func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        var sample = SampleBuilder(SeriesCache())
        registry.collect(into: &sample)
        let wanted = Labels(labels)
        return sample.finish().families.flatMap(\.points).first { $0.series.name == name && $0.series.labels == wanted }?.value
    }

    @Test(
        "Headers say whether the message can be read",
        arguments: [
            (nil, nil, nil), ("application/x-protobuf", "snappy", nil), ("application/x-protobuf", nil, nil),
            ("application/x-protobuf; proto=prometheus.WriteRequest", "snappy", nil),
            (
                "application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy",
                "io.prometheus.write.v2.Request protobuf message is not accepted by this server; accepted [prometheus.WriteRequest]"
            ),
            (
                "application/x-protobuf;proto=yolo", nil,
                "got application/x-protobuf;proto=yolo content type; unknown type for remote write protobuf message yolo, supported: prometheus.WriteRequest"
            ),
            ("text/plain", nil, "expected application/x-protobuf as the first (media) part, got text/plain content-type"),
            (
                "application/x-protobuf", "zstd",
                "zstd encoding (compression) is not accepted by this server; only snappy is acceptable"
            ),
        ] as [(String?, String?, String?)])
    func headers(type: String?, encoding: String?, refusal: String?) {
        let answer = receiver.refusal(contentType: type, contentEncoding: encoding)
        #expect(answer == refusal.map { WriteAnswer(415, $0) })
    }

    @Test("A message is one batch, and is answered 204")
    func stored() {
        let message = RemoteWriteMessage([
            .init([("__name__", "a")], [(Int64(1), 1.0), (Int64(2), staleMarker)]), .init([("__name__", "b")], [(1, 2)]),
        ])
        #expect(receiver.receive(message.block) == WriteAnswer(204))
        #expect(sink.all.map { $0.map(\.labels.name) } == [["a", "b"]])
        #expect(sink.all.first?.first?.values.last.map(isStaleMarker) == true)
        #expect(value("vitals_remote_write_samples_total") == 3)
        #expect(value("vitals_remote_write_requests_total", ["status": "204"]) == 1)
    }

    @Test("What can be kept is kept, and the rest is answered 400 with its reasons")
    func partly() {
        let ahead = RemoteWriteMessage.Series([("__name__", "c")], [(Int64(5), 1.0), (Int64(1_700_000_700_000), 1.0)])
        let message = RemoteWriteMessage([
            .init([("__name__", "a")], [(1, 1)]), .init([("__name__", "refused")], [(1, 1), (2, 1)]),
            .init([("job", "nameless")], [(1, 1)]), ahead,
        ])
        let answer = receiver.receive(message.block)
        #expect(answer.status == 400)
        #expect(
            answer.message
                == "4 of 6 samples refused: in_future 1, invalid_labels 1, out_of_order 2 (a series has no metric name)")
        #expect(sink.all.flatMap { $0 }.map(\.labels.name) == ["a", "refused", "c"])
        #expect(value("vitals_remote_write_samples_total") == 2)
        #expect(value("vitals_remote_write_samples_refused_total", ["reason": "out_of_order"]) == 2)
        #expect(value("vitals_remote_write_samples_refused_total", ["reason": "in_future"]) == 1)
    }

    @Test("A clock that is a little ahead is no fault")
    func ahead() {
        let message = RemoteWriteMessage([.init([("__name__", "a")], [(1_700_000_600_000, 1)])])
        #expect(receiver.receive(message.block).status == 204)
    }

    @Test("Exemplars and native histograms are counted and left out")
    func skipped() {
        var series = RemoteWriteMessage.Series([("__name__", "a")], [(1, 1)])
        series.exemplars = 2
        series.histograms = 3
        #expect(receiver.receive(RemoteWriteMessage([series]).block).status == 204)
        #expect(value("vitals_remote_write_skipped_total", ["kind": "exemplar"]) == 2)
        #expect(value("vitals_remote_write_skipped_total", ["kind": "histogram"]) == 3)
    }

    @Test("Metadata is kept by name, the newest holds")
    func metadata() {
        for help in ["old", "new"] {
            let message = RemoteWriteMessage(
                [],
                metadata: [.init(type: 1, metric: "b_total", help: help, unit: "bytes"), .init(type: 2, metric: "a", help: "g")])
            #expect(receiver.receive(message.block).status == 204)
        }
        #expect(
            receiver.metadata == [
                MetricMetadata(metric: "a", type: "gauge", help: "g"),
                MetricMetadata(metric: "b_total", type: "counter", help: "new", unit: "bytes"),
            ])
    }

    @Test("What is no message is answered 400, and what is too long 413")
    func refused() {
        #expect(receiver.receive([]).status == 400)
        #expect(receiver.receive([1, 2, 3]).status == 400)
        #expect(receiver.receive(RemoteWriteMessage.snappy([0xFF, 0xFF])).status == 400)
        #expect(receiver.receive(RemoteWriteMessage.varint(1 << 31) + [0]).status == 413)
        #expect(receiver.receive(RemoteWriteMessage([]).block).status == 204)
        #expect(sink.all.isEmpty)
    }
}
