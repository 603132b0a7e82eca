internal import CLibPQ

/// Where a database is and who asks: a connection URL (`postgres://…`) or keywords (`host=… dbname=…`), as libpq reads them
/// (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING). Its description never shows the password.
public struct PostgresConfiguration: Sendable, CustomStringConvertible, CustomReflectable {
    /// Every option that was given, by libpq's keyword.
    let options: [String: String]
    /// What the server shows in `pg_stat_activity`.
    public let applicationName: String

    /// Whose statements the connection runs.
    public enum Purpose: Sendable, Hashable {
        /// Vitals' own: each carries `Statement.marker`.
        case monitoring
        /// An application's, like the demo's: they are sent as they are.
        case application
        /// A pooler's administration console, which knows the simple query protocol and one command at a time.
        case console
    }

    public let purpose: Purpose

    /// `defaults` are options, by libpq's keyword, for what `text` leaves open. Throws `configuration` when libpq cannot read `text`;
    /// the error never repeats a part of it that could be a password.
    public init(
        _ text: String, applicationName: String = "vitals", purpose: Purpose = .monitoring, defaults: [String: String] = [:]
    ) throws(PostgresError) {
        options = try ConnectionString.parse(text).merging(defaults) { given, _ in given }
        self.applicationName = applicationName
        self.purpose = purpose
    }

    private init(_ options: [String: String], _ applicationName: String, _ purpose: Purpose) {
        self.options = options
        self.applicationName = applicationName
        self.purpose = purpose
    }

    /// The same server and role, and another database.
    public func onDatabase(_ name: String) -> PostgresConfiguration {
        PostgresConfiguration(options.merging(["dbname": name]) { $1 }, applicationName, purpose)
    }

    /// The host or socket directory as given; the default is libpq's.
    public var host: String { options["host"] ?? options["hostaddr"] ?? environment("PGHOST") ?? "localhost" }
    public var port: String { options["port"] ?? environment("PGPORT") ?? "5432" }
    public var user: String? { options["user"] ?? environment("PGUSER") }
    public var database: String? { options["dbname"] ?? environment("PGDATABASE") ?? user }

    /// `host:port`, for the label `instance`.
    public var instance: String { "\(host):\(port)" }

    public var description: String {
        "postgres://\(user.map { "\($0)@" } ?? "")\(instance)/\(database ?? "")"
    }

    public var customMirror: Mirror { Mirror(self, children: ["target": description]) }

    /// What the text itself holds as the password, to be blotted out of what is printed; nil when there is none.
    public var givenPassword: String? { options["password"] }

    /// `host:port` as postgres_exporter names a server in the label `server`.
    public var exporterInstance: String { "\(options["host"] ?? environment("PGHOST") ?? "localhost"):\(port)" }

    var password: String? { options["password"] ?? environment("PGPASSWORD") }

    /// `text` on one line, without the password should libpq have repeated it.
    func redacted(_ text: String) -> String {
        var line = text.split(whereSeparator: \.isNewline).joined(separator: "; ")
        if let password, !password.isEmpty { line = line.replacing(password, with: "…") }
        return line
    }

    /// What libpq is given: the options, and what Vitals adds where the user said nothing.
    func parameters(resolved: ResolvedHosts?) -> [(String, String)] {
        var all = options
        let additions = [
            "application_name": applicationName, "client_encoding": "UTF8",
            // Looking for Kerberos credentials can block on the network; whoever uses them says so.
            "gssencmode": "disable",
            // A peer that is gone without a word is noticed within half a minute, also while nothing is sent.
            "keepalives": "1", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3",
            "tcp_user_timeout": "30000",
        ]
        for (name, value) in additions where all[name] == nil { all[name] = value }
        if let resolved {
            all["host"] = resolved.hosts
            all["hostaddr"] = resolved.addresses
            all["port"] = resolved.ports
        }
        return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
