public import MetricsModel
import Synchronization

extension SampleStore: SeriesCatalog {
    /// What a selection takes along from under the lock; decoding happens after it.
    private struct Candidate {
        let labels: Labels
        /// The answer, when the newest samples outside of the chunks hold it.
        let newest: Sample?
        let chunks: [XORChunk]
    }

    public func select(
        _ matchers: [LabelMatcher], from: Int64, through: Int64, selection: SampleSelection, maxSamples: Int
    ) throws(SeriesSourceError) -> [SeriesSamples] {
        let candidates = state.withLock { state in
            state.slots(matchers).compactMap { slot in
                SampleStore.candidate(state.slots[Int(slot)], from, through, selection)
            }
        }
        var answer: [SeriesSamples] = []
        answer.reserveCapacity(candidates.count)
        var left = maxSamples
        for candidate in candidates {
            guard let samples = SampleStore.samples(candidate, from, through, selection, most: left) else {
                throw SeriesSourceError(
                    "the query would load more than \(maxSamples) samples into memory", code: .tooManySamples)
            }
            if samples.timestamps.isEmpty { continue }
            left -= samples.timestamps.count
            answer.append(samples)
        }
        return answer
    }

    /// The names of all labels, sorted; with matchers, of the series to which they apply.
    public func labelNames(_ matchers: [LabelMatcher] = []) -> [String] {
        if matchers.isEmpty { return state.withLock { $0.index.names } }
        return Set(series(matchers, from: .min, through: .max).flatMap { $0.pairs.map(\.name) }).sorted(by: bytesPrecede)
    }

    /// The values of one label, sorted; with matchers, of the series to which they apply.
    public func labelValues(_ name: String, _ matchers: [LabelMatcher] = []) -> [String] {
        if matchers.isEmpty { return state.withLock { $0.index.values(of: name) } }
        return Set(series(matchers, from: .min, through: .max).compactMap { $0[name] }).sorted(by: bytesPrecede)
    }

    /// The series to which all matchers apply and that may have samples in the window, sorted.
    public func series(_ matchers: [LabelMatcher], from: Int64, through: Int64) -> [Labels] {
        let found = state.withLock { state in
            state.slots(matchers).compactMap { slot -> Labels? in
                let series = state.slots[Int(slot)]
                guard let first = series.firstTimestamp, let last = series.last?.timestamp,
                    first <= through, last >= from
                else { return nil }
                return series.labels
            }
        }
        return found.sorted()
    }

    /// Whether there is any series to which all matchers apply.
    public func hasSeries(_ matchers: [LabelMatcher]) -> Bool {
        state.withLock { !$0.slots(matchers).isEmpty }
    }

    private static func candidate(
        _ series: StoredSeries, _ from: Int64, _ through: Int64, _ selection: SampleSelection
    ) -> Candidate? {
        guard let last = series.last, last.timestamp >= from, let first = series.firstTimestamp, first <= through else {
            return nil
        }
        switch selection {
        case .newest:
            if last.timestamp <= through { return Candidate(labels: series.labels, newest: last, chunks: []) }
            if let previous = series.previous, previous.timestamp <= through {
                // Nothing lies between the two newest: either this one is in the window or none is.
                guard previous.timestamp >= from else { return nil }
                return Candidate(labels: series.labels, newest: previous, chunks: [])
            }
            let chunk =
                series.head.count > 0 && series.head.firstTimestamp <= through
                ? series.head.chunk : series.chunks.last { $0.firstTimestamp <= through }
            return chunk.map { Candidate(labels: series.labels, newest: nil, chunks: [$0]) }
        case .all:
            var chunks = series.chunks.filter { $0.lastTimestamp >= from && $0.firstTimestamp <= through }
            if series.head.count > 0, series.head.lastTimestamp >= from, series.head.firstTimestamp <= through {
                chunks.append(series.head.chunk)
            }
            return chunks.isEmpty ? nil : Candidate(labels: series.labels, newest: nil, chunks: chunks)
        }
    }

    /// The samples of one series in the window; nil where they are more than `most`.
    private static func samples(
        _ candidate: Candidate, _ from: Int64, _ through: Int64, _ selection: SampleSelection, most: Int
    ) -> SeriesSamples? {
        var newest = candidate.newest
        var timestamps: [Int64] = []
        var values: [Double] = []
        if case .all = selection {
            let upTo = min(most, candidate.chunks.reduce(0) { $0 + $1.count })
            timestamps.reserveCapacity(upTo)
            values.reserveCapacity(upTo)
        }
        for chunk in candidate.chunks {
            var isWithin = true
            chunk.forEach { timestamp, value in
                guard timestamp <= through else { return false }
                if timestamp < from { return true }
                switch selection {
                case .newest: newest = Sample(timestamp: timestamp, value: value)
                case .all:
                    isWithin = timestamps.count < most
                    guard isWithin else { return false }
                    timestamps.append(timestamp)
                    values.append(value)
                }
                return true
            }
            guard isWithin else { return nil }
        }
        if let newest {
            guard most > 0 else { return nil }
            timestamps = [newest.timestamp]
            values = [newest.value]
        }
        return SeriesSamples(labels: candidate.labels, timestamps: timestamps, values: values)
    }
}

extension StoredSeries {
    /// The newest sample in `after < time ≤ through`.
    func newest(after: Int64, through: Int64) -> Sample? {
        guard let last, last.timestamp > after else { return nil }
        if last.timestamp <= through { return last }
        if let previous, previous.timestamp <= through { return previous.timestamp > after ? previous : nil }
        let chunk = head.firstTimestamp <= through ? head.chunk : chunks.last { $0.firstTimestamp <= through }
        var newest: Sample?
        chunk?.forEach { timestamp, value in
            guard timestamp <= through else { return false }
            if timestamp > after { newest = Sample(timestamp: timestamp, value: value) }
            return true
        }
        return newest
    }
}

extension StoreState {
    /// The slots of the series to which all matchers apply.
    func slots(_ matchers: [LabelMatcher]) -> [Int32] { index.slots(matchers) { slots[Int($0)].labels } }
}
