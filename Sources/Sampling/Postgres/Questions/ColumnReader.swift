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
    private var cache: SeriesCache

    init(columns: [Column], constantLabels: Labels = .empty) {
        self.columns = columns
        self.constantLabels = constantLabels
        cache = SeriesCache(constantLabels: constantLabels)
    }

    /// Throws `unexpectedValue` for a value that is no number. A column that the answer lacks is passed over.
    mutating func read(_ answer: Rows) throws(PostgresError) -> [FamilySamples] {
        var families = try readColumns(answer)
        guard !histograms.isEmpty else { return families }
        var sample = SampleBuilder(cache)
        try readHistograms(answer, into: &sample)
        let (more, kept) = sample.finish()
        cache = kept
        families += more
        return families
    }

    /// The same into a sample that others add to as well; nothing is kept for the next answer.
    func read(_ answer: Rows, into sample: inout SampleBuilder) throws(PostgresError) {
        var reader = self
        for samples in try reader.readColumns(answer) {
            for column in samples.columns { sample.add(samples.family, column) }
        }
        try reader.readHistograms(answer, into: &sample)
    }

    private mutating func readColumns(_ answer: Rows) throws(PostgresError) -> [FamilySamples] {
        if shape != answer.columns { arrange(answer.columns) }
        var families: [FamilySamples] = []
        for place in groups.indices { families += try groups[place].read(answer, constantLabels) }
        return families
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
        var labels: [String: Int] = [:]
        for column in columns {
            if case .label(let label) = column.usage, let place = names.firstIndex(of: column.name) { labels[label] = place }
        }
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
        private var known: (texts: CellTexts, rows: SeriesRows)?

        init(labelNames: [String], present: [String], places: [Int], isWhole: Bool, members: [NumberFamily]) {
            self.labelNames = labelNames
            self.present = present
            self.places = places
            self.isWhole = isWhole
            self.members = members
        }

        mutating func read(_ answer: Rows, _ constantLabels: Labels) throws(PostgresError) -> [FamilySamples] {
            var values = try answer.numbers(members.filter { $0.numbers == nil }.map(\.column))[...]
            var columns: [[Double]] = []
            for member in members {
                if let numbers = member.numbers {
                    columns.append(try Group.map(answer, member.column.place, numbers))
                } else if let column = values.popFirst() {
                    columns.append(column)
                }
            }
            var chosen: [Int]?
            if !isWhole {
                let rows = (0..<answer.count).filter { row in columns.contains { !isStaleMarker($0[row]) } }
                columns = columns.map { column in rows.map { column[$0] } }
                chosen = rows
            }
            guard (chosen?.count ?? answer.count) > 0 else { return [] }
            let rows = rows(answer, chosen, constantLabels)
            return zip(members, columns).map { member, values in
                FamilySamples(member.family, [], columns: [ValueColumn(rows, values)])
            }
        }

        private mutating func rows(_ answer: Rows, _ chosen: [Int]?, _ constantLabels: Labels) -> SeriesRows {
            if let known, known.texts.isSame(as: answer, columns: places, rows: chosen) { return known.rows }
            let texts = CellTexts(answer, columns: places, rows: chosen)
            let rows = SeriesRows(labelNames: present, values: texts.values, constantLabels: constantLabels)
            known = (texts, rows)
            return rows
        }

        private static func map(_ answer: Rows, _ place: Int, _ numbers: [String: Double]) throws(PostgresError) -> [Double] {
            var values: [Double] = []
            for row in answer { values.append(try row.string(place).flatMap { numbers[$0] } ?? ValueColumn.absent) }
            return values
        }
    }

    // MARK: Histograms

    private func readHistograms(_ answer: Rows, into sample: inout SampleBuilder) throws(PostgresError) {
        for histogram in histograms {
            for row in answer {
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
