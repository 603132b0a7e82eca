import Demo
import MetricsModel
import Redis
import Support
import Testing

@testable import Sampling

@Suite struct RedisTargetTests {
    @Test("A sample has redis_exporter's families, in one round trip after the greeting")
    func families() async throws {
        let redis = try await RedisFixture(configuration: ["enable-debug-command local"])
        try await redis.run(
            ["SET", "a", "1"], ["CONFIG", "SET", "slowlog-log-slower-than", "0"], ["SET", "b", "1", "EX", "100"])
        try await redis.run(["CONFIG", "SET", "latency-monitor-threshold", "1"], ["DEBUG", "SLEEP", "0.01"])
        let target = try redis.target()
        #expect(await target.sample().roundTrips == 2)
        let sample = await target.sample()
        #expect(sample.up)
        #expect(sample.roundTrips == 1)
        #expect(sample.collectors.allSatisfy { $0.success })
        #expect(sample.value("redis_up") == 1)
        #expect(sample.value("redis_db_keys", ["db": "db0"]) == 2)
        #expect(sample.value("redis_db_keys_expiring", ["db": "db0"]) == 1)
        #expect(sample.value("redis_connected_clients") == 2)
        #expect(sample.value("redis_config_maxclients") == sample.value("redis_max_clients"))
        #expect(sample.value("redis_config_maxmemory") == 0)
        #expect((sample.value("redis_slowlog_length") ?? 0) > 0)
        #expect(sample.value("redis_latency_spike_duration_seconds", ["event_name": "command"]).map { $0 >= 0.01 } == true)
        #expect(abs((sample.value("redis_start_time_seconds") ?? 0) - Double(realNow() / 1_000)) < 60)
        #expect(sample.value("redis_commands_total", ["cmd": "set"]) == 2)
        for name in [
            "redis_instance_info", "redis_memory_used_bytes", "redis_memory_max_bytes", "redis_total_system_memory_bytes",
            "redis_rejected_connections_total", "redis_rdb_last_save_timestamp_seconds", "redis_blocked_clients",
            "redis_commands_duration_seconds_total", "redis_evicted_keys_total", "redis_expired_keys_total",
            "redis_keyspace_hits_total", "redis_keyspace_misses_total", "redis_memory_used_rss_bytes",
            "redis_net_input_bytes_total",
            "redis_net_output_bytes_total", "redis_uptime_in_seconds", "redis_connected_slaves", "redis_latency_percentiles_usec",
            "redis_last_slow_execution_duration_seconds", "redis_latency_spike_last", "redis_slowlog_last_id",
            "cache_evictions_total",
        ] {
            #expect(sample.has(name), "\(name)")
        }
        #expect(!sample.has("redis_rdb_last_bgsave_duration_sec"))
        #expect(redis.log.all == ["info redis cache: connected"])
        await redis.stop(target)
    }

    @Test("promtool finds nothing to say about what is exposed")
    func promtool() async throws {
        let redis = try await RedisFixture()
        try await redis.run(
            ["LPUSH", "jobs", "1"], ["XADD", "events", "*", "a", "b"], ["XGROUP", "CREATE", "events", "g", "0"])
        _ = try? await redis.run(["LPUSH", "events", "1"])
        let target = try redis.target([
            RedisQueue(name: "jobs", kind: .list, key: "jobs", failedKey: "jobs:failed"),
            RedisQueue(name: "events", kind: .stream, key: "events"), RedisQueue(name: "later", kind: .sortedSet, key: "later"),
        ])
        _ = await target.sample()
        try await redis.run(["GET", "absent"])
        #expect(try await promtoolSays(await target.sample().families, redis.directory) == "")
        await redis.stop(target)
    }

    @Test(
        "promtool has nothing to say about the names that other servers' INFO brings; about the optional ones it complains of units"
    )
    func promtoolOfAllNames() async throws {
        let directory = try TemporaryDirectory()
        func families(_ fields: [InfoField]) -> [FamilySamples] {
            fields.map { FamilySamples($0.family, [Point(Series(name: $0.family.name, labels: .empty), 1)]) }
        }
        #expect(try await promtoolSays(families(InfoFields.named), directory) == "")
        let complaints = try await promtoolSays(families(InfoFields.abbreviated), directory).split(separator: "\n")
        #expect(complaints.count == InfoFields.abbreviated.count, "\(complaints)")
        #expect(complaints.allSatisfy { $0.hasSuffix("metric names should not contain abbreviated units") }, "\(complaints)")
    }

    private func promtoolSays(_ families: [FamilySamples], _ directory: TemporaryDirectory) async throws -> String {
        var bytes: [UInt8] = []
        SampleSet(timestamp: 0, families: families).encode(.text, into: &bytes)
        let file = try directory.write("metrics", String(decoding: bytes, as: UTF8.self))
        let answer = directory.path("promtool.log")
        try await ChildProcess.run(
            ChildProcess.Command(
                "/bin/sh", ["-c", ": > \(answer); promtool check metrics < \(file) || true"], log: answer,
                directory: directory.path))
        return try readAll(answer)
    }

