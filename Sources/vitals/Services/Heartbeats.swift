import Alerting
import Logging
import Receivers
import Synchronization

/// Keeps the heartbeats of the configuration going.
final class Heartbeats: Sendable {
    private let state: Mutex<[Heartbeat]>
    private let changes = AsyncStream.makeStream(of: [Heartbeat].self, bufferingPolicy: .bufferingNewest(1))
    private let rules: RuleEngine
    private let evaluation: EvaluationWatch
    private let logger: Logger

    init(_ settings: [Heartbeat.Settings], rules: RuleEngine, logger: Logger) {
        let made = settings.map { Heartbeat($0, client: ReceiverSet.client) }
        state = Mutex(made)
        self.rules = rules
        self.logger = logger
        evaluation = EvaluationWatch()
        changes.continuation.yield(made)
    }

    var snapshots: [Heartbeat.Snapshot] { state.withLock { $0 }.map(\.snapshot) }

    /// Takes other heartbeats; those that are the same go on with their numbers.
    func reload(_ settings: [Heartbeat.Settings]) {
        let next = state.withLock { current in
            let next = settings.map { settings in
                current.first { $0.settings == settings } ?? Heartbeat(settings, client: ReceiverSet.client)
            }
            let isSame = next.count == current.count && zip(next, current).allSatisfy { $0 === $1 }
            current = next
            return isSame ? nil : next
        }
        if let next { changes.continuation.yield(next) }
    }

    /// Pings until cancelled.
    func run() async {
        var iterator = changes.stream.makeAsyncIterator()
        var heartbeats = await iterator.next()
        while let current = heartbeats {
            heartbeats = await withTaskGroup(of: Void.self, returning: [Heartbeat]?.self) { group in
                for heartbeat in current { group.addTask { await self.run(heartbeat) } }
                let next = await iterator.next()
                group.cancelAll()
                return next
            }
        }
    }

    private func run(_ heartbeat: Heartbeat) async {
        do {
            try await heartbeat.run(
                problem: { [rules, evaluation] in evaluation.problem(in: rules.groups, now: unixMilliseconds()) },
                onChange: { [logger] error in logger.report(heartbeat: heartbeat.settings.name, error) })
        } catch {
            // Cancelled: the way in which it ends.
        }
    }
}

/// Says whether the rules are being evaluated: what a dead man's switch wants to know.
final class EvaluationWatch: Sendable {
    /// A group may be late by a round, and by another that takes too long.
    private static let lateIntervals: Int64 = 3

    /// When a group was first seen: one that was just loaded has not been evaluated yet and is not late.
    private let firstSeen = Mutex<[String: Int64]>([:])

    /// What is wrong, or nil: a rule whose newest evaluation failed, or a group that has not been evaluated for three intervals.
    func problem(in groups: [RuleGroupSnapshot], now: Int64) -> String? {
        let seen = firstSeen.withLock { seen in
            let keys = Set(groups.map(\.key))
            seen = seen.filter { keys.contains($0.key) }
            for key in keys where seen[key] == nil { seen[key] = now }
            return seen
        }
        for group in groups {
            let last = max(group.lastEvaluation ?? 0, seen[group.key] ?? now)
            if now - last > Self.lateIntervals * max(group.interval, 1_000) {
                return "group \(group.name) has not been evaluated for \((now - last) / 1_000) s"
            }
            if let rule = group.rules.first(where: { $0.health == .err }) {
                return "rule \(rule.name) of group \(group.name) fails: \(rule.lastError ?? "unknown error")"
            }
        }
        return nil
    }
}
