import MetricsModel

/// What a message `prometheus.WriteRequest` (remote write 1.0, prompb/remote.proto) brings.
struct WriteRequest: Sendable {
    /// Series with valid labels and at least one sample.
    var series: [SeriesSamples] = []
    var sampleCount = 0
    var metadata: [MetricMetadata] = []
    /// Samples of series whose labels can't be stored.
    var invalidSamples = 0
    /// The first of them, for the answer.
    var firstInvalid: String?
    /// What is read over: Vitals keeps neither yet.
    var histograms = 0
    var exemplars = 0
}

/// What one message may hold. A few bytes can stand for an empty series or sample, so the message's size alone does not bound memory.
struct WriteRequestLimits: Sendable {
    /// Prometheus sends 2,000 samples at once, mostly of as many series.
    var series = 100_000
    var samples = 500_000
    /// Prometheus' own targets have under 20.
    var labelsOfSeries = 128
    var metadata = 20_000
}

extension WriteRequest {
    /// Reads a message. Throws when it is none, or passes a limit; series with bad labels are counted, not thrown.
    init(_ bytes: [UInt8], limits: WriteRequestLimits = WriteRequestLimits()) throws(ProtobufCursor.Failure) {
        var cursor = ProtobufCursor(bytes)
        while let (number, wire) = try cursor.field() {
            switch (number, wire) {
            case (1, .bytes):
                guard series.count < limits.series else { throw cursor.failure("more than \(limits.series) series") }
                try addSeries(try cursor.message(), limits)
            case (3, .bytes):
                guard metadata.count < limits.metadata else { throw cursor.failure("more than \(limits.metadata) metadata") }
                if let read = try WriteRequest.metadata(try cursor.message()) { metadata.append(read) }
            case (1, _), (3, _): throw cursor.failure("field \(number) is no message")
            case (_, _): try cursor.skip(wire)
            }
        }
    }

    /// Labels, samples, and what is counted only.
    private mutating func addSeries(
        _ message: ProtobufCursor, _ limits: WriteRequestLimits
    ) throws(ProtobufCursor.Failure) {
        var cursor = message
        var labels: [Label] = []
        var defect: String?
        var timestamps: [Int64] = []
        var values: [Double] = []
        while let (number, wire) = try cursor.field() {
            switch (number, wire) {
            case (1, .bytes):
                guard labels.count < limits.labelsOfSeries else {
                    throw cursor.failure("more than \(limits.labelsOfSeries) labels")
                }
                if let label = try WriteRequest.label(try cursor.message()) {
                    labels.append(label)
                } else {
                    defect = defect ?? "a label is not UTF-8"
                }
            case (2, .bytes):
                guard sampleCount + invalidSamples + values.count < limits.samples else {
                    throw cursor.failure("more than \(limits.samples) samples")
                }
                let (timestamp, value) = try WriteRequest.sample(try cursor.message())
                timestamps.append(timestamp)
                values.append(value)
            case (3, .bytes):
                exemplars += 1
                try cursor.skip(wire)
            case (4, .bytes):
                histograms += 1
                try cursor.skip(wire)
            case (1...4, _): throw cursor.failure("field \(number) of a series is no message")
            case (_, _): try cursor.skip(wire)
            }
        }
        guard !values.isEmpty else { return }
        defect = defect ?? WriteRequest.defect(&labels)
        if let defect {
            invalidSamples += values.count
            firstInvalid = firstInvalid ?? defect
            return
        }
        sampleCount += values.count
        series.append(SeriesSamples(labels: Labels(sorted: labels), timestamps: timestamps, values: values))
    }

    /// Nil when name or value are not UTF-8.
    private static func label(_ message: ProtobufCursor) throws(ProtobufCursor.Failure) -> Label? {
        var cursor = message
        var name: String? = ""
        var value: String? = ""
        while let (number, wire) = try cursor.field() {
            switch (number, wire) {
            case (1, .bytes): name = try cursor.text()
            case (2, .bytes): value = try cursor.text()
            case (1...2, _): throw cursor.failure("field \(number) of a label is no text")
            case (_, _): try cursor.skip(wire)
            }
        }
        guard let name, let value else { return nil }
        return Label(name, value)
    }

    private static func sample(_ message: ProtobufCursor) throws(ProtobufCursor.Failure) -> (Int64, Double) {
        var cursor = message
        var value = 0.0
        var timestamp: Int64 = 0
        while let (number, wire) = try cursor.field() {
            switch (number, wire) {
            // Bit for bit: a stale marker is one NaN among many.
            case (1, .fixed64): value = Double(bitPattern: try cursor.fixed64())
            case (2, .varint): timestamp = Int64(bitPattern: try cursor.varint())
            case (1...2, _): throw cursor.failure("field \(number) of a sample is no number")
            case (_, _): try cursor.skip(wire)
            }
        }
        return (timestamp, value)
    }

    /// Sorts the labels and drops those without a value, as Prometheus does; what is wrong with them otherwise, or nil.
    private static func defect(_ labels: inout [Label]) -> String? {
        labels.removeAll { $0.value.isEmpty && !$0.name.isEmpty }
        if !zip(labels, labels.dropFirst()).allSatisfy({ bytesPrecede($0.name, $1.name) }) {
            labels.sort { bytesPrecede($0.name, $1.name) }
        }
        guard labels.contains(where: { sameBytes($0.name, Labels.metricName) }) else { return "a series has no metric name" }
        if labels.first?.name.isEmpty == true { return "a label has no name" }
        if let twice = zip(labels, labels.dropFirst()).first(where: { sameBytes($0.name, $1.name) }) {
            return "the label \(quoted(twice.0.name)) stands twice"
        }
        return nil
    }

    /// Nil when a text is not UTF-8, or there is no name.
    private static func metadata(_ message: ProtobufCursor) throws(ProtobufCursor.Failure) -> MetricMetadata? {
        // prompb/types.proto, MetricMetadata.MetricType.
        let types = ["unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"]
        var cursor = message
        var type = "unknown"
        var name: String? = ""
        var help: String? = ""
        var unit: String? = ""
        while let (number, wire) = try cursor.field() {
            switch (number, wire) {
            case (1, .varint):
                let value = try cursor.varint()
                type = value < UInt64(types.count) ? types[Int(value)] : "unknown"
            case (2, .bytes): name = try cursor.text()
            case (4, .bytes): help = try cursor.text()
            case (5, .bytes): unit = try cursor.text()
            case (_, _): try cursor.skip(wire)
            }
        }
        guard let name, let help, let unit, !name.isEmpty else { return nil }
        return MetricMetadata(metric: name, type: type, help: help, unit: unit)
    }
}
