/// The samples of one series in a window.
public struct SeriesSamples: Sendable {
    /// With the metric name.
    public let labels: Labels
    /// Milliseconds since the Unix epoch, ascending.
    public let timestamps: [Int64]
    /// As many as timestamps. May hold `staleMarker`.
    public let values: [Double]
    /// When the counter of each sample began, milliseconds since the epoch; 0 for unknown. Empty when none is known.
    public let startTimestamps: [Int64]

    /// `startTimestamps` must be empty or as many as there are timestamps.
    public init(labels: Labels, timestamps: [Int64], values: [Double], startTimestamps: [Int64] = []) {
        self.labels = labels
        self.timestamps = timestamps
        self.values = values
        self.startTimestamps = startTimestamps
    }
}

/// Which samples of a window the reader needs.
public enum SampleSelection: Sendable {
    case all
    /// The newest of the window only: what an instant selector reads.
    case newest
}

/// Why a source gave no answer.
public struct SeriesSourceError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        /// More samples than the reader allows.
        case tooManySamples
        /// Anything else: a disk, a network.
        case failed
    }

    public let code: Code
    public let description: String

    public init(_ description: String, code: Code = .failed) {
        self.code = code
        self.description = description
    }
}

/// Something that PromQL can read: the local store, a recorded history, a test's literal series.
public protocol SeriesSource: Sendable {
    /// Every series to which all matchers apply and that has a sample in the closed interval `from…through` (milliseconds), in no
    /// particular order. At most `maxSamples` samples in all: more is an error, not a cut answer.
    func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples]
}

/// Something that takes samples of rules: recorded series, `ALERTS`, `ALERTS_FOR_STATE`.
public protocol SampleSink: Sendable {
    /// Writes one sample. A sample older than the series' newest is refused and counted, as in Prometheus.
    func append(_ labels: Labels, at timestamp: Int64, _ value: Double)
    /// As `append`, and says in Prometheus' words why the sample was refused; nil when it was taken.
    func appendOrRefuse(_ labels: Labels, at timestamp: Int64, _ value: Double) -> String?
    /// The same for samples of one time, as one batch: one answer for each.
    func appendOrRefuse(_ samples: [(Labels, Double)], at timestamp: Int64) -> [String?]
}

extension SampleSink {
    public func appendOrRefuse(_ labels: Labels, at timestamp: Int64, _ value: Double) -> String? {
        append(labels, at: timestamp, value)
        return nil
    }

    public func appendOrRefuse(_ samples: [(Labels, Double)], at timestamp: Int64) -> [String?] {
        samples.map { appendOrRefuse($0, at: timestamp, $1) }
    }
}

/// The NaN that says 'this series ended here': the bits 0x7ff0000000000002 of Prometheus' value.StaleNaN.
public let staleMarker = Double(bitPattern: 0x7ff0_0000_0000_0002)

public func isStaleMarker(_ value: Double) -> Bool {
    value.bitPattern == staleMarker.bitPattern
}

/// What is there to be read: names, values and label sets, without samples. Instants are milliseconds since the epoch.
public protocol SeriesCatalog: Sendable {
    /// The series to which all matchers apply and that may have samples in the closed interval, sorted.
    func series(_ matchers: [LabelMatcher], from: Int64, through: Int64) -> [Labels]
    /// The names of all labels, sorted; with matchers, of the series to which they apply.
    func labelNames(_ matchers: [LabelMatcher]) -> [String]
    /// The values of one label, sorted; with matchers, of the series to which they apply.
    func labelValues(_ name: String, _ matchers: [LabelMatcher]) -> [String]
    /// Whether there is any series to which all matchers apply, however old its newest sample.
    func hasSeries(_ matchers: [LabelMatcher]) -> Bool
}

extension SeriesCatalog {
    /// As `labelNames(_:)`, of the series that may have samples in the closed interval; all of them for `.min….max`.
    public func labelNames(_ matchers: [LabelMatcher], from: Int64, through: Int64) -> [String] {
        if from == .min, through == .max { return labelNames(matchers) }
        return Set(series(matchers, from: from, through: through).lazy.flatMap { $0.pairs.lazy.map(\.name) })
            .sorted(by: bytesPrecede)
    }

    /// As `labelValues(_:_:)`, of the series that may have samples in the closed interval; all of them for `.min….max`.
    public func labelValues(_ name: String, _ matchers: [LabelMatcher], from: Int64, through: Int64) -> [String] {
        if from == .min, through == .max { return labelValues(name, matchers) }
        return Set(series(matchers, from: from, through: through).lazy.compactMap { $0[name] }).sorted(by: bytesPrecede)
    }
}
