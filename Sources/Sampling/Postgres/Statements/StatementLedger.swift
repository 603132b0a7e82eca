/// Who uses the server, and where: the counters of what is not shown by itself are kept for each pair.
struct StatementOwner: Sendable, Hashable {
    let userID: UInt32
    let databaseID: UInt32
}

/// Keeps the counters of the top statements, one by one, and those of all others together, so that their sum is that of all statements and
/// none of them ever falls, whatever the server evicts or resets.
///
/// - A shown statement's counters start at the server's own values, less what was counted of it among the others before, and grow
///   by what the statement does, also when its row was evicted or reset meanwhile.
/// - The others start at zero and grow by what statements do that are not shown. Starting at the server's values would, after Vitals was
///   restarted, look like all calls of the server's life at once.
/// - A statement that leaves the top stays until its place is needed; then the one with the least time goes first, and its counters move to
///   the others. That makes the others' rate jump by the least of all shown: small, and the sum stays right.
struct StatementLedger: Sendable {
    struct Shown: Sendable {
        let key: StatementKey
        fileprivate(set) var sums: StatementSums
    }

    /// Pairs of user and database that are counted apart; what further ones do is counted together.
    static let ownersMax = 100
    /// Nobody's: what goes beyond `ownersMax`.
    static let everyoneElse = StatementOwner(userID: 0, databaseID: 0)

    /// In the order in which they came.
    private(set) var shown: [Shown] = []
    private(set) var others: [StatementOwner: StatementSums] = [:]
    private var places: [StatementKey: Int] = [:]
    /// What `others` has of the rows that the server holds.
    private var counted: [StatementKey: StatementSums] = [:]
    private let top: Int

    /// Places for the union of three lists, and for as many as one of them to stay.
    var shownMax: Int { 4 * top }

    init(top: Int) { self.top = top }

    /// Takes one reading: all rows of the server, and what `StatementLatencies` counted of them. `isAnew`: the rows are another server's.
    /// O(rows).
    mutating func take(
        _ totals: [StatementTotals], growths: [StatementGrowth], isAnew: Bool, class classOf: (StatementKey) -> StatementClass?
    ) {
        if isAnew { counted = [:] }
        var fresh: [StatementKey: StatementSums] = [:]
        for growth in growths {
            if let place = places[growth.key] {
                shown[place].sums += growth.sums
            } else if growth.isWholeRow {
                // Where the statement comes to be shown now, all of it is.
                fresh[growth.key, default: .zero] += growth.sums
                counted[growth.key] = nil
            } else {
                count(growth.sums, of: growth.key)
            }
        }
        show(StatementRanking.top(totals, count: top, class: classOf), fresh: &fresh)
        for (key, sums) in fresh { count(sums, of: key) }
        if counted.count > 2 * totals.count + StatementLedger.ownersMax {
            let present = Set(totals.map(\.key))
            counted = counted.filter { present.contains($0.key) }
        }
    }

    /// Begins the counters of owners that have none yet, at zero: a counter that begins with its first growth hides that from Prometheus.
    mutating func open(_ owners: some Sequence<StatementOwner>) {
        for owner in owners where others[owner] == nil && others.count < StatementLedger.ownersMax { others[owner] = .zero }
    }

    private mutating func count(_ sums: StatementSums, of key: StatementKey) {
        add(sums, of: key)
        if key.queryID != nil { counted[key, default: .zero] += sums }
    }

    private mutating func add(_ sums: StatementSums, of key: StatementKey) {
        let owner = StatementOwner(userID: key.userID, databaseID: key.databaseID)
        let isKnown = others[owner] != nil || others.count < StatementLedger.ownersMax
        others[isKnown ? owner : StatementLedger.everyoneElse, default: .zero] += sums
    }

    private mutating func show(_ leading: [StatementTotals], fresh: inout [StatementKey: StatementSums]) {
        var isLeading: Set<StatementKey> = []
        for row in leading {
            isLeading.insert(row.key)
            guard places[row.key] == nil else { continue }
            let whole = fresh.removeValue(forKey: row.key)
            places[row.key] = shown.count
            shown.append(Shown(key: row.key, sums: whole ?? row.sums.without(counted[row.key] ?? .zero)))
        }
        guard shown.count > shownMax else { return }
        let leaving = shown.lazy.filter { !isLeading.contains($0.key) }.sorted { $0.sums.milliseconds < $1.sums.milliseconds }
        let gone = Set(leaving.prefix(shown.count - shownMax).map(\.key))
        for entry in shown where gone.contains(entry.key) {
            add(entry.sums, of: entry.key)
            // Counted whole: when it comes back it starts with what it does from now on.
            counted[entry.key, default: .zero] += entry.sums
        }
        shown.removeAll { gone.contains($0.key) }
        places = Dictionary(uniqueKeysWithValues: shown.enumerated().map { ($1.key, $0) })
    }
}
