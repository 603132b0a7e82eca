/// Who waits for whom at one moment, as a forest: every session once, after the one that it waits for.
public struct LockTree: Sendable, Equatable {
    /// A session that waits or that others wait for.
    public struct Session: Sendable, Equatable {
        /// 0 for a prepared transaction, which has no process.
        public let pid: Int
        /// The processes that it waits for, empty at a root.
        public let blockers: [Int]
        public let user: String
        public let database: String
        public let application: String
        /// As `pg_stat_activity` has it, or `prepared`.
        public let state: String
        /// Age of its transaction in seconds; nil without one.
        public let transactionSeconds: Double?
        /// How long it has waited in seconds; nil for one that does not.
        public let waitSeconds: Double?
        /// What kind of thing it waits for, like `relation` or `transactionid`; nil for one that does not.
        public let lock: String?
        /// What it runs or ran last, without literals; nil where texts are not shown.
        public let text: String?
    }

    /// A session and how many stand between it and its root.
    public struct Place: Sendable, Equatable {
        public let session: Session
        public let depth: Int
    }

    public let places: [Place]

    /// Puts the sessions in order, each under the first of its blockers. Whoever is in a circle (a deadlock that is not noticed yet) stands
    /// after all others, from its smallest process on. O(n log n + waits).
    init(_ sessions: [Session]) {
        let byID = Dictionary(sessions.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
        var waiting: [Int: [Session]] = [:]
        for session in byID.values {
            for blocker in Set(session.blockers) where blocker != session.pid { waiting[blocker, default: []].append(session) }
        }
        let roots = byID.values.filter { session in !session.blockers.contains { $0 != session.pid && byID[$0] != nil } }
        var places: [Place] = []
        var placed: Set<Int> = []
        // The longest wait first; what lies on the stack's top comes next.
        func place(_ root: Session) {
            var stack = [(root, 0)]
            while let (session, depth) = stack.popLast() {
                guard placed.insert(session.pid).inserted else { continue }
                places.append(Place(session: session, depth: depth))
                stack += LockTree.ordered(waiting[session.pid] ?? []).reversed().map { ($0, depth + 1) }
            }
        }
        for root in LockTree.ordered(Array(roots)) { place(root) }
        for session in byID.values.sorted(by: { $0.pid < $1.pid }) { place(session) }
        self.places = places
    }

    private static func ordered(_ sessions: [Session]) -> [Session] {
        sessions.sorted { ($0.waitSeconds ?? 0, $1.pid) > ($1.waitSeconds ?? 0, $0.pid) }
    }
}

/// The tree of one server, or why there is none.
public struct LockReport: Sendable {
    public let target: String
    public let places: [LockTree.Place]
    public let error: String?
}
