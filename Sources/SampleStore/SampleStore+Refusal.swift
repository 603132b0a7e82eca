public import MetricsModel

extension SampleStore {
    /// Writes one sample, and says why it was refused, in the words of Prometheus' storage; nil when it was taken.
    public func appendOrRefuse(_ labels: Labels, at timestamp: Int64, _ value: Double) -> String? {
        update { state in
            guard let slot = state.slotMaking(labels) else { return "the store takes no new series" }
            let newest = state.slots[Int(slot)].last
            if state.append(slot, Sample(timestamp: timestamp, value: value)) { return nil }
            guard let newest, newest.timestamp >= timestamp else { return "too old sample" }
            if newest.timestamp > timestamp { return "out of order sample" }
            return "duplicate sample for timestamp \(timestamp); overrides not allowed: existing "
                + "\(numberText(newest.value)), new value \(numberText(value))"
        }
    }
}
