/// What is asked of a Redis, each under its own `vitals_collector_success{collector}`.
public enum RedisCollector: String, Sendable, CaseIterable {
    /// INFO: server, clients, memory, stats, persistence, replication, cpu, keyspace. Always asked; whether it answers is `redis_up`.
    case info
    /// From INFO: calls, time, rejected and failed calls of each command.
    case commandstats
    /// From INFO: errors by their first word.
    case errorstats
    /// From INFO: latency percentiles of each command.
    case latencystats
    /// From INFO: hit rate, operations and evictions, without Vitals' own look-ups.
    case cache
    case slowlog
    case latency
    /// CONFIG GET, only of servers whose INFO lacks `maxclients` or `maxmemory`.
    case config
    case queues
}

/// A queue kept in Redis.
public struct RedisQueue: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case list, stream
        /// Scores are the due time, in seconds or milliseconds since the epoch.
        case sortedSet = "sorted_set"
    }

    public let name: String
    public let kind: Kind
    /// The key of the waiting jobs.
    public let key: String
    /// The key of the failed jobs, of any type.
    public let failedKey: String?
    /// The key of the jobs being worked on, of any type. A stream has its groups' pending entries instead.
    public let activeKey: String?
    /// Nil means the connection's.
    public let database: Int?

    public init(
        name: String, kind: Kind, key: String, failedKey: String? = nil, activeKey: String? = nil, database: Int? = nil
    ) {
        self.name = name
        self.kind = kind
        self.key = key
        self.failedKey = failedKey
        self.activeKey = activeKey
        self.database = database
    }
}

public struct RedisTargetSettings: Sendable {
    public var collectors: Set<RedisCollector>
    public var queues: [RedisQueue]
    /// Also the metrics of redis_exporter whose names promtool complains about (`redis_rdb_last_bgsave_duration_sec` …).
    public var includesAbbreviatedNames: Bool

    public init(
        collectors: Set<RedisCollector> = Set(RedisCollector.allCases), queues: [RedisQueue] = [],
        includesAbbreviatedNames: Bool = false
    ) {
        self.collectors = collectors.union([.info])
        self.queues = queues
        self.includesAbbreviatedNames = includesAbbreviatedNames
    }
}
