internal import MetricsModel
internal import Postgres

/// How the columns of an answer become families. Columns are found by name: a version that lacks one has no such series, one that has
/// more loses nothing.
struct PgBouncerTable: Sendable {
    struct Column: Sendable {
        /// Under which names versions know it; the first that is there is read.
        let names: [String]
        let family: Family
        /// What its number is multiplied by: 1e-6 for microseconds.
        let scale: Double
        /// A column with the microseconds that belong to its whole seconds.
        let microseconds: String?
    }

    /// The columns whose texts are labels, in the families' order. NULL, and a column that is not there, is an absent label.
    let labels: [String]
    let columns: [Column]
    /// Of too many rows, those with the highest value of this column stay; then those whose labels come first.
    let important: String?

    /// A column before it is known which labels the table has.
    struct Draft {
        let names: [String]
        let metric: String
        let type: MetricType
        let help: String
        var scale = 1.0
        var microseconds: String?

        static func gauge(_ names: String..., as metric: String, _ help: String, plus microseconds: String? = nil) -> Draft {
            Draft(names: names, metric: metric, type: .gauge, help: help, microseconds: microseconds)
        }

        static func counter(_ names: String..., as metric: String, _ help: String) -> Draft {
            Draft(names: names, metric: metric, type: .counter, help: help)
        }

        /// A counter whose established name lacks `_total`.
        static func untyped(_ names: String..., as metric: String, _ help: String) -> Draft {
            Draft(names: names, metric: metric, type: .unknown, help: help)
        }

        func fromMicroseconds() -> Draft {
            var draft = self
            draft.scale = 1e-6
            return draft
        }
    }

    /// `labels`: the answer's columns and the names they have as labels. Families are `prefix_metric`.
    init(
        _ command: PgBouncerCommand, prefix: String, labels: [(column: String, label: String)], important: String? = nil,
        _ drafts: [Draft]
    ) {
        self.labels = labels.map(\.column)
        self.important = important
        columns = drafts.map { draft in
            Column(
                names: draft.names,
                family: Family(
                    "\(prefix)_\(draft.metric)", draft.type, labels: labels.map(\.label),
                    help: "\(draft.help) From \(command.rawValue), \(draft.names.first ?? draft.metric)."),
                scale: draft.scale, microseconds: draft.microseconds)
        }
    }

    /// What an answer says, at most `seriesMax` series, whole rows only. Throws `unexpectedValue` for a value that is no number and for
    /// an answer that has none of the columns.
    func points(_ rows: Rows, seriesMax: Int) throws(PostgresError) -> PgBouncerPoints {
        func place(_ name: String) -> Int? { rows.columns.firstIndex(of: name) }
        let present = columns.compactMap { column in
            column.names.lazy.compactMap(place).first.map { (column, $0, column.microseconds.flatMap(place)) }
        }
        guard !present.isEmpty else {
            throw PostgresError(.unexpectedValue, "the answer has none of the known columns, only \(rows.columns)")
        }
        let labelPlaces = labels.map(place)
        var points = PgBouncerPoints()
        for row in try kept(rows, labelPlaces, max(1, seriesMax / present.count), seriesPerRow: present.count, &points) {
            var values: [String] = []
            for place in labelPlaces {
                values.append(try place.flatMap { place throws(PostgresError) in try row.string(place) } ?? "")
            }
            guard points.isNew(values) else {
                points.dropped += present.count
                continue
            }
            for (column, place, rest) in present {
                guard let value = try row.double(place) else { continue }
                let more = try rest.flatMap { place throws(PostgresError) in try row.double(place) } ?? 0
                points.add(column.family, values, value * column.scale + more * 1e-6)
            }
        }
        return points
    }

    private func kept(
        _ rows: Rows, _ labelPlaces: [Int?], _ rowsMax: Int, seriesPerRow: Int, _ points: inout PgBouncerPoints
    ) throws(PostgresError) -> [Row] {
        guard rows.count > rowsMax else { return Array(rows) }
        points.dropped += (rows.count - rowsMax) * seriesPerRow
        let importantPlace = important.flatMap { rows.columns.firstIndex(of: $0) }
        var ranked: [(row: Row, weight: Double, labels: [String])] = []
        for row in rows {
            var texts: [String] = []
            for place in labelPlaces {
                texts.append(try place.flatMap { place throws(PostgresError) in try row.string(place) } ?? "")
            }
            let weight = try importantPlace.flatMap { place throws(PostgresError) in try row.double(place) } ?? 0
            ranked.append((row, weight, texts))
        }
        ranked.sort { $0.weight != $1.weight ? $0.weight > $1.weight : $0.labels.lexicographicallyPrecedes($1.labels) }
        return ranked.prefix(rowsMax).map(\.row)
    }
}

/// What was read of one answer, before it becomes part of a sample: an answer that cannot be read leaves nothing behind.
struct PgBouncerPoints {
    private(set) var all: [(family: Family, labels: [String], value: Double)] = []
    /// Series left out: beyond the limit, or there already.
    var dropped = 0
    private var seen: Set<[String]> = []

    /// Names that are no UTF-8 are repaired, and two may become one.
    mutating func isNew(_ labels: [String]) -> Bool { seen.insert(labels).inserted }

    mutating func append(_ more: PgBouncerPoints) {
        all += more.all
        dropped += more.dropped
    }

    mutating func add(_ family: Family, _ labels: [String], _ value: Double) { all.append((family, labels, value)) }
}
