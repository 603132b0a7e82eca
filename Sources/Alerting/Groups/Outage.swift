public import MetricsModel

/// What cannot be read at an instant although it is meant to be there: a target that does not answer, or a part of it. Its series are
/// absent without that saying anything about the conditions that rules watch.
public struct Outage: Sendable, Hashable {
    /// What every series of the target carries: the labels of its `up`, without the name.
    public let target: Labels
    /// The collector that fails; nil when the whole target is away.
    public let collector: String?
    /// When a collector began to fail (milliseconds): only series that ended in that very sample are missing because of it. nil when it
    /// is not known.
    public let since: Int64?

    public init(target: Labels, collector: String? = nil, since: Int64? = nil) {
        self.target = target
        self.collector = collector
        self.since = since
    }

    /// The targets whose newest `up` is 0 at an instant. An instant's sample holds for `lookback` milliseconds.
    public static func targetsDown(
        at timestamp: Int64, source: any SeriesSource, lookback: Int64 = RuleSettings.lookback
    ) -> [Outage] {
        newest([LabelMatcher(Labels.metricName, equals: "up")], at: timestamp, source: source, lookback: lookback)
            .filter { $0.value == 0 }.map { Outage(target: $0.labels.removingMetricName()) }
    }

    /// The newest samples of an instant, as an instant selector sees them.
    public static func newest(
        _ matchers: [LabelMatcher], at timestamp: Int64, source: any SeriesSource, lookback: Int64 = RuleSettings.lookback
    ) -> [(labels: Labels, value: Double)] {
        do {
            let found = try source.select(
                matchers, from: timestamp - lookback + 1, through: timestamp, selection: .newest, maxSamples: samplesMax)
            return found.compactMap { series in
                guard let value = series.values.last, !isStaleMarker(value) else { return nil }
                return (series.labels, value)
            }
        } catch {
            // A source that cannot answer makes the rule itself fail; about targets nothing is known then.
            return []
        }
    }

    /// Far more targets than one process samples.
    static let samplesMax = 1_000_000
}

/// Says what cannot be read at an instant, from the same series that the rules read at it: the answer and the rules' results belong
/// together. Asked only when an alert is about to end.
public typealias OutageReader = @Sendable (_ timestamp: Int64, _ source: any SeriesSource) -> [Outage]

/// Why an alert is still there although its expression has no value for it.
public struct KeptAlert: Sendable, Hashable {
    /// More series are counted and not named.
    public static let seriesShown = 10

    /// When the expression last became empty for it, in milliseconds since the epoch.
    public let since: Int64
    public let outage: Outage
    /// The first of the series that the rule read and that are gone, sorted.
    public let series: [Labels]
    public let seriesCount: Int
    /// The newest evaluation in which the target was still away. Once it is back, its series need two samples before the expression
    /// can say anything.
    public internal(set) var lastAway: Int64

    /// For people: `postgres at 127.0.0.1:5432 does not answer`.
    public var reason: String {
        let target = outage.target
        let name = [target["job"] ?? "the target", target["instance"].map { "at \($0)" }].compactMap { $0 }.joined(separator: " ")
        if let collector = outage.collector { return "\(name): the collector \(collector) fails" }
        return "\(name) does not answer"
    }
}
