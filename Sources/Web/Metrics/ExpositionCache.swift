import Exposition
import MetricsModel
import NIOCore
import Synchronization

/// The last sample's bytes, rendered once for each format and compressed once, for every reader of that sample.
final class ExpositionCache: Sendable {
    /// Of more samples the text is sent as it is made and not kept: at a hundred bytes a sample these are two megabytes.
    static let samplesKeptMax = 20_000

    private struct Key: Hashable {
        let format: ExpositionFormat
        let isGzip: Bool
    }

    private struct State {
        var sample: SampleSet?
        var rendered: [Key: ByteBuffer] = [:]
        var gzip = GzipRenderer()
        /// The size of the last exposition of a format, from which the next one's room is reckoned.
        var sizes: [ExpositionFormat: Int] = [:]
    }

    private let state = Mutex(State())
    private let sizes: [ExpositionFormat: Gauge]

    init(registry: Registry) {
        let gauge = registry.gauge(
            "vitals_scrape_size_bytes", labels: ["format"],
            help: "Size of the last exposition before compression, by format. Source: Vitals' web server.")
        sizes = [.text: gauge.with("text"), .openMetrics: gauge.with("openmetrics")]
    }

    /// The answer with a sample's text, or with its gzip: what it says of itself in its headers. Readers that come while the bytes are made
    /// wait for them: making them twice would take no less long.
    func body(of sample: SampleSet, format: ExpositionFormat, isGzip: Bool) -> (body: WebBody, isGzip: Bool) {
        if isGzip, let bytes = kept(sample, format, isGzip: true) { return (.whole(bytes), true) }
        // zlib without memory leaves the plain bytes.
        if sample.pointCount <= Self.samplesKeptMax, let bytes = kept(sample, format, isGzip: false) {
            return (.whole(bytes), false)
        }
        return (.chunks(ExpositionChunks(sample, format, size: sizes[format])), false)
    }

    /// The same for the families whose name, or whose samples' name, is asked for (`name[]`, as client_golang has it).
    func body(of sample: SampleSet, names: Set<String>, format: ExpositionFormat, isGzip: Bool) -> (body: WebBody, isGzip: Bool) {
        let families = sample.families.filter { samples in
            names.contains(samples.family.name) || samples.points.contains { names.contains($0.series.name) }
        }
        let asked = SampleSet(timestamp: sample.timestamp, families: families)
        var gzip = GzipRenderer()
        if isGzip, let compressed = gzip.render(asked, format) { return (.whole(ByteBuffer(compressed)), true) }
        let chunks = ExpositionChunks(asked, format, size: nil)
        guard asked.pointCount <= Self.samplesKeptMax else { return (.chunks(chunks), false) }
        var text = ByteBuffer()
        for var chunk in chunks { text.writeBuffer(&chunk) }
        return (.whole(text), false)
    }

    private func kept(_ sample: SampleSet, _ format: ExpositionFormat, isGzip: Bool) -> ByteBuffer? {
        state.withLock { state in
            if state.sample.map({ isSame($0, sample) }) != true {
                state.sample = sample
                state.rendered = [:]
            }
            let key = Key(format: format, isGzip: isGzip)
            if let ready = state.rendered[key] { return ready }
            let made = isGzip ? compress(sample, format, &state) : render(sample, format, &state)
            state.rendered[key] = made
            return made
        }
    }

    private func compress(_ sample: SampleSet, _ format: ExpositionFormat, _ state: inout State) -> ByteBuffer? {
        guard let compressed = state.gzip.render(sample, format) else { return nil }
        sizes[format]?.set(Double(compressed.plainCount))
        return ByteBuffer(compressed)
    }

    private func render(_ sample: SampleSet, _ format: ExpositionFormat, _ state: inout State) -> ByteBuffer {
        var out: [UInt8] = []
        let expected = state.sizes[format] ?? 0
        out.reserveCapacity(expected + expected / 8)
        sample.encode(format, into: &out)
        state.sizes[format] = out.count
        sizes[format]?.set(Double(out.count))
        return ByteBuffer(bytes: out)
    }

    /// One sample shared by two readers has one storage; while the cache keeps it, no other can stand at its address. A time alone would
    /// not do: a scrape that ran into its deadline and one that did not can carry the same.
    private func isSame(_ a: SampleSet, _ b: SampleSet) -> Bool {
        guard a.timestamp == b.timestamp, a.families.count == b.families.count else { return false }
        return a.families.withUnsafeBufferPointer { x in
            b.families.withUnsafeBufferPointer { y in x.baseAddress == y.baseAddress }
        }
    }
}

/// The text of a sample, made while it is sent.
struct ExpositionChunks: Sequence, IteratorProtocol, Sendable {
    private var text: PlainRenderer
    private var count = 0
    /// Learns how much it was in the end.
    private let size: Gauge?

    init(_ sample: SampleSet, _ format: ExpositionFormat, size: Gauge?) {
        text = PlainRenderer(sample, format)
        self.size = size
    }

    mutating func next() -> ByteBuffer? {
        guard let chunk = text.next() else {
            size?.set(Double(count))
            return nil
        }
        count += chunk.count
        return ByteBuffer(bytes: chunk)
    }
}

extension ByteBuffer {
    fileprivate init(_ compressed: CompressedExposition) {
        self = ByteBufferAllocator().buffer(capacity: compressed.count)
        for part in compressed.parts { writeBytes(part) }
    }
}
