public import MetricsModel

/// How many samples of a batch are in the store, and why the others are not.
public struct BatchOutcome: Sendable {
    /// The same sample that was there already counts as stored.
    public let accepted: Int
    /// Without the reasons that did not occur.
    public let refused: [RefusalReason: Int]
}

extension SampleStore {
    /// Appends the samples of many series, in the order given, as one batch under one lock and in one record of the log. The marker of
    /// the end of a series that is not there is nothing, and counts as stored.
    public func append(batch: [SeriesSamples]) -> BatchOutcome {
        update { state in
            var accepted = 0
            let before = state.stats.refused
            for series in batch {
                // A series is made by a sample that says something.
                guard let end = zip(series.timestamps, series.values).firstIndexToStore(state.slot(of: series.labels) != nil)
                else {
                    accepted += series.timestamps.count
                    continue
                }
                accepted += end
                for place in end..<series.timestamps.count {
                    guard let slot = state.slotMaking(series.labels) else { continue }
                    if state.append(slot, Sample(timestamp: series.timestamps[place], value: series.values[place])) {
                        accepted += 1
                    }
                }
            }
            var refused: [RefusalReason: Int] = [:]
            for (reason, count) in state.stats.refused {
                let more = count - (before[reason] ?? 0)
                if more > 0 { refused[reason] = Int(clamping: more) }
            }
            return BatchOutcome(accepted: accepted, refused: refused)
        }
    }
}

extension Zip2Sequence<[Int64], [Double]> {
    /// The place of the first sample to store, with the series there or not; nil when there is none.
    fileprivate func firstIndexToStore(_ isThere: Bool) -> Int? {
        for (place, sample) in enumerated() where isThere || !isStaleMarker(sample.1) { return place }
        return nil
    }
}
