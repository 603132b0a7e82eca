/// Counts of a run.
struct Tally {
    var passed = 0
    var failed = 0
    /// How many cases were left out, by reason.
    private var reasons: [String: Int] = [:]

    var skipped: Int { reasons.values.reduce(0, +) }

    mutating func skip(_ reason: String) { reasons[reason, default: 0] += 1 }

    static func += (a: inout Tally, b: Tally) {
        a.passed += b.passed
        a.failed += b.failed
        a.reasons.merge(b.reasons) { $0 + $1 }
    }

    var text: String { "\(passed) passed, \(failed) failed, \(skipped) skipped" }

    /// One line for each reason to leave cases out, the most frequent first.
    var skips: [String] {
        reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "skipped \($0.value): \($0.key)" }
    }
}
