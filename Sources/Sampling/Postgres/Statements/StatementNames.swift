/// The names of databases and roles, and whose statements count.
struct StatementNames: Sendable {
    private let databases: [UInt32: String]
    private let users: [UInt32: String]
    private let counted: Set<UInt32>

    init() {
        databases = [:]
        users = [:]
        counted = []
    }

    init(_ reading: StatementReading, _ includes: (String) -> Bool) {
        databases = reading.databases
        users = reading.users
        counted = Set(databases.filter { includes($0.value) }.keys)
    }

    /// False for a database that is new, or was dropped: the view keeps its statements.
    func knows(_ database: UInt32) -> Bool { databases[database] != nil }

    func isCounted(_ database: UInt32) -> Bool { counted.contains(database) }

    func database(_ id: UInt32) -> String { databases[id] ?? "unknown (OID=\(id))" }

    /// A role that was dropped is called as `pg_get_userbyid` would.
    func user(_ id: UInt32) -> String { users[id] ?? "unknown (OID=\(id))" }

    /// The values of `user`, `datname`, `queryid`.
    func labels(of key: StatementKey, _ id: String) -> [String] { [user(key.userID), database(key.databaseID), id] }

    func labels(of owner: StatementOwner, _ id: String) -> [String] {
        owner == StatementLedger.everyoneElse ? ["other", "other", id] : [user(owner.userID), database(owner.databaseID), id]
    }
}

extension StatementOwner: Comparable {
    static func < (a: StatementOwner, b: StatementOwner) -> Bool {
        (a.databaseID, a.userID) < (b.databaseID, b.userID)
    }
}

/// When statements were first there, as far as that is known.
struct StatementSightings: Sendable {
    private var seen: [StatementKey: Double] = [:]

    /// Takes what was counted in a reading, at its time in seconds since the epoch.
    mutating func take(_ growths: [StatementGrowth], at readAt: Double, of totals: [StatementTotals]) {
        for growth in growths where growth.isWholeRow && seen[growth.key] == nil { seen[growth.key] = readAt }
        guard seen.count > 2 * totals.count + 100 else { return }
        let present = Set(totals.map(\.key))
        seen = seen.filter { present.contains($0.key) }
    }

    /// In seconds since the epoch; nil for before Vitals looked. From Postgres 17 on the server says it itself.
    func first(of row: StatementTotals) -> Double? { row.statsSince ?? seen[row.key] }
}
