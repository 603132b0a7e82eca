internal import MetricsModel
internal import Postgres

/// Makes samples of the answer to a user's query.
///
/// A value that is not what its column says is no sample, and the rest stays, as with the exporters whose files are read. It is a
/// failure only when nothing can be read.
struct CustomReader: Sendable {
    private struct Metric: Sendable {
        let column: CustomColumn
        /// A snapshot of observations has three: buckets, sum and count.
        let families: [Family]
    }

    private let name: String
    private let labels: [CustomColumn]
    private let metrics: [Metric]
    private let labelNames: [String]
    /// The value of the label `server`.
    private let server: String?
    /// postgres_exporter exports columns that its file does not name, when they are numbers.
    private let isOpen: Bool
    private let known: Set<String>
    private let hasSnapshots: Bool
    private let unnamed = UnnamedFamilies()

    /// `server`: nil where series have no such label. `hasDatabase`: whether the answer has a column `datname` for a label, which the user did not name.
    init(_ collector: CustomCollector, server: String?, hasDatabase: Bool) {
        name = collector.name
        var labels = collector.columns.filter { $0.usage == .label }
        if hasDatabase { labels.append(CustomColumn("datname", .label)) }
        self.labels = labels
        self.server = labels.contains { $0.alias == "server" } ? nil : server
        let names = labels.map(\.alias) + (self.server == nil ? [] : ["server"])
        labelNames = names
        metrics = collector.columns.filter(\.isMetric).map { column in
            Metric(column: column, families: CustomReader.families(column, of: collector, names))
        }
        isOpen = collector.format == .queries
        var known = Set((collector.columns + labels).map(\.name))
        for column in collector.columns where column.usage == .histogram {
            known.formUnion(["_bucket", "_sum", "_count"].map { column.name + $0 })
        }
        self.known = known
        hasSnapshots = metrics.contains { if case .snapshot = $0.column.usage { true } else { false } }
    }

    private static func families(_ column: CustomColumn, of collector: CustomCollector, _ labels: [String]) -> [Family] {
        let name = "\(collector.name)_\(column.alias)"
        let fallback = collector.help.isEmpty ? "From the collector \(collector.name)." : collector.help
        let help = column.help.isEmpty ? fallback : column.help
        switch column.usage {
        case .label, .discard: return []
        case .gauge, .mapped: return [Family(name, .gauge, labels: labels, help: help)]
        case .counter: return [Family(name, .counter, labels: labels, help: help)]
        case .duration: return [Family(name + "_milliseconds", .gauge, labels: labels, help: help)]
        case .histogram: return [Family(name, .histogram, labels: labels, help: help)]
        case .snapshot:
            // Gauges and no histogram: what is observed is what there is now, and the counts fall.
            return [
                Family(name + "_bucket", .gauge, labels: labels + ["le"], help: help),
                Family(name + "_sum", .gauge, labels: labels, help: help),
                Family(name + "_count", .gauge, labels: labels, help: help),
            ]
        }
    }

    /// Throws `unexpectedValue` when there are rows and not one value is what its column says, or the answer was cut off.
    func read(_ rows: Rows, into sample: inout SampleBuilder) throws(PostgresError) {
        var places: [String: Int] = [:]
        for (place, column) in rows.columns.enumerated() { places[column] = place }
        let labelPlaces = labels.map { places[$0.name] }
        let present = metrics.compactMap { metric in places[metric.column.name].map { (metric, $0) } }
        let others = isOpen ? unnamedColumns(rows.columns) : []
        var snapshots = Snapshots()
        var tally = Tally()
        for row in rows {
            var values: [String] = []
            values.reserveCapacity(labelNames.count)
            for place in labelPlaces {
                values.append(try place.map { place throws(PostgresError) in try row.label(place, rows) } ?? "")
            }
            if let server { values.append(server) }
            for (metric, place) in present {
                switch metric.column.usage {
                case .label, .discard: break
                case .gauge, .counter:
                    guard let family = metric.families.first else { break }
                    add(try row.reading(place, rows), metric.column, family, values, &sample, &tally)
                case .mapped(let numbers):
                    guard let family = metric.families.first, let text = try row.string(place) else { break }
                    add(numbers[text].map(Reading.number) ?? .other, metric.column, family, values, &sample, &tally)
                case .duration:
                    guard let family = metric.families.first, let text = try row.string(place), text != "-1" else { break }
                    add(
                        GoDuration.milliseconds(text).map { .number(Double($0)) } ?? .other, metric.column, family, values,
                        &sample,
                        &tally)
                case .histogram:
                    guard let family = metric.families.first else { break }
                    if let histogram = try histogram(metric.column.name, places, row) {
                        tally.good += 1
                        sample.addHistogram(
                            family, values, bounds: histogram.bounds, cumulative: histogram.cumulative, sum: histogram.sum)
                    } else {
                        tally.noteBad(metric.column.name)
                    }
                case .snapshot(let bounds):
                    switch try row.reading(place, rows) {
                    case .null:
                        if let missing = metric.column.missing { snapshots.observe(missing, metric.column.name, values, bounds) }
                    case .number(let number):
                        tally.good += 1
                        snapshots.observe(number * metric.column.scale, metric.column.name, values, bounds)
                    case .other: tally.noteBad(metric.column.name)
                    }
                }
            }
            for (family, place) in others {
                if case .number(let number) = try row.reading(place, rows) { sample.add(family, values, number) }
            }
        }
        if hasSnapshots { add(snapshots, to: &sample) }
        try check(tally, rows)
    }

