internal import Glibc
internal import Postgres

/// Which databases of a server are sampled.
public struct DatabaseSelection: Sendable, Equatable {
    /// Patterns as of a shell (`app_*`, `tenant_?`); empty: every database that takes connections and is no template.
    public let include: [String]
    public let exclude: [String]
    /// How many connections are kept at most, that of the target's address among them: each costs the server a process.
    public let connectionsMax: Int

    public init(include: [String] = [], exclude: [String] = [], connectionsMax: Int = 20) {
        self.include = include
        self.exclude = exclude
        self.connectionsMax = max(1, connectionsMax)
    }

    /// What becomes of one database.
    enum Standing: Sendable, Hashable {
        case sampled
        case skipped(Reason)
    }

    enum Reason: String, Sendable, Hashable, CaseIterable {
        case excluded, template, privilege, limit
        case notConnectable = "not_connectable"
    }

    /// One for each of `listed`. Databases that have a connection (by name) keep it; of the others those come first that are older. The
    /// database of the target's address has its connection anyway.
    func standings(of listed: [ListedDatabase], home: String, connected: Set<String>) -> [Standing] {
        var standings = listed.map { standing(of: $0) }
        var left = connectionsMax - 1
        let places = listed.indices.filter { standings[$0] == .sampled && listed[$0].name != home }
        let kept = places.filter { connected.contains(listed[$0].name) }
        for place in kept + places.filter({ !connected.contains(listed[$0].name) }) {
            if left > 0 { left -= 1 } else { standings[place] = .skipped(.limit) }
        }
        return standings
    }

    /// Whether the patterns let a database pass, by its name.
    func includes(_ name: String) -> Bool {
        !exclude.contains { matches(name, $0) } && (include.isEmpty || include.contains { matches(name, $0) })
    }

    private func standing(of database: ListedDatabase) -> Standing {
        if !includes(database.name) { return .skipped(.excluded) }
        // A template is meant only by its whole name: whoever copies it must find it without connections.
        if database.isTemplate, !include.contains(database.name) { return .skipped(.template) }
        if !database.takesConnections { return .skipped(.notConnectable) }
        return database.mayConnect ? .sampled : .skipped(.privilege)
    }

    private func matches(_ name: String, _ pattern: String) -> Bool { fnmatch(pattern, name, 0) == 0 }
}

/// A database as the server lists it.
struct ListedDatabase: Sendable, Hashable {
    let oid: Int
    let name: String
    let isTemplate: Bool
    let takesConnections: Bool
    /// The role has the privilege CONNECT.
    let mayConnect: Bool

    /// Oldest first. -2 marks a database whose dropping was interrupted (Postgres 16, and earlier ones' minor versions of 2023).
    static let statement = Statement(
        """
        SELECT oid, datname, datistemplate, datallowconn AND datconnlimit <> -2, has_database_privilege(oid, 'CONNECT')
        FROM pg_catalog.pg_database ORDER BY oid
        """, limits: Question.quick)

    static func list(_ rows: Rows) throws(PostgresError) -> [ListedDatabase] {
        var all: [ListedDatabase] = []
        for row in rows {
            guard let oid = try row.int(0), let name = try row.string(1) else { continue }
            all.append(
                ListedDatabase(
                    oid: oid, name: name, isTemplate: try row.bool(2) ?? false, takesConnections: try row.bool(3) ?? false,
                    mayConnect: try row.bool(4) ?? false))
        }
        return all
    }
}
