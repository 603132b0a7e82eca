/// Why an exposition could not be read, and where.
public struct ExpositionError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String
    /// From 1.
    public let line: Int
    /// In bytes, from 1.
    public let column: Int

    public var description: String { "line \(line), column \(column): \(message)" }
}

/// What an exposition says: families in the order of their first line.
public struct ParsedExposition: Sendable, Equatable {
    public struct Family: Sendable, Equatable {
        /// As in the text format 0.0.4: a counter's ends in `_total` where its samples do.
        public let name: String
        public var type: MetricType
        public var help: String
        public var samples: [Sample]
    }

    public struct Sample: Sendable, Equatable {
        /// The family's name, or that with `_bucket`, `_sum`, `_count`, `_created` and the like.
        public let name: String
        /// Without the metric name.
        public let labels: Labels
        public let value: Double
        /// Milliseconds since the epoch, where the exposition gives a time of its own.
        public let timestamp: Int64?

        /// Two NaN with the same bits are one value here.
        public static func == (a: Sample, b: Sample) -> Bool {
            a.name == b.name && a.labels == b.labels && a.timestamp == b.timestamp && a.value.bitPattern == b.value.bitPattern
        }
    }

    public var families: [Family]

    /// Families and series as the encoder and the store take them. Times of the exposition's own are left out.
    public func familySamples() -> [FamilySamples] {
        families.map { family in
            FamilySamples(
                MetricsModel.Family(family.name, family.type, help: family.help),
                family.samples.map { Point(Series(name: $0.name, labels: $0.labels), $0.value) })
        }
    }
}

extension MetricType {
    /// The type by its word in a `# TYPE` line; nil for no such word. What OpenMetrics has on top is read as the type whose
    /// samples look the same.
    init?(exposed word: String) {
        switch word {
        case "counter": self = .counter
        case "gauge", "info", "stateset": self = .gauge
        case "histogram", "gaugehistogram": self = .histogram
        case "summary": self = .summary
        case "untyped", "unknown": self = .unknown
        default: return nil
        }
    }

    /// The endings that samples of the type add to the family's name.
    func sampleSuffixes(_ format: ExpositionFormat) -> [String] {
        switch (self, format) {
        case (.histogram, _): ["_bucket", "_sum", "_count", "_created", "_gsum", "_gcount"]
        case (.summary, _): ["_sum", "_count", "_created"]
        case (.counter, .openMetrics): ["_total", "_created"]
        case (.gauge, .openMetrics): ["_info"]
        case (.counter, .text), (.gauge, .text), (.unknown, _): []
        }
    }
}
