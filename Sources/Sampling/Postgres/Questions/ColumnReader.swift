internal import MetricsModel
internal import Postgres

/// Reads the answers to one question in one database column by column. While the labels stay as they were, their rows stay the same
/// object, and nothing is rendered, stored or compressed anew for them.
struct ColumnReader: Sendable {
    private let columns: [Column]
    private let constantLabels: Labels
    /// Families with the same labels, in the order of the columns.
    private var groups: [Group] = []
    /// The column names for which the groups were made.
    private var shape: [String]?
    private var histograms: [HistogramColumn] = []
    /// Where the labels are in the answer.
    private var labelPlaces: [Int] = []
    private var limiter = RowLimiter()
    /// The labels of the answer before, while all of its rows are shown.
    private var last: CellTexts?
    private var cache: SeriesCache

    init(columns: [Column], constantLabels: Labels = .empty) {
        self.columns = columns
        self.constantLabels = constantLabels
        cache = SeriesCache(constantLabels: constantLabels)
    }

    /// The most series that an answer has, if none of its values is NULL.
    mutating func seriesCount(_ answer: Rows) -> Int {
        if shape != answer.columns { arrange(answer.columns) }
        return answer.count * (groups.reduce(0) { $0 + $1.members.count } + histograms.count)
    }

    /// Throws `unexpectedValue` for a value that is no number. A column that the answer lacks is passed over. `seriesMax` nil: all
    /// rows are shown, unless some were hidden before. `database`: where a question of each database was asked.
    mutating func read(_ answer: Rows, seriesMax: Int? = nil, database: String? = nil) throws(PostgresError) -> QuestionReading {
        if shape != answer.columns { arrange(answer.columns) }
        var values = try groups.map { group throws(PostgresError) in try group.numbers(answer) }
        var reading = QuestionReading()
        var cut: RowCut?
        if seriesMax != nil || limiter.isActive {
            let columns = groups.flatMap(\.members)
            let rowsMax = seriesMax.map { $0 / max(1, columns.count + histograms.count) } ?? answer.count + 1
            let division = limiter.divide(
                answer.fingerprints(columns: labelPlaces), values.flatMap { $0 },
                counters: columns.map { $0.family.type == .counter }, rowsMax: rowsMax, before: last?.fingerprints ?? [])
            cut = RowCut(shown: division.shown, remainder: division.remainder, database: database)
            reading.hidden = division.hiddenCount * columns.count
        }
        var column = 0
        for place in groups.indices {
            let count = groups[place].members.count
            let remainder = cut.map { Array($0.remainder[column..<(column + count)]) }
            reading.families += groups[place].read(answer, &values[place], cut, remainder, constantLabels)
            column += count
        }
        // What is compared with the next answer, should that have too many rows.
        if !limiter.isActive { last = groups.first { $0.isWhole }?.known?.texts ?? CellTexts(answer, columns: labelPlaces) }
        if !histograms.isEmpty {
            var sample = SampleBuilder(cache)
            try readHistograms(answer, cut?.shown, into: &sample)
            let (more, kept) = sample.finish()
            cache = kept
            reading.families += more
        }
        reading.isApart = histograms.isEmpty && groups.allSatisfy { $0.isOf(database) }
        return reading
    }

    /// The same into a sample that others add to as well; nothing is kept for the next answer.
    func read(_ answer: Rows, into sample: inout SampleBuilder) throws(PostgresError) {
        var reader = self
        reader.arrange(answer.columns)
        let histograms = reader.histograms
        reader.histograms = []
        for samples in try reader.read(answer).families {
            for column in samples.columns { sample.add(samples.family, column) }
        }
        reader.histograms = histograms
        try reader.readHistograms(answer, nil, into: &sample)
    }

    /// What of an answer is shown when it has too many rows.
    fileprivate struct RowCut {
        let shown: [Int]
        /// A value for each family.
        let remainder: [Double]
        let database: String?
    }

    // MARK: Arrangement

    private struct NumberFamily: Sendable {
        let family: Family
        let column: NumberColumn
        /// Numbers for texts; nil where the value is a number itself.
        let numbers: [String: Double]?
    }

    private struct HistogramColumn: Sendable {
        let family: Family
        let name: String
        let labels: [Int?]
    }

    private mutating func arrange(_ names: [String]) {
        shape = names
        groups = []
        histograms = []
        limiter = RowLimiter()
        last = nil
        var labels: [String: Int] = [:]
        for column in columns {
            if case .label(let label) = column.usage, let place = names.firstIndex(of: column.name) { labels[label] = place }
        }
        labelPlaces = labels.values.sorted()
        for column in columns {
            let member: NumberFamily
            switch column.usage {
            case .label, .discard: continue
            case .histogram(let family):
                histograms.append(
                    HistogramColumn(family: family, name: column.name, labels: family.labelNames.map { labels[$0] }))
                continue
            case .value(let family, let scale, let missing):
                guard let place = names.firstIndex(of: column.name) else { continue }
                member = NumberFamily(
                    family: family,
                    column: NumberColumn(place: place, scale: scale, missing: missing ?? ValueColumn.absent), numbers: nil)
            case .mapped(let family, let numbers):
                guard let place = names.firstIndex(of: column.name) else { continue }
                member = NumberFamily(
                    family: family, column: NumberColumn(place: place, missing: ValueColumn.absent), numbers: numbers)
            }
            if let place = groups.firstIndex(where: { $0.labelNames == member.family.labelNames }) {
                groups[place].members.append(member)
            } else {
                // A label whose column the answer lacks has no value.
                let present = member.family.labelNames.filter { labels[$0] != nil }
                groups.append(
                    Group(
                        labelNames: member.family.labelNames, present: present, places: present.compactMap { labels[$0] },
                        isWhole: Set(present) == Set(labels.keys), members: [member]))
            }
        }
    }

