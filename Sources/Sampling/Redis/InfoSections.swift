import MetricsModel

/// INFO becomes families, section by section.
struct InfoSections {
    let collectors: Set<RedisCollector>
    let includesAbbreviatedNames: Bool
    /// The start of the server as first computed: server_time and uptime tick apart, and the difference must not flutter.
    private var start: (run: String, seconds: Double)?
    /// A database that has become empty is no longer listed; it has 0 keys.
    private var databasesSeen: Set<String> = ["db0"]

    init(_ settings: RedisTargetSettings) {
        collectors = settings.collectors
        includesAbbreviatedNames = settings.includesAbbreviatedNames
    }

    /// `now` in milliseconds since the epoch.
    mutating func add(_ info: InfoText, now: Int64, to sample: inout SampleBuilder) {
        for field in InfoFields.named { sample.add(field.family, [], info.number(field.name).map { $0 * field.scale }) }
        if includesAbbreviatedNames {
            for field in InfoFields.abbreviated { sample.add(field.family, [], info.number(field.name).map { $0 * field.scale }) }
        }
        addServer(info, now: now, to: &sample)
        addReplication(info, to: &sample)
        addKeyspace(info, to: &sample)
        if collectors.contains(.commandstats) { addCommands(info, to: &sample) }
        if collectors.contains(.latencystats) {
            for entry in info.percentiles {
                for part in entry.parts where part.key.utf8.first == UInt8(ascii: "p") {
                    sample.add(RedisFamilies.commandPercentile, [entry.name, String(part.key.dropFirst())], decimal(part.value))
                }
            }
        }
        if collectors.contains(.errorstats) {
            for entry in info.errors { sample.add(RedisFamilies.errors, [entry.name], entry.number("count")) }
        }
    }

    private mutating func addServer(_ info: InfoText, now: Int64, to sample: inout SampleBuilder) {
        let labels = [
            "role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port", "run_id", "process_id",
            "master_replid",
        ].map { info[$0] ?? "" }
        sample.add(RedisFamilies.instanceInfo, labels, 1)
        guard let uptime = info.number("uptime_in_seconds") else { return }
        let run = info["run_id"] ?? ""
        let clock = info.number("server_time_usec").map { $0 / 1e6 } ?? Double(now) / 1_000
        let computed = (clock - uptime).rounded(.down)
        if let start, start.run == run, abs(start.seconds - computed) < 3 {
            sample.add(RedisFamilies.startTime, [], start.seconds)
        } else {
            start = (run, computed)
            sample.add(RedisFamilies.startTime, [], computed)
        }
    }

    private func addReplication(_ info: InfoText, to sample: inout SampleBuilder) {
        if info["role"] == "slave" {
            let master = [info["master_host"] ?? "", info["master_port"] ?? ""]
            sample.add(RedisFamilies.slaveInfo, master + [info["slave_read_only"] ?? ""], 1)
            sample.add(RedisFamilies.masterLinkUp, master, info.number("master_link_status"))
            // -1 says that the link is down: there is no last time.
            sample.add(
                RedisFamilies.masterLastIO, master, info.number("master_last_io_seconds_ago").flatMap { $0 < 0 ? nil : $0 })
            sample.add(RedisFamilies.masterSync, master, info.number("master_sync_in_progress"))
            sample.add(RedisFamilies.slaveOffset, master, info.number("slave_repl_offset"))
        }
        for replica in info.replicas {
            let labels = ["ip", "port", "state"].map { replica[$0] ?? "" }
            sample.add(RedisFamilies.connectedSlaveOffset, labels, replica.number("offset"))
            sample.add(RedisFamilies.connectedSlaveLag, labels, replica.number("lag").flatMap { $0 < 0 ? nil : $0 })
        }
    }

    private mutating func addKeyspace(_ info: InfoText, to sample: inout SampleBuilder) {
        databasesSeen.formUnion(info.databases.map(\.name))
        for name in databasesSeen.sorted() {
            let entry = info.databases.first { $0.name == name }
            sample.add(RedisFamilies.dbKeys, [name], entry?.number("keys") ?? 0)
            sample.add(RedisFamilies.dbExpiring, [name], entry?.number("expires") ?? 0)
            // 0 is how Redis writes 'no key with a time to live, or not estimated yet'.
            sample.add(RedisFamilies.dbTTL, [name], entry?.number("avg_ttl").flatMap { $0 > 0 ? $0 / 1_000 : nil })
        }
    }

    private func addCommands(_ info: InfoText, to sample: inout SampleBuilder) {
        // Family by family: the order in which the builder finds its series at once.
        for entry in info.commands { sample.add(RedisFamilies.commandCalls, [entry.name], entry.number("calls")) }
        for entry in info.commands {
            sample.add(RedisFamilies.commandSeconds, [entry.name], entry.number("usec").map { $0 / 1e6 })
        }
        for entry in info.commands { sample.add(RedisFamilies.commandRejected, [entry.name], entry.number("rejected_calls")) }
        for entry in info.commands { sample.add(RedisFamilies.commandFailed, [entry.name], entry.number("failed_calls")) }
    }
}
