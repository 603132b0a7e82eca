/// What a target would ask, where, and what not and why: for people.
public struct PostgresPlan: Sendable {
    /// What becomes of one database of the server.
    public struct Database: Sendable {
        public let name: String
        /// Why it is not sampled: `excluded`, `template`, `not_connectable`, `privilege`, `limit`, or what its connection said; nil when
        /// it is.
        public let problem: String?
        /// The database of the target's address, where the questions about the whole server are asked.
        public let isHome: Bool
    }

    public enum Decision: Sendable, Equatable {
        case ask
        /// `reason` is the label's value in `vitals_collector_skipped`, `detail` says what is missing.
        case skip(reason: String, detail: String)
    }

    /// One question to one database.
    public struct Entry: Sendable {
        public let collector: String
        public let question: String
        /// Nil for what is asked once for the whole server.
        public let database: String?
        public let decision: Decision
        /// For how long an answer is used again; zero: it is asked in every sample.
        public let interval: Duration
        public let statementTimeout: Duration
        public let sql: String
    }

    /// As `server_version_num`.
    public let version: Int
    public let isStandby: Bool
    public let user: String
    public let isMonitor: Bool
    public let databases: [Database]
    /// In the order in which they are asked.
    public let entries: [Entry]
    /// Collectors that are off.
    public let off: [String]
}
