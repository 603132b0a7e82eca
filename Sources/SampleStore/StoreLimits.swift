/// What the store may hold.
public struct StoreLimits: Sendable {
    /// Chunks wholly older than this are dropped. Rules look back minutes; a day lets a person look at last night.
    public var retention: Duration
    /// Further series are refused. Two targets with 500 tables make about 15,000.
    public var seriesMax: Int
    /// The memory of series and samples. At the limit the oldest chunks go first, new series are refused, and what is there stays right.
    public var bytesMax: Int
    /// The log since the last checkpoint. Past it samples are kept in memory only and counted as not logged.
    public var logBytesMax: Int

    public init(
        retention: Duration = .seconds(24 * 3_600), seriesMax: Int = 200_000, bytesMax: Int = 512 << 20,
        logBytesMax: Int = 512 << 20
    ) {
        self.retention = retention
        self.seriesMax = seriesMax
        self.bytesMax = bytesMax
        self.logBytesMax = logBytesMax
    }

    var retentionMilliseconds: Int64 {
        let (seconds, attoseconds) = retention.components
        // Longer than any clock: nothing is ever dropped.
        guard seconds < Int64.max / 2_000 else { return .max / 2 }
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}

/// Why a sample was not taken. The raw value is the label value of `vitals_store_samples_refused_total`.
public enum RefusalReason: String, Sendable, CaseIterable {
    /// Older than the newest sample of its series.
    case outOfOrder = "out_of_order"
    /// Another value at the time of the newest sample.
    case duplicateTimestamp = "duplicate_timestamp"
    /// Older than the retention allows.
    case tooOld = "too_old"
    /// Of a new series, and the store holds as many as it may.
    case seriesLimit = "series_limit"
    /// The memory is full and nothing old is left to drop.
    case bytesLimit = "bytes_limit"
}

/// The store in numbers.
public struct StoreStats: Sendable {
    public var series = 0
    public var samples = 0
    /// As accounted: labels, index and chunks.
    public var bytes = 0
    /// Every reason is there, at zero from the start.
    public var refused = Dictionary(uniqueKeysWithValues: RefusalReason.allCases.map { ($0, UInt64(0)) })
    /// The log since the last checkpoint; 0 without a directory.
    public var logBytes = 0
    /// Batches of samples that could not be logged (disk full, limit): they are in memory, and a crash would lose them.
    public var logFailures: UInt64 = 0
    /// Milliseconds since the epoch; nil while the store is empty.
    public var newestTimestamp: Int64?
}
