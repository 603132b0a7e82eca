import Alerting
import Logging
import SampleStore

/// For how long series are kept: as long as the operator said, else as long as the rules look back.
struct Retention {
    /// Without a word of the operator, and without rules that need more.
    static let standard = Duration.seconds(7_200)
    /// Beyond what rules look back: evaluations may be late, and what is dropped is dropped chunk by chunk.
    private static let slack = Duration.seconds(1_800)
    /// Named in one line of the log.
    private static let namedMax = 5

    let duration: Duration
    /// How far back the rules look, in milliseconds.
    let reach: Int64
    /// The rules that look further back than series are kept, the farthest first.
    let tooFar: [RuleReach]

    init(given: Duration?, rules files: [RuleFile]) {
        let reaches = RuleReach.of(files)
        let reach = reaches.max()?.milliseconds ?? 0
        let duration = given ?? max(Self.standard, .milliseconds(reach) + Self.slack)
        self.duration = duration
        self.reach = reach
        tooFar =
            reach > duration.milliseconds
            ? reaches.filter { $0.milliseconds > duration.milliseconds }.sorted { $0.milliseconds > $1.milliseconds } : []
    }

    /// What the operator should know about it, for the log and `vitals check config`; nil when nothing is amiss.
    var warning: String? {
        guard !tooFar.isEmpty else { return nil }
        let named = tooFar.prefix(Self.namedMax).map { "\($0.rule) (\(Self.text($0.milliseconds)), group \($0.group))" }
        let more = tooFar.count > named.count ? " and \(tooFar.count - named.count) more" : ""
        return "\(tooFar.count) \(tooFar.count == 1 ? "rule looks" : "rules look") further back than series are kept "
            + "(--storage.retention=\(Self.text(duration.milliseconds))): " + named.joined(separator: ", ") + more
    }

    /// As Prometheus writes durations: `1d2h`.
    static func text(_ milliseconds: Int64) -> String {
        guard milliseconds > 0 else { return "0s" }
        var rest = milliseconds
        var out = ""
        for (unit, size) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
            if rest >= size {
                out += "\(rest / size)\(unit)"
                rest %= size
            }
        }
        return out
    }
}