    private func check(_ tally: Tally, _ rows: Rows) throws(PostgresError) {
        if let bad = tally.bad, tally.good == 0 {
            throw PostgresError(.unexpectedValue, "column \"\(bad)\" does not hold what the collector's file says")
        }
        guard rows.count < CollectorSQL.rowsMax else {
            throw PostgresError(.unexpectedValue, "the answer has \(CollectorSQL.rowsMax) rows or more")
        }
        guard rows.isEmpty || metrics.isEmpty || metrics.contains(where: { rows.columns.contains($0.column.name) }) || isOpen
        else {
            throw PostgresError(.unexpectedValue, "the answer has none of the columns that the collector's file names")
        }
    }

    private func add(
        _ reading: Reading, _ column: CustomColumn, _ family: Family, _ values: [String], _ sample: inout SampleBuilder,
        _ tally: inout Tally
    ) {
        switch reading {
        case .null:
            if let missing = column.missing { sample.add(family, values, missing) }
        case .number(let number):
            tally.good += 1
            sample.add(family, values, number * column.scale)
        case .other: tally.noteBad(column.name)
        }
    }

    private func add(_ snapshots: Snapshots, to sample: inout SampleBuilder) {
        for metric in metrics {
            guard case .snapshot(let bounds) = metric.column.usage, let buckets = metric.families.first,
                metric.families.count == 3
            else { continue }
            for (labels, spread) in snapshots.spreads(of: metric.column.name) {
                var cumulative = 0.0
                for (bound, count) in zip(bounds + [.infinity], spread.counts) {
                    cumulative += count
                    sample.add(buckets, labels + [numberText(bound)], cumulative)
                }
                sample.add(metric.families[1], labels, spread.sum)
                sample.add(metric.families[2], labels, cumulative)
            }
        }
    }

    /// Columns that the file does not name, with their families. Found anew in every answer: only the answer knows them.
    private func unnamedColumns(_ columns: [String]) -> [(Family, Int)] {
        columns.enumerated().compactMap { place, column -> (Family, Int)? in
            guard !known.contains(column), isMetricName("\(name)_\(column)") else { return nil }
            let help = "Unknown metric from \(name)"
            return (unnamed.family("\(name)_\(column)", labelNames, help), place)
        }
    }

    private func histogram(
        _ name: String, _ places: [String: Int], _ row: Row
    ) throws(PostgresError) -> (bounds: [Double], cumulative: [UInt64], sum: Double)? {
        func text(_ name: String) throws(PostgresError) -> String? {
            guard let place = places[name] else { return nil }
            return try row.string(place)
        }
        guard let bounds = try text(name).flatMap(numbers(inArray:)),
            let counts = try text(name + "_bucket").flatMap(numbers(inArray:)),
            let sum = try text(name + "_sum").flatMap(Double.init),
            let count = try text(name + "_count").flatMap(Double.init).flatMap({ UInt64(exactly: $0) })
        else { return nil }
        var buckets: [(bound: Double, count: UInt64)] = []
        for (bound, number) in zip(bounds, counts) where bound.isFinite {
            guard let number = UInt64(exactly: number) else { return nil }
            buckets.append((bound, number))
        }
        buckets.sort { $0.bound < $1.bound }
        return (buckets.map(\.bound), buckets.map(\.count) + [count], sum)
    }
}

/// How the values of an answer fared.
private struct Tally {
    var good = 0
    /// The first column with a value that is none.
    private(set) var bad: String?

    mutating func noteBad(_ column: String) { bad = bad ?? column }
}

/// Observations, one for each row, gathered by column and labels.
private struct Snapshots {
    struct Spread {
        /// Not cumulative; the last is beyond every bound.
        var counts: [Double]
        var sum = 0.0
    }

    private struct Key: Hashable {
        let column: String
        let labels: [String]
    }

    private var order: [Key] = []
    private var all: [Key: Spread] = [:]

    /// NaN is no observation: it has no bucket.
    mutating func observe(_ value: Double, _ column: String, _ labels: [String], _ bounds: [Double]) {
        guard !value.isNaN else { return }
        let key = Key(column: column, labels: labels)
        if all[key] == nil {
            order.append(key)
            all[key] = Spread(counts: Array(repeating: 0, count: bounds.count + 1))
        }
        all[key]?.counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        all[key]?.sum += value
    }

    func spreads(of column: String) -> [([String], Spread)] {
        order.compactMap { key in key.column == column ? all[key].map { (key.labels, $0) } : nil }
    }
}
