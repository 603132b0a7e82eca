/// What a statement does, as far as its leading keyword tells: the label `query_type`.
enum QueryType: String, Sendable, Hashable, CaseIterable {
    case select, insert, update, delete, ddl, utility, other

    /// Bytes of a text that are read. A statement's verb stands near its start; only common table expressions longer than this hide
    /// it, and such a statement is `other`. Ask the server for no more than this of a text.
    static let bytesMax = 16_384
    /// Characters in which the verb of all other statements stands, with the comments that tools put before it.
    static let verbCharacters = 400

    /// Classifies a statement's text in one pass over at most `bytesMax` bytes. Never fails: what is not understood is `other`.
    ///
    /// Comments, white space and opening parentheses before the verb are skipped. `WITH` counts as its main verb: `WITH x AS (INSERT …)
    /// SELECT …` is a `select`. What is `ddl` follows Postgres' own `GetCommandLogLevel` (src/backend/tcop/utility.c) for
    /// `log_statement = ddl`, and `TRUNCATE`. `MERGE` is `other`: whether it inserts, updates or deletes shows only as it runs.
    init(classifying text: String) {
        var scanner = SQLScanner(text, bytesMax: QueryType.bytesMax)
        self = QueryType(keyword: scanner.mainVerb() ?? "")
    }

    private init(keyword: String) {
        switch keyword {
        case "select", "values", "table": self = .select
        case "insert": self = .insert
        case "update": self = .update
        case "delete": self = .delete
        case "create", "alter", "drop", "truncate", "comment", "grant", "revoke", "reassign", "security", "import", "refresh",
            "cluster":
            self = .ddl
        case "explain", "copy", "vacuum", "analyze", "analyse", "reindex", "checkpoint", "set", "reset", "show", "begin", "start",
            "commit", "end", "rollback", "abort", "savepoint", "release", "prepare", "execute", "deallocate", "declare", "fetch",
            "move", "close", "listen", "unlisten", "notify", "load", "lock", "discard", "do", "call":
            self = .utility
        default: self = .other
        }
    }
}
