internal import MetricsModel
internal import Postgres

/// One question to a Postgres server and how its answer becomes families: data, not control flow.
struct PostgresCollector: Sendable {
    let name: String
    /// The server's limits on the question.
    let limits: StatementLimits
    /// For how long an answer is used again; zero: it is asked in every sample.
    let reuse: Duration
    /// A relation or extension without which it is not asked.
    let relation: String?
    /// The question, by server_version_num.
    let sql: @Sendable (_ version: Int, _ facts: ServerFacts) -> String
    let parameters: @Sendable (PostgresTargetSettings) -> [String?]
    let read: @Sendable (Rows, inout SampleBuilder) throws(PostgresError) -> Void

    /// Catalogue views: they answer within milliseconds or something is wrong.
    static let quick = StatementLimits(statement: .seconds(1), lock: .milliseconds(100))
    /// What reads files or many rows.
    static let dear = StatementLimits(statement: .seconds(2), lock: .milliseconds(100))

    init(
        _ name: String, limits: StatementLimits = PostgresCollector.quick, reuse: Duration = .zero, relation: String? = nil,
        sql: @escaping @Sendable (Int, ServerFacts) -> String,
        parameters: @escaping @Sendable (PostgresTargetSettings) -> [String?] = { _ in [] },
        read: @escaping @Sendable (Rows, inout SampleBuilder) throws(PostgresError) -> Void
    ) {
        self.name = name
        self.limits = limits
        self.reuse = reuse
        self.relation = relation
        self.sql = sql
        self.parameters = parameters
        self.read = read
    }
}

/// What is there to be asked on a server; read at connection time and now and then, since tables and extensions come and go.
struct ServerFacts: Sendable {
    var relations: Set<String> = []
    /// Quoted, with a dot: `public.`.
    var statementsSchema = ""

    static let statements = "pg_stat_statements"

    /// `$1`: an array of relation names.
    static let sql = """
        SELECT name, to_regclass(name) IS NOT NULL AS found, NULL AS schema
        FROM unnest($1::text[]) AS name
        UNION ALL
        SELECT 'pg_stat_statements', true, quote_ident(n.nspname)
        FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
        """

    init() {}

    init(_ rows: Rows) throws(PostgresError) {
        for row in rows {
            guard let name = try row.string("name"), try row.bool("found") == true else { continue }
            relations.insert(name)
            if let schema = try row.string("schema") { statementsSchema = schema + "." }
        }
    }
}
