import Demo
import FoundationEssentials
import Redis
import Support
import Testing

/// The least that Vitals may be allowed: what the README says, taken from the README.
@Suite(.serialized) struct GrantTests {
    @Test("The Postgres role of the README, with nothing else, is enough for every collector and for rows")
    func postgresRole() async throws {
        let grants = try readmeBlock(from: "CREATE ROLE vitals LOGIN").replacing("'…'", with: "'of-the-readme'")
        try await withServers { servers in
            try await servers.migrate()
            // The application's tables, as far as Vitals reads them.
            try await servers.sql("CREATE TABLE users (id int PRIMARY KEY, is_active boolean, created_at timestamptz)")
            try await servers.sql("CREATE TABLE api_keys (id int PRIMARY KEY, is_active boolean)")
            try await servers.sql(
                "CREATE TABLE audit_logs (timestamp timestamptz NOT NULL, event_type text NOT NULL, action text, success boolean)"
            )
            let plain = grants.split(separator: "\n").filter { !$0.hasPrefix("--") }.joined(separator: "\n")
            let statements = plain.split(separator: ";").map { $0.drop { $0.isWhitespace } }.filter { !$0.isEmpty }
            #expect(statements.count >= 3)
            for statement in statements { try await servers.sql(String(statement)) }
            let role = try await servers.sql(
                "SELECT concat(rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls) FROM pg_roles WHERE rolname = 'vitals'"
            )
            #expect(role == ["fffff"])

            let url = servers.postgres.url(user: "vitals", password: "of-the-readme")
            try await withVitals(
                ["--sample.interval", "1s"], environment: ["DATABASE_URL": url], in: servers.directory,
                configuration: "records: {interval: 1s, retention: 1h}\n"
            ) { vitals in
                let samples = try await vitals.metrics(within: .seconds(15)) { ($0["vitals_records_written_total"] ?? 0) >= 2 }
                #expect(samples?["pg_up"] == 1)
                let collectors =
                    samples?.filter { $0.key.hasPrefix("vitals_collector_success{") && $0.key.contains("target=\"postgres\"") }
                    ?? [:]
                #expect(collectors.count >= 8)
                #expect(collectors.filter { $0.value == 0 } == [:])
                for prefix in ["pg_database_size_bytes{", "db_queries_total{", "pg_stat_activity_count{", "pg_locks_count{"] {
                    #expect(samples?.keys.contains { $0.hasPrefix(prefix) } == true, "\(prefix)")
                }
                #expect(try vitals.logLines("permission denied") == [])
                #expect(try vitals.logLines("not deleted") == [])
            }
        }
    }

