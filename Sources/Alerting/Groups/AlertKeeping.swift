internal import MetricsModel

/// Decides within one evaluation of a rule whether an alert without a value has lost its data or its cause.
struct AlertKeeping {
    let outages: [Outage]
    /// The selectors of the rule and of the rules that record what it reads.
    let selectors: [RuleSelector]
    /// Labels that do not come from the series: the rule's own, and those that the expression makes.
    let ownLabels: Set<String>
    let timestamp: Int64
    /// Behind the evaluation's time, in milliseconds.
    let queryOffset: Int64
    /// How far back of what a selector sees its series are looked for: they had samples at the evaluation before.
    let slack: Int64
    let source: any SeriesSource
    private var vanished: [Outage: [VanishedSeries]] = [:]

    init(
        outages: [Outage], selectors: [RuleSelector], ownLabels: Set<String>, timestamp: Int64, queryOffset: Int64,
        slack: Int64, source: any SeriesSource
    ) {
        self.outages = outages
        self.selectors = selectors
        self.ownLabels = ownLabels
        self.timestamp = timestamp
        self.queryOffset = queryOffset
        self.slack = slack
        self.source = source
    }

    /// Why the alert is kept; nil when its condition is over.
    mutating func reason(for alert: ActiveAlert) -> KeptAlert? {
        // It is only kept from firing on: its condition had ended while the data were there.
        guard alert.keepFiringSince == nil else { return nil }
        if var kept = alert.kept, outages.contains(where: { $0.isSame(as: kept.outage) }) {
            kept.lastAway = timestamp
            return kept
        }
        let labels = alert.labels.removing(ownLabels)
        for outage in outages {
            let behind = vanished(by: outage).filter { Self.agree($0.labels, labels) }
            guard !behind.isEmpty else { continue }
            return KeptAlert(
                since: alert.kept?.since ?? timestamp, outage: outage,
                series: behind.prefix(KeptAlert.seriesShown).map(\.labels), seriesCount: behind.count, lastAway: timestamp)
        }
        return nil
    }

    /// Whether a series can have been behind an alert: what both carry is the same. An aggregation drops labels, so the alert may lack
    /// the series' `instance`, and a sum over several targets depends on each of them.
    private static func agree(_ series: Labels, _ alert: Labels) -> Bool {
        alert.pairs.allSatisfy { label in series[label.name].map { sameBytes($0, label.value) } ?? true }
    }

    private mutating func vanished(by outage: Outage) -> [VanishedSeries] {
        if let known = vanished[outage] { return known }
        let target = outage.target.pairs.map { LabelMatcher($0.name, equals: $0.value) }
        var found: Set<VanishedSeries> = []
        for selector in selectors where !selector.isFixed {
            let through = timestamp - queryOffset - selector.shift
            let from = through - (selector.window ?? 0) - RuleSettings.lookback - slack
            do {
                let gone = try VanishedSeries.of(selector.matchers + target, from: from, through: through, source: source)
                // A target that answers has series that end by themselves. Only those of the failing collector ended with its failure.
                found.formUnion(outage.collector == nil ? gone : gone.filter { $0.isEnded && $0.since == outage.since })
            } catch {
                // The expression was evaluated over the same source a moment ago; what cannot be read again keeps nothing.
            }
        }
        let sorted = found.sorted { $0.labels < $1.labels }
        vanished[outage] = sorted
        return sorted
    }
}

extension Outage {
    /// Whether it is the same trouble, whenever it was looked at.
    func isSame(as other: Outage) -> Bool { target == other.target && collector == other.collector }
}
