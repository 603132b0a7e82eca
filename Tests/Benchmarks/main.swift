import Demo
import FoundationEssentials
import Glibc
import Postgres
import Redis

// The cost of a scrape beside the Debian exporters', on the same servers in the same run: CPU, memory, round trips, server time.
// CPU time and counts are compared; wall time on a shared machine is noise.

guard CommandLine.arguments.count > 1 else {
    print("usage: benchmarks PATH-OF-VITALS")
    exit(2)
}
let executable =
    CommandLine.arguments[1].hasPrefix("/")
    ? CommandLine.arguments[1] : FileManager.default.currentDirectoryPath + "/" + CommandLine.arguments[1]
let folder = "/tmp/vitals-bench-\(getpid())"
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
chmod(folder, 0o755)
defer { try? FileManager.default.removeItem(atPath: folder) }

let scrapes = 200
let tables = 500
let keys = 100_000

say("Preparing Postgres with \(tables) tables and Redis with \(keys) keys …")
let servers = try await BenchmarkServers.start(in: folder, tables: tables, keys: keys)
let subjects = try await Subject.all(servers, executable: executable, folder: folder)

var results: [String: Measurement] = [:]
for subject in subjects {
    say("Measuring \(subject.name): \(scrapes) scrapes …")
    results[subject.name] = try await subject.measure(servers, scrapes: scrapes, folder: folder)
}

print(
    "\n"
        + columns(
            "", ["CPU ms/scrape", "resident MiB", "round trips", "new connections", "Postgres ms", "Redis ms", "bytes gzip"]))
for subject in subjects {
    guard let result = results[subject.name] else { continue }
    print(
        columns(
            subject.name,
            [
                fixed(result.cpuMilliseconds), fixed(result.residentMiB), fixed(result.roundTrips), fixed(result.newConnections),
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

/// Prints at once, also into a pipe.
func say(_ text: String) {
    print(text)
    fflush(nil)
}

func columns(_ name: String, _ cells: [String]) -> String {
    let padded = cells.map { String(repeating: " ", count: max(1, 17 - $0.count)) + $0 }
    return name + String(repeating: " ", count: max(1, 40 - name.count)) + padded.joined()
}

func fixed(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "-" }
    let hundredths = Int((value * 100).rounded())
    let fraction = String(abs(hundredths % 100))
    return "\(hundredths / 100).\(fraction.count == 1 ? "0" : "")\(fraction)"
}
