import Demo
import Postgres
import Support
import Testing

/// A primary and the standby that streams from it, in the version that the tests run on, with something to say in most views:
/// tables, indexes, a partitioned table, a materialized view, sequences, a publication and its subscription, roles.
/// They serve all tests of the process that do them no harm.
enum VersionServers {
    struct Pair: Sendable {
        let primary: PrivatePostgres
        let standby: PrivatePostgres
    }

    /// Where a question is put, and as whom.
    struct Place: Sendable, CustomTestStringConvertible {
        let isStandby: Bool
        let isSuperuser: Bool

        static let all = [false, true].flatMap { standby in [true, false].map { Place(isStandby: standby, isSuperuser: $0) } }

        var testDescription: String { "\(isStandby ? "standby" : "primary"), \(isSuperuser ? "superuser" : "pg_monitor")" }
    }

    static let database = "shop"
    static let monitor = "watcher"

    static func get() async throws -> Pair { try await pair.value }

    static func url(_ place: Place) async throws -> String {
        let pair = try await get()
        return (place.isStandby ? pair.standby : pair.primary)
            .url(user: place.isSuperuser ? PrivatePostgres.superuser : monitor, database: database)
    }

    private static let pair = Task {
        let directory = try TemporaryDirectory()
        directory.keepUntilExit()
        let primary = try await SharedPostgres.start(
            in: directory,
            settings: [
                "wal_level": "logical", "track_io_timing": "on", "track_functions": "all", "archive_mode": "on",
                "archive_command": "true", "max_prepared_transactions": "5", "hot_standby_feedback": "on",
                "wal_receiver_status_interval": "1s",
            ])
        try await SharedPostgres.run(["CREATE DATABASE \(database)", "CREATE DATABASE copies"], on: primary.url)
        let shop = primary.url(user: PrivatePostgres.superuser, database: database)
        let copies = primary.url(user: PrivatePostgres.superuser, database: "copies")
        try await SharedPostgres.run(schema, on: shop)
        try await SharedPostgres.run(
            [
                "CREATE TABLE orders (id int PRIMARY KEY, note text)",
                // A server that subscribes to itself would wait for its own CREATE SUBSCRIPTION if that made the slot.
                """
                CREATE SUBSCRIPTION copies CONNECTION 'host=127.0.0.1 port=\(primary.port) user=postgres dbname=\(database)'
                    PUBLICATION orders WITH (create_slot = false, slot_name = 'copies')
                """,
            ], on: copies)
        let standby = try await SharedPostgres.start(in: directory, following: primary)
        return Pair(primary: primary, standby: standby)
    }

    private static let schema = [
        "CREATE EXTENSION pg_stat_statements", "CREATE EXTENSION pg_buffercache",
        "CREATE ROLE \(monitor) LOGIN", "GRANT pg_monitor TO \(monitor)",
        "CREATE TABLE orders (id int PRIMARY KEY, note text)",
        "INSERT INTO orders SELECT n, repeat(md5(n::text), 200) FROM generate_series(1, 1000) n",
        "UPDATE orders SET note = 'x' WHERE id % 3 = 0", "DELETE FROM orders WHERE id % 7 = 0",
        "CREATE INDEX orders_note ON orders (left(note, 10))", "CREATE INDEX orders_note_again ON orders (left(note, 10))",
        "CREATE TABLE lines (id bigserial PRIMARY KEY, small smallserial, order_id int REFERENCES orders ON DELETE CASCADE)",
        "INSERT INTO lines (order_id) SELECT id FROM orders LIMIT 100",
        "CREATE TABLE events (at timestamptz NOT NULL, what text) PARTITION BY RANGE (at)",
        "CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2026-01-01')",
        "CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)",
        "INSERT INTO events SELECT now(), 'x' FROM generate_series(1, 100)",
        "CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM orders",
        "CREATE UNLOGGED TABLE scratch (n int)",
        "CREATE FUNCTION double(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 2 * n; END $$",
        "SELECT double(21)", "VACUUM ANALYZE", "CHECKPOINT", "SELECT pg_switch_wal()",
        "CREATE PUBLICATION orders FOR TABLE orders",
        "SELECT pg_create_logical_replication_slot('copies', 'pgoutput')",
    ]
}
