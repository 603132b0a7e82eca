import MetricsModel
import Postgres
import Testing

@testable import Sampling

@Suite struct ColumnReaderTests {
    private func reader(_ drafts: [ColumnDraft]) -> ColumnReader {
        guard case .columns(let columns) = Question("c", columns: drafts, sql: { _ in "" }).reading else {
            return ColumnReader(columns: [])
        }
        return ColumnReader(columns: columns, constantLabels: Labels(["target": "main"]))
    }

    private func texts(_ families: [FamilySamples]) -> [String] {
        families.flatMap(\.everyPoint).map { "\($0.series.name)\($0.series.labels) \($0.value)" }
    }

    @Test("Columns become families with the labels they want; NULL is no sample or what stands for it, booleans are 1 and 0")
    func values() throws {
        var reader = reader([
            .label("d", as: "datname"), .label("m"), .gauge("g", "a_ms", "h", scale: 0.001),
            .counter("n", "b_total", "h", labels: ["datname"]), .gauge("z", "c", "h", missing: 0), .discard("x"),
            .gauge("not_there", "e", "h"),
        ])
        let answer = Rows(
            columns: ["d", "m", "g", "n", "z", "x"],
            [["p", "é\"", "1500", "7", nil, "?"], ["q", nil, nil, nil, "t", "?"]])
        #expect(
            texts(try reader.read(answer).families).sorted() == [
                "a_ms{datname=\"p\", m=\"é\\\"\", target=\"main\"} 1.5", "b_total{datname=\"p\", target=\"main\"} 7.0",
                "c{datname=\"p\", m=\"é\\\"\", target=\"main\"} 0.0", "c{datname=\"q\", target=\"main\"} 1.0",
            ])
        #expect(throws: PostgresError.self) {
            try reader.read(Rows(columns: ["d", "m", "g"], [["p", "m", "many"]]))
        }
    }

    @Test("While the labels stay, their rows are one object, whatever the values do; a changed label makes new ones")
    func identity() throws {
        var reader = reader([.label("t"), .gauge("a", "a", "h"), .gauge("b", "b", "h")])
        func rows(_ answer: [[String?]]) throws -> [SeriesRows] {
            try reader.read(Rows(columns: ["t", "a", "b"], answer)).families.flatMap(\.columns).map(\.rows)
        }
        let first = try rows([["x", "1", "2"], ["y", "3", nil]])
        #expect(first.count == 2 && first[0] === first[1])
        #expect(try rows([["x", "5", nil], ["y", nil, "2"]])[0] === first[0])
        let changed = try rows([["x", "5", nil], ["z", nil, "2"]])
        #expect(changed[0] !== first[0])
        #expect(try rows([["x", "5", "1"]])[0] !== changed[0])
        #expect(try rows([]).isEmpty)
    }

    @Test("Rows beyond the limit go into one that is called other, in the database where they are")
    func remainder() throws {
        var reader = reader([.label("datname"), .label("t"), .counter("n", "n_total", "h"), .gauge("g", "g", "h")])
        func answer(_ names: [String], _ value: Int) -> Rows {
            Rows(columns: ["datname", "t", "n", "g"], names.map { ["db", $0, "\(value)", "2"] })
        }
        let all = try reader.read(answer(["a", "b", "c"], 10), database: "db")
        #expect(all.hidden == 0 && all.isApart)
        let cut = try reader.read(answer(["z", "c", "b", "a"], 20), seriesMax: 6, database: "db")
        #expect(cut.hidden == 4)
        #expect(
            texts(cut.families) == [
                "n_total{datname=\"db\", t=\"c\", target=\"main\"} 20.0",
                "n_total{datname=\"db\", t=\"b\", target=\"main\"} 20.0",
                "n_total{datname=\"db\", t=\"other\", target=\"main\"} 40.0",
                "g{datname=\"db\", t=\"c\", target=\"main\"} 2.0", "g{datname=\"db\", t=\"b\", target=\"main\"} 2.0",
                "g{datname=\"db\", t=\"other\", target=\"main\"} 4.0",
            ])
        let later = try reader.read(answer(["a", "b", "c"], 25), seriesMax: 6, database: "db")
        #expect(
            texts(later.families).filter { $0.hasPrefix("n_total") && $0.contains("other") } == [
                "n_total{datname=\"db\", t=\"other\", target=\"main\"} 45.0"
            ])
        // With room for all again the remainder's counter stays.
        let again = try reader.read(answer(["a", "b", "c"], 30), database: "db")
        #expect(texts(again.families).filter { $0.hasPrefix("n_total") }.count == 4)
    }

    @Test("A histogram is read from its arrays, sum and count")
    func histogram() throws {
        let family = Family("h_seconds", .histogram, labels: ["t"], help: "h")
        var reader = ColumnReader(columns: [.label("t"), Column(name: "h", usage: .histogram(family))])
        let answer = Rows(
            columns: ["t", "h", "h_bucket", "h_sum", "h_count"],
            [["x", "{0.1,1}", "{2,3}", "1.5", "4"], ["y", nil, nil, nil, nil]])
        #expect(
            texts(try reader.read(answer).families) == [
                "h_seconds_bucket{le=\"0.1\", t=\"x\"} 2.0", "h_seconds_bucket{le=\"1.0\", t=\"x\"} 3.0",
                "h_seconds_bucket{le=\"+Inf\", t=\"x\"} 4.0", "h_seconds_sum{t=\"x\"} 1.5", "h_seconds_count{t=\"x\"} 4.0",
            ])
        #expect(throws: PostgresError.self) {
            try reader.read(Rows(columns: answer.columns, [["x", "{1,0.1}", "{2,3}", "1.5", "4"]]))
        }
    }

    @Test("A series that is there already is left out and counted, also under a name of the target's own")
    func duplicates() throws {
        let family = Family("a", .gauge, labels: ["t"], help: "h")
        func reading(_ value: Double, _ label: String, isApart: Bool = false) -> QuestionReading {
            QuestionReading(
                families: [
                    FamilySamples(family, [], columns: [ValueColumn(SeriesRows(labelNames: ["t"], values: [[label]]), [value])])
                ], isApart: isApart)
        }
        var merged = MergedFamilies(reserved: ["pg_up"])
        merged.add(reading(1, "x"), "ours", "q")
        merged.add(reading(2, "x"), "custom", "r")
        merged.add(reading(3, "y"), "custom", "r")
        let up = Family("pg_up", .gauge, help: "h")
        merged.add(
            QuestionReading(families: [FamilySamples(up, [Point(Series(name: "pg_up", labels: .empty), 7)])]), "liar", "s")
        let (families, dropped) = merged.finish()
        #expect(texts(families) == ["a{t=\"x\"} 1.0", "a{t=\"y\"} 3.0"])
        #expect(dropped == ["custom": 1, "liar": 1])
    }

    @Test("Answers whose families depend on what is in them are bounded too, and histograms stay whole")
    func points() {
        let gauge = Family("g", .gauge, labels: ["a"], help: "h")
        let histogram = Family("h", .histogram, labels: ["a"], help: "h")
        var limiter = PointLimiter()
        func families(_ names: [String]) -> [FamilySamples] {
            var sample = SampleBuilder(SeriesCache())
            for name in names {
                sample.add(gauge, [name], 1)
                sample.addHistogram(histogram, [name], bounds: [1], cumulative: [1, 2], sum: 3)
            }
            return sample.finish().families
        }
        _ = limiter.limit(families(["p"]), samplesMax: 100, keeping: .empty)
        let (limited, hidden) = limiter.limit(families(["q", "r", "p", "s"]), samplesMax: 16, keeping: .empty)
        #expect(hidden == 12)
        #expect(
            texts(limited) == [
                "g{a=\"q\"} 1.0", "g{a=\"r\"} 1.0", "g{a=\"p\"} 1.0", "g{a=\"s\"} 1.0", "h_bucket{a=\"p\", le=\"1.0\"} 1.0",
                "h_bucket{a=\"p\", le=\"+Inf\"} 2.0", "h_sum{a=\"p\"} 3.0", "h_count{a=\"p\"} 2.0",
                "h_bucket{a=\"other\", le=\"1.0\"} 3.0", "h_bucket{a=\"other\", le=\"+Inf\"} 6.0", "h_sum{a=\"other\"} 9.0",
                "h_count{a=\"other\"} 6.0",
            ])
    }
}
