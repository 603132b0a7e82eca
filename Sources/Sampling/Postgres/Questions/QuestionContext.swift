internal import Postgres

/// What is known of a server and one of its databases when a question is put to it.
struct QuestionContext: Sendable, Equatable {
    /// `server_version_num`: 150004 is 15.4.
    var version = 0
    var server = ServerTraits()
    var database = DatabaseTraits()

    /// The schema of an extension, quoted and with a dot, to stand before a name; empty without the extension.
    func schema(of extension: String) -> String { database.extensions[`extension`]?.schema ?? "" }
}

/// What a server is, the same for all of its databases.
struct ServerTraits: Sendable, Equatable {
    /// `pg_is_in_recovery()`.
    var isStandby = false
    /// The role of the connection may read everything: `pg_monitor`'s rights or a superuser's.
    var isMonitor = false
    var isSuperuser = false
    /// The role of the connection.
    var user = ""
    /// `host:port`, as the target's address has it.
    var address = ""
}

/// What is there in one database.
struct DatabaseTraits: Sendable, Equatable {
    struct Extension: Sendable, Equatable {
        /// `extversion`, like `1.10`.
        let version: String
        /// Quoted, with a dot, so that it can stand before a name: `public.`.
        let schema: String
    }

    var name = ""
    var extensions: [String: Extension] = [:]
    var schemas: Set<String> = []
    /// Of the relations that questions name, those that are there.
    var relations: Set<String> = []
    /// What the server said to those asked so far.
    var predicates: [Predicate: Bool] = [:]
}
