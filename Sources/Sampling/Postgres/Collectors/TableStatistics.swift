internal import MetricsModel

/// What the views say of tables, asked of what is under them. The views join and aggregate twice over the catalogue, which costs the
/// server 51 ms for 5,000 tables; names and numbers of tables and the numbers of their indexes, as two answers that meet here, cost
/// 21. No function that is used takes a lock on a table.
struct TableStatistics: Sendable {
    /// Where a family's number comes from.
    enum Source: Sendable {
        /// A column of the tables' answer; zero for NULL, as postgres_exporter has it.
        case column(String)
        /// A sum over the table's indexes, with a column on top; zero without an index.
        case indexes(IndexNumber, plus: String? = nil)
        /// A sum over the indexes of its TOAST table.
        case toastIndexes(IndexNumber)
        /// Blocks fetched and not found in shared buffers.
        case difference(String, String)
    }

    /// A column of the indexes' answer.
    enum IndexNumber: String, Sendable, CaseIterable {
        case scans, fetched, read, hit

        var sql: String {
            switch self {
            case .scans: "pg_stat_get_numscans(indexrelid)"
            case .fetched: "pg_stat_get_tuples_fetched(indexrelid)"
            case .read: "pg_stat_get_blocks_fetched(indexrelid) - pg_stat_get_blocks_hit(indexrelid)"
            case .hit: "pg_stat_get_blocks_hit(indexrelid)"
            }
        }
    }

    struct Member: Sendable {
        let family: Family
        let source: Source
        /// A partitioned table has rows and no blocks.
        let isOfBlocks: Bool
    }

    static let labelNames = ["datname", "schemaname", "relname"]

    let members: [Member]
    /// The columns of the tables' answer by name.
    let columns: [(name: String, sql: String)]
    let indexNumbers: [IndexNumber]

    static func + (a: TableStatistics, b: TableStatistics) -> TableStatistics {
        TableStatistics(
            members: a.members + b.members, columns: a.columns + b.columns, indexNumbers: a.indexNumbers + b.indexNumbers)
    }

    /// Temporary tables are other sessions' own and come and go with them.
    func tablesSQL(_ context: QuestionContext) -> String {
        // The view has partitioned tables from Postgres 14 on.
        let kinds = context.version >= 140_000 ? "'r', 'm', 'p'" : "'r', 'm'"
        return """
            SELECT n.nspname AS schemaname, c.relname, c.oid::int8 AS relid, c.reltoastrelid::int8 AS toastid,
                c.relkind <> 'p' AS has_blocks, \(columns.map { "\($0.sql) AS \($0.name)" }.joined(separator: ", "))
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN (\(kinds)) AND c.relpersistence <> 't'
                AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
            """
    }

    /// 16384 is the first number of what users create.
    var indexesSQL: String {
        let numbers = indexNumbers.map { "\($0.sql) AS \($0.rawValue)" }.joined(separator: ", ")
        return "SELECT indrelid::int8 AS relid, \(numbers) FROM pg_index WHERE indrelid >= 16384"
    }

    /// `covering`: collectors whose families these are as well.
    func question(_ collector: String, covering companions: [String] = []) -> Question {
        Question(
            collector, scope: .database, limits: Question.dear, covering: companions, reading: .tables(self),
            also: { _ in indexesSQL }, sql: tablesSQL)
    }
}

extension TableStatistics {
    private init(_ members: [Member], _ columns: [(String, String)], _ indexNumbers: [IndexNumber]) {
        self.members = members
        self.columns = columns.map { (name: $0.0, sql: $0.1) }
        self.indexNumbers = indexNumbers
    }

