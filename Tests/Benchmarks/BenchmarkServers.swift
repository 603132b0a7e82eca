import Demo
import Postgres
import Redis

/// The servers that everybody scrapes, filled.
struct BenchmarkServers {
    let postgres: PrivatePostgres
    let redis: PrivateRedis

    static func start(in folder: String, tables: Int, keys: Int) async throws -> BenchmarkServers {
        var options = PrivatePostgres.Options(directory: folder + "/postgres")
        options.isDurable = false
        let postgres = try await PrivatePostgres.start(options)
        var redisOptions = PrivateRedis.Options(directory: folder + "/redis")
        redisOptions.configuration = ["enable-debug-command local"]
        let redis = try await PrivateRedis.start(redisOptions)

        let readiness = try Readiness()
        defer { readiness.stop() }
        let session = PostgresSession(
            try PostgresConfiguration(postgres.url, applicationName: "benchmark"), readiness: readiness)
        for statement in [
            """
            DO $$ BEGIN FOR n IN 1..\(tables) LOOP
                EXECUTE format('CREATE TABLE t%s (id integer PRIMARY KEY, payload text)', n);
                EXECUTE format('INSERT INTO t%s SELECT i, repeat(''x'', 100) FROM generate_series(1, 10) i', n);
            END LOOP; END $$
            """,
            "ANALYZE",
        ] {
            _ = try await session.rows(
                Statement(
                    statement, preparation: .unprepared, limits: StatementLimits(statement: .seconds(120), lock: .seconds(10))),
                by: .now + .seconds(120))
        }
        await session.close()

        let cache = RedisSession(try RedisURL(redis.url), clientName: "benchmark")
        _ = try await cache.send(RedisCommand("DEBUG", "POPULATE", "\(keys)"), deadline: .now + .seconds(60))
        await cache.close()
        return BenchmarkServers(postgres: postgres, redis: redis)
    }

    /// CPU seconds that the servers have used so far.
    func cpuSeconds() async throws -> (postgres: Double, redis: Double) {
        guard let postgres = await postgres.child, let redis = await redis.child else {
            throw BenchmarkError("a server is gone")
        }
        return (
            ProcessCost(pid: postgres.pid, withDescendants: true).cpuSeconds, ProcessCost(pid: redis.pid).cpuSeconds
        )
    }

    func stop() async {
        await redis.stop()
        await postgres.stop()
    }
}
