public import MetricsModel

extension SampleStore {
    /// Writes one sample, and says why it was refused, in the words of Prometheus' storage; nil when it was taken.
    public func appendOrRefuse(_ labels: Labels, at timestamp: Int64, _ value: Double) -> String? {
        update { $0.appendOrRefuse(labels, Sample(timestamp: timestamp, value: value)) }
    }

    /// The same for samples of one time as one batch, which is one record and one write of the log.
    public func appendOrRefuse(_ samples: [(Labels, Double)], at timestamp: Int64) -> [String?] {
        update { state in samples.map { state.appendOrRefuse($0, Sample(timestamp: timestamp, value: $1)) } }
    }
}

extension StoreState {
    fileprivate mutating func appendOrRefuse(_ labels: Labels, _ sample: Sample) -> String? {
        guard let slot = slotMaking(labels) else { return "the store takes no new series" }
        let newest = slots[Int(slot)].last
        if append(slot, sample) { return nil }
        guard let newest, newest.timestamp >= sample.timestamp else { return "too old sample" }
        if newest.timestamp > sample.timestamp { return "out of order sample" }
        return "duplicate sample for timestamp \(sample.timestamp); overrides not allowed: existing "
            + "\(numberText(newest.value)), new value \(numberText(sample.value))"
    }
}
