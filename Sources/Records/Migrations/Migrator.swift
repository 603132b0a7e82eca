/// Brings the tables of a database from one version to another. Each migration is one transaction with its line in
/// `vitals_schema_migrations`, so a failure leaves nothing of it behind. Everything happens in the first schema of the search path.
public struct Migrator: Sendable {
    /// Held by every transaction of a migrator (`pg_advisory_xact_lock`), so that two processes do not race: 'Vitals' in ASCII.
    static let lockKey = 0x5669_7461_6C73

    private let database: any RecordDatabase
    private let migrations: [Migration]

    /// `migrations` in ascending order of version, each version once.
    public init(_ database: any RecordDatabase, migrations: [Migration] = Migration.all) {
        precondition(zip(migrations, migrations.dropFirst()).allSatisfy { $0.version < $1.version }, "versions ascend")
        self.database = database
        self.migrations = migrations
    }

    /// Applies what is pending, up to and with `version` (nil: all). The migrations applied, in order.
    ///
    /// Throws `migrationFailed` with the server's words when a script fails: those before it stay applied, nothing of it is there.
    /// Throws `migrationChanged` or `migrationUnknown`, before anything is done, when the database's history is not this program's.
    public func up(to version: Int? = nil) async throws(RecordError) -> [Migration] {
        var done: [Migration] = []
        while let migration = try await applyNext(through: version ?? .max) { done.append(migration) }
        return done
    }

    /// Undoes the newest `steps` migrations that are applied, newest first. The migrations undone. Their data is gone.
    ///
    /// Throws as `up` does.
    public func down(steps: Int = 1) async throws(RecordError) -> [Migration] {
        var undone: [Migration] = []
        while undone.count < steps, let migration = try await undoLast() { undone.append(migration) }
        return undone
    }

    /// Every migration that this program or the database knows, in order. Changes nothing.
    public func status() async throws(RecordError) -> [MigrationStatus] {
        let applied = try await database.transaction(.patient) { (transaction) async throws(RecordError) -> [Applied] in
            try await transaction.applied()
        }
        var states = migrations.map { migration in
            guard let line = applied.first(where: { $0.version == migration.version }) else {
                return MigrationStatus(version: migration.version, name: migration.name, state: .pending)
            }
            let isSame = line.checksum == migration.checksum
            return MigrationStatus(
                version: migration.version, name: migration.name, state: isSame ? .applied(at: line.at) : .changed(at: line.at))
        }
        for line in applied where !migrations.contains(where: { $0.version == line.version }) {
            states.append(MigrationStatus(version: line.version, name: line.name, state: .unknown(at: line.at)))
        }
        return states.sorted { $0.version < $1.version }
    }

    private func applyNext(through last: Int) async throws(RecordError) -> Migration? {
        try await database.transaction(.patient) { [migrations] (transaction) async throws(RecordError) -> Migration? in
            try await transaction.lockMigrations()
            let applied = try await transaction.applied()
            try check(applied, against: migrations)
            let done = Set(applied.map(\.version))
            guard let next = migrations.first(where: { !done.contains($0.version) }), next.version <= last else { return nil }
            if applied.isEmpty { try await transaction.makeHistory() }
            try await transaction.run(next.up, of: next)
            _ = try await transaction.rows(
                "INSERT INTO vitals_schema_migrations (version, name, checksum) VALUES ($1::integer, $2, $3)",
                [String(next.version), next.name, next.checksum])
            return next
        }
    }

    private func undoLast() async throws(RecordError) -> Migration? {
        try await database.transaction(.patient) { [migrations] (transaction) async throws(RecordError) -> Migration? in
            try await transaction.lockMigrations()
            let applied = try await transaction.applied()
            try check(applied, against: migrations)
            guard let newest = applied.last, let migration = migrations.first(where: { $0.version == newest.version }) else {
                return nil
            }
            try await transaction.run(migration.down, of: migration)
            _ = try await transaction.rows(
                "DELETE FROM vitals_schema_migrations WHERE version = $1::integer", [String(migration.version)])
            if applied.count == 1 { _ = try await transaction.rows("DROP TABLE vitals_schema_migrations", []) }
            return migration
        }
    }
}

/// A line of `vitals_schema_migrations`.
private struct Applied: Sendable {
    let version: Int
    let name: String
    let at: String
    let checksum: String
}

private func check(_ applied: [Applied], against migrations: [Migration]) throws(RecordError) {
    for line in applied {
        guard let migration = migrations.first(where: { $0.version == line.version }) else {
            throw RecordError(
                .migrationUnknown,
                "the database has migration \(line.version) (\(line.name)), which this version of Vitals does not know: use a newer one"
            )
        }
        guard migration.checksum == line.checksum else {
            throw RecordError(
                .migrationChanged,
                "migration \(line.version) (\(line.name)) was applied with checksum \(line.checksum) and is \(migration.checksum) "
                    + "here: restore its text, or undo it with the version of Vitals that applied it")
        }
    }
}

extension RecordTransaction {
    fileprivate func lockMigrations() async throws(RecordError) {
        _ = try await rows("SELECT pg_advisory_xact_lock($1::bigint)", [String(Migrator.lockKey)])
    }

    /// In order of version; none when the table is not there.
    fileprivate func applied() async throws(RecordError) -> [Applied] {
        guard try await rows("SELECT to_regclass('vitals_schema_migrations') IS NOT NULL", []).first == ["t"] else { return [] }
        let lines = try await rows(
            """
            SELECT version, name, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), checksum
            FROM vitals_schema_migrations ORDER BY version
            """, [])
        var applied: [Applied] = []
        for line in lines {
            guard line.count == 4, let version = line[0].flatMap({ Int($0) }), let name = line[1], let at = line[2],
                let checksum = line[3]
            else { throw RecordError(.malformed, "vitals_schema_migrations has another form than Vitals gives it") }
            applied.append(Applied(version: version, name: name, at: at, checksum: checksum))
        }
        return applied
    }

    fileprivate func makeHistory() async throws(RecordError) {
        // An empty history may be left where someone deleted its lines.
        guard try await rows("SELECT to_regclass('vitals_schema_migrations') IS NULL", []).first == ["t"] else { return }
        _ = try await rows(
            """
            CREATE TABLE vitals_schema_migrations (
              version INTEGER PRIMARY KEY,
              name TEXT NOT NULL,
              applied_at TIMESTAMPTZ NOT NULL DEFAULT now(),
              checksum TEXT NOT NULL)
            """, [])
        _ = try await rows(
            "COMMENT ON TABLE vitals_schema_migrations IS 'The migrations of Vitals that are applied (vitals migrate status).'",
            [])
    }

    fileprivate func run(_ script: [String], of migration: Migration) async throws(RecordError) {
        do throws(RecordError) {
            for statement in script { _ = try await rows(statement, []) }
        } catch {
            // A connection that broke is no fault of the script.
            if error.code == .databaseAway { throw error }
            throw RecordError(
                .migrationFailed, "migration \(migration.version) (\(migration.name)): \(error.message)", sqlState: error.sqlState
            )
        }
    }
}
