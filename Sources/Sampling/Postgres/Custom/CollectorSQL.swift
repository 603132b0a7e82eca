/// The text of a user's query: one statement that only reads, without the semicolon and what follows it.
///
/// What it does is the server's to refuse (it runs in a read-only transaction); here stands only what can be said without a server.
struct CollectorSQL: Sendable, Hashable {
    struct Problem: Error {
        let message: String
    }

    /// An answer is cut off behind as many rows: every row is a series or more.
    static let rowsMax = 100_000

    private let text: String
    /// Whether it can stand as a subquery. `SHOW` can't.
    private let isQuery: Bool

    /// Throws what is wrong, and what would be right.
    init(_ text: String) throws(Problem) {
        var verbs = SQLScanner(text, bytesMax: .max)
        guard let verb = verbs.mainVerb() else {
            throw Problem(message: "this is no SQL statement; a collector reads: SELECT, WITH, TABLE, VALUES or SHOW")
        }
        switch verb {
        case "select", "table", "values": isQuery = true
        case "show": isQuery = false
        default:
            throw Problem(message: "a collector only reads: SELECT, WITH, TABLE, VALUES or SHOW, and not '\(verb)'")
        }
        var tokens = SQLScanner(text, bytesMax: .max)
        var end: Int?
        while let token = tokens.next() {
            if token == .semicolon {
                end = end ?? tokens.place - 1
            } else if end != nil {
                throw Problem(
                    message: "there is more than one statement; a collector asks one, and several collectors ask several")
            }
        }
        let bytes = text.utf8
        self.text = end.map { String(decoding: bytes.prefix($0), as: UTF8.self) } ?? text
    }

    /// What is sent. As a subquery the text cannot write, has an entry of its own in pg_stat_statements, and an end: a comment may close it.
    /// With `datname` a column of that name says which database answered.
    func statement(addingDatabase: Bool = false) -> String {
        guard isQuery else { return text }
        let database = addingDatabase ? ", current_database() AS datname" : ""
        return "SELECT vitals.*\(database) FROM (\n\(text)\n) AS vitals LIMIT \(CollectorSQL.rowsMax)"
    }
}
