/// The statements of one server, for people.
public struct StatementReport: Sendable {
    /// One statement with the server's own counters.
    public struct Entry: Sendable {
        public let queryID: Int64
        public let user: String
        public let database: String
        public let calls: Int64
        public let totalSeconds: Double
        public let meanSeconds: Double
        /// The longest call's.
        public let maxSeconds: Double
        public let rows: Int64
        /// Seconds since the epoch; nil for before Vitals looked.
        public let firstSeen: Double?
        /// Without literals; nil while it is not read or texts are not shown.
        public let text: String?
    }

    /// A query that runs for longer than the threshold.
    public struct Running: Sendable {
        public let pid: Int
        public let user: String
        public let database: String
        public let application: String
        public let ageSeconds: Double
        /// Like `Lock: transactionid`; nil while it waits for nothing.
        public let wait: String?
        /// Without literals; nil where the server keeps it from this role.
        public let text: String?
    }

    public let target: String
    public let showsText: Bool
    /// When the counters were read, in seconds since the epoch by the server's clock; nil when there are none: the extension is not there or
    /// the server has not answered yet.
    public let readAt: Double?
    public let entries: [Entry]
    public let running: [Running]
    /// Why the running queries are not known.
    public let runningError: String?
    public let thresholdSeconds: Double
}