    @Test("The Redis user of the README, with exactly those commands and keys, is enough for every collector and for queues")
    func redisUser() async throws {
        let line = try #require(
            try readmeBlock(from: "ACL SETUSER vitals").split(separator: "\n").first { $0.hasPrefix("ACL SETUSER vitals") })
        let rule = line.dropFirst("ACL SETUSER ".count).replacing(">…", with: ">of-the-readme")
        #expect(rule.contains("-@all") && !rule.contains("+@"))
        let users = ["user default on nopass ~* &* +@all", "user " + rule]
        try await withServers(accessControl: users) { servers in
            try await servers.redis([
                RedisCommand("LPUSH", "jobs:mails", "1", "2"), RedisCommand("LPUSH", "jobs:mails:failed", "1"),
                RedisCommand("XADD", "jobs:events", "*", "a", "b"), RedisCommand("XGROUP", "CREATE", "jobs:events", "g", "0"),
                RedisCommand("ZADD", "jobs:later", "1", "x"),
            ])
            let environment = [
                "DATABASE_URL": servers.postgres.url, "REDIS_URL": servers.redis.url(user: "vitals", password: "of-the-readme"),
            ]
            let configuration = """
                queues:
                - {name: mails, key: "jobs:mails", failed: "jobs:mails:failed", active: "jobs:mails:active"}
                - {name: events, type: stream, key: "jobs:events"}
                - {name: later, type: sorted_set, key: "jobs:later"}
                """
            try await withVitals(environment: environment, in: servers.directory, configuration: configuration) { vitals in
                let samples = try await vitals.metrics()
                #expect(samples["redis_up"] == 1)
                let collectors = samples.filter {
                    $0.key.hasPrefix("vitals_collector_success{") && $0.key.contains("target=\"redis\"")
                }
                #expect(!collectors.isEmpty)
                #expect(collectors.filter { $0.value == 0 } == [:])
                #expect(samples["queue_jobs{queue=\"mails\",state=\"waiting\",system=\"list\"}"] == 2)
                #expect(samples["queue_jobs{queue=\"mails\",state=\"failed\",system=\"list\"}"] == 1)
                #expect(samples.keys.contains { $0.hasPrefix("queue_jobs{queue=\"events\"") && $0.contains("system=\"stream\"") })
                #expect(
                    samples.keys.contains { $0.hasPrefix("queue_jobs{queue=\"later\"") && $0.contains("system=\"sorted_set\"") })
                #expect(try vitals.logLines("target=redis", "level=warning") == [])
                // It may not do more.
                let own = environment["REDIS_URL"]
                for command in [
                    RedisCommand("GET", "jobs:mails"), RedisCommand("LPUSH", "jobs:mails", "3"), RedisCommand("KEYS", "*"),
                ] {
                    await #expect(throws: (any Error).self) { try await servers.redis([command], url: own) }
                }
                #expect(try await clientName(servers) == 1)
            }
        }
    }

    @Test("A Redis user without LATENCY and without the queue's key: those collectors fail alone, in one line each")
    func redisWithout() async throws {
        let users = [
            "user default on nopass ~* &* +@all",
            "user vitals on >narrow-user-secret resetkeys -@all +info +slowlog|len +slowlog|get +llen",
        ]
        try await withServers(accessControl: users) { servers in
            let environment = ["REDIS_URL": servers.redis.url(user: "vitals", password: "narrow-user-secret")]
            try await withVitals(
                ["--sample.interval", "1s"], environment: environment, in: servers.directory,
                configuration: "queues: [{name: mails, key: \"jobs:mails\"}]\n"
            ) { vitals in
                let samples = try await vitals.metrics()
                #expect(samples["redis_up"] == 1)
                #expect(samples["vitals_collector_success{collector=\"latency\",target=\"redis\"}"] == 0)
                #expect(samples["vitals_collector_success{collector=\"queues\",target=\"redis\"}"] == 0)
                #expect(samples["vitals_collector_success{collector=\"slowlog\",target=\"redis\"}"] == 1)
                #expect(samples.keys.contains { $0.hasPrefix("redis_memory_used_bytes") })
                try await Task.sleep(for: .seconds(2.5))
                #expect(try vitals.logLines("target=redis", "collector latency failed").count == 1)
                #expect(try vitals.logLines("target=redis", "collector queues failed").count == 1)
            }
        }
    }

    /// How many clients call themselves as Vitals does.
    private func clientName(_ servers: Servers) async throws -> Int {
        let session = RedisSession(try RedisURL(servers.redis.url), clientName: "test")
        let reply = try await session.send(RedisCommand("CLIENT", "LIST"), deadline: .now + .seconds(5))
        await session.close()
        return reply.text?.split(separator: "\n").filter { $0.contains(" name=vitals ") }.count ?? 0
    }

    /// The block of code of the README that holds this text, from it on.
    private func readmeBlock(from text: String) throws -> String {
        let readme = String(decoding: try Data(contentsOf: URL(filePath: packageDirectory + "/README.md")), as: UTF8.self)
        let start = try #require(readme.firstRange(of: text), "the README does not say \(text)").lowerBound
        let end = try #require(readme[start...].firstRange(of: "```")).lowerBound
        return String(readme[start..<end])
    }
}
