/// What the writer has done since the start, for its own metrics.
public struct RecordNumbers: Sendable, Equatable {
    /// Rows stored (`vitals_records_written_total`).
    public var written: UInt64 = 0
    /// Rows that wait in the spool now (`vitals_records_spooled`).
    public var spooled: Int = 0
    /// Attempts to write rows that failed (`vitals_records_failed_total`); the rows wait for the next one.
    public var failed: UInt64 = 0
    /// Rows given up: refused by the server, pushed out of the full spool, or damaged in it.
    public var dropped: UInt64 = 0
    /// Rows deleted because of their age.
    public var pruned: UInt64 = 0
    /// When rows were last written, in milliseconds since the Unix epoch (`vitals_records_last_write_timestamp_seconds` times
    /// 1,000); nil before the first.
    public var lastWrite: Int64?

    public init() {}
}
