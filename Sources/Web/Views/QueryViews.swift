public import MetricsModel

/// A point of a query's result: milliseconds since the Unix epoch and a value.
public struct QueryPoint: Sendable {
    public let timestamp: Int64
    public let value: Double

    public init(timestamp: Int64, value: Double) {
        self.timestamp = timestamp
        self.value = value
    }
}

/// A query's result, in the four types of Prometheus' API.
public enum QueryData: Sendable {
    case scalar(QueryPoint)
    case string(timestamp: Int64, String)
    case vector([(labels: Labels, point: QueryPoint)])
    case matrix([(labels: Labels, points: [QueryPoint])])
}

/// A result with what the reader should know about it.
public struct QueryAnswer: Sendable {
    public let result: QueryData
    public let warnings: [String]

    public init(_ result: QueryData, warnings: [String] = []) {
        self.result = result
        self.warnings = warnings
    }
}

/// Why a query has no result. `Kind` is the `errorType` of Prometheus' API and decides the HTTP status: 400, 422, 503, 500.
public struct QueryFailure: Error, Sendable {
    public enum Kind: String, Sendable {
        case badData = "bad_data"
        case execution
        case timeout
        case canceled
        case internalError = "internal"
    }

    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

/// Answers PromQL queries. Times are milliseconds since the Unix epoch.
public protocol QueryEngine: Sendable {
    func instant(_ expression: String, at time: Int64, deadline: ContinuousClock.Instant) async throws(QueryFailure)
        -> QueryAnswer
    func range(
        _ expression: String, from start: Int64, through end: Int64, step: Int64, deadline: ContinuousClock.Instant
    ) async throws(QueryFailure) -> QueryAnswer
}
