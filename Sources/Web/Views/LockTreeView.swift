/// Who waits for whom on one server. Seconds before now.
public struct LockTreeView: Sendable {
    public struct Session: Sendable {
        /// 0 for a prepared transaction.
        public let pid: Int
        /// How many stand between it and the root of its queue; 0 for a root.
        public let depth: Int
        public let blockers: [Int]
        public let user: String
        public let database: String
        public let application: String
        public let state: String
        public let transactionSeconds: Double?
        public let waitSeconds: Double?
        public let lock: String?
        /// Without literals; nil where texts are not shown.
        public let text: String?

        public init(
            pid: Int, depth: Int, blockers: [Int], user: String, database: String, application: String, state: String,
            transactionSeconds: Double?, waitSeconds: Double?, lock: String?, text: String?
        ) {
            self.pid = pid
            self.depth = depth
            self.blockers = blockers
            self.user = user
            self.database = database
            self.application = application
            self.state = state
            self.transactionSeconds = transactionSeconds
            self.waitSeconds = waitSeconds
            self.lock = lock
            self.text = text
        }
    }

    public let target: String
    /// Each after the one that it waits for.
    public let sessions: [Session]
    /// Why nothing is known.
    public let error: String?

    public init(target: String, sessions: [Session], error: String?) {
        self.target = target
        self.sessions = sessions
        self.error = error
    }
}
