/// Turns the totals of `pg_stat_statements` into counters and histograms of execution time by query type.
///
/// Between two readings each statement gives its new calls, their time and their spread; the histogram of its type grows by just so many
/// observations, its sum by just that time.
///
/// - Everything starts at zero and counts what happens from the first reading on: after a restart Prometheus then sees a counter
///   reset and a small value. Starting at the server's totals would look, after any eviction, like a reset
///   followed by all calls of the server's life at once.
/// - A statement seen first later is new and counts from zero, as does one whose totals fell or whose `stats_since` changed.
///   What an evicted or reset row gathered after its last reading is lost; nothing else is.
/// - When `resetAt` moved past the last reading everything was reset. When it changed to an older instant this is another
///   server (a failover): its totals are a new base, not new calls.
/// - Statements inside functions are not counted: their time is part of the statement that called the function.
struct StatementLatencies: Sendable {
    /// Rows remembered: twenty times the default of `pg_stat_statements.max`, about 20 MB. While a server has more, a statement seen first
    /// sets its base only.
    static let statementsMax = 100_000
    /// Readings that growth waits for its statement's class before it counts as `other`.
    static let waitingReadingsMax = 20

    /// Executions of the application between the last two readings.
    struct Window: Sendable, Hashable {
        fileprivate(set) var calls: Int64 = 0
        fileprivate(set) var seconds = 0.0
        /// Nil without a call.
        var meanSeconds: Double? { calls > 0 ? seconds / Double(calls) : nil }
    }

    private struct Entry {
        /// What is counted.
        var base: StatementTotals
        /// What was read and is not counted yet, for want of a class, and in which reading that began.
        var pending: (totals: StatementTotals, since: Int)?
        var reading: Int
    }

    private(set) var window = Window()
    /// What was counted in the last reading, Vitals' own left out. Two for a statement whose row was made anew.
    private(set) var growths: [StatementGrowth] = []
    /// Whether the last reading set bases anew: it was the first, or another server's.
    private(set) var isAnew = false
    private var histograms: [QueryType: LatencyHistogram] = [:]
    private var spreads: [QueryType: LatencySpread] = [:]
    private var entries: [StatementKey: Entry] = [:]
    private var epoch: StatementEpoch?
    private var reading = 0
    /// Statements of `entries` that the reading has had.
    private var present = 0
    private var isCrowded = false

    init() {}

    /// The histogram of a type, at zero before its first observation. Its count is the value of `db_queries_total`.
    func histogram(of type: QueryType) -> LatencyHistogram { histograms[type] ?? LatencyHistogram() }

    /// Statements whose growth waits for their class.
    var waiting: Set<StatementKey> { Set(entries.lazy.filter { $0.value.pending != nil }.map(\.key)) }

    /// Takes one reading: all rows of the view, not a selection, for a row that is missing counts as evicted.
    ///
    /// `classOf` answers nil for a statement whose text is not read yet; its growth then waits. O(rows).
    mutating func take(_ totals: [StatementTotals], epoch: StatementEpoch, class classOf: (StatementKey) -> StatementClass?) {
        window = Window()
        growths.removeAll(keepingCapacity: true)
        reading += 1
        present = 0
        let start = start(at: epoch)
        isAnew = start == .anew
        self.epoch = epoch
        var unnamed: [StatementKey: StatementTotals] = [:]
        for row in totals where row.isPlausible {
            if row.key.queryID == nil {
                unnamed[row.key] = unnamed[row.key].map { $0.joined(row) } ?? row
            } else {
                take(row, start, classOf)
            }
        }
        for row in unnamed.values { take(row, start, classOf) }
        forgetVanished(classOf)
    }

    /// What the bases of the last reading are worth now.
    private enum Start {
        /// The first reading, or another server: rows set their base.
        case anew
        /// A reset since the last reading: everything in the rows is new.
        case reset
        case onward
    }

    private func start(at now: StatementEpoch) -> Start {
        guard let epoch else { return .anew }
        guard let before = epoch.resetAt, let after = now.resetAt, before != after else { return .onward }
        return after > epoch.readAt ? .reset : .anew
    }

    private mutating func take(_ row: StatementTotals, _ start: Start, _ classOf: (StatementKey) -> StatementClass?) {
        guard let place = entries.index(forKey: row.key) else {
            if entries.count >= StatementLatencies.statementsMax {
                isCrowded = true
                return
            }
            let base = start == .anew || isCrowded ? row : row.atZero
            var entry = Entry(base: base, reading: reading)
            advance(&entry, to: row, classOf)
            entries[row.key] = entry
            present += 1
            return
        }
        // A second row under one key cannot be told from the first.
        guard entries.values[place].reading < reading else { return }
        present += 1
        entries.values[place].reading = reading
        // Most statements of a server sleep.
        if start == .onward, entries.values[place].pending == nil, entries.values[place].base.isUnmoved(in: row) { return }
        var entry = entries.values[place]
        let last = entry.pending?.totals ?? entry.base
        if start == .anew {
            settle(&entry, classOf)
            entry.base = row
        } else if start == .reset || row.isAnother(than: last) {
            settle(&entry, classOf)
            // One of several rows without a query id went; what the others did meanwhile cannot be told.
            entry.base = row.key.queryID == nil ? row : row.atZero
        }
        advance(&entry, to: row, classOf)
        entries.values[place] = entry
    }

    /// Counts the growth up to `row`, or lets it wait.
    private mutating func advance(
        _ entry: inout Entry, to row: StatementTotals, _ classOf: (StatementKey) -> StatementClass?
    ) {
        guard row.calls > entry.base.calls else { return }
        guard row.key.isTopLevel else {
            entry.base = row
            return
        }
        let since = entry.pending?.since ?? reading
        entry.pending = (row, since)
        if classOf(row.key) != nil || reading - since >= StatementLatencies.waitingReadingsMax { settle(&entry, classOf) }
    }

    /// Counts what waits, as `other` when its class is still not known.
    private mutating func settle(_ entry: inout Entry, _ classOf: (StatementKey) -> StatementClass?) {
        guard let pending = entry.pending?.totals else { return }
        let base = entry.base
        entry.base = pending
        entry.pending = nil
        switch classOf(pending.key) ?? .application(.other) {
        case .own: return
        case .application(let type): count(from: base, to: pending, as: type)
        }
    }

    private mutating func count(from base: StatementTotals, to row: StatementTotals, as type: QueryType) {
        let growth = row.moments.since(base.moments)
        guard growth.calls > 0 else { return }
        let counts = spreads[type, default: LatencySpread()].spread(growth, row.limits(since: base))
        histograms[type, default: LatencyHistogram()].add(counts, seconds: growth.sum)
        window.calls += growth.calls
        window.seconds += growth.sum
        growths.append(
            StatementGrowth(key: row.key, sums: row.sums.without(base.sums), isWholeRow: base.calls == 0))
    }

    private mutating func forgetVanished(_ classOf: (StatementKey) -> StatementClass?) {
        if present < entries.count {
            let reading = reading
            for key in entries.filter({ $0.value.reading != reading }).keys {
                guard var entry = entries.removeValue(forKey: key) else { continue }
                settle(&entry, classOf)
            }
        }
        if entries.count < StatementLatencies.statementsMax / 2 { isCrowded = false }
    }
}
