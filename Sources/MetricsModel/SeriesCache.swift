import Synchronization

/// Keeps the `Series` objects of one source over its samples, so that names and labels are rendered once per series. A series that
/// was not used in two samples running is forgotten: the memory follows what is there.
///
/// Copies share what is held; a `SampleBuilder` takes it out and puts it back at its end. Of two samples gathered at once from one
/// cache, the second renders its series anew and is right all the same.
public struct SeriesCache: Sendable {
    private final class Store: Sendable {
        let rows = Mutex(FamilyRows())
    }

    /// Labels that every series of the source carries besides its own.
    public let constantLabels: Labels
    private let store = Store()

    public init(constantLabels: Labels = .empty) {
        self.constantLabels = constantLabels
    }

    /// The number of series held.
    public var count: Int { store.rows.withLock { $0.seriesCount } }

    func take() -> FamilyRows {
        store.rows.withLock { rows in
            let taken = rows
            rows = FamilyRows()
            return taken
        }
    }

    func put(_ rows: FamilyRows) { store.rows.withLock { $0 = rows } }
}

/// The rows of every family of one source.
struct FamilyRows: Sendable {
    struct Entry: Sendable {
        let family: Family
        var plain = Rows<Series>()
        var histograms = Rows<HistogramSeries>()
        var points: [Point] = []
        var columns: [ValueColumn] = []
        /// The last sample in which it had columns.
        var columnGeneration: UInt32?
        /// The number of points of the sample before, which the next one will likely have too.
        var expected = 0

        var isUnused: Bool { points.isEmpty && columns.isEmpty }

        mutating func takeSamples() -> FamilySamples {
            expected = points.count
            let taken = FamilySamples(family, points, columns: columns)
            points = []
            columns = []
            return taken
        }
    }

    var entries: [Entry] = []
    private var places: [Family: Int] = [:]
    private var last = 0
    private var generation: UInt32 = 2

    var seriesCount: Int {
        entries.reduce(0) { sum, entry in
            sum + entry.plain.rows.count + entry.histograms.rows.reduce(0) { $0 + $1.content.seriesCount }
        }
    }

    /// The place of a family in `entries`. Points come family by family, so that the last place is mostly the right one.
    mutating func place(_ family: Family) -> Int {
        if last < entries.count, entries[last].family === family { return last }
        if let known = places[family] {
            last = known
        } else {
            last = entries.count
            places[family] = last
            entries.append(Entry(family: family))
        }
        return last
    }

    mutating func series(_ place: Int, _ values: [String], _ make: () -> Series) -> Series {
        entries[place].plain.content(values, generation, make)
    }

    mutating func histogram(
        _ place: Int, _ values: [String], bounds: [Double], _ make: () -> HistogramSeries
    ) -> HistogramSeries {
        let known = entries[place].histograms.content(values, generation, make)
        if known.bounds == bounds { return known }
        let changed = make()
        entries[place].histograms.replace(values, with: changed)
        return changed
    }

    mutating func add(_ column: ValueColumn, _ place: Int) {
        entries[place].columns.append(column)
        entries[place].columnGeneration = generation
    }

    /// Ends a sample: forgets what was used neither in it nor in the one before.
    mutating func endSample() {
        for place in entries.indices {
            entries[place].plain.endSample(generation)
            entries[place].histograms.endSample(generation)
        }
        if entries.contains(where: isForgotten) {
            entries.removeAll(where: isForgotten)
            places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.family, $0) })
        }
        generation &+= 1
    }

    private func isForgotten(_ entry: Entry) -> Bool {
        entry.plain.rows.isEmpty && entry.histograms.rows.isEmpty
            && entry.columnGeneration.map { generation &- $0 >= 2 } ?? true
    }
}

/// The series of one histogram.
struct HistogramSeries: Sendable {
    let bounds: [Double]
    let buckets: [Series]
    let sum: Series
    let count: Series

    var seriesCount: Int { buckets.count + 2 }
}

/// What was rendered for each set of label values of one family. A source gives its rows in much the same order every time, so the
/// row after the last one is tried first, and hashing the values is left for when the order changes.
struct Rows<Content: Sendable>: Sendable {
    struct Row: Sendable {
        let values: [String]
        var content: Content
        var generation: UInt32
    }

    /// Values equal byte for byte, as labels are.
    private struct Key: Hashable {
        let values: [String]

        static func == (a: Key, b: Key) -> Bool { sameValues(a.values, b.values) }

        func hash(into hasher: inout Hasher) { hasher.combine(values) }
    }

    private(set) var rows: [Row] = []
    private var places: [Key: Int] = [:]
    private var next = 0
    private var touched = 0

    mutating func content(_ values: [String], _ generation: UInt32, _ make: () -> Content) -> Content {
        let place: Int
        if next < rows.count, sameValues(rows[next].values, values) {
            place = next
        } else if let known = places[Key(values: values)] {
            place = known
        } else {
            place = rows.count
            places[Key(values: values)] = place
            // No sample has used it yet: two before this one.
            rows.append(Row(values: values, content: make(), generation: generation &- 2))
        }
        next = place + 1
        if rows[place].generation != generation {
            rows[place].generation = generation
            touched += 1
        }
        return rows[place].content
    }

    mutating func replace(_ values: [String], with content: Content) {
        if let place = places[Key(values: values)] { rows[place].content = content }
    }

    mutating func endSample(_ generation: UInt32) {
        defer {
            next = 0
            touched = 0
        }
        guard touched < rows.count, rows.contains(where: { generation &- $0.generation >= 2 }) else { return }
        rows.removeAll { generation &- $0.generation >= 2 }
        places = Dictionary(uniqueKeysWithValues: rows.enumerated().map { (Key(values: $1.values), $0) })
    }
}

private func sameValues(_ a: [String], _ b: [String]) -> Bool {
    guard a.count == b.count else { return false }
    for place in a.indices where !sameBytes(a[place], b[place]) { return false }
    return true
}
