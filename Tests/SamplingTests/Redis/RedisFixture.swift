import Demo
import MetricsModel
import Redis
import Sampling
import Support
import Synchronization

/// A private Redis, a session of the test's own beside the target, and the target.
final class RedisFixture: Sendable {
    let directory: TemporaryDirectory
    let server: PrivateRedis
    let user: RedisSession
    let log = LogLines()

    init(accessControl: [String] = [], configuration: [String] = []) async throws {
        directory = try TemporaryDirectory()
        var options = PrivateRedis.Options(directory: directory.path("redis"))
        options.accessControl = accessControl
        options.configuration = configuration
        server = try await PrivateRedis.start(options)
        let admin = accessControl.isEmpty ? server.url : server.url(user: "admin", password: "adminpw")
        user = RedisSession(try RedisURL(admin), clientName: "test")
    }

    func target(
        _ queues: [RedisQueue] = [], database: Int = 0, url: String? = nil, abbreviated: Bool = false,
        now: @escaping @Sendable () -> Int64 = { realNow() }
    ) throws -> RedisTarget {
        RedisTarget(
            identity: TargetIdentity(name: "cache", kind: .redis, instance: "127.0.0.1:\(server.port)"),
            url: try RedisURL((url ?? server.url) + "/\(database)"),
            settings: RedisTargetSettings(queues: queues, includesAbbreviatedNames: abbreviated), now: now, log: log.line)
    }

    @discardableResult
    func run(_ commands: [String]...) async throws -> [RedisReply] {
        let wire = commands.map { RedisCommand($0.first ?? "", Array($0.dropFirst())) }
        return try await user.pipeline(wire, deadline: .now + .seconds(10)).map { try $0.get() }
    }

    func stop(_ targets: RedisTarget...) async {
        for target in targets { await target.close() }
        await user.close()
        await server.stop()
    }
}

final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var line: LogLine { { level, text in self.lines.withLock { $0.append("\(level.rawValue) \(text)") } } }

    var all: [String] { lines.withLock { $0 } }
}

func realNow() -> Int64 {
    let since = ContinuousClock.now - origin.0
    return origin.1 + Int64(since.components.seconds * 1_000) + Int64(since.components.attoseconds / 1_000_000_000_000_000)
}

extension TargetSample {
    /// The value of one series; labels in the order of the family's names.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let wanted = Labels(labels)
        return families.first { $0.family.name == name }?.points.first { $0.series.labels == wanted }?.value
    }

    func has(_ name: String) -> Bool { families.contains { $0.family.name == name && !$0.points.isEmpty } }

    func success(_ name: String) -> Bool? { collectors.first { $0.name == name }?.success }

    func jobs(_ system: String, _ queue: String, _ state: String) -> Double? {
        value("queue_jobs", ["system": system, "queue": queue, "state": state])
    }
}

extension RedisTarget {
    func sample(within milliseconds: Int = 20_000) async -> TargetSample {
        await sample(deadline: .now + .milliseconds(milliseconds))
    }
}
