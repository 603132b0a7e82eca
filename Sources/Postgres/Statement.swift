/// The server's own limits on one statement. Durations are rounded up to a whole millisecond.
public struct StatementLimits: Sendable, Hashable {
    /// `statement_timeout`: how long the statement may run.
    public let statement: Duration
    /// `lock_timeout`: how long it may wait for each lock.
    public let lock: Duration
    /// Whether it runs in a transaction of its own that may not write (`transaction_read_only`), whatever the role may.
    public let isReadOnly: Bool

    public init(statement: Duration, lock: Duration, isReadOnly: Bool = false) {
        self.statement = statement
        self.lock = lock
        self.isReadOnly = isReadOnly
    }

    /// For statements with no limits of their own: long enough for a write on a busy server, short enough never to hold a slot for long.
    public static let standard = StatementLimits(statement: .seconds(10), lock: .seconds(2))
}

/// One SQL statement with bound parameters.
public struct Statement: Sendable {
    /// Prepared once per connection, or sent whole each time.
    public enum Preparation: Sendable, Hashable {
        case prepared, unprepared
    }

    public var sql: String { text.sql }
    /// The values of `$1`, `$2`, … in text form; nil is NULL. They never become part of the text.
    public let parameters: [String?]
    public let preparation: Preparation
    public let limits: StatementLimits
    let text: StatementText

    /// Stands after the first word of every statement of a connection made for Vitals itself, so that `pg_stat_statements` tells
    /// them from the application's.
    public static let marker = "/* vitals */"

    /// `sql` must be one statement. `unprepared` suits statements that come from a user or whose text changes.
    public init(
        _ sql: String, _ parameters: [String?] = [], preparation: Preparation = .prepared,
        limits: StatementLimits = .standard
    ) {
        text = StatementText(sql)
        self.parameters = parameters
        self.preparation = preparation
        self.limits = limits
    }

    /// After the first word and not before it: Postgres 18 cuts what comes before a statement off its text in
    /// `pg_stat_statements`, every version keeps what is inside.
    static func marked(_ sql: String) -> String {
        let bytes = sql.utf8
        let isLetter = { (byte: UInt8) in byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") }
        let start = bytes.firstIndex { !$0.isASCIISpace } ?? bytes.endIndex
        let end = bytes[start...].firstIndex { !isLetter($0) } ?? bytes.endIndex
        guard start < end else { return sql }
        return "\(sql[start..<end]) \(marker)\(sql[end...])"
    }
}

extension UInt8 {
    var isASCIISpace: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
}

/// The text of a statement, looked at once: it is asked for by its hash again and again.
struct StatementText: Sendable, Hashable {
    let sql: String
    /// libpq takes texts that end with a NUL byte: one inside would cut them.
    let hasNUL: Bool
    private let hash: Int

    init(_ sql: String) {
        self.sql = sql
        hash = sql.hashValue
        hasNUL = sql.utf8.contains(0)
    }

    static func == (a: StatementText, b: StatementText) -> Bool { a.hash == b.hash && a.sql == b.sql }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