    @Test("The hit rate is that of the workload, though 1,000 empty queues and some full ones are asked")
    func hitRate() async throws {
        let redis = try await RedisFixture()
        var queues = (0..<1_000).map { RedisQueue(name: "q\($0)", kind: .list, key: "q\($0)") }
        queues += [
            RedisQueue(name: "full", kind: .list, key: "full", failedKey: "dead", activeKey: "hash"),
            RedisQueue(name: "later", kind: .sortedSet, key: "later"), RedisQueue(name: "none", kind: .sortedSet, key: "none"),
            RedisQueue(name: "events", kind: .stream, key: "events"), RedisQueue(name: "silence", kind: .stream, key: "silence"),
            RedisQueue(name: "wrong", kind: .list, key: "later"), RedisQueue(name: "far", kind: .list, key: "far", database: 3),
        ]
        try await redis.run(
            ["RPUSH", "full", "1", "2"], ["ZADD", "dead", "1", "x"], ["HSET", "hash", "a", "b"], ["ZADD", "later", "5", "y"],
            ["XADD", "events", "*", "a", "b"], ["XGROUP", "CREATE", "events", "g", "0"], ["SET", "k", "v"])
        let target = try redis.target(queues)
        let first = await target.sample()
        #expect(!first.has("cache_hit_rate"))
        #expect(first.success("queues") == false)
        let quiet = await target.sample()
        #expect(!quiet.has("cache_hit_rate"))
        for _ in 0..<3 {
            for _ in 0..<70 { try await redis.run(["GET", "k"]) }
            for _ in 0..<30 { try await redis.run(["GET", "no"]) }
            #expect(await target.sample().value("cache_hit_rate") == 0.7)
        }
        let last = await target.sample()
        #expect(!last.has("cache_hit_rate"))
        func operations(_ sample: TargetSample, _ result: String) -> Double? {
            sample.value("cache_operations_total", ["operation": "get", "result": result])
        }
        #expect(operations(last, "hit").map { $0 - (operations(first, "hit") ?? 0) } == 210)
        #expect(operations(last, "miss").map { $0 - (operations(first, "miss") ?? 0) } == 90)
        #expect(last.value("cache_operations_total", ["operation": "get", "result": "ok"]) == 300)
        await redis.stop(target)
    }

