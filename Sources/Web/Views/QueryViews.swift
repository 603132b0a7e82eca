public import PromQL

/// How one query is to be evaluated.
public struct QueryOptions: Sendable {
    /// When it is given up.
    public var deadline: ContinuousClock.Instant
    /// How old the sample of an instant selector may be, in milliseconds; nil: the engine's own.
    public var lookback: Int64?

    public init(deadline: ContinuousClock.Instant, lookback: Int64? = nil) {
        self.deadline = deadline
        self.lookback = lookback
    }
}

/// A query's result with what the reader should know about it.
public struct QueryAnswer: Sendable {
    public var result: PromQLValue
    public var warnings: [String]
    public var infos: [String]
    /// Samples read from the source.
    public var samplesRead: Int

    public init(_ result: PromQLValue, warnings: [String] = [], infos: [String] = [], samplesRead: Int = 0) {
        self.result = result
        self.warnings = warnings
        self.infos = infos
        self.samplesRead = samplesRead
    }
}

/// Why a request of the API has no result. `Kind` is the `errorType` of Prometheus' API and decides the HTTP status.
public struct QueryFailure: Error, Sendable {
    public enum Kind: String, Sendable {
        case badData = "bad_data"
        case execution
        case timeout
        case canceled
        case internalError = "internal"
        /// Too much is asked at once; later it may go.
        case unavailable
        case notFound = "not_found"

        /// As web/api/v1/api.go. 499 is nginx' status for a client that left.
        var status: Int {
            switch self {
            case .badData: 400
            case .execution: 422
            case .timeout, .unavailable: 503
            case .canceled: 499
            case .internalError: 500
            case .notFound: 404
            }
        }
    }

    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

/// Answers PromQL queries. Times are milliseconds since the Unix epoch. Evaluation blocks until it is done, its deadline passes, or the
/// task is cancelled: the server calls it on threads of its own.
public protocol QueryEngine: Sendable {
    /// Throws `badData` with place and words of the parser.
    func parse(_ expression: String) throws(QueryFailure) -> PromQLExpression
    func instant(_ expression: PromQLExpression, at time: Int64, _ options: QueryOptions) throws(QueryFailure) -> QueryAnswer
    /// Always a matrix, or `badData` for an expression that has no value at each step.
    func range(
        _ expression: PromQLExpression, from start: Int64, through end: Int64, step: Int64, _ options: QueryOptions
    ) throws(QueryFailure) -> QueryAnswer
}
