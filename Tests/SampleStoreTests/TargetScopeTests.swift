import MetricsModel
import SampleStore
import Support
import Testing

@Suite struct TargetScopeTests {
    private static let target = Labels(["job": "postgres", "instance": "db:5432"])
    private static let size = Family("size_bytes", .gauge, labels: ["name"], help: "Size.")
    private static let odd = Family("odd", .gauge, labels: ["job"], help: "A label of the target's.")

    private static func families(_ cache: SeriesCache, _ values: [(String, Double)]) -> [FamilySamples] {
        var sample = SampleBuilder(cache)
        for (name, value) in values { sample.add(size, [name], value) }
        return sample.finish().families
    }

    private static func values(_ store: SampleStore, _ name: String, _ label: String? = nil) throws -> [String] {
        var matchers = [LabelMatcher(Labels.metricName, equals: name)]
        if let label { matchers.append(LabelMatcher("name", equals: label)) }
        return try store.select(matchers, from: .min, through: .max, selection: .all, maxSamples: 1_000).flatMap { series in
            zip(series.timestamps, series.values).map { "\($0):\(isStaleMarker($1) ? "stale" : numberText($1))" }
        }
    }

    @Test("A series that is gone is marked once, and goes on when it comes back")
    func staleness() throws {
        let store = SampleStore()
        let scope = store.scope(TargetScopeTests.target)
        let cache = SeriesCache()
        scope.append(TargetScopeTests.families(cache, [("a", 1), ("b", 2)]), at: 10)
        scope.append(TargetScopeTests.families(cache, [("a", 1)]), at: 20)
        scope.append(TargetScopeTests.families(cache, [("a", 1)]), at: 30)
        scope.append(TargetScopeTests.families(cache, [("b", 3), ("a", 4)]), at: 40)
        #expect(try TargetScopeTests.values(store, "size_bytes", "a") == ["10:1", "20:1", "30:1", "40:4"])
        #expect(try TargetScopeTests.values(store, "size_bytes", "b") == ["10:2", "20:stale", "40:3"])
    }

    @Test("A target that is down has up 0 and all of its series marked; what it still says is kept")
    func down() throws {
        let store = SampleStore()
        let scope = store.scope(TargetScopeTests.target)
        let cache = SeriesCache()
        scope.append(TargetScopeTests.families(cache, [("a", 1), ("b", 2)]), at: 10, took: .milliseconds(250))
        scope.append(TargetScopeTests.families(cache, [("b", 5)]), at: 20, target: .down)
        scope.appendStale(at: 30)
        scope.append(TargetScopeTests.families(cache, [("a", 7)]), at: 40)
        #expect(try TargetScopeTests.values(store, "up") == ["10:1", "20:0", "30:0", "40:1"])
        #expect(try TargetScopeTests.values(store, "scrape_samples_scraped") == ["10:2", "20:1", "30:0", "40:1"])
        #expect(try TargetScopeTests.values(store, "scrape_duration_seconds") == ["10:0.25", "20:0", "30:0", "40:0"])
        #expect(try TargetScopeTests.values(store, "size_bytes", "a") == ["10:1", "20:stale", "40:7"])
        #expect(try TargetScopeTests.values(store, "size_bytes", "b") == ["10:2", "20:5", "30:stale"])
    }

    @Test("A target that is removed ends everything, up among it")
    func end() throws {
        let store = SampleStore()
        let scope = store.scope(TargetScopeTests.target)
        scope.append(TargetScopeTests.families(SeriesCache(), [("a", 1)]), at: 10)
        scope.end(at: 20)
        #expect(try TargetScopeTests.values(store, "up") == ["10:1", "20:stale"])
        #expect(try TargetScopeTests.values(store, "size_bytes") == ["10:1", "20:stale"])
    }

    @Test("Series rendered anew are the same series, and get no marker")
    func renewedObjects() throws {
        let store = SampleStore()
        let scope = store.scope(TargetScopeTests.target)
        for time in Int64(1)...3 { scope.append(TargetScopeTests.families(SeriesCache(), [("a", 1), ("b", 2)]), at: time * 10) }
        #expect(try TargetScopeTests.values(store, "size_bytes", "a") == ["10:1", "20:1", "30:1"])
        #expect(store.stats.series == 5)
        #expect(store.stats.refused.values.allSatisfy { $0 == 0 })
    }

    @Test("The target's labels win, and the series' own is kept as exported")
    func exportedLabels() {
        let store = SampleStore()
        var sample = SampleBuilder(SeriesCache())
        sample.add(TargetScopeTests.odd, ["mine"], 1)
        store.scope(TargetScopeTests.target).append(sample.finish().families, at: 10)
        let series = store.series([LabelMatcher(Labels.metricName, equals: "odd")], from: 0, through: 10)
        #expect(series.map(\.description) == ["odd{exported_job=\"mine\", instance=\"db:5432\", job=\"postgres\"}"])
    }

