/// The cost of a scrape beside the Debian exporters', on the same servers in the same run: CPU, memory, round trips, server time.
/// CPU time and counts are compared; wall time on a shared machine is noise.
struct ScrapeComparison {
    private static let scrapes = 200
    private static let tables = 500
    private static let keys = 100_000

    let executable: String
    let folder: String

    func run() async throws {
        say("Preparing Postgres with \(Self.tables) tables and Redis with \(Self.keys) keys …")
        let servers = try await BenchmarkServers.start(in: folder, tables: Self.tables, keys: Self.keys)
        let subjects = try await Subject.all(servers, executable: executable, folder: folder)

        var results: [String: Measurement] = [:]
        for subject in subjects {
            say("Measuring \(subject.name): \(Self.scrapes) scrapes …")
            results[subject.name] = try await subject.measure(servers, scrapes: Self.scrapes, folder: folder)
        }

        print(
            "\n"
                + columns(
                    "",
                    ["CPU ms/scrape", "resident MiB", "round trips", "new connections", "Postgres ms", "Redis ms", "bytes gzip"]))
        for subject in subjects {
            guard let result = results[subject.name] else { continue }
            print(
                columns(
                    subject.name,
                    [
                        fixed(result.cpuMilliseconds), fixed(result.residentMiB), fixed(result.roundTrips),
                        fixed(result.newConnections),
                        fixed(result.postgresMilliseconds), fixed(result.redisMilliseconds), "\(result.bytes)",
                    ]))
        }

        if let vitals = results["vitals"], let redis = results["redis_exporter"] {
            for (name, postgres) in results where name.hasPrefix("postgres_exporter") {
                print(
                    """

                    vitals / (\(name) + redis_exporter), below 1 is better
                      CPU per scrape        \(fixed(vitals.cpuMilliseconds / (postgres.cpuMilliseconds + redis.cpuMilliseconds)))
                      resident memory       \(fixed(vitals.residentMiB / (postgres.residentMiB + redis.residentMiB)))
                      round trips           \(fixed(vitals.roundTrips / (postgres.roundTrips + redis.roundTrips)))
                      servers' CPU time     \(fixed((vitals.postgresMilliseconds + vitals.redisMilliseconds) / (postgres.postgresMilliseconds + postgres.redisMilliseconds + redis.postgresMilliseconds + redis.redisMilliseconds)))
                    """)
            }
        }
        await servers.stop()
    }
}
