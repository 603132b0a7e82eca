/// One row of `system_health`: what was known at one instant. A value that could not be read is nil, never 0.
public struct SystemHealthRow: Sendable, Equatable {
    public let id: RowID
    /// When the values were read, in milliseconds since the Unix epoch.
    public let timestamp: Int64
    /// Sessions of the connected database that run a statement.
    public var connectionsActive: Int32?
    /// Sessions of the connected database that wait for a statement outside a transaction.
    public var connectionsIdle: Int32?
    /// Size of the connected database in units of 1,048,576 bytes; at most 99,999,999.99 (100 TB).
    public var databaseSizeMB: Hundredths?
    /// Table name → bytes with indexes and TOAST. A table outside schema `public` is `schema.table`.
    public var largestTables: JSONObject?
    /// Mean execution time in milliseconds over the sampling window.
    public var averageQueryMilliseconds: Hundredths?
    /// Statements that ran longer than the threshold at that instant.
    public var slowQueries: Int32?
    /// Percent, 0 to 100 (the metric of that name is a ratio).
    public var cacheHitPercent: Hundredths?
    public var pendingJobs: Int32?
    public var failedJobs: Int32?
    public var errorsLastHour: Int32?
    /// Other useful numbers by name.
    public var metrics: JSONObject

    public init(id: RowID = RowID(), timestamp: Int64, metrics: JSONObject = JSONObject()) {
        self.id = id
        self.timestamp = timestamp
        self.metrics = metrics
    }
}