    // MARK: Values

    private struct Group: Sendable {
        let labelNames: [String]
        /// Those of the labels that the answer has, and where.
        let present: [String]
        let places: [Int]
        /// Each row of the answer is a row of the group; else only those are that have a value.
        let isWhole: Bool
        var members: [NumberFamily]
        private(set) var known: Known?

        struct Known: Sendable {
            let texts: CellTexts
            let rows: SeriesRows
            let hasRemainder: Bool
            /// What the label `datname` says in every row; nil when it differs, or is none of the labels.
            let database: String?
        }

        init(labelNames: [String], present: [String], places: [Int], isWhole: Bool, members: [NumberFamily]) {
            self.labelNames = labelNames
            self.present = present
            self.places = places
            self.isWhole = isWhole
            self.members = members
        }

        /// Whether every row says that it is of this database: rows of two databases then never have the same labels.
        func isOf(_ database: String?) -> Bool { database != nil && known?.database == database }

        /// A column for each member.
        func numbers(_ answer: Rows) throws(PostgresError) -> [[Double]] {
            var numbers = try answer.numbers(members.filter { $0.numbers == nil }.map(\.column))[...]
            var columns: [[Double]] = []
            for member in members {
                if let mapped = member.numbers {
                    columns.append(try Group.map(answer, member.column.place, mapped))
                } else if let column = numbers.popFirst() {
                    columns.append(column)
                }
            }
            return columns
        }

        mutating func read(
            _ answer: Rows, _ columns: inout [[Double]], _ cut: RowCut?, _ remainder: [Double]?, _ constantLabels: Labels
        ) -> [FamilySamples] {
            var chosen = cut?.shown
            if !isWhole {
                let columns = columns
                chosen = (chosen ?? Array(0..<answer.count)).filter { row in columns.contains { !isStaleMarker($0[row]) } }
            }
            if let chosen { columns = columns.map { column in chosen.map { column[$0] } } }
            if let remainder {
                for (place, value) in remainder.enumerated() {
                    columns[place].append(members[place].numbers == nil ? value : ValueColumn.absent)
                }
            }
            guard (columns.first?.count ?? 0) > 0 else { return [] }
            let rows = rows(answer, chosen, cut, constantLabels)
            return zip(members, columns).map { member, values in
                FamilySamples(member.family, [], columns: [ValueColumn(rows, values)])
            }
        }

        private mutating func rows(
            _ answer: Rows, _ chosen: [Int]?, _ cut: RowCut?, _ constantLabels: Labels
        ) -> SeriesRows {
            if let known, known.hasRemainder == (cut != nil), known.texts.isSame(as: answer, columns: places, rows: chosen) {
                return known.rows
            }
            let texts = CellTexts(answer, columns: places, rows: chosen)
            var values = texts.values
            var database: String?
            if let place = present.firstIndex(of: "datname"), let first = values.first?[place] {
                database = values.allSatisfy { $0[place] == first } ? first : nil
            }
            // Whose remainder it is stays to be seen.
            if let cut { values.append(present.map { $0 == "datname" ? cut.database ?? "other" : "other" }) }
            let rows = SeriesRows(labelNames: present, values: values, constantLabels: constantLabels)
            known = Known(texts: texts, rows: rows, hasRemainder: cut != nil, database: database)
            return rows
        }

        private static func map(_ answer: Rows, _ place: Int, _ numbers: [String: Double]) throws(PostgresError) -> [Double] {
            var values: [Double] = []
            for row in answer { values.append(try row.string(place).flatMap { numbers[$0] } ?? ValueColumn.absent) }
            return values
        }
    }

    // MARK: Histograms

    private func readHistograms(
        _ answer: Rows, _ shown: [Int]?, into sample: inout SampleBuilder
    ) throws(PostgresError) {
        let shown = shown.map(Set.init)
        for histogram in histograms {
            for (place, row) in answer.enumerated() where shown?.contains(place) ?? true {
                guard let bounds = try row.string(histogram.name).flatMap(ColumnReader.array),
                    let counts = try row.string(histogram.name + "_bucket").flatMap(ColumnReader.array),
                    let sum = try row.double(histogram.name + "_sum"), let count = try row.double(histogram.name + "_count")
                else { continue }
                var labels: [String] = []
                for place in histogram.labels {
                    labels.append(try place.flatMap { place throws(PostgresError) in try row.string(place) } ?? "")
                }
                // `+Inf` is the count, whether the array has it or not.
                let finite = zip(bounds, counts).filter { $0.0.isFinite }
                guard bounds.count <= counts.count, zip(finite, finite.dropFirst()).allSatisfy({ $0.0 < $1.0 }),
                    (counts + [count]).allSatisfy({ $0 >= 0 && $0 < 0x1p63 })
                else { throw PostgresError(.unexpectedValue, "column \"\(histogram.name)\" does not hold a histogram's bounds") }
                sample.addHistogram(
                    histogram.family, labels, bounds: finite.map(\.0),
                    cumulative: finite.map { UInt64($0.1) } + [UInt64(count)], sum: sum)
            }
        }
    }

    /// A one-dimensional array of numbers (`{1,2.5}`); nil for other texts.
    private static func array(_ text: String) -> [Double]? {
        guard text.hasPrefix("{"), text.hasSuffix("}") else { return nil }
        let parts = text.dropFirst().dropLast().split(separator: ",")
        let numbers = parts.compactMap { Double($0) }
        return numbers.count == parts.count ? numbers : nil
    }
}
