import Demo
import Postgres
import Records
import Support
import Synchronization
import Testing

/// Everything that needs a real server. One for all of them; each test makes a database of its own.
@Suite(.privatePostgres) enum OnPostgres {}

/// Starts a private Postgres for a suite and ends it after the last test.
struct PrivatePostgresTrait: SuiteTrait, TestScoping {
    @TaskLocal static var server: PrivatePostgres?

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await provide { try await function() }
    }

    /// Runs `body` with a server of its own.
    func provide(_ body: @Sendable () async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        var options = PrivatePostgres.Options(directory: directory.path("postgres"))
        options.isDurable = false
        options.settings = ["max_connections": "100"]
        let server = try await PrivatePostgres.start(options)
        defer { _ = directory }
        do {
            try await PrivatePostgresTrait.$server.withValue(server) { try await body() }
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }
}

extension Trait where Self == PrivatePostgresTrait {
    static var privatePostgres: Self { Self() }
}

/// A database of one test on the suite's server.
struct TestDatabase {
    private static let count = Atomic(0)

    let server: PrivatePostgres
    let name: String
    let session: PostgresSession
    private let readiness: Readiness

    init(_ settings: String...) async throws {
        server = try #require(PrivatePostgresTrait.server)
        readiness = try Readiness()
        name = "records_\(TestDatabase.count.add(1, ordering: .relaxed).newValue)"
        let admin = try PostgresSession(PostgresConfiguration(server.url), readiness: readiness)
        _ = try await admin.rows(Statement("CREATE DATABASE \(name)", preparation: .unprepared), by: .now + .seconds(30))
        for setting in settings {
            _ = try await admin.rows(
                Statement("ALTER DATABASE \(name) SET \(setting)", preparation: .unprepared), by: .now + .seconds(30))
        }
        await admin.close()
        session = try PostgresSession(
            PostgresConfiguration(server.url(user: PrivatePostgres.superuser, database: name)), readiness: readiness)
    }

    var url: String { server.url(user: PrivatePostgres.superuser, database: name) }

    /// A session of its own, for another role or a second process.
    func session(user: String = PrivatePostgres.superuser) throws -> PostgresSession {
        try PostgresSession(PostgresConfiguration(server.url(user: user, database: name)), readiness: readiness)
    }

    /// The first column of all rows.
    @discardableResult
    func sql(_ text: String, _ parameters: [String?] = [], in other: PostgresSession? = nil) async throws -> [String?] {
        let rows = try await (other ?? session).rows(
            Statement(text, parameters, preparation: .unprepared), by: .now + .seconds(30))
        return try rows.map { rows.columns.isEmpty ? nil : try $0.string(0) }
    }

    /// Everything that is defined in the database, as text: tables with columns, indexes, functions, comments.
    func schema() async throws -> [String] {
        try await sql(
            """
            SELECT * FROM (
              SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
                || coalesce(column_default, '-') FROM information_schema.columns WHERE table_schema = 'public'
              UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
              UNION ALL SELECT 'function ' || pg_get_functiondef(p.oid) FROM pg_proc p
                WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND deptype = 'e')
              UNION ALL SELECT 'applied ' || version::text || name || checksum FROM history()
            ) AS all_of_it(line) ORDER BY line
            """.replacingHistory(try await sql("SELECT to_regclass('vitals_schema_migrations') IS NOT NULL").first == "t")
        ).map { $0 ?? "" }
    }
}

extension String {
    fileprivate func replacingHistory(_ isThere: Bool) -> String {
        let table = isThere ? "vitals_schema_migrations" : "(SELECT 1 AS version, '' AS name, '' AS checksum WHERE false) none"
        return split(separator: "history()", omittingEmptySubsequences: false).joined(separator: table)
    }
}

/// Time that a test moves.
final class HandTime: Sendable {
    private let milliseconds: Mutex<Int64>

    init(_ start: Int64) { milliseconds = Mutex(start) }

    var now: Int64 { milliseconds.withLock { $0 } }

    func advance(_ by: Int64) { milliseconds.withLock { $0 += by } }

    var time: RecordTime {
        RecordTime(
            now: { self.now },
            sleep: { duration in
                try Task.checkCancellation()
                let (seconds, attoseconds) = duration.components
                self.advance(seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
            })
    }
}

/// Collects events.
final class Events: Sendable {
    private let list = Mutex<[RecordEvent]>([])

    var all: [RecordEvent] { list.withLock { $0 } }

    func add(_ event: RecordEvent) { list.withLock { $0.append(event) } }
}
