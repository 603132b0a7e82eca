import MetricsModel
import NIOCore
import Synchronization

/// The last sample's bytes, rendered once for each format and compressed once, for every reader of that sample.
final class ExpositionCache: Sendable {
    private struct Key: Hashable {
        let format: ExpositionFormat
        let isGzip: Bool
    }

    private struct State {
        var sample: SampleSet?
        var rendered: [Key: ByteBuffer] = [:]
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

    /// The bytes of a sample. Readers that come while they are made wait for them: making them twice would take no less long.
    func bytes(of sample: SampleSet, format: ExpositionFormat, isGzip: Bool) -> ByteBuffer {
        state.withLock { state in
            if state.sample.map({ isSame($0, sample) }) != true {
                state.sample = sample
                state.rendered = [:]
            }
            return bytes(format, isGzip, of: sample, &state)
        }
    }

    private func bytes(_ format: ExpositionFormat, _ isGzip: Bool, of sample: SampleSet, _ state: inout State) -> ByteBuffer {
        if let ready = state.rendered[Key(format: format, isGzip: isGzip)] { return ready }
        let result: ByteBuffer
        if isGzip {
            let plain = bytes(format, false, of: sample, &state)
            result = Gzip.compress(Array(plain.readableBytesView)).map { ByteBuffer(bytes: $0) } ?? plain
        } else {
            let rendered = render(sample, format, sizeExpected: state.sizes[format] ?? 0)
            state.sizes[format] = rendered.count
            sizes[format]?.set(Double(rendered.count))
            result = ByteBuffer(bytes: rendered)
        }
        state.rendered[Key(format: format, isGzip: isGzip)] = result
        return result
    }

    /// The families whose name, or whose samples' name, is asked for (`name[]`, as client_golang has it).
    func bytes(of sample: SampleSet, names: Set<String>, format: ExpositionFormat) -> ByteBuffer {
        let families = sample.families.filter { samples in
            names.contains(samples.family.name) || samples.points.contains { names.contains($0.series.name) }
        }
        return ByteBuffer(bytes: render(SampleSet(timestamp: sample.timestamp, families: families), format, sizeExpected: 0))
    }

    private func render(_ sample: SampleSet, _ format: ExpositionFormat, sizeExpected: Int) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(sizeExpected + sizeExpected / 8)
        sample.encode(format, into: &out)
        return out
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