    @Test("A series that retention took away comes back as a new one")
    func afterRetention() throws {
        let store = SampleStore(limits: StoreLimits(retention: .seconds(1)))
        let scope = store.scope(TargetScopeTests.target)
        let cache = SeriesCache()
        for time in stride(from: Int64(0), to: 1_000_000, by: 100_000) {
            scope.append(TargetScopeTests.families(cache, [("a", 1)]), at: time)
        }
        #expect(try TargetScopeTests.values(store, "size_bytes").last == "900000:1")
        #expect(store.stats.refused.values.allSatisfy { $0 == 0 })
    }

    @Test("Columns are stored as the same samples in points are", arguments: UInt64(0)..<60)
    func columns(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let families = (0..<3).map { Family("column_\($0)", .gauge, labels: ["name"], help: "A column.") }
        let (columned, pointed) = (SampleStore(), SampleStore())
        let (columnScope, pointScope) = (columned.scope(Self.target), pointed.scope(Self.target))
        var rows = SeriesRows(labelNames: ["name"], values: [])
        for round in 0..<30 {
            if Int.random(in: 0..<4, using: &random) == 0 {
                var names = (0..<8).filter { _ in Bool.random(using: &random) }.map { ["\($0)"] }
                if Bool.random(using: &random) { names.shuffle(using: &random) }
                rows = SeriesRows(labelNames: ["name"], values: names)
            }
            var (columns, points): ([FamilySamples], [FamilySamples]) = ([], [])
            for family in families where Int.random(in: 0..<6, using: &random) > 0 {
                let values = (0..<rows.count).map { _ in
                    Int.random(in: 0..<4, using: &random) == 0 ? ValueColumn.absent : Double(round)
                }
                columns.append(FamilySamples(family, [], columns: [ValueColumn(rows, values)]))
                points.append(FamilySamples(family, columns.last?.everyPoint ?? []))
            }
            let time = Int64(round) * 1_000
            columnScope.append(columns, at: time)
            pointScope.append(points, at: time)
        }
        columnScope.end(at: 100_000)
        pointScope.end(at: 100_000)
        #expect(try Self.everything(columned) == Self.everything(pointed), "seed \(seed)")
        #expect(columned.stats.refused == pointed.stats.refused)
    }

    @Test("Of a bulk family with many rows only what is read is stored, and it ends when nobody reads it any more")
    func bulk() throws {
        let store = SampleStore()
        let scope = store.scope(Self.target)
        // With two more, one beyond what is kept in any case.
        let many = (1..<100).map { ["r\($0)"] }
        let rows = SeriesRows(labelNames: ["name"], values: [["a"], ["b"]] + many)
        let families = ["scans_total", "rows_total"].map { Family($0, .counter, labels: ["name"], bulk: true, help: "Bulk.") }
        func sample(at time: Int64) {
            var sample = SampleBuilder(SeriesCache())
            for family in families { sample.add(family, ValueColumn(rows, [1, 2] + many.map { _ in 0 })) }
            sample.add(Self.size, ["a"], 3)
            scope.append(sample.finish().families, at: time)
        }
        store.setBulkNames(ReadNames(selectors: [[LabelMatcher(Labels.metricName, equals: "scans_total")]]))
        sample(at: 10)
        #expect(try Self.values(store, "scans_total", "a") == ["10:1"])
        #expect(try Self.values(store, "rows_total").isEmpty)
        #expect(try Self.values(store, "size_bytes") == ["10:3"])
        #expect(try Self.values(store, "scrape_samples_scraped") == ["10:203"])
        store.setBulkNames(ReadNames(selectors: [[LabelMatcher("name", equals: "b")]]))
        sample(at: 20)
        #expect(try Self.values(store, "rows_total", "b") == ["20:2"])
        store.setBulkNames(ReadNames(selectors: []))
        sample(at: 30)
        #expect(try Self.values(store, "scans_total", "a") == ["10:1", "20:1", "30:stale"])
        #expect(try Self.values(store, "size_bytes") == ["10:3", "20:3", "30:3"])
    }

    @Test("A bulk family with few rows is stored though nothing reads it")
    func fewRows() throws {
        let store = SampleStore()
        store.setBulkNames(ReadNames(selectors: []))
        let family = Family("scans_total", .counter, labels: ["name"], bulk: true, help: "Bulk.")
        var sample = SampleBuilder(SeriesCache())
        sample.add(family, ValueColumn(SeriesRows(labelNames: ["name"], values: [["a"], ["b"]]), [1, 2]))
        store.scope(Self.target).append(sample.finish().families, at: 10)
        #expect(try Self.values(store, "scans_total", "b") == ["10:2"])
    }

    private static func everything(_ store: SampleStore) throws -> [String] {
        try store.select([], from: .min, through: .max, selection: .all, maxSamples: 100_000).map { series in
            "\(series.labels) \(series.timestamps) \(series.values.map(\.bitPattern))"
        }.sorted()
    }
}
