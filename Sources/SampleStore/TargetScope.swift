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

    /// A column of one family, over samples.
    private struct KnownColumn {
        let rows: SeriesRows
        /// Of each row; -1 before its first sample.
        var slots: [Int32]
        var generations: [UInt32]
        /// The last sample that had a value for the row.
        var seen: [UInt32]
        /// The last sample that had the column.
        var sample: UInt32 = 0

        init(_ rows: SeriesRows) {
            self.rows = rows
            slots = Array(repeating: -1, count: rows.count)
            generations = Array(repeating: 0, count: rows.count)
            seen = Array(repeating: 0, count: rows.count)
        }

        /// Rows that `former` had keep their slots.
        init(_ rows: SeriesRows, former: KnownColumn, places: [Int32]) {
            self.init(rows)
            for (row, place) in places.enumerated() where place >= 0 {
                slots[row] = former.slots[Int(place)]
                generations[row] = former.generations[Int(place)]
            }
        }
    }

    private struct ColumnKey: Hashable {
        let family: Family
        /// Among the columns of the family.
        let place: Int
    }

    private struct State {
        var columns: [ColumnKey: KnownColumn] = [:]
        /// What stood in `columns` before this sample brought other rows.
        var former: [KnownColumn] = []
        /// Rows are shared by many families: where those of the last change were before it.
        var moved: (rows: SeriesRows, former: SeriesRows, places: [Int32])?
        /// In the order of the sample before, which is mostly that of the next: the place after the last one is tried first.
        var known: [Known] = []
        var places: [Series: Int] = [:]
        var next = 0
        var sample: UInt32 = 0
    }

    /// So many rows of a bulk family are kept though nothing reads them: a small database has its graphs without a switch.
    static let fewRows = 100

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
                    let isWhole = !samples.family.isBulk || store.bulk.contains(samples.family)
                    for point in samples.points where isWhole {
                        if let slot = slot(point.series, &scope, &store) {
                            store.append(slot, Sample(timestamp: timestamp, value: point.value))
                        }
                    }
                    for (place, column) in samples.columns.enumerated() where isWhole || column.rows.count <= Self.fewRows {
                        write(column, ColumnKey(family: samples.family, place: place), &scope, &store, at: timestamp)
                    }
                }
                markStale(&scope, &store, at: timestamp)
                markColumnsStale(&scope, &store, at: timestamp)
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
        guard let slot = store.slotMaking(storedLabels(series.name, series.labels)) else { return nil }
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

    private func write(
        _ column: ValueColumn, _ key: ColumnKey, _ scope: inout State, _ store: inout StoreState, at timestamp: Int64
    ) {
        // Taken out, so that it is changed in place.
        var known = scope.columns.removeValue(forKey: key) ?? KnownColumn(column.rows)
        if known.rows !== column.rows {
            let places = places(of: column.rows, in: known.rows, &scope)
            scope.former.append(known)
            known = KnownColumn(column.rows, former: known, places: places)
        }
        known.sample = scope.sample
        column.forEach { row, value in
            if !store.holds(known.slots[row], known.generations[row]) {
                let labels = storedLabels(key.family.name, column.rows.labels(row))
                guard let slot = store.slotMaking(labels) else { return }
                known.slots[row] = slot
                known.generations[row] = store.slots[Int(slot)].generation
            }
            known.seen[row] = scope.sample
            store.append(known.slots[row], Sample(timestamp: timestamp, value: value))
        }
        scope.columns[key] = known
    }

    private func places(of rows: SeriesRows, in former: SeriesRows, _ scope: inout State) -> [Int32] {
        if let moved = scope.moved, moved.rows === rows, moved.former === former { return moved.places }
        let places = rows.places(in: former)
        scope.moved = (rows, former, places)
        return places
    }

    /// Ends the rows that had a value in the sample before and have none in this one.
    private func markColumnsStale(_ scope: inout State, _ store: inout StoreState, at timestamp: Int64) {
        let before = scope.sample &- 1
        func mark(_ known: KnownColumn) {
            for (row, seen) in known.seen.enumerated() where seen == before {
                markStale(known.slots[row], known.generations[row], &store, at: timestamp)
            }
        }
        for known in scope.columns.values { mark(known) }
        for known in scope.former { mark(known) }
        scope.former = []
        scope.moved = nil
        guard scope.columns.contains(where: { $0.value.sample != scope.sample }) else { return }
        scope.columns = scope.columns.filter { $0.value.sample == scope.sample }
    }

    private func markStale(_ slot: Int32, _ generation: UInt32, _ store: inout StoreState, at timestamp: Int64) {
        // The same labels may have come back as another object: then the series has its sample of this time already.
        guard store.holds(slot, generation), let last = store.slots[Int(slot)].last, last.timestamp < timestamp,
            !isStaleMarker(last.value)
        else { return }
        store.append(slot, Sample(timestamp: timestamp, value: staleMarker))
    }

    private func markStale(_ scope: inout State, _ store: inout StoreState, at timestamp: Int64) {
        guard scope.known.contains(where: { $0.sample != scope.sample }) else { return }
        for known in scope.known where known.sample != scope.sample {
            markStale(known.slot, known.generation, &store, at: timestamp)
        }
        scope.known.removeAll { $0.sample != scope.sample }
        scope.places = Dictionary(uniqueKeysWithValues: scope.known.enumerated().map { ($1.series, $0) })
    }

    /// The target's labels win; a label of that name that the series has with another value is kept as `exported_NAME`, as
    /// Prometheus does without `honor_labels`.
    private func storedLabels(_ name: String, _ own: Labels) -> Labels {
        var labels = target.pairs
        for label in own.pairs {
            let given = target[label.name]
            if given == label.value { continue }
            labels.append(given == nil ? label : Label("exported_" + label.name, label.value))
        }
        labels.append(Label(Labels.metricName, name))
        return Labels(labels)
    }
}
