public import MetricsModel

/// The families of a Redis target that are not plain INFO fields.
public enum RedisFamilies {
    public static let up = Family(
        "redis_up", .gauge, help: "Whether Redis answered INFO in the last sample (1) or was away, refused or late (0).")
    static let instanceInfo = Family(
        "redis_instance_info", .gauge,
        labels: [
            "role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port", "run_id", "process_id",
            "master_replid",
        ], help: "What the server is, always 1. Redis, INFO server and replication.")
    static let slaveInfo = Family(
        "redis_slave_info", .gauge, labels: ["master_host", "master_port", "read_only"],
        help: "The primary of a replica, always 1. Redis, INFO replication.")
    static let startTime = Family(
        "redis_start_time_seconds", .gauge,
        help: "When the server started, Unix time. Redis, INFO fields server_time_usec and uptime_in_seconds.")

    private static let master = ["master_host", "master_port"]
    static let masterLinkUp = Family(
        "redis_master_link_up", .gauge, labels: master,
        help: "Whether the link of a replica to its primary is up. Redis, INFO field master_link_status.")
    static let masterLastIO = Family(
        "redis_master_last_io_seconds_ago", .gauge, labels: master,
        help: "Seconds since the primary was last heard of. Redis, INFO field master_last_io_seconds_ago.")
    static let masterSync = Family(
        "redis_master_sync_in_progress", .gauge, labels: master,
        help: "Whether a full copy from the primary is under way. Redis, INFO field master_sync_in_progress.")
    static let slaveOffset = Family(
        "redis_slave_repl_offset", .gauge, labels: master,
        help: "The replication offset of a replica. Redis, INFO field slave_repl_offset.")

    private static let slave = ["slave_ip", "slave_port", "slave_state"]
    static let connectedSlaveOffset = Family(
        "redis_connected_slave_offset_bytes", .gauge, labels: slave,
        help: "The acknowledged offset of a connected replica. Redis, INFO fields slave0, slave1 and so on.")
    static let connectedSlaveLag = Family(
        "redis_connected_slave_lag_seconds", .gauge, labels: slave,
        help: "Seconds since a connected replica last acknowledged. Redis, INFO fields slave0, slave1 and so on.")

    static let commandCalls = Family(
        "redis_commands_total", .counter, labels: ["cmd"], help: "Calls of the command. Redis, INFO commandstats, calls.")
    static let commandSeconds = Family(
        "redis_commands_duration_seconds_total", .counter, labels: ["cmd"],
        help: "Time spent in the command. Redis, INFO commandstats, usec.")
    static let commandRejected = Family(
        "redis_commands_rejected_calls_total", .counter, labels: ["cmd"],
        help: "Calls refused before the command ran. Redis, INFO commandstats, rejected_calls.")
    static let commandFailed = Family(
        "redis_commands_failed_calls_total", .counter, labels: ["cmd"],
        help: "Calls that failed while the command ran. Redis, INFO commandstats, failed_calls.")
    static let commandPercentile = Family(
        "redis_latency_percentiles_usec", .unknown, labels: ["cmd", "quantile"],
        help: "Latency percentile of the command since the server's start, in microseconds. Redis, INFO latencystats.")
    static let errors = Family(
        "redis_errors_total", .counter, labels: ["err"], help: "Error replies by their first word. Redis, INFO errorstats.")

    static let dbKeys = Family("redis_db_keys", .gauge, labels: ["db"], help: "Keys in the database. Redis, INFO keyspace.")
    static let dbExpiring = Family(
        "redis_db_keys_expiring", .gauge, labels: ["db"], help: "Keys with a time to live in the database. Redis, INFO keyspace.")
    static let dbTTL = Family(
        "redis_db_avg_ttl_seconds", .gauge, labels: ["db"],
        help: "Mean time to live of the keys that have one, by the server's estimate. Redis, INFO keyspace.")

    static let slowlogLength = Family("redis_slowlog_length", .gauge, help: "Entries in the slow log. Redis, SLOWLOG LEN.")
    static let slowlogLastID = Family(
        "redis_slowlog_last_id", .gauge, help: "The number of the newest entry of the slow log. Redis, SLOWLOG GET 1.")
    static let slowlogLastSeconds = Family(
        "redis_last_slow_execution_duration_seconds", .gauge,
        help: "How long the newest entry of the slow log took. Redis, SLOWLOG GET 1.")
    static let spikeLast = Family(
        "redis_latency_spike_last", .gauge, labels: ["event_name"],
        help: "When the newest latency spike of the event happened, Unix time. Redis, LATENCY LATEST.")
    static let spikeSeconds = Family(
        "redis_latency_spike_duration_seconds", .gauge, labels: ["event_name"],
        help: "How long the newest latency spike of the event lasted. Redis, LATENCY LATEST.")
    static let configMaxClients = Family(
        "redis_config_maxclients", .gauge, help: "The setting maxclients. Redis, INFO, or CONFIG GET where INFO lacks it.")
    static let configMaxMemory = Family(
        "redis_config_maxmemory", .gauge,
        help: "The setting maxmemory, 0 for no limit. Redis, INFO, or CONFIG GET where INFO lacks it.")

    public static let hitRate = Family(
        "cache_hit_rate", .gauge,
        help:
            "Hits of all key look-ups between the last two samples, 0 to 1, without Vitals' own; absent when there were none. Redis, INFO fields keyspace_hits and keyspace_misses."
    )
    public static let operations = Family(
        "cache_operations_total", .counter, labels: ["operation", "result"],
        help:
            "Key look-ups that hit and missed, without Vitals' own (operation get), and calls of each command family by result. Redis, INFO stats and commandstats."
    )
    public static let evictions = Family(
        "cache_evictions_total", .counter, help: "Keys evicted because memory was full. Redis, INFO field evicted_keys.")

    public static let queueJobs = Family(
        "queue_jobs", .gauge, labels: ["system", "queue", "state"],
        help: "Jobs of a configured queue by state: waiting, active, delayed, failed. Redis, lengths of the queue's keys.")
    public static let queueOldest = Family(
        "queue_oldest_job_age_seconds", .gauge, labels: ["system", "queue"],
        help:
            "Age of the oldest job that waits or is worked on, where the queue tells times: stream entry IDs, due scores of a sorted set. Redis."
    )
    static let keySize = Family(
        "redis_key_size", .gauge, labels: ["db", "key"],
        help: "Elements of a key of a configured queue, 0 when it is absent. Redis, LLEN, ZCARD and the like.")
    static let streamLength = Family(
        "redis_stream_length", .gauge, labels: ["db", "stream"], help: "Entries of the stream, read ones included. Redis, XLEN.")
    static let streamGroups = Family(
        "redis_stream_groups", .gauge, labels: ["db", "stream"], help: "Consumer groups of the stream. Redis, XINFO GROUPS.")
    private static let group = ["db", "stream", "group"]
    static let groupPending = Family(
        "redis_stream_group_messages_pending", .gauge, labels: group,
        help: "Entries delivered to the group and not acknowledged. Redis, XINFO GROUPS, pending.")
    static let groupLag = Family(
        "redis_stream_group_lag", .gauge, labels: group,
        help: "Entries not yet delivered to the group; absent while Redis does not know. Redis, XINFO GROUPS, lag.")
    static let groupConsumers = Family(
        "redis_stream_group_consumers", .gauge, labels: group, help: "Consumers of the group. Redis, XINFO GROUPS, consumers.")
}
