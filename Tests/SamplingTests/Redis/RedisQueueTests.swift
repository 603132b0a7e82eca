import MetricsModel
import Redis
import Sampling
import Testing

@Suite struct RedisQueueTests {
    @Test("Lists: waiting, active and failed, with failed and active keys of any type; an absent queue is 0")
    func lists() async throws {
        let redis = try await RedisFixture()
        try await redis.run(
            ["RPUSH", "l", "1", "2", "3"], ["ZADD", "dead", "1", "a", "2", "b"], ["HSET", "work", "x", "1"])
        let target = try redis.target([
            RedisQueue(name: "mail", kind: .list, key: "l", failedKey: "dead", activeKey: "work"),
            RedisQueue(name: "none", kind: .list, key: "no", failedKey: "no:failed"),
        ])
        let sample = await target.sample()
        #expect(sample.jobs("list", "mail", "waiting") == 3)
        #expect(sample.jobs("list", "mail", "active") == 1)
        #expect(sample.jobs("list", "mail", "failed") == 2)
        #expect(sample.jobs("list", "none", "waiting") == 0)
        #expect(sample.jobs("list", "none", "failed") == 0)
        #expect(sample.value("redis_key_size", ["db": "db0", "key": "dead"]) == 2)
        #expect(sample.roundTrips == 3)
        #expect(await target.sample().roundTrips == 1)
        // The key becomes another type: found out again.
        try await redis.run(["DEL", "dead"], ["RPUSH", "dead", "1", "2", "3", "4"])
        #expect(await target.sample().jobs("list", "mail", "failed") == 4)
        await redis.stop(target)
    }

    @Test("Sorted sets: due jobs wait, the others are delayed, the age is the first due score's; seconds and milliseconds")
    func sortedSets() async throws {
        let redis = try await RedisFixture()
        let now = realNow()
        let seconds = now / 1_000
        try await redis.run(
            ["ZADD", "s", "\(seconds - 100)", "a", "\(seconds - 10)", "b", "\(seconds + 500)", "c"],
            ["ZADD", "ms", "\(now - 7_000)", "a", "\(now + 60_000)", "b", "\(now + 70_000)", "c"],
            ["ZADD", "later", "\(seconds + 9)", "a"])
        let target = try redis.target(
            [
                RedisQueue(name: "s", kind: .sortedSet, key: "s"), RedisQueue(name: "ms", kind: .sortedSet, key: "ms"),
                RedisQueue(name: "later", kind: .sortedSet, key: "later"),
                RedisQueue(name: "none", kind: .sortedSet, key: "none"),
            ], now: { now })
        let sample = await target.sample()
        func age(_ queue: String) -> Double? {
            sample.value("queue_oldest_job_age_seconds", ["system": "sorted_set", "queue": queue])
        }
        #expect(sample.jobs("sorted_set", "s", "waiting") == 2)
        #expect(sample.jobs("sorted_set", "s", "delayed") == 1)
        #expect(sample.jobs("sorted_set", "ms", "waiting") == 1)
        #expect(sample.jobs("sorted_set", "ms", "delayed") == 2)
        #expect(sample.jobs("sorted_set", "later", "waiting") == 0)
        #expect(sample.jobs("sorted_set", "none", "delayed") == 0)
        #expect(age("s").map { $0 >= 100 && $0 < 101 } == true)
        #expect(age("ms") == 7)
        #expect(age("later") == nil)
        await redis.stop(target)
    }

    @Test("Streams: lag waits, pending is active, an unknown lag is absent, without groups every entry waits; ages by ID")
    func streams() async throws {
        let redis = try await RedisFixture()
        let now = realNow()
        func id(_ ago: Int64) -> String { "\(now - ago)-0" }
        try await redis.run(
            ["XADD", "e", id(9_000), "a", "1"], ["XADD", "e", id(5_000), "a", "2"], ["XADD", "e", id(3_000), "a", "3"],
            ["XGROUP", "CREATE", "e", "g", "0"], ["XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "e", ">"],
            ["XADD", "plain", id(2_000), "a", "1"], ["XADD", "plain", id(1_000), "a", "1"],
            ["XADD", "holes", id(4_000), "a", "1"], ["XADD", "holes", id(3_500), "a", "1"],
            ["XADD", "holes", id(3_000), "a", "1"],
            ["XGROUP", "CREATE", "holes", "g", "0"], ["XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "holes", ">"],
            ["XDEL", "holes", id(3_500)])
        let target = try redis.target(
            ["e", "plain", "holes", "none"].map { RedisQueue(name: $0, kind: .stream, key: $0) }, now: { now })
        _ = await target.sample()
        let sample = await target.sample()
        func age(_ queue: String) -> Double? {
            sample.value("queue_oldest_job_age_seconds", ["system": "stream", "queue": queue])
        }
        #expect(sample.jobs("stream", "e", "waiting") == 2)
        #expect(sample.jobs("stream", "e", "active") == 1)
        #expect(age("e") == 5)
        #expect(sample.jobs("stream", "plain", "waiting") == 2)
        #expect(sample.jobs("stream", "plain", "active") == 0)
        #expect(age("plain") == 2)
        #expect(sample.jobs("stream", "holes", "waiting") == nil)
        #expect(sample.value("redis_stream_group_lag", ["db": "db0", "stream": "holes", "group": "g"]) == nil)
        #expect(sample.value("redis_stream_group_messages_pending", ["db": "db0", "stream": "holes", "group": "g"]) == 1)
        #expect(sample.jobs("stream", "none", "waiting") == 0)
        #expect(sample.value("redis_stream_length", ["db": "db0", "stream": "e"]) == 3)
        // The group reads on: what waits came after what it has now.
        try await redis.run(["XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "e", ">"])
        let moved = await target.sample().value("queue_oldest_job_age_seconds", ["system": "stream", "queue": "e"])
        #expect(moved == 5)
        #expect(await target.sample().value("queue_oldest_job_age_seconds", ["system": "stream", "queue": "e"]) == 3)
        await redis.stop(target)
    }

    @Test("A queue in another database is read there, and the connection's own database stays")
    func databases() async throws {
        let redis = try await RedisFixture()
        try await redis.run(
            ["SELECT", "4"], ["RPUSH", "q", "1"], ["ZADD", "f", "1", "a"], ["SELECT", "1"], ["RPUSH", "q", "1", "2"],
            ["SELECT", "0"])
        let target = try redis.target(
            [
                RedisQueue(name: "own", kind: .list, key: "q"),
                RedisQueue(name: "far", kind: .list, key: "q", failedKey: "f", database: 4),
                RedisQueue(name: "beyond", kind: .list, key: "q", database: 99),
            ], database: 1)
        for _ in 0..<2 {
            let sample = await target.sample()
            #expect(sample.jobs("list", "own", "waiting") == 2)
            #expect(sample.jobs("list", "far", "waiting") == 1)
            #expect(sample.jobs("list", "far", "failed") == 1)
            #expect(sample.jobs("list", "beyond", "waiting") == nil)
            #expect(sample.success("queues") == false)
            #expect(sample.value("redis_key_size", ["db": "db4", "key": "q"]) == 1)
            #expect(!sample.has("cache_hit_rate"))
        }
        await redis.stop(target)
    }
}
