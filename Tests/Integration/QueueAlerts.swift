import Demo
import FoundationEssentials
import Redis
import Support

/// Alerts that a test switches on and off: one for each queue in a private Redis that has a job.
struct QueueAlerts {
    let redis: PrivateRedis
    let directory: TemporaryDirectory
    let count: Int

    static func start(_ count: Int) async throws -> QueueAlerts {
        let directory = try TemporaryDirectory()
        let redis = try await PrivateRedis.start(PrivateRedis.Options(directory: directory.path("redis")))
        return QueueAlerts(redis: redis, directory: directory, count: count)
    }

    static func name(_ number: Int) -> String { "q\(number)" }

    func fire(_ number: Int) async throws { try await ask(RedisCommand("RPUSH", Self.name(number), "job")) }
    func resolve(_ number: Int) async throws { try await ask(RedisCommand("DEL", Self.name(number))) }
    func stop() async { await redis.stop() }

    /// Samples and evaluates twice a second.
    func configuration(alerting: String) throws -> String {
        let rules = try directory.write(
            "rules.yml",
            """
            groups:
            - name: queues
              interval: 500ms
              rules:
              - alert: QueueNotEmpty
                expr: sum by (queue) (queue_jobs) > 0
                annotations: {summary: "{{ $labels.queue }} has jobs"}
            """)
        let queues = (0..<count).map { "{name: \(Self.name($0))}" }.joined(separator: ", ")
        return """
            sample: {interval: 500ms, max_age: 0s}
            rule_files: [\(rules)]
            queues: [\(queues)]
            targets: {redis: [{name: queues, url: "\(redis.url)"}]}
            alerting:
            \(alerting.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
            """
    }

    private func ask(_ command: RedisCommand) async throws {
        let session = RedisSession(try RedisURL(redis.url), clientName: "test")
        let answers = await session.pipeline([command], deadline: .now + .seconds(10))
        await session.close()
        for answer in answers { _ = try answer.get() }
    }
}

/// One alert of a page that a web hook got.
struct Paged: Hashable, CustomStringConvertible {
    let queue: String
    let status: String
    let startsAt: String

    var description: String { "\(queue) \(status)" }

    /// Of all pages, in the order in which they came, with when.
    static func all(at hook: HTTPStub) throws -> [(paged: Paged, at: ContinuousClock.Instant)] {
        struct Page: Decodable {
            struct Alert: Decodable {
                let status: String
                let labels: [String: String]
                let startsAt: String
            }
            let alerts: [Alert]
        }
        return try hook.requests.filter { $0.status == 200 }.flatMap { request in
            try JSONDecoder().decode(Page.self, from: Data(request.body.utf8)).alerts.map {
                (Paged(queue: $0.labels["queue"] ?? "", status: $0.status, startsAt: $0.startsAt), request.arrived)
            }
        }
    }
}
