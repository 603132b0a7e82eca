public import MetricsModel

/// The value of one sample. An enum, because a native histogram will be its second case.
public enum SampleValue: Sendable, Hashable {
    case float(Double)

    /// The number; nil when the sample is not one.
    public var number: Double? {
        switch self {
        case .float(let value): value
        }
    }
}

/// One series of an instant vector.
public struct VectorSample: Sendable {
    public let labels: Labels
    /// Milliseconds since the epoch.
    public let timestamp: Int64
    public let value: SampleValue

    public init(labels: Labels, timestamp: Int64, value: SampleValue) {
        self.labels = labels
        self.timestamp = timestamp
        self.value = value
    }
}

/// One point of a series in a matrix.
public struct MatrixPoint: Sendable, Hashable {
    /// Milliseconds since the epoch.
    public let timestamp: Int64
    public let value: SampleValue

    public init(timestamp: Int64, value: SampleValue) {
        self.timestamp = timestamp
        self.value = value
    }
}

/// One series of a matrix, with at least one point, ascending in time.
public struct MatrixSeries: Sendable {
    public let labels: Labels
    public let points: [MatrixPoint]

    public init(labels: Labels, points: [MatrixPoint]) {
        self.labels = labels
        self.points = points
    }
}

/// What a query answers.
public enum PromQLValue: Sendable {
    case scalar(Double, timestamp: Int64)
    /// In the engine's order: sorted only by `sort*`, `topk` and `bottomk`.
    case vector([VectorSample])
    /// Sorted by labels.
    case matrix([MatrixSeries])
    case string(String, timestamp: Int64)

    public var type: ValueType {
        switch self {
        case .scalar: .scalar
        case .vector: .vector
        case .matrix: .matrix
        case .string: .string
        }
    }
}

/// Something the author of an expression should know although there is an answer.
public struct Annotation: Sendable, Hashable, CustomStringConvertible {
    public enum Severity: String, Sendable { case warning, info }

    public let severity: Severity
    public let message: String
    /// 1-based position of the part of the expression that it is about.
    public let line: Int
    public let column: Int

    /// `PromQL warning: … (1:5)`, as the query API shows it.
    public var description: String { "PromQL \(severity.rawValue): \(message) (\(line):\(column))" }
}

/// The answer to a query.
public struct QueryResult: Sendable {
    public let value: PromQLValue
    /// Each once, warnings first.
    public let annotations: [Annotation]
    /// Samples read from the source.
    public let samplesRead: Int

    public var warnings: [String] { annotations.filter { $0.severity == .warning }.map(\.description) }
    public var infos: [String] { annotations.filter { $0.severity == .info }.map(\.description) }
}
