/// How often rows are made and how long they are kept.
public struct RecordConfiguration: Sendable, Equatable {
    /// Between two rows; rows are made when the clock is at a multiple of it.
    public var interval: Duration
    /// Rows older than this are deleted, whoever wrote them.
    public var retention: Duration

    public init(interval: Duration = .seconds(60), retention: Duration = .seconds(30 * 86_400)) {
        self.interval = interval
        self.retention = retention
    }

    /// At least 1: an interval of nothing would spin.
    var intervalMilliseconds: Int64 { max(1, interval.milliseconds) }
    var retentionMilliseconds: Int64 { max(0, retention.milliseconds) }
}

extension Duration {
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
