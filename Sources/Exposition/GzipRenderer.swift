public import MetricsModel

/// Renders samples to gzip one after the other, each in the time that its changes take. Holds the compressed pieces of the sample before
/// and its values, never the whole text.
public struct GzipRenderer {
    private struct Key: Hashable {
        let family: Family
        let place: Int
    }

    private struct Column {
        var pieces: ColumnPieces
        var sample: UInt64
    }

    private struct Plan {
        /// Held, so that no other rows come to stand at its address.
        let rows: SeriesRows
        let plan: RowPlan
        var sample: UInt64
    }

    private var columns: [Key: Column] = [:]
    private var plans: [ObjectIdentifier: Plan] = [:]
    /// Headers differ between the formats.
    private var texts: [ExpositionFormat: TextPieces] = [:]
    private var samples: UInt64 = 0

    public init() {}

    /// The text of `sample.encode(format, into:)` in gzip (RFC 1952), as one member. Nil when there is no memory for it.
    public mutating func render(_ sample: SampleSet, _ format: ExpositionFormat) -> CompressedExposition? {
        samples &+= 1
        var texts = self.texts.removeValue(forKey: format) ?? TextPieces()
        var scratch = ColumnPieces.Scratch()
        var pieces: [Piece] = []
        texts.begin()
        for samples in sample.families {
            var isWhole = texts.add(to: &pieces) { samples.encodeHeader(format, into: &$0) }
            isWhole = isWhole && texts.add(to: &pieces) { samples.encodePoints(into: &$0) }
            for (place, column) in samples.columns.enumerated() where isWhole {
                if column.sampleCount < ColumnPieces.rowsMin {
                    isWhole = texts.add(to: &pieces) { samples.encode(column, into: &$0) }
                } else {
                    isWhole = texts.end(&pieces) && add(column, Key(family: samples.family, place: place), &scratch, to: &pieces)
                }
            }
            guard isWhole else { return nil }
        }
        guard texts.add(to: &pieces, { SampleSet.encodeEnd(format, into: &$0) }), texts.end(&pieces) else { return nil }
        texts.finish()
        self.texts[format] = texts
        // Kept for one sample more: the other format's readers may want the one before.
        columns = columns.filter { samples &- $0.value.sample < 2 }
        plans = plans.filter { samples &- $0.value.sample < 2 }
        return CompressedExposition(pieces)
    }

    private mutating func plan(_ rows: SeriesRows) -> RowPlan {
        let id = ObjectIdentifier(rows)
        let made = plans[id]?.plan ?? RowPlan(rows)
        plans[id] = Plan(rows: rows, plan: made, sample: samples)
        return made
    }

    private mutating func add(
        _ column: ValueColumn, _ key: Key, _ scratch: inout ColumnPieces.Scratch, to pieces: inout [Piece]
    ) -> Bool {
        let name = Array(key.family.name.utf8)
        let plan = plan(column.rows)
        // Taken out, so that it is changed in place.
        if var known = columns.removeValue(forKey: key) {
            guard known.pieces.update(column, name: name, plan, &scratch) else { return false }
            known.sample = samples
            columns[key] = known
            pieces += known.pieces.pieces
        } else {
            guard let made = ColumnPieces(column, name: name, plan, &scratch) else { return false }
            columns[key] = Column(pieces: made, sample: samples)
            pieces += made.pieces
        }
        return true
    }
}
