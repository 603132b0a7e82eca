public import Postgres

/// The tables of the demo's application, and what its users do with them.
public enum DemoDatabase {
    /// Creates the tables and fills them; does nothing where they are.
    public static func create(in session: PostgresSession, by deadline: ContinuousClock.Instant) async throws(PostgresError) {
        _ = try await session.transaction(by: deadline) { transaction throws(PostgresError) in
            for statement in schema { _ = try await transaction.rows(statement) }
            return true
        }
    }

    private static let schema = [
        """
        CREATE TABLE IF NOT EXISTS users (
            id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, email text NOT NULL,
            is_active boolean NOT NULL DEFAULT true, created_at timestamptz NOT NULL DEFAULT now())
        """,
        """
        CREATE TABLE IF NOT EXISTS api_keys (
            id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, user_id integer NOT NULL,
            is_active boolean NOT NULL DEFAULT true, created_at timestamptz NOT NULL DEFAULT now())
        """,
        """
        CREATE TABLE IF NOT EXISTS orders (
            id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, user_id integer NOT NULL, total numeric NOT NULL,
            state text NOT NULL DEFAULT 'new', created_at timestamptz NOT NULL DEFAULT now())
        """,
        """
        CREATE TABLE IF NOT EXISTS audit_logs (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(), timestamp timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
            event_type varchar(100) NOT NULL, user_id uuid, resource_id varchar(255), action varchar(100) NOT NULL,
            ip_address inet, user_agent text, success boolean NOT NULL, details jsonb,
            created_at timestamptz NOT NULL DEFAULT now())
        """,
        "CREATE INDEX IF NOT EXISTS users_email_active ON users (email) WHERE is_active",
        "CREATE INDEX IF NOT EXISTS users_created_at ON users (created_at DESC)",
        """
        INSERT INTO users (email, is_active)
        SELECT 'user' || n || '@example.com', n % 10 <> 0 FROM generate_series(1, 500) n
        WHERE NOT EXISTS (SELECT FROM users)
        """,
        """
        INSERT INTO api_keys (user_id, is_active)
        SELECT n, n % 4 <> 0 FROM generate_series(1, 60) n WHERE NOT EXISTS (SELECT FROM api_keys)
        """,
        """
        INSERT INTO orders (user_id, total)
        SELECT n % 500 + 1, (n % 97) * 1.25 FROM generate_series(1, 20000) n WHERE NOT EXISTS (SELECT FROM orders)
        """,
    ]

    /// What the application's users do, as pgbench scripts (pgbench's manual, 'Custom Scripts') with their weights.
    static let scripts: [(name: String, weight: Int, text: String)] = [
        (
            "shop", 40,
            """
            \\set order random(1, 20000)
            \\set user random(1, 500)
            SELECT * FROM orders WHERE id = :order;
            SELECT count(*), sum(total) FROM orders WHERE user_id = :user;
            UPDATE orders SET state = 'paid' WHERE id = :order;
            INSERT INTO orders (user_id, total) VALUES (:user, :order / 100.0);
            """
        ),
        (
            "clean", 4,
            "DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE id > 20000 ORDER BY id LIMIT 8);"
        ),
        ("report", 1, "SELECT pg_sleep(0.2 + random() * 0.8), count(*) FROM orders o JOIN users u ON u.id = o.user_id;"),
        (
            "undo", 2,
            """
            BEGIN;
            UPDATE users SET is_active = NOT is_active WHERE id = 1;
            ROLLBACK;
            """
        ),
        (
            "login", 5,
            """
            \\set luck random(1, 100)
            INSERT INTO audit_logs (event_type, action, success) VALUES ('login', 'login', :luck > 8);
            """
        ),
        ("signup", 1, "INSERT INTO users (email) VALUES ('new' || random() || '@example.com');"),
    ]
}
