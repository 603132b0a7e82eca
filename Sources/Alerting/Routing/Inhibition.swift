internal import MetricsModel

/// While an alert that matches the sources fires, nobody is told of one that matches the targets and agrees with it in the equal
/// labels: what follows from a dead database need not wake anybody as well.
public struct InhibitionRule: Sendable {
    public let sources: Matchers
    public let targets: Matchers
    /// Labels in which both must agree; a label that both lack is equal.
    public let equal: Set<String>

    public init(sources: Matchers, targets: Matchers, equal: Set<String>) {
        self.sources = sources
        self.targets = targets
        self.equal = equal
    }
}

/// Which alerts inhibit which, at one instant. Built in O(rules × firing alerts), asked in O(rules).
struct InhibitionIndex {
    private struct Source {
        let alert: UInt64
        let isTarget: Bool
    }

    private let rules: [(rule: InhibitionRule, sources: [Labels: [Source]])]

    init(_ rules: [InhibitionRule], firing: some Sequence<Labels>) {
        let firing = Array(firing)
        self.rules = rules.map { rule in
            var sources: [Labels: [Source]] = [:]
            for labels in firing where rule.sources.matches(labels) {
                let source = Source(alert: labels.fingerprint, isTarget: rule.targets.matches(labels))
                sources[labels.keeping(rule.equal), default: []].append(source)
            }
            return (rule, sources)
        }
    }

    /// The fingerprints of the alerts that inhibit one with these labels, sorted. An alert that matches both sides of a rule is not
    /// inhibited by others that do, itself among them.
    func inhibitors(of labels: Labels) -> [UInt64] {
        var found: Set<UInt64> = []
        for (rule, sources) in rules where !sources.isEmpty && rule.targets.matches(labels) {
            guard let candidates = sources[labels.keeping(rule.equal)] else { continue }
            let isSource = rule.sources.matches(labels)
            for source in candidates where !(isSource && source.isTarget) { found.insert(source.alert) }
        }
        return found.sorted()
    }
}
