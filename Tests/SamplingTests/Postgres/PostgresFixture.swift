import Demo
import MetricsModel
import Postgres
import Support
import Synchronization

@testable import Sampling

/// A target on a real database, with the time in the test's hand and its log lines at hand.
final class PostgresFixture: Sendable {
    private struct State {
        var time: Int64 = 1_800_000_000_000
        var lines: [String] = []
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    let target: PostgresTarget
    private let readiness: Readiness
    private let shared: Shared

    /// Unless the settings say which, only the database of the URL is sampled: the server's others belong to other tests.
    init(_ url: String, _ settings: PostgresTargetSettings = PostgresTargetSettings()) throws {
        let shared = Shared()
        self.shared = shared
        readiness = try Readiness()
        let configuration = try PostgresConfiguration(url)
        var settings = settings
        if settings.databases == DatabaseSelection(), let own = configuration.database {
            settings.databases = DatabaseSelection(include: [own])
        }
        target = PostgresTarget(
            identity: TargetIdentity(name: "main", kind: .postgres, instance: configuration.instance),
            session: PostgresSession(configuration, readiness: readiness), settings: settings,
            now: { shared.state.withLock { $0.time } },
            log: { level, line in shared.state.withLock { $0.lines.append("\(level): \(line)") } })
    }

    var lines: [String] { shared.state.withLock { $0.lines } }

    /// A sample, this long after the one before.
    func sample(after: Duration = .seconds(15), within: Duration = .seconds(20)) async -> TargetSample {
        shared.state.withLock { $0.time += Int64(after / .milliseconds(1)) }
        return await target.sample(deadline: .now + within)
    }

    func close() async {
        await target.close()
        readiness.stop()
    }
}

extension TargetSample {
    /// The value of a series by its name (`_bucket`, `_sum` and `_count` included) and some of its labels; nil without one.
    func reading(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        for samples in families {
            for point in samples.everyPoint where point.series.name == name {
                if labels.allSatisfy({ point.series.labels[$0.key] == $0.value }) { return point.value }
            }
        }
        return nil
    }

    /// The sum over the series of a name with these labels; nil without one.
    func total(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let points = families.flatMap(\.everyPoint).filter { point in
            point.series.name == name && labels.allSatisfy { point.series.labels[$0.key] == $0.value }
        }
        return points.isEmpty ? nil : points.reduce(0) { $0 + $1.value }
    }

    var failed: [String] { collectors.filter { !$0.success }.map(\.name) }
}
