/// Counts of a run.
struct Tally {
    var passed = 0
    var failed = 0
    var skipped = 0

    static func += (a: inout Tally, b: Tally) {
        a.passed += b.passed
        a.failed += b.failed
        a.skipped += b.skipped
    }

    var text: String { "\(passed) passed, \(failed) failed, \(skipped) skipped" }
}