    @Test("A restart and CONFIG RESETSTAT give no hit rate for that window, and no counter falls")
    func resets() async throws {
        let redis = try await RedisFixture()
        let target = try redis.target([RedisQueue(name: "q", kind: .list, key: "q")])
        try await redis.run(["SET", "k", "v"], ["GET", "k"], ["GET", "k"], ["GET", "k"])
        var before = await target.sample()
        try await redis.run(["GET", "k"])
        before = await target.sample()
        #expect(before.value("cache_hit_rate") == 1)
        try await redis.run(["CONFIG", "RESETSTAT"], ["GET", "k"], ["GET", "no"])
        let reset = await target.sample()
        #expect(!reset.has("cache_hit_rate"))
        await redis.server.kill()
        #expect(await target.sample().value("redis_up") == 0)
        #expect(await target.sample().up == false)
        try await redis.server.start()
        try await redis.run(["SET", "k", "v"], ["GET", "k"], ["GET", "k"], ["GET", "k"], ["GET", "no"], ["GET", "no"])
        let restarted = await target.sample()
        #expect(restarted.up)
        #expect(!restarted.has("cache_hit_rate"))
        for (older, newer) in [(before, reset), (reset, restarted)] {
            for point in older.families.first(where: { $0.family.name == "cache_operations_total" })?.points ?? [] {
                let now = newer.families.first { $0.family.name == "cache_operations_total" }?.points.first {
                    $0.series.labels == point.series.labels
                }
                #expect((now?.value ?? -1) >= point.value, "\(point.series.labels)")
            }
        }
        let hit = ["operation": "get", "result": "hit"]
        #expect(restarted.value("cache_operations_total", hit) == (reset.value("cache_operations_total", hit) ?? 0) + 3)
        try await redis.run(["GET", "k"], ["GET", "no"])
        #expect(await target.sample().value("cache_hit_rate") == 0.5)
        #expect(
            redis.log.all.map { $0.prefix { $0 != "(" } }.filter { !$0.contains("collector") }.count == 3, "\(redis.log.all)")
        await redis.stop(target)
    }

    @Test("A frozen Redis is down before the deadline, once in the log, on one connection; it comes back by itself")
    func frozen() async throws {
        let redis = try await RedisFixture()
        let target = try redis.target([RedisQueue(name: "q", kind: .list, key: "q")])
        _ = await target.sample()
        await redis.server.freeze()
        for _ in 0..<3 {
            let sample = await target.sample(within: 500)
            #expect(!sample.up)
            #expect(sample.families.map(\.family.name) == ["redis_up"])
            #expect(sample.collectors.allSatisfy { !$0.success })
        }
        await redis.server.thaw()
        let back = await target.sample()
        #expect(back.up)
        #expect(!back.has("cache_hit_rate"))
        #expect(back.value("redis_connected_clients") == 1)
        #expect(redis.log.all.count == 3)
        #expect(redis.log.all.last == "info redis cache: answers again")
        await redis.stop(target)
    }

    @Test("Wrong passwords are told once, without the password")
    func wrongPassword() async throws {
        let redis = try await RedisFixture(accessControl: ["user default off", "user admin on >adminpw ~* +@all"])
        let target = try redis.target(url: redis.server.url(user: "admin", password: "canary"))
        for _ in 0..<3 { #expect(await target.sample().value("redis_up") == 0) }
        #expect(redis.log.all.count == 1)
        #expect(redis.log.all.allSatisfy { $0.contains("WRONGPASS") && !$0.contains("canary") })
        await redis.stop(target)
    }

    static let leastRights = "-@all +info +client|setname +slowlog|len +slowlog|get +latency|latest"
    static let queueRights = "%R~q:* +select +llen +zcard +zcount +zrange +xlen +xinfo|groups +xrange +scard +hlen"

    @Test("The least ACL: every collector works with it, and each right is needed by the collector that fails without it")
    func leastACL() async throws {
        let redis = try await RedisFixture(accessControl: [
            "user default off", "user admin on >adminpw ~* &* +@all",
            "user vitals on >vitalspw \(Self.leastRights) \(Self.queueRights)",
        ])
        try await redis.run(["ZADD", "q:dead", "1", "x"], ["XADD", "q:s", "*", "a", "b"])
        let queues = [
            RedisQueue(name: "l", kind: .list, key: "q:l", failedKey: "q:dead", activeKey: "q:a"),
            RedisQueue(name: "z", kind: .sortedSet, key: "q:z"), RedisQueue(name: "s", kind: .stream, key: "q:s"),
            RedisQueue(name: "d", kind: .list, key: "q:d", database: 2),
        ]
        let url = redis.server.url(user: "vitals", password: "vitalspw")
        let target = try redis.target(queues, url: url)
        let sample = await target.sample()
        #expect(sample.collectors.allSatisfy { $0.success }, "\(redis.log.all)")
        for (right, collector) in [
            ("slowlog|len", "slowlog"), ("slowlog|get", "slowlog"), ("latency|latest", "latency"), ("select", "queues"),
            ("llen", "queues"), ("zcard", "queues"), ("zcount", "queues"), ("zrange", "queues"), ("xlen", "queues"),
            ("xinfo|groups", "queues"), ("xrange", "queues"), ("info", "info"),
        ] {
            try await redis.run(["ACL", "SETUSER", "vitals", "-\(right)"])
            let lines = redis.log.all.count
            for _ in 0..<2 {
                let poorer = await target.sample()
                #expect(poorer.value("redis_up") == 1)
                let failed = poorer.collectors.filter { !$0.success }.map(\.name)
                #expect(right == "info" ? failed.contains("info") : failed == [collector], "\(right)")
            }
            if right != "info" { #expect(redis.log.all.count == lines + 1) }
            try await redis.run(["ACL", "SETUSER", "vitals", "+\(right)"])
            #expect(await target.sample().collectors.allSatisfy { $0.success })
        }
        // The name of the connection is a courtesy: without it everything is there.
        try await redis.run(["ACL", "SETUSER", "vitals", "-client|setname"], ["CLIENT", "KILL", "USER", "vitals"])
        // The first question after the kill may still go out on the dead connection: then the next one has a new one.
        _ = await target.sample()
        #expect(await target.sample().collectors.allSatisfy { $0.success })
        await redis.stop(target)
    }

    @Test("A replica has the families of its primary's link, and its primary those of the replica")
    func replication() async throws {
        let primary = try await RedisFixture()
        let replica = try await RedisFixture(configuration: [
            "replicaof 127.0.0.1 \(primary.server.port)", "repl-diskless-sync-delay 0",
        ])
        let (above, below) = (try primary.target(), try replica.target())
        let labels = ["master_host": "127.0.0.1", "master_port": "\(primary.server.port)"]
        var sample = await below.sample()
        let end = ContinuousClock.now + .seconds(15)
        while sample.value("redis_master_link_up", labels) != 1, ContinuousClock.now < end { sample = await below.sample() }
        #expect(sample.value("redis_master_link_up", labels) == 1)
        #expect(sample.has("redis_slave_repl_offset"))
        #expect(sample.value("redis_slave_info", labels.merging(["read_only": "1"]) { $1 }) == 1)
        let top = await above.sample()
        #expect(top.value("redis_connected_slaves") == 1)
        #expect(top.has("redis_connected_slave_offset_bytes"))
        await replica.stop(below)
        await primary.stop(above)
    }
}
