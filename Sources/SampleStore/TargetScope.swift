public import MetricsModel
import Synchronization

/// Whether a target could be read.
public enum TargetState: Sendable {
    case up, down
}

/// Writes the samples of one target as Prometheus writes a scrape: every series with the target's labels, a stale marker for what
/// was in the sample before and is no more, and `up`, `scrape_duration_seconds` and `scrape_samples_scraped`.
///
/// One scope for one target; its calls come one after the other, in the order of their times.
public final class TargetScope: Sendable {
    private struct Known {
        let series: Series
        let slot: Int32
        let generation: UInt32
        var sample: UInt32
    }

    private struct State {
        /// In the order of the sample before, which is mostly that of the next: the place after the last one is tried first.
        var known: [Known] = []
        var places: [Series: Int] = [:]
        var next = 0
        var sample: UInt32 = 0
    }

    private let store: SampleStore
    private let target: Labels
    private let reports: [Labels]
    private let state = Mutex(State())

    init(store: SampleStore, target: Labels) {
        self.store = store
        self.target = target
        reports = ["up", "scrape_duration_seconds", "scrape_samples_scraped"].map {
            target.setting(Labels.metricName, to: $0)
        }
    }

    /// Writes one sample of the target. `took` is how long reading it lasted. When the target is down, give what there is
    /// (`pg_up 0`) or nothing: the rest is marked as ended.
    public func append(
        _ families: [FamilySamples], at timestamp: Int64, target targetState: TargetState = .up, took: Duration = .zero
    ) {
        let (seconds, attoseconds) = took.components
        let up =
            switch targetState {
            case .up: 1.0
            case .down: 0.0
            }
        write(
            families, at: timestamp,
            reports: [
                up, Double(seconds) + Double(attoseconds) * 1e-18, Double(families.reduce(0) { $0 + $1.sampleCount }),
            ])
    }

    /// The target could not be read at all: every series ends here, and `up` is 0.
    public func appendStale(at timestamp: Int64, took: Duration = .zero) {
        append([], at: timestamp, target: .down, took: took)
    }

    /// The target is no longer one of ours: its series end, `up` among them.
    public func end(at timestamp: Int64) {
        write([], at: timestamp, reports: reports.map { _ in staleMarker })
    }

    private func write(_ families: [FamilySamples], at timestamp: Int64, reports values: [Double]) {
        state.withLock { scope in
            store.update { store in
                scope.sample &+= 1
                scope.next = 0
                for samples in families {
                    for point in samples.points {
                        if let slot = slot(point.series, &scope, &store) {
                            store.append(slot, Sample(timestamp: timestamp, value: point.value))
                        }
                    }
                }
                markStale(&scope, &store, at: timestamp)
                for (labels, value) in zip(reports, values) {
                    if isStaleMarker(value), store.slot(of: labels) == nil { continue }
                    if let slot = store.slotMaking(labels) { store.append(slot, Sample(timestamp: timestamp, value: value)) }
                }
            }
        }
    }

    private func slot(_ series: Series, _ scope: inout State, _ store: inout StoreState) -> Int32? {
        let place: Int?
        if scope.next < scope.known.count, scope.known[scope.next].series === series {
            place = scope.next
        } else {
            place = scope.places[series]
        }
        if let place, store.holds(scope.known[place].slot, scope.known[place].generation) {
            scope.known[place].sample = scope.sample
            scope.next = place + 1
            return scope.known[place].slot
        }
        guard let slot = store.slotMaking(storedLabels(series)) else { return nil }
        let generation = store.slots[Int(slot)].generation
        let known = Known(series: series, slot: slot, generation: generation, sample: scope.sample)
        if let place {
            scope.known[place] = known
            scope.next = place + 1
        } else {
            scope.places[series] = scope.known.count
            scope.known.append(known)
            scope.next = scope.known.count
        }
        return slot
    }

    private func markStale(_ scope: inout State, _ store: inout StoreState, at timestamp: Int64) {
        guard scope.known.contains(where: { $0.sample != scope.sample }) else { return }
        for known in scope.known where known.sample != scope.sample {
            // The same labels may have come back as another object: then the series has its sample of this time already.
            guard store.holds(known.slot, known.generation), let last = store.slots[Int(known.slot)].last,
                last.timestamp < timestamp,
                !isStaleMarker(last.value)
            else { continue }
            store.append(known.slot, Sample(timestamp: timestamp, value: staleMarker))
        }
        scope.known.removeAll { $0.sample != scope.sample }
        scope.places = Dictionary(uniqueKeysWithValues: scope.known.enumerated().map { ($1.series, $0) })
    }

    /// The target's labels win; a label of that name that the series has with another value is kept as `exported_NAME`, as
    /// Prometheus does without `honor_labels`.
    private func storedLabels(_ series: Series) -> Labels {
        var labels = target.pairs
        for label in series.labels.pairs {
            let own = target[label.name]
            if own == label.value { continue }
            labels.append(own == nil ? label : Label("exported_" + label.name, label.value))
        }
        labels.append(Label(Labels.metricName, series.name))
        return Labels(labels)
    }
}
