internal import MetricsModel
internal import Postgres

/// What is switched on and off by one name: a command and how its answer becomes families.
struct PgBouncerCollector: Sendable {
    enum Reading: Sendable {
        /// Column by column.
        case table(PgBouncerTable)
        /// Rows of a name and a number, each name a family of its own. `names`: which column has the name and which the number.
        case entries(names: (key: String, value: String), [String: [PgBouncerEntry]])
        /// `SHOW POOLS` as a table, and with `SHOW DATABASES` as pools of connections like others.
        case pools(PgBouncerTable)
        case sockets(PgBouncerSockets)
    }

    let name: String
    let command: PgBouncerCommand
    let reading: Reading

    init(_ name: String, _ command: PgBouncerCommand, _ reading: Reading) {
        self.name = name
        self.command = command
        self.reading = reading
    }

    /// Those of pgbouncer_exporter's names and Vitals' own, then those of pg_exporter's names.
    static let all: [PgBouncerCollector] = [
        PgBouncerCollector("pgbouncer_lists", .lists, .entries(names: ("list", "items"), PgBouncerFamilies.lists)),
        PgBouncerCollector("pgbouncer_pools", .pools, .pools(PgBouncerFamilies.pools)),
        PgBouncerCollector("pgbouncer_stats", .stats, .table(PgBouncerFamilies.stats("pgbouncer_stats"))),
        PgBouncerCollector("pgbouncer_stats_totals", .stats, .table(PgBouncerFamilies.stats("pgbouncer_stats_totals"))),
        PgBouncerCollector("pgbouncer_databases", .databases, .table(PgBouncerFamilies.databases)),
        PgBouncerCollector("pgbouncer_config", .config, .entries(names: ("key", "value"), PgBouncerFamilies.config)),
        PgBouncerCollector("pgbouncer_servers", .servers, .sockets(PgBouncerFamilies.servers)),
        PgBouncerCollector("pgbouncer_clients", .clients, .sockets(PgBouncerFamilies.clients)),
        PgBouncerCollector("pgbouncer_list", .lists, .table(PgExporterNames.list)),
        PgBouncerCollector("pgbouncer_database", .databases, .table(PgExporterNames.database)),
        PgBouncerCollector("pgbouncer_stat", .stats, .table(PgExporterNames.stat)),
        PgBouncerCollector("pgbouncer_pool", .pools, .table(PgExporterNames.pool)),
    ]
}

/// A family whose number stands in a row of its own.
struct PgBouncerEntry: Sendable {
    let family: Family

    init(_ name: String, _ help: String) { family = Family(name, .gauge, help: help) }
}
