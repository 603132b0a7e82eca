internal import MetricsModel
internal import Postgres

/// Reads an answer column by column.
struct ColumnReader {
    let columns: [Column]

    /// Throws `unexpectedValue` for a value that is no number. A column that the answer lacks is passed over.
    func read(_ rows: Rows, into sample: inout SampleBuilder) throws(PostgresError) {
        let present = columns.compactMap { column in rows.columns.firstIndex(of: column.name).map { (column, $0) } }
        for row in rows {
            var labels: [String: String] = [:]
            for case (let column, let place) in present {
                if case .label(let label) = column.usage { labels[label] = try row.string(place) ?? "" }
            }
            for (column, place) in present {
                switch column.usage {
                case .label, .discard, .histogram: break
                case .value(let family, let scale, let missing):
                    let value = try row.number(place).map { $0 * scale } ?? missing
                    sample.add(family, family.labelNames.map { labels[$0] ?? "" }, value)
                case .mapped(let family, let numbers):
                    let value = try row.string(place).flatMap { numbers[$0] }
                    sample.add(family, family.labelNames.map { labels[$0] ?? "" }, value)
                }
            }
        }
    }
}

extension Row {
    /// A number, or a boolean as 1 and 0.
    fileprivate func number(_ place: Int) throws(PostgresError) -> Double? {
        guard let text = try string(place) else { return nil }
        switch text {
        case "t": return 1
        case "f": return 0
        default: return try double(place)
        }
    }
}
