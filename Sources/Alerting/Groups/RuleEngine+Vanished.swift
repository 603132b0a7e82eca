internal import MetricsModel

/// A series that a rule has read and that is no more there.
public struct MissingSeries: Sendable {
    public let group: String
    public let rule: String
    public let series: VanishedSeries
}

extension RuleEngine {
    /// The series that the rules' selectors matched within the last `within` milliseconds and match no longer, by rule; `isWhole` is
    /// false when there are more, or more to look at. For people who look at a page: reads every selector.
    public func missingSeries(within: Int64 = 3_600_000, limit: Int = 200) -> (series: [MissingSeries], isWhole: Bool) {
        var found: [MissingSeries] = []
        var looked: [String: [VanishedSeries]] = [:]
        for (group, rule, reads) in readings() {
            for selector in reads.needed where !selector.isFixed {
                let gone: [VanishedSeries]
                if let known = looked[selector.text] {
                    gone = known
                } else {
                    guard looked.count < Self.selectorsMax else { return (found, false) }
                    gone = vanished(selector.matchers, within: within)
                    looked[selector.text] = gone
                }
                for series in gone where !found.contains(where: { $0.group == group && $0.rule == rule && $0.series == series }) {
                    guard found.count < limit else { return (found, false) }
                    found.append(MissingSeries(group: group, rule: rule, series: series))
                }
            }
        }
        return (found, true)
    }

    /// A page must not take longer than a few evaluations.
    private static let selectorsMax = 500
}
