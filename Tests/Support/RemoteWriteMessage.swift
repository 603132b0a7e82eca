/// Writes messages of remote write 1.0, field by field (prompb/remote.proto), for tests.
public struct RemoteWriteMessage: Sendable {
    public struct Series: Sendable {
        public var labels: [(name: String, value: String)]
        public var samples: [(timestamp: Int64, value: Double)]
        public var exemplars = 0
        public var histograms = 0

        public init(_ labels: [(String, String)], _ samples: [(Int64, Double)]) {
            self.labels = labels.map { (name: $0.0, value: $0.1) }
            self.samples = samples.map { (timestamp: $0.0, value: $0.1) }
        }
    }

    public struct Metadata: Sendable {
        public var type: UInt64
        public var metric: String
        public var help: String
        public var unit: String

        public init(type: UInt64, metric: String, help: String, unit: String = "") {
            self.type = type
            self.metric = metric
            self.help = help
            self.unit = unit
        }
    }

    public var series: [Series]
    public var metadata: [Metadata]

    public init(_ series: [Series], metadata: [Metadata] = []) {
        self.series = series
        self.metadata = metadata
    }

    /// The protobuf message.
    public var bytes: [UInt8] {
        var out: [UInt8] = []
        for series in series {
            var inner: [UInt8] = []
            for label in series.labels {
                inner += Self.field(1, Self.field(1, label.name.utf8) + Self.field(2, label.value.utf8))
            }
            for sample in series.samples {
                // A field of value zero is left out, as every encoder of proto3 does.
                var bytes: [UInt8] = []
                if sample.value.bitPattern != 0 {
                    bytes.append(1 << 3 | 1)
                    bytes += (0..<8).map { UInt8(truncatingIfNeeded: sample.value.bitPattern >> (8 * $0)) }
                }
                if sample.timestamp != 0 { bytes += [2 << 3] + Self.varint(UInt64(bitPattern: sample.timestamp)) }
                inner += Self.field(2, bytes)
            }
            for _ in 0..<series.exemplars { inner += Self.field(3, [1 << 3 | 2, 0]) }
            for _ in 0..<series.histograms { inner += Self.field(4, [15 << 3, 7]) }
            out += Self.field(1, inner)
        }
        for entry in metadata {
            out += Self.field(
                3,
                [1 << 3] + Self.varint(entry.type) + Self.field(2, entry.metric.utf8) + Self.field(4, entry.help.utf8)
                    + Self.field(5, entry.unit.utf8))
        }
        return out
    }

    /// The message as it is sent.
    public var block: [UInt8] { Self.snappy(bytes) }

    /// A snappy block of literals alone, which every decoder must take (format_description.txt, 2.1).
    public static func snappy(_ bytes: [UInt8]) -> [UInt8] {
        var out = varint(UInt64(bytes.count))
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(60)
            out.append(UInt8(part.count - 1) << 2)
            out += part
            rest = rest.dropFirst(part.count)
        }
        return out
    }

    public static func varint(_ value: UInt64) -> [UInt8] {
        var out: [UInt8] = []
        var rest = value
        while rest >= 0x80 {
            out.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return out + [UInt8(rest)]
    }

    /// A length-delimited field.
    public static func field(_ number: UInt8, _ content: some Collection<UInt8>) -> [UInt8] {
        [number << 3 | 2] + varint(UInt64(content.count)) + content
    }
}
