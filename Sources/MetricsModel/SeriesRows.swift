/// Label sets that several families of one source share (the tables of a database, say), rendered once for all of them. Immutable;
/// identity is the object, so whoever keeps it over samples saves the rendering, the store its look-ups and the exposition its
/// compression.
public final class SeriesRows: Sendable {
    /// Of the own labels, in the order in which values are given; the target's constant labels are not among them.
    public let labelNames: [String]
    public let count: Int
    /// What stands between metric name and value, row after row: `{label="value",…} ` with its closing space, or the space alone.
    public let text: [UInt8]
    /// Where in `text` each row starts, and as the last element where the last one ends.
    public let offsets: [Int]
    /// Of each row's text (FNV-1a); equal texts have equal ones.
    let fingerprints: [UInt64]
    /// The rows that say the same as one before them, ascending. A source that repeats itself is no reason to refuse the rest.
    let repeatedRows: [Int]

    /// `values` holds one array for each row, in the order of `labelNames`. Labels are merged as those of a `Series` are: sorted by name, own
    /// ones before constant ones of that name, empty values left out. Linear in the text.
    public init(labelNames: [String], values: [[String]], constantLabels: Labels = .empty) {
        self.labelNames = labelNames
        count = values.count
        let fields = RowField.merge(labelNames, constantLabels)
        var text: [UInt8] = []
        var offsets = [0]
        offsets.reserveCapacity(values.count + 1)
        for row in values {
            RowField.render(fields, row, to: &text)
            if offsets.count == 1 { text.reserveCapacity(text.count * values.count * 9 / 8) }
            offsets.append(text.count)
        }
        (fingerprints, repeatedRows) = SeriesRows.compare(text, offsets)
        self.text = text
        self.offsets = offsets
    }

    /// The labels of one row, constant ones among them, without a metric name. Made anew at every call.
    public func labels(_ row: Int) -> Labels {
        Labels(sorted: RowField.parse(text[offsets[row]..<offsets[row + 1]]))
    }

    /// The text of one row as it stands behind the metric name.
    public func text(_ row: Int) -> ArraySlice<UInt8> { text[offsets[row]..<offsets[row + 1]] }

    /// For each row the one of `other` with the same labels, or -1. Linear.
    public func places(in other: SeriesRows) -> [Int32] {
        var places: [Int32] = []
        places.reserveCapacity(count)
        var byFingerprint: [UInt64: Int32]?
        // Rows keep their order where one comes or goes.
        var next = 0
        for row in 0..<count {
            if next < other.count, isRow(row, sameAs: next, of: other) {
                places.append(Int32(truncatingIfNeeded: next))
                next += 1
                continue
            }
            let known = byFingerprint ?? other.rowsByFingerprint
            byFingerprint = known
            if let place = known[fingerprints[row]], isRow(row, sameAs: Int(place), of: other) {
                places.append(place)
                next = Int(place) + 1
            } else {
                places.append(-1)
            }
        }
        return places
    }

    private var rowsByFingerprint: [UInt64: Int32] {
        Dictionary(
            fingerprints.enumerated().map { ($1, Int32(truncatingIfNeeded: $0)) }, uniquingKeysWith: { first, _ in first })
    }

    private func isRow(_ row: Int, sameAs place: Int, of other: SeriesRows) -> Bool {
        fingerprints[row] == other.fingerprints[place] && text(row) == other.text(place)
    }

    private static func compare(_ text: [UInt8], _ offsets: [Int]) -> ([UInt64], [Int]) {
        var fingerprints: [UInt64] = []
        fingerprints.reserveCapacity(offsets.count - 1)
        for (start, end) in zip(offsets, offsets.dropFirst()) {
            fingerprints.append(fnv1a(text[start..<end]))
        }
        var repeated: [Int] = []
        var seen: [UInt64: [Int]] = [:]
        seen.reserveCapacity(fingerprints.count)
        for (row, fingerprint) in fingerprints.enumerated() {
            let bytes = text[offsets[row]..<offsets[row + 1]]
            if seen[fingerprint, default: []].contains(where: { text[offsets[$0]..<offsets[$0 + 1]] == bytes }) {
                repeated.append(row)
            } else {
                seen[fingerprint, default: []].append(row)
            }
        }
        return (fingerprints, repeated)
    }
}

/// One label of the rows of a source: where its value comes from.
private struct RowField {
    /// `name="`
    let opening: [UInt8]
    /// The place among the row's own values; of two labels of one name the later wins.
    let own: Int?
    /// Used where the row has no value of its own.
    let constant: String

    static func merge(_ names: [String], _ constants: Labels) -> [RowField] {
        var places: [String: Int] = [:]
        for (place, name) in names.enumerated() { places[name] = place }
        let all = Set(names).union(constants.pairs.map(\.name)).sorted(by: bytesPrecede)
        return all.map { name in
            RowField(opening: Array("\(name)=\"".utf8), own: places[name], constant: constants[name] ?? "")
        }
    }

    static func render(_ fields: [RowField], _ values: [String], to out: inout [UInt8]) {
        var isFirst = true
        for field in fields {
            var value = field.own.flatMap { values.indices.contains($0) ? values[$0] : nil } ?? ""
            if value.isEmpty { value = field.constant }
            if value.isEmpty { continue }
            out.append(UInt8(ascii: isFirst ? "{" : ","))
            isFirst = false
            out += field.opening
            appendLabelValue(value, to: &out)
            out.append(UInt8(ascii: "\""))
        }
        if !isFirst { out.append(UInt8(ascii: "}")) }
        out.append(UInt8(ascii: " "))
    }

    /// What `render` wrote, which alone it has to understand.
    static func parse(_ text: ArraySlice<UInt8>) -> [Label] {
        var labels: [Label] = []
        var rest = text.dropFirst()
        while let equals = rest.firstIndex(of: UInt8(ascii: "=")) {
            let name = String(decoding: rest[..<equals], as: UTF8.self)
            rest = rest[equals...].dropFirst(2)
            var value: [UInt8] = []
            while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
                if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                    value.append(escaped == UInt8(ascii: "n") ? UInt8(ascii: "\n") : escaped)
                } else {
                    value.append(byte)
                }
            }
            labels.append(Label(name, String(decoding: value, as: UTF8.self)))
            rest = rest.dropFirst()
        }
        return labels
    }
}

/// Appends a label's value as both text formats have it between quotation marks.
func appendLabelValue(_ value: String, to out: inout [UInt8]) {
    for byte in value.utf8 {
        switch byte {
        case UInt8(ascii: "\\"): out += "\\\\".utf8
        case UInt8(ascii: "\""): out += "\\\"".utf8
        case UInt8(ascii: "\n"): out += "\\n".utf8
        default: out.append(byte)
        }
    }
}
