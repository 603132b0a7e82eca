extension FamilySamples {
    /// Without samples whose name and labels a sample before them has already, and how many those were: two sources of one family may say
    /// the same (a view read in two databases, a query that returns a row twice), and a scraper refuses a whole exposition for it. The
    /// samples of the points come first, then the columns in their order.
    ///
    /// O(1) for one column whose rows differ, as rows are compared when they are made; else linear.
    public func droppingDuplicates() -> (FamilySamples, Int) {
        if points.isEmpty, columns.count <= 1, columns.first?.rows.repeatedRows.isEmpty ?? true { return (self, 0) }
        var seen = SeenSeries(family.name, expected: sampleCount)
        var kept = FamilySamples(family, [])
        var dropped = 0
        kept.points.reserveCapacity(points.count)
        for point in points {
            if seen.insert(point.series) { kept.points.append(point) } else { dropped += 1 }
        }
        for column in columns {
            var values = column.values
            var droppedHere = 0
            column.forEach { row, _ in
                if !seen.insert(column.rows, row) {
                    values[row] = ValueColumn.absent
                    droppedHere += 1
                }
            }
            dropped += droppedHere
            // The same array says to later readers that nothing has changed.
            kept.columns.append(droppedHere == 0 ? column : ValueColumn(column.rows, values))
        }
        return dropped == 0 ? (self, 0) : (kept, dropped)
    }
}

/// The series met so far, by the text that they would be exposed with.
private struct SeenSeries {
    private enum Place {
        case point(Series)
        case row(SeriesRows, Int)

        var text: ArraySlice<UInt8> {
            switch self {
            case .point(let series): series.text[series.labelsStart...]
            case .row(let rows, let row): rows.text(row)
            }
        }
    }

    private let family: String
    private var first: [UInt64: Place] = [:]
    /// Other series with the fingerprint of one in `first`.
    private var others: [UInt64: [Place]] = [:]

    init(_ family: String, expected: Int) {
        self.family = family
        first.reserveCapacity(expected)
    }

    /// False when it is there already.
    mutating func insert(_ series: Series) -> Bool {
        // Parts of a histogram have names of their own.
        let isPlain = sameBytes(series.name, family)
        return insert(
            .point(series), isPlain ? series.labelsFingerprint : series.labelsFingerprint ^ fnv1a(series.name.utf8), series.name)
    }

    mutating func insert(_ rows: SeriesRows, _ row: Int) -> Bool {
        insert(.row(rows, row), rows.fingerprints[row], family)
    }

    private mutating func insert(_ place: Place, _ fingerprint: UInt64, _ name: String) -> Bool {
        guard let same = first[fingerprint] else {
            first[fingerprint] = place
            return true
        }
        if isSame(same, place, name) { return false }
        if others[fingerprint, default: []].contains(where: { isSame($0, place, name) }) { return false }
        others[fingerprint, default: []].append(place)
        return true
    }

    private func isSame(_ known: Place, _ new: Place, _ name: String) -> Bool {
        switch known {
        case .point(let series): sameBytes(series.name, name) && known.text == new.text
        case .row: sameBytes(family, name) && known.text == new.text
        }
    }
}

/// FNV-1a, 64 bits.
func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash
}
