internal import MetricsModel
internal import Postgres

/// PgBouncer's pools as pools of connections like any other: the families `db_connection_pool_*`, with `pool="database/user"`.
enum PgBouncerPools {
    /// The states in which a server connection serves nobody else.
    private static let busy = ["sv_active", "sv_active_cancel", "sv_being_canceled", "sv_tested", "sv_login"]

    /// The size is the most that the pool can have: `pool_size` and reserve of its database, within the database's own limit. A pool of
    /// a database that is not shown has none. The console itself is no pool.
    static func points(_ pools: Rows, databases: Rows?, seriesMax: Int) throws(PostgresError) -> PgBouncerPoints {
        let sizes = try databases.map(sizes) ?? [:]
        let places = busy.compactMap { name in pools.columns.firstIndex(of: name) }
        var points = PgBouncerPoints()
        for row in pools {
            guard let database = try row.string("database"), database != console, let user = try row.string("user") else {
                continue
            }
            let name = ["\(database)/\(user)"]
            guard points.all.count + 3 <= seriesMax, points.isNew(name) else {
                points.dropped += 3
                continue
            }
            var inUse = 0.0
            for place in places { inUse += try row.double(place) ?? 0 }
            points.add(PostgresFamilies.poolInUse, name, inUse)
            if let size = sizes[database] { points.add(PostgresFamilies.poolSize, name, size) }
            if let seconds = try row.double("maxwait") {
                let rest = pools.columns.contains("maxwait_us") ? try row.double("maxwait_us") ?? 0 : 0
                points.add(PgBouncerFamilies.waitMax, name, seconds + rest * 1e-6)
            }
        }
        return points
    }

    static let console = "pgbouncer"

    private static func sizes(_ databases: Rows) throws(PostgresError) -> [String: Double] {
        let reserve = databases.columns.contains("reserve_pool_size") ? "reserve_pool_size" : "reserve_pool"
        var sizes: [String: Double] = [:]
        for row in databases {
            guard let name = try row.string("name"), let size = try row.double("pool_size") else { continue }
            let limit = try row.double("max_connections") ?? 0
            let whole = size + (try row.double(reserve) ?? 0)
            sizes[name] = limit > 0 ? min(whole, limit) : whole
        }
        return sizes
    }
}
