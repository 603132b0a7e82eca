import Demo
import Redis
import Support
import Testing

/// What a living Redis can refuse.
@Suite(.serialized) struct RedisFaultTests {
    @Test(
        "A changed password: the old connection lives on; after its end one clear line, redis_up 0, and back when it fits again")
    func passwordChanged() async throws {
        try await withServers(redisPassword: "the-first-one") { servers in
            try await withVitals(["--sample.interval", "1s"], environment: servers.environment, in: servers.directory) { vitals in
                #expect(try await vitals.metrics()["redis_up"] == 1)
                let admin = RedisSession(try RedisURL(servers.redis.url), clientName: "admin")
                try await ask(admin, RedisCommand("CONFIG", "SET", "requirepass", "the-second-one"))
                try await Task.sleep(for: .seconds(1.2))
                #expect(try await vitals.metrics()["redis_up"] == 1)
                try await ask(admin, RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))
                let down = try await vitals.metrics(within: .seconds(10)) { $0["redis_up"] == 0 }
                #expect(down?["pg_up"] == 1)
                try await Task.sleep(for: .seconds(3))
                #expect(try vitals.logLines("target=redis", "level=error", "WRONGPASS").count == 1)
                #expect(
                    try vitals.logLines("target=redis", "level=error").count <= 2, "the end of the connection, and the password")
                try await ask(admin, RedisCommand("CONFIG", "SET", "requirepass", "the-first-one"))
                let up = try await vitals.metrics(within: .seconds(10)) { $0["redis_up"] == 1 }
                #expect(up != nil)
                #expect(try vitals.logLines("target=redis", "answers again").count == 1)
                await admin.close()
            }
        }
    }

    @Test("maxclients reached: one clear line, redis_up 0, and back when there is room")
    func maxClients() async throws {
        try await withServers { servers in
            try await withVitals(["--sample.interval", "1s"], environment: servers.environment, in: servers.directory) { vitals in
                #expect(try await vitals.metrics()["redis_up"] == 1)
                let admin = RedisSession(try RedisURL(servers.redis.url), clientName: "admin")
                try await ask(admin, RedisCommand("CONFIG", "SET", "maxclients", "1"))
                try await ask(admin, RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))
                let down = try await vitals.metrics(within: .seconds(10)) { $0["redis_up"] == 0 }
                #expect(down != nil)
                try await Task.sleep(for: .seconds(3))
                let lines = try vitals.logLines("target=redis", "level=error")
                #expect(lines.count <= 2 && lines.last?.contains("max number of clients") == true, "\(lines)")
                try await ask(admin, RedisCommand("CONFIG", "SET", "maxclients", "100"))
                let up = try await vitals.metrics(within: .seconds(10)) { $0["redis_up"] == 1 }
                #expect(up != nil)
                await admin.close()
            }
        }
    }

    private func ask(_ session: RedisSession, _ command: RedisCommand) async throws {
        _ = try await session.send(command, deadline: .now + .seconds(5))
    }
}
