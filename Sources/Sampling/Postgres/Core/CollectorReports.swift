internal import MetricsModel
internal import Postgres

/// How each collector fared, from what became of its questions in every database that answered.
struct CollectorReports: Sendable {
    private let names: [String]
    /// Milliseconds since the Unix epoch.
    private var lastSuccess: [String: Int64] = [:]

    /// `names`: the collectors that are on, in their order. A user's may have the name of a shipped one: they fare together then.
    init(_ names: [String]) {
        var seen: Set<String> = []
        self.names = names.filter { seen.insert($0).inserted }
    }

    /// `duplicates`: series left out because another collector has them.
    mutating func outcomes(
        _ questions: [PostgresDatabase.Outcome], duplicates: [String: Int], at time: Int64
    ) -> [CollectorOutcome] {
        var tallies: [String: Tally] = [:]
        for question in questions { tallies[question.collector, default: Tally()].add(question) }
        return names.map { name in
            let tally = tallies[name] ?? Tally()
            let isAsked = tally.answered + tally.failed > 0
            if isAsked, tally.failed == 0 { lastSuccess[name] = time }
            return CollectorOutcome(
                name: name, success: tally.failed == 0, duration: tally.duration, isAsked: isAsked, skipped: tally.skipped,
                lastSuccess: lastSuccess[name],
                droppedSeries: tally.duplicates + (duplicates[name] ?? 0), limitedSeries: tally.hidden)
        }
    }

    /// None was asked: the server did not answer.
    func silent(after duration: Duration) -> [CollectorOutcome] {
        names.map { CollectorOutcome(name: $0, success: false, duration: duration, lastSuccess: lastSuccess[$0]) }
    }

    private struct Tally {
        var answered = 0
        var failed = 0
        var hidden = 0
        var duplicates = 0
        var skipped: [String: Int] = [:]
        var duration = Duration.zero

        mutating func add(_ question: PostgresDatabase.Outcome) {
            duration += question.duration
            switch question.result {
            case .families(let reading):
                answered += 1
                hidden += reading.hidden
                duplicates += reading.duplicates
            case .skipped(let condition): skipped[condition.reason, default: 0] += 1
            case .failed: failed += 1
            }
        }
    }
}
