import Demo
import MetricsModel
import Postgres
import Support
import Synchronization

@testable import Sampling

/// A real PgBouncer in front of a database of its own, its target, and clients that keep it busy.
final class PgBouncerFixture: Sendable {
    private struct State {
        var time: Int64 = 1_800_000_000_000
        var lines: [String] = []
        var clients: [ChildProcess] = []
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    let bouncer: PgBouncerFixture.Server
    let target: PgBouncerTarget
    private let readiness: Readiness
    private let shared: Shared

    typealias Server = PrivatePgBouncer

    /// `app` is a database with a pool of two, whose clients all become one user.
    static func options(
        databases: [String] = [], settings: [String] = [], users: [String: String] = ["app": "secret"]
    ) async throws -> PrivatePgBouncer.Options {
        let url = try await SharedPostgres.database()
        let server = try await SharedPostgres.get()
        let name = url.split(separator: "/").last.map(String.init) ?? ""
        return PrivatePgBouncer.Options(
            databases: [
                "app = host=127.0.0.1 port=\(server.port) dbname=\(name) user=postgres pool_size=2 reserve_pool=1"
            ] + databases, settings: settings, users: users)
    }

    init(
        _ options: PrivatePgBouncer.Options, _ settings: PgBouncerTargetSettings = PgBouncerTargetSettings(), url: String? = nil
    ) async throws {
        bouncer = try await PrivatePgBouncer.start(options, in: TemporaryDirectory())
        let shared = Shared()
        self.shared = shared
        readiness = try Readiness()
        let address = try PgBouncerTarget.address(url ?? bouncer.consoleURL)
        target = PgBouncerTarget(
            identity: TargetIdentity(name: "pool", kind: .pgbouncer, instance: address.instance), address: address,
            readiness: readiness, settings: settings, now: { shared.state.withLock { $0.time } },
            log: { level, line in shared.state.withLock { $0.lines.append("\(level): \(line)") } })
    }

    var lines: [String] { shared.state.withLock { $0.lines } }

    /// A sample, this long after the one before.
    func sample(after: Duration = .seconds(15), within: Duration = .seconds(20)) async -> TargetSample {
        shared.state.withLock { $0.time += Int64(after / .milliseconds(1)) }
        return await target.sample(deadline: .now + within)
    }

    /// Samples until one is as wanted; the last one in any case.
    func sample(until isWanted: (TargetSample) -> Bool) async throws -> TargetSample {
        for _ in 0..<300 {
            let sample = await sample()
            if isWanted(sample) { return sample }
            try await Task.sleep(for: .milliseconds(20))
        }
        return await sample()
    }

    /// A client that runs `statements` through the pool, and is ended with the fixture.
    func client(_ statements: String, database: String = "app") async throws {
        let url = bouncer.url(user: "app", password: "secret", database: database)
        let process = try await ChildProcess(PrivatePgBouncer.psql(url, statements, in: bouncer.directory))
        shared.state.withLock { $0.clients.append(process) }
    }

    /// Runs `count` transactions of one statement on each of two connections.
    func load(transactions count: Int) async throws {
        let script = try bouncer.directory.write("load.sql", "SELECT pg_sleep(0.002);\n")
        var command = ChildProcess.Command(
            try Programs.path(of: "pgbench"), ["-n", "-c", "2", "-t", "\(count)", "-f", script, "app"],
            log: bouncer.directory.path("pgbench.log"), directory: bouncer.directory.path)
        command.environment = ["PGHOST": "127.0.0.1", "PGPORT": "\(bouncer.port)", "PGUSER": "app", "PGPASSWORD": "secret"]
        try await ChildProcess.run(command)
    }

    func endClients() async {
        for client in shared.state.withLock({ state in
            defer { state.clients = [] }
            return state.clients
        }) { await client.killAndWait() }
    }

    func close() async {
        await endClients()
        await target.close()
        readiness.stop()
        await bouncer.stop()
    }
}
