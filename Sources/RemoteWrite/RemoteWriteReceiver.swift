public import MetricsModel
import Synchronization

/// How a batch of samples fared.
public struct WriteOutcome: Sendable, Equatable {
    /// Samples in the store.
    public var accepted: Int
    /// Samples that were refused, by reason (`out_of_order`, `duplicate_timestamp`, `too_old`, `series_limit` …).
    public var refused: [String: Int]

    public init(accepted: Int, refused: [String: Int] = [:]) {
        self.accepted = accepted
        self.refused = refused
    }
}

/// Where received samples go.
public protocol WriteSink: Sendable {
    /// Appends all samples as one batch. A sample that is refused costs no other.
    func append(_ batch: [SeriesSamples]) -> WriteOutcome
}

/// What a sender is answered.
public struct WriteAnswer: Sendable, Equatable {
    /// 204: everything is stored. 400 and 415: the same message would fare the same, the sender drops it. 413: too large.
    public let status: Int
    /// Plain text; empty for 204.
    public let message: String

    init(_ status: Int, _ message: String = "") {
        self.status = status
        self.message = message
    }
}

/// Takes the messages of Prometheus' remote write 1.0 (prometheus.io/docs/specs/prw/remote_write_spec).
///
/// Unlike Prometheus, which drops a whole message for one sample out of order, it keeps what can be kept and answers 400 for the rest:
/// the sender repeats neither.
public final class RemoteWriteReceiver: Sendable {
    /// A message of 2,000 samples, Prometheus' default, has about 100 KiB.
    public static let compressedBytesMax = 8 << 20
    /// Prometheus reads no more either (32 MiB, remote.decodeReadLimit).
    static let contentBytesMax = 32 << 20
    /// A clock may be ahead. A sample from farther in the future would let retention take everything else.
    static let aheadMillisecondsMax: Int64 = 600_000
    /// Families whose metadata is kept; the text of a family's help is cut.
    static let metadataMax = 20_000
    static let helpBytesMax = 1_024

    private let sink: any WriteSink
    private let now: @Sendable () -> Int64
    private let known = Mutex<[String: MetricMetadata]>([:])
    private let requests: Labelled<Counter>
    private let samples: Counter
    private let refused: Labelled<Counter>
    private let skipped: Labelled<Counter>

    /// `now` is in milliseconds since the Unix epoch. Registers the receiver's counters.
    public init(sink: any WriteSink, registry: Registry, now: @escaping @Sendable () -> Int64) {
        self.sink = sink
        self.now = now
        requests = registry.counter(
            "vitals_remote_write_requests_total", labels: ["status"],
            help: "Messages received over remote write, by the status that they were answered with. Counted by Vitals.")
        samples = registry.counter(
            "vitals_remote_write_samples_total", help: "Samples received over remote write and stored. Counted by Vitals.")
        refused = registry.counter(
            "vitals_remote_write_samples_refused_total", labels: ["reason"],
            help: "Samples received over remote write and not stored, by reason. Counted by Vitals.")
        skipped = registry.counter(
            "vitals_remote_write_skipped_total", labels: ["kind"],
            help: "Parts of remote-write messages that Vitals does not keep: exemplar, histogram (native). Counted by Vitals.")
        for kind in ["exemplar", "histogram"] { _ = skipped.with(kind) }
    }

    /// What the messages said about their metrics, by name.
    public var metadata: [MetricMetadata] {
        known.withLock { $0.values.sorted { bytesPrecede($0.metric, $1.metric) } }
    }

    /// What a request is answered whose headers say that it can't be read; nil when its body is wanted.
    public func refusal(contentType: String?, contentEncoding: String?) -> WriteAnswer? {
        WriteHeaders.refusal(contentType: contentType, contentEncoding: contentEncoding).map { counted(WriteAnswer(415, $0)) }
    }

    /// Stores the samples of one message, still compressed. Blocks for as long as decoding takes.
    public func receive(_ body: [UInt8]) -> WriteAnswer {
        let request: WriteRequest
        do throws(Snappy.Failure) {
            let content = try Snappy.content(of: body, most: Self.contentBytesMax)
            do throws(ProtobufCursor.Failure) {
                request = try WriteRequest(content)
            } catch {
                return counted(WriteAnswer(400, "no remote-write message: \(error.message) at byte \(error.offset)"))
            }
        } catch {
            switch error {
            case .corrupt: return counted(WriteAnswer(400, "snappy: corrupt input"))
            case .tooLong(let declared):
                return counted(WriteAnswer(413, "the message holds \(declared) bytes, more than \(Self.contentBytesMax)"))
            }
        }
        return counted(store(request))
    }

    private func store(_ request: WriteRequest) -> WriteAnswer {
        remember(request.metadata)
        skipped.with("exemplar").increment(by: Double(request.exemplars))
        skipped.with("histogram").increment(by: Double(request.histograms))
        let (timely, ahead) = split(request.series)
        var outcome = timely.isEmpty ? WriteOutcome(accepted: 0) : sink.append(timely)
        if ahead > 0 { outcome.refused["in_future"] = ahead }
        if request.invalidSamples > 0 { outcome.refused["invalid_labels"] = request.invalidSamples }
        samples.increment(by: Double(outcome.accepted))
        guard !outcome.refused.isEmpty else { return WriteAnswer(204) }
        let reasons = outcome.refused.sorted { bytesPrecede($0.key, $1.key) }
        for (reason, count) in reasons { refused.with(reason).increment(by: Double(count)) }
        var message =
            "\(reasons.reduce(0) { $0 + $1.value }) of \(request.sampleCount + request.invalidSamples) samples refused: "
            + reasons.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        if let defect = request.firstInvalid { message += " (\(defect))" }
        return WriteAnswer(400, message)
    }

    /// The samples that are not from the future, and how many are.
    private func split(_ series: [SeriesSamples]) -> ([SeriesSamples], ahead: Int) {
        let limit = now() + Self.aheadMillisecondsMax
        guard series.contains(where: { $0.timestamps.contains { $0 > limit } }) else { return (series, 0) }
        var ahead = 0
        let timely = series.compactMap { series -> SeriesSamples? in
            let kept = series.timestamps.indices.filter { series.timestamps[$0] <= limit }
            ahead += series.timestamps.count - kept.count
            guard !kept.isEmpty else { return nil }
            return SeriesSamples(
                labels: series.labels, timestamps: kept.map { series.timestamps[$0] }, values: kept.map { series.values[$0] })
        }
        return (timely, ahead)
    }

    private func remember(_ metadata: [MetricMetadata]) {
        guard !metadata.isEmpty else { return }
        known.withLock { known in
            for entry in metadata where known[entry.metric] != nil || known.count < Self.metadataMax {
                known[entry.metric] =
                    entry.help.utf8.count <= Self.helpBytesMax
                    ? entry
                    : MetricMetadata(
                        metric: entry.metric, type: entry.type,
                        help: String(decoding: entry.help.utf8.prefix(Self.helpBytesMax), as: UTF8.self), unit: entry.unit)
            }
        }
    }

    private func counted(_ answer: WriteAnswer) -> WriteAnswer {
        requests.with("\(answer.status)").increment()
        return answer
    }
}
