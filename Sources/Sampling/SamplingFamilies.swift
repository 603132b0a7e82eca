public import MetricsModel

/// What Vitals says about its own sampling.
public enum SamplingMetrics {
    public static let duration = Family(
        "vitals_sample_duration_seconds", .gauge, labels: ["target"],
        help: "How long the target's last sample took, from the questions leaving to the last answer. Measured by Vitals.")
    public static let roundTrips = Family(
        "vitals_sample_round_trips", .gauge, labels: ["target"],
        help: "How often the target's last sample waited for the network. Measured by Vitals.")
    public static let collectorSuccess = Family(
        "vitals_collector_success", .gauge, labels: ["target", "collector"],
        help: "Whether the collector's source answered in the last sample (1) or failed, was late or is not there (0).")
    public static let collectorDuration = Family(
        "vitals_collector_duration_seconds", .gauge, labels: ["target", "collector"],
        help: "How long the collector's answer took in the last sample, 0 when an earlier one was reused. Measured by Vitals.")
    public static let collectorLastSuccess = Family(
        "vitals_collector_last_success_timestamp_seconds", .gauge, labels: ["target", "collector"],
        help: "When the collector's source last answered, in Unix time. Measured by Vitals.")
    public static let seriesLimited = Family(
        "vitals_series_limited", .gauge, labels: ["target", "collector"],
        help:
            "Series of the collector that went into remainders in the last sample because of a limit. Absent at 0. Counted by Vitals."
    )
    public static let collectorSkipped = Family(
        "vitals_collector_skipped", .gauge, labels: ["target", "collector", "reason"],
        help:
            "Questions of the collector that were not asked, over all databases: the server has another version or role, or lacks an extension, schema, relation or privilege. Counted by Vitals."
    )
    public static let collectorDropped = Family(
        "vitals_collector_dropped_series", .gauge, labels: ["target", "collector"],
        help:
            "Series that the collector left out of the last sample: beyond its limit, or there already. Absent at 0. Measured by Vitals."
    )
}

/// The families about sampling, with their series kept over samples.
struct SamplingFamilies {
    private var cache = SeriesCache()
    private var downSeries: [TargetIdentity: Series] = [:]

    mutating func families(of answers: [TargetSample]) -> [FamilySamples] {
        var held = SeriesCache()
        swap(&held, &cache)
        var sample = SampleBuilder(held)
        for answer in answers {
            let target = answer.identity.name
            sample.add(SamplingMetrics.duration, [target], answer.duration.seconds)
            sample.add(SamplingMetrics.roundTrips, [target], Double(answer.roundTrips))
            for outcome in answer.collectors {
                let labels = [target, outcome.name]
                if outcome.isAsked {
                    sample.add(SamplingMetrics.collectorSuccess, labels, outcome.success ? 1 : 0)
                    sample.add(SamplingMetrics.collectorDuration, labels, outcome.duration.seconds)
                }
                sample.add(SamplingMetrics.collectorLastSuccess, labels, outcome.lastSuccess.map { Double($0) / 1000 })
                if outcome.limitedSeries > 0 {
                    sample.add(SamplingMetrics.seriesLimited, labels, Double(outcome.limitedSeries))
                }
                for (reason, count) in outcome.skipped.sorted(by: { $0.key < $1.key }) {
                    sample.add(SamplingMetrics.collectorSkipped, labels + [reason], Double(count))
                }
                if outcome.droppedSeries > 0 {
                    sample.add(SamplingMetrics.collectorDropped, labels, Double(outcome.droppedSeries))
                }
            }
        }
        let (families, kept) = sample.finish()
        cache = kept
        return families
    }

    /// What a reader is told of a target whose answer did not come before the reader's deadline.
    mutating func unanswered(_ target: any SampleTarget, after duration: Duration) -> TargetSample {
        guard let family = target.upFamily else {
            return TargetSample(identity: target.identity, up: false, families: [], duration: duration)
        }
        let series = downSeries[target.identity] ?? Series(name: family.name, labels: target.identity.labels)
        downSeries[target.identity] = series
        return TargetSample(
            identity: target.identity, up: false, families: [FamilySamples(family, [Point(series, 0)])], duration: duration)
    }
}

extension Duration {
    /// As a number of seconds, as every `_seconds` metric wants it.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
