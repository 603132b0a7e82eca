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
        let few: [Family]
        /// The same for an answer of many rows: the local store keeps those only where something reads them.
        let many: [Family]

        func families(_ rows: Rows) -> [Family] { rows.count > CustomReader.fewRowsMax ? many : few }
    }

    /// An answer with more rows is about tables, indexes and the like.
    private static let fewRowsMax = 1_000

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
            Metric(
                column: column, few: CustomReader.families(column, of: collector, names, isBulk: false),
                many: CustomReader.families(column, of: collector, names, isBulk: true))
        }
        isOpen = collector.format == .queries
        var known = Set((collector.columns + labels).map(\.name))
        for column in collector.columns where column.usage == .histogram {
            known.formUnion(["_bucket", "_sum", "_count"].map { column.name + $0 })
        }
        self.known = known
        hasSnapshots = metrics.contains { if case .snapshot = $0.column.usage { true } else { false } }
    }

    private static func families(
        _ column: CustomColumn, of collector: CustomCollector, _ labels: [String], isBulk: Bool
    ) -> [Family] {
        let name = "\(collector.name)_\(column.alias)"
        let fallback = collector.help.isEmpty ? "From the collector \(collector.name)." : collector.help
        let help = column.help.isEmpty ? fallback : column.help
        switch column.usage {
        case .label, .discard: return []
        case .gauge, .mapped: return [Family(name, .gauge, labels: labels, bulk: isBulk, help: help)]
        case .counter: return [Family(name, .counter, labels: labels, bulk: isBulk, help: help)]
        case .duration: return [Family(name + "_milliseconds", .gauge, labels: labels, bulk: isBulk, help: help)]
        case .histogram: return [Family(name, .histogram, labels: labels, bulk: isBulk, help: help)]
        case .snapshot:
            // Gauges and no histogram: what is observed is what there is now, and the counts fall.
            return [
                Family(name + "_bucket", .gauge, labels: labels + ["le"], bulk: isBulk, help: help),
                Family(name + "_sum", .gauge, labels: labels, bulk: isBulk, help: help),
                Family(name + "_count", .gauge, labels: labels, bulk: isBulk, help: help),
            ]
        }
    }

    /// Throws `unexpectedValue` when there are rows and not one value is what its column says, or the answer was cut off.
    func read(_ rows: Rows, into sample: inout SampleBuilder) throws(PostgresError) {
        var places: [String: Int] = [:]
        for (place, column) in rows.columns.enumerated() { places[column] = place }
        let labelPlaces = labels.map { places[$0.name] }
        let present = metrics.compactMap { metric in places[metric.column.name].map { (metric, metric.families(rows), $0) } }
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
            for (metric, families, place) in present {
                switch metric.column.usage {
                case .label, .discard: break
                case .gauge, .counter:
                    guard let family = families.first else { break }
                    add(try row.reading(place, rows), metric.column, family, values, &sample, &tally)
                case .mapped(let numbers):
                    guard let family = families.first, let text = try row.string(place) else { break }
                    add(numbers[text].map(Reading.number) ?? .other, metric.column, family, values, &sample, &tally)
                case .duration:
                    guard let family = families.first, let text = try row.string(place), text != "-1" else { break }
                    add(
                        GoDuration.milliseconds(text).map { .number(Double($0)) } ?? .other, metric.column, family, values,
                        &sample,
                        &tally)
                case .histogram:
                    guard let family = families.first else { break }
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
        if hasSnapshots { add(snapshots, of: rows, to: &sample) }
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

    private func add(_ snapshots: Snapshots, of rows: Rows, to sample: inout SampleBuilder) {
        for metric in metrics {
            let families = metric.families(rows)
            guard case .snapshot(let bounds) = metric.column.usage, let buckets = families.first, families.count == 3 else {
                continue
            }
            for (labels, spread) in snapshots.spreads(of: metric.column.name) {
                var cumulative = 0.0
                for (bound, count) in zip(bounds + [.infinity], spread.counts) {
                    cumulative += count
                    sample.add(buckets, labels + [numberText(bound)], cumulative)
                }
                sample.add(families[1], labels, spread.sum)
                sample.add(families[2], labels, cumulative)
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
