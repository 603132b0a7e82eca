/// A command of PgBouncer's administration console (https://www.pgbouncer.org/usage.html#show-commands). Each is a round trip, so that
/// there are few, and each answer serves every collector that reads it. In the order in which they are asked: cheapest first.
enum PgBouncerCommand: String, Sendable, CaseIterable {
    case lists = "SHOW LISTS"
    case pools = "SHOW POOLS"
    case stats = "SHOW STATS"
    case databases = "SHOW DATABASES"
    /// Changes with a reload only.
    case config = "SHOW CONFIG"
    case servers = "SHOW SERVERS"
    case clients = "SHOW CLIENTS"

    /// For how long an answer is used again, in milliseconds; 0: it is asked in every sample.
    var reuseMilliseconds: Int64 {
        switch self {
        case .config: 60_000
        case .lists, .pools, .stats, .databases, .servers, .clients: 0
        }
    }
}
