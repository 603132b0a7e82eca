import Alerting
import MetricsModel
import Sampling

/// What of the sampled targets cannot be read at an instant, from what sampling wrote into the store.
struct SampledOutages: Sendable {
    /// By the name of the target: what each of its series carries in the store.
    private let targets: [String: Labels]

    init(_ identities: [TargetIdentity]) {
        targets = Dictionary(
            identities.map { ($0.name, $0.storedLabels) }, uniquingKeysWith: { first, _ in first })
    }

    /// The targets whose `up` is 0, and of the others the collectors that fail.
    func read(at timestamp: Int64, source: any SeriesSource) -> [Outage] {
        let down = Outage.targetsDown(at: timestamp, source: source)
        let away = Set(down.map(\.target))
        let success = [LabelMatcher(Labels.metricName, equals: SamplingMetrics.collectorSuccess.name)]
        var failing: [Outage] = []
        for (labels, value) in Outage.newest(success, at: timestamp, source: source) where value == 0 {
            // A series of Vitals' own: its own `target` is kept as it is, Vitals has none.
            guard let collector = labels["collector"], let target = labels["target"].flatMap({ targets[$0] }),
                !away.contains(target)
            else { continue }
            failing.append(
                Outage(target: target, collector: collector, since: failure(of: labels, before: timestamp, source: source)))
        }
        return down + failing
    }

    /// Of one series, at the shortest interval.
    private static let samplesMax = 100_000

    /// When the collector's success last fell from 1 to 0; nil when it has not within the look-back.
    private func failure(of series: Labels, before timestamp: Int64, source: any SeriesSource) -> Int64? {
        let matchers = series.pairs.map { LabelMatcher($0.name, equals: $0.value) }
        do {
            let found = try source.select(
                matchers, from: timestamp - RuleSettings.lookback, through: timestamp, selection: .all,
                maxSamples: Self.samplesMax)
            guard let samples = found.first(where: { $0.labels == series }) else { return nil }
            var since: Int64?
            for (place, value) in samples.values.enumerated() where place > 0 {
                if samples.values[place - 1] == 1, value == 0 { since = samples.timestamps[place] }
            }
            return since
        } catch {
            // The rule that asks reads the same source and says what is wrong with it.
            return nil
        }
    }
}

extension TargetIdentity {
    /// What each of the target's series carries in the store: the labels that a Prometheus scraping it would give.
    var storedLabels: Labels {
        labels.merging(Labels(["job": kind.rawValue, "instance": instance]))
    }
}
