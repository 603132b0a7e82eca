internal import MetricsModel
internal import Postgres

/// Reads the answers about the tables and about the indexes of one database, and brings them together. While the names stay as they
/// were, their rows stay the same object; while the relations do, it is known which index belongs to which table.
struct TableReader: Sendable {
    private let statistics: TableStatistics
    private let constantLabels: Labels
    private var known: Known?
    private var limiter = RowLimiter()
    private var links = Links([], [], [])

    init(_ statistics: TableStatistics, constantLabels: Labels) {
        self.statistics = statistics
        self.constantLabels = constantLabels
    }

    /// The most series that an answer has.
    func seriesCount(_ tables: Rows) -> Int { tables.count * statistics.members.count }

    /// `seriesMax` nil: all tables are shown, unless some were hidden before.
    mutating func read(
        _ tables: Rows, _ indexes: Rows, database: String, seriesMax: Int? = nil
    ) throws(PostgresError) -> QuestionReading {
        let columns = try numbers(tables, ["relid", "toastid", "has_blocks"] + statistics.columns.map(\.name))
        let sums = try numbers(indexes, ["relid"] + statistics.indexNumbers.map(\.rawValue))
        guard let relations = columns["relid"], let toasts = columns["toastid"], let owners = sums["relid"],
            let hasBlocks = columns["has_blocks"]
        else { return QuestionReading() }
        if !links.isOf(relations, toasts, owners) { links = Links(relations, toasts, owners) }
        var values = statistics.members.map { member in
            var values = self.values(member.source, columns, sums)
            if member.isOfBlocks {
                for row in values.indices where hasBlocks[row] == 0 { values[row] = ValueColumn.absent }
            }
            return values
        }
        let places = ["schemaname", "relname"].compactMap { tables.columns.firstIndex(of: $0) }
        var shown: [Int]?
        var hidden = 0
        if seriesMax != nil || limiter.isActive {
            let division = limiter.divide(
                tables.fingerprints(columns: places), values, counters: statistics.members.map { $0.family.type == .counter },
                rowsMax: seriesMax.map { $0 / max(1, values.count) } ?? tables.count + 1, before: known?.texts.fingerprints ?? [])
            for place in values.indices {
                values[place] = division.shown.map { values[place][$0] } + [division.remainder[place]]
            }
            shown = division.shown
            hidden = division.hiddenCount * values.count
        }
        guard values.first?.isEmpty == false else { return QuestionReading(isApart: true) }
        let rows = self.rows(tables, places, shown, database)
        let families = zip(statistics.members, values).map { member, values in
            FamilySamples(member.family, [], columns: [ValueColumn(rows, values)])
        }
        return QuestionReading(families: families, isApart: true, hidden: hidden)
    }

    private func numbers(_ answer: Rows, _ names: [String]) throws(PostgresError) -> [String: [Double]] {
        var wanted: [NumberColumn] = []
        for name in names {
            guard let place = answer.columns.firstIndex(of: name) else {
                throw PostgresError(.unexpectedValue, "the answer about tables has no column \"\(name)\"")
            }
            wanted.append(NumberColumn(place: place, missing: 0))
        }
        return Dictionary(uniqueKeysWithValues: zip(names, try answer.numbers(wanted)))
    }

    private func values(
        _ source: TableStatistics.Source, _ columns: [String: [Double]], _ sums: [String: [Double]]
    ) -> [Double] {
        switch source {
        case .column(let name): columns[name] ?? links.none
        case .difference(let whole, let part): zip(columns[whole] ?? links.none, columns[part] ?? links.none).map { $0 - $1 }
        case .toastIndexes(let number): links.sum(sums[number.rawValue] ?? [], over: links.toastOwner)
        case .indexes(let number, let column):
            if let own = column.flatMap({ columns[$0] }) {
                zip(links.sum(sums[number.rawValue] ?? [], over: links.owner), zip(own, links.hasIndex)).map { sum, more in
                    more.1 ? sum + more.0 : 0
                }
            } else {
                links.sum(sums[number.rawValue] ?? [], over: links.owner)
            }
        }
    }

    private mutating func rows(_ tables: Rows, _ places: [Int], _ shown: [Int]?, _ database: String) -> SeriesRows {
        if let known, known.database == database, known.hasRemainder == (shown != nil),
            known.texts.isSame(as: tables, columns: places, rows: shown)
        {
            return known.rows
        }
        let texts = CellTexts(tables, columns: places, rows: shown)
        let remainder = shown == nil ? [] : [[database, "other", "other"]]
        let rows = SeriesRows(
            labelNames: TableStatistics.labelNames, values: texts.values.map { [database] + $0 } + remainder,
            constantLabels: constantLabels)
        known = Known(database: database, texts: texts, rows: rows, hasRemainder: shown != nil)
        return rows
    }

    private struct Known: Sendable {
        let database: String
        let texts: CellTexts
        let rows: SeriesRows
        let hasRemainder: Bool
    }

    /// Which index belongs to which table.
    private struct Links: Sendable {
        private let relations: [Double]
        private let toasts: [Double]
        private let owners: [Double]
        /// For each index the row of its table, or of the table whose TOAST table it belongs to; -1 without one.
        let owner: [Int]
        let toastOwner: [Int]
        /// For each table.
        let hasIndex: [Bool]
        var none: [Double] { [Double](repeating: 0, count: relations.count) }

        init(_ relations: [Double], _ toasts: [Double], _ owners: [Double]) {
            self.relations = relations
            self.toasts = toasts
            self.owners = owners
            var place: [Double: Int] = [:]
            var toastPlace: [Double: Int] = [:]
            place.reserveCapacity(relations.count)
            toastPlace.reserveCapacity(relations.count)
            for (row, relation) in relations.enumerated() { place[relation] = row }
            for (row, toast) in toasts.enumerated() where toast != 0 { toastPlace[toast] = row }
            owner = owners.map { place[$0] ?? -1 }
            toastOwner = owners.map { toastPlace[$0] ?? -1 }
            var hasIndex = [Bool](repeating: false, count: relations.count)
            for row in owner where row >= 0 { hasIndex[row] = true }
            self.hasIndex = hasIndex
        }

        func isOf(_ relations: [Double], _ toasts: [Double], _ owners: [Double]) -> Bool {
            self.relations == relations && self.toasts == toasts && self.owners == owners
        }

        func sum(_ numbers: [Double], over places: [Int]) -> [Double] {
            var sums = none
            for (place, number) in zip(places, numbers) where place >= 0 { sums[place] += number }
            return sums
        }
    }
}
