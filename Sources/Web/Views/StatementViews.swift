/// By what the list of statements is put in order, the greatest first: time of all calls, mean time of a call, calls.
public enum StatementOrderView: String, Sendable, CaseIterable {
    case total, mean, calls
}

/// Which statements somebody wants to see.
public struct StatementQueryView: Sendable, Equatable {
    /// As many as are listed of a server at most.
    static let limitMax = 500

    public var order: StatementOrderView
    /// Of each server.
    public var limit: Int
    /// By the configuration's name; nil: every server.
    public var target: String?

    public init(order: StatementOrderView = .total, limit: Int = 50, target: String? = nil) {
        self.order = order
        self.limit = limit
        self.target = target
    }
}

/// The statements of one server. Instants in seconds since the Unix epoch by the server's clock.
public struct StatementListView: Sendable {
    public struct Entry: Sendable {
        public let queryID: Int64
        public let user: String
        public let database: String
        public let calls: Int64
        public let totalSeconds: Double
        public let meanSeconds: Double
        public let maxSeconds: Double
        public let rows: Int64
        /// Nil for before Vitals looked.
        public let firstSeen: Double?
        /// Without literals; nil while it is not read or texts are not shown.
        public let text: String?

        public init(
            queryID: Int64, user: String, database: String, calls: Int64, totalSeconds: Double, meanSeconds: Double,
            maxSeconds: Double, rows: Int64, firstSeen: Double?, text: String?
        ) {
            self.queryID = queryID
            self.user = user
            self.database = database
            self.calls = calls
            self.totalSeconds = totalSeconds
            self.meanSeconds = meanSeconds
            self.maxSeconds = maxSeconds
            self.rows = rows
            self.firstSeen = firstSeen
            self.text = text
        }
    }

    public struct Running: Sendable {
        public let pid: Int
        public let user: String
        public let database: String
        public let application: String
        public let ageSeconds: Double
        /// Nil while it waits for nothing.
        public let wait: String?
        /// Without literals; nil where the server does not tell.
        public let text: String?

        public init(
            pid: Int, user: String, database: String, application: String, ageSeconds: Double, wait: String?, text: String?
        ) {
            self.pid = pid
            self.user = user
            self.database = database
            self.application = application
            self.ageSeconds = ageSeconds
            self.wait = wait
            self.text = text
        }
    }

    public let target: String
    public let showsText: Bool
    /// When the counters were read; nil when there are none.
    public let readAt: Double?
    public let entries: [Entry]
    public let running: [Running]
    /// Why the running queries are not known.
    public let runningError: String?
    /// From which age on a running query is listed.
    public let thresholdSeconds: Double

    public init(
        target: String, showsText: Bool, readAt: Double?, entries: [Entry], running: [Running], runningError: String?,
        thresholdSeconds: Double
    ) {
        self.target = target
        self.showsText = showsText
        self.readAt = readAt
        self.entries = entries
        self.running = running
        self.runningError = runningError
        self.thresholdSeconds = thresholdSeconds
    }
}