    /// As `pg_stat_user_tables` has them.
    static let rows = TableStatistics(
        [
            counter("seq_scan", "Sequential scans."), counter("seq_tup_read", "Live rows read by sequential scans."),
            counter("idx_scan", "Index scans.", .indexes(.scans)),
            counter("idx_tup_fetch", "Live rows fetched by index scans.", .indexes(.fetched, plus: "own_tup_fetch")),
            counter("n_tup_ins", "Rows inserted."), counter("n_tup_upd", "Rows updated."), counter("n_tup_del", "Rows deleted."),
            counter("n_tup_hot_upd", "Rows updated without a new index entry."), gauge("n_live_tup", "Estimated live rows."),
            gauge("n_dead_tup", "Estimated dead rows."),
            gauge("n_mod_since_analyze", "Estimated rows changed since the last ANALYZE."),
            moment("last_vacuum", "vacuumed by hand"), moment("last_autovacuum", "vacuumed by autovacuum"),
            moment("last_analyze", "analyzed by hand"), moment("last_autoanalyze", "analyzed by autovacuum"),
            counter("vacuum_count", "Times vacuumed by hand."), counter("autovacuum_count", "Times vacuumed by autovacuum."),
            counter("analyze_count", "Times analyzed by hand."), counter("autoanalyze_count", "Times analyzed by autovacuum."),
        ],
        [
            ("seq_scan", "numscans"), ("seq_tup_read", "tuples_returned"), ("own_tup_fetch", "tuples_fetched"),
            ("n_tup_ins", "tuples_inserted"), ("n_tup_upd", "tuples_updated"), ("n_tup_del", "tuples_deleted"),
            ("n_tup_hot_upd", "tuples_hot_updated"), ("n_live_tup", "live_tuples"), ("n_dead_tup", "dead_tuples"),
            ("n_mod_since_analyze", "mod_since_analyze"), ("vacuum_count", "vacuum_count"),
            ("autovacuum_count", "autovacuum_count"), ("analyze_count", "analyze_count"),
            ("autoanalyze_count", "autoanalyze_count"),
        ].map { ($0, "pg_stat_get_\($1)(c.oid)") }
            // extract() is numeric and dear.
            + ["last_vacuum", "last_autovacuum", "last_analyze", "last_autoanalyze"].map {
                ($0, "date_part('epoch', pg_stat_get_\($0)_time(c.oid))")
            },
        [.scans, .fetched])

    /// As `pg_statio_user_tables` has them.
    static let blocks = TableStatistics(
        [
            blocks("heap_blocks_read", "Blocks of the table read.", .difference("heap_fetched", "heap_hit")),
            blocks("heap_blocks_hit", "Blocks of the table found in shared buffers.", .column("heap_hit")),
            blocks("idx_blocks_read", "Blocks of its indexes read.", .indexes(.read)),
            blocks("idx_blocks_hit", "Blocks of its indexes found in shared buffers.", .indexes(.hit)),
            blocks("toast_blocks_read", "Blocks of its TOAST table read.", .difference("toast_fetched", "toast_hit")),
            blocks("toast_blocks_hit", "Blocks of its TOAST table found in shared buffers.", .column("toast_hit")),
            blocks("tidx_blocks_read", "Blocks of the TOAST table's index read.", .toastIndexes(.read)),
            blocks("tidx_blocks_hit", "Blocks of the TOAST table's index found in shared buffers.", .toastIndexes(.hit)),
        ],
        [
            ("heap_fetched", "pg_stat_get_blocks_fetched(c.oid)"), ("heap_hit", "pg_stat_get_blocks_hit(c.oid)"),
            ("toast_fetched", "pg_stat_get_blocks_fetched(c.reltoastrelid)"),
            ("toast_hit", "pg_stat_get_blocks_hit(c.reltoastrelid)"),
        ], [.read, .hit])

    private static func member(_ column: String, _ type: MetricType, _ help: String, _ source: Source) -> Member {
        let family = Family(
            "pg_stat_user_tables_\(column)", type, labels: labelNames, bulk: true,
            help: "\(help) From pg_stat_user_tables.\(column).")
        return Member(family: family, source: source, isOfBlocks: false)
    }

    private static func counter(_ column: String, _ help: String, _ source: Source? = nil) -> Member {
        member(column, .counter, help, source ?? .column(column))
    }

    private static func gauge(_ column: String, _ help: String) -> Member { member(column, .gauge, help, .column(column)) }

    private static func moment(_ column: String, _ what: String) -> Member {
        gauge(column, "When the table was last \(what), Unix time; 0: never.")
    }

    private static func blocks(_ column: String, _ help: String, _ source: Source) -> Member {
        let family = Family(
            "pg_statio_user_tables_\(column)", .counter, labels: labelNames, bulk: true,
            help: "\(help) From pg_statio_user_tables.")
        return Member(family: family, source: source, isOfBlocks: true)
    }
}
