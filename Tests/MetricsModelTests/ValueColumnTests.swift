import MetricsModel
import Support
import Testing

@Suite struct ValueColumnTests {
    static let texts = ["", "a", "x y", "\\", "\"", "\n", "é", "e\u{301}", "日本", "{}=,#", "\t", "end\\", "=\"", "a\",b=\"c"]

    @Test("A row has the labels and the text of a series with its values", arguments: UInt64(0)..<200)
    func rows(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let names = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            ["a", "b", "datname", "zeta"].randomElement(using: &random) ?? ""
        }
        let constant = Labels(
            (0..<Int.random(in: 0...2, using: &random)).map { _ in
                Label(["b", "target"].randomElement(using: &random) ?? "", Self.texts.randomElement(using: &random) ?? "")
            })
        let values = (0..<Int.random(in: 0...6, using: &random)).map { _ in
            names.map { _ in Self.texts.randomElement(using: &random) ?? "" }
        }
        let rows = SeriesRows(labelNames: names, values: values, constantLabels: constant)
        #expect(rows.count == values.count)
        for (row, own) in values.enumerated() {
            let series = Series(
                name: "n", labels: constant.merging(Labels(zip(names, own).map { Label($0, $1) })))
            #expect(rows.labels(row) == series.labels, "seed \(seed)")
            #expect(rows.labels(row).fingerprint == series.labels.fingerprint, "seed \(seed)")
            #expect(Array(rows.text(row)) == Array(series.text.dropFirst()), "seed \(seed)")
        }
    }

    @Test("A set with columns is exposed as the same samples in points are", arguments: ExpositionFormat.allCases)
    func exposition(_ format: ExpositionFormat) {
        let rows = SeriesRows(
            labelNames: ["relname"], values: [["a"], ["b"], ["c"]], constantLabels: Labels([Label("target", "x")]))
        let scans = Family("scans_total", .counter, labels: ["relname"], bulk: true, help: "Scans.")
        let size = Family("size_bytes", .gauge, labels: ["relname"], help: "Size.")
        var columns = SampleBuilder(SeriesCache())
        columns.add(scans, ValueColumn(rows, [1, ValueColumn.absent, .nan]))
        columns.add(size, ValueColumn(rows, [ValueColumn.absent, ValueColumn.absent, ValueColumn.absent]))
        var points = SampleBuilder(SeriesCache(constantLabels: Labels([Label("target", "x")])))
        points.add(scans, ["a"], 1)
        points.add(scans, ["c"], .nan)
        let set = SampleSet(timestamp: 1, families: columns.finish().families)
        #expect(set.pointCount == 2)
        #expect(set.families.map(\.family.isBulk) == [true])
        var out: [UInt8] = []
        var expected: [UInt8] = []
        set.encode(format, into: &out)
        SampleSet(timestamp: 1, families: points.finish().families).encode(format, into: &expected)
        #expect(String(decoding: out, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
    }

    @Test("Families of one name from two targets keep both columns and points")
    func merging() {
        let family = Family("x", .gauge, labels: ["a"], help: "X.")
        let rows = SeriesRows(labelNames: ["a"], values: [["1"], ["2"]])
        let point = Point(Series(name: "x", labels: Labels(["a": "0"])), 0)
        let set = SampleSet(
            timestamp: 1,
            families: [
                FamilySamples(family, [], columns: [ValueColumn(rows, [1, 2])]), FamilySamples(family, [point]),
                FamilySamples(family, [], columns: [ValueColumn(rows, [3, ValueColumn.absent])]),
            ])
        #expect(set.families.count == 1)
        #expect(set.pointCount == 4)
        #expect(set.families[0].everyPoint.map(\.value) == [0, 1, 2, 3])
        #expect(set.families[0].everyPoint.map { $0.series.labels["a"] } == ["0", "1", "2", "1"])
    }

    @Test("A builder that gave a family as a column gives it again, and as points when it is asked to")
    func builder() {
        let family = Family("x", .gauge, labels: ["a"], help: "X.")
        let other = Family("y", .gauge, labels: [], help: "Y.")
        let rows = SeriesRows(labelNames: ["a"], values: [["1"]])
        var cache = SeriesCache()
        for round in 0..<6 {
            var sample = SampleBuilder(cache)
            if round % 3 != 2 {
                sample.add(family, ValueColumn(rows, [Double(round)]))
            } else {
                sample.add(family, ["1"], Double(round))
            }
            sample.add(other, 1)
            let (families, kept) = sample.finish()
            cache = kept
            #expect(families.map(\.family.name) == ["x", "y"])
            #expect(families[0].everyPoint.map(\.value) == [Double(round)])
        }
    }

    @Test("Of two series with the same labels the first stays, whatever source they come from")
    func duplicates() {
        let family = Family("x", .gauge, labels: ["a"], help: "X.")
        let rows = SeriesRows(labelNames: ["a"], values: [["1"], ["2"], ["2"]])
        let other = SeriesRows(labelNames: ["a"], values: [["3"], ["1"], ["0"]])
        let points = [
            Point(Series(name: "x", labels: Labels(["a": "0"])), 10), Point(Series(name: "x", labels: Labels(["a": "0"])), 11),
        ]
        let columns = [ValueColumn(rows, [1, 2, 3]), ValueColumn(other, [4, 5, 6])]
        let (kept, dropped) = FamilySamples(family, points, columns: columns).droppingDuplicates()
        #expect(dropped == 4)
        #expect(kept.everyPoint.map(\.value) == [10, 1, 2, 4])
        let (_, again) = kept.droppingDuplicates()
        #expect(again == 0)
        // An absent row is no duplicate of anything.
        let absent = ValueColumn(rows, [1, ValueColumn.absent, 3])
        #expect(FamilySamples(family, [], columns: [absent]).droppingDuplicates().1 == 0)
    }

    @Test("The parts of a histogram are different series")
    func histogramParts() {
        let family = Family("h", .histogram, help: "H.")
        var sample = SampleBuilder(SeriesCache())
        sample.addHistogram(family, bounds: [1], cumulative: [1, 2], sum: 3)
        let families = sample.finish().families
        #expect(families[0].droppingDuplicates().1 == 0)
        let twice = FamilySamples(family, families[0].points + families[0].points)
        #expect(twice.droppingDuplicates().1 == 4)
    }

    @Test("Rows are found again among other rows by their labels", arguments: UInt64(0)..<50)
    func places(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func rows() -> SeriesRows {
            SeriesRows(
                labelNames: ["a", "b"],
                values: (0..<Int.random(in: 0...20, using: &random)).map { _ in
                    ["\(Int.random(in: 0..<12, using: &random))", Self.texts.randomElement(using: &random) ?? ""]
                })
        }
        let (old, new) = (rows(), rows())
        let places = new.places(in: old)
        #expect(places.count == new.count)
        for (row, place) in places.enumerated() {
            if place >= 0 {
                #expect(old.labels(Int(place)) == new.labels(row), "seed \(seed)")
            } else {
                #expect(!(0..<old.count).contains { old.labels($0) == new.labels(row) }, "seed \(seed)")
            }
        }
    }
}
