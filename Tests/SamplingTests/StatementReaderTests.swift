import Postgres
import Support
import Testing

@testable import Sampling

@Suite("Answers of pg_stat_statements")
struct StatementReaderTests {
    private static let columns = [
        "userid", "dbid", "queryid", "calls", "total", "least", "most", "deviation", "rows", "read_time", "write_time", "since",
        "name",
    ]

    private func statement(_ number: Int, _ calls: Int) -> [String?] {
        ["10", "5", "\(number)", "\(calls)", "\(Double(calls) * 1.25)", "1.25", "1.25", "0", "\(calls)", "0", "0.5", nil, nil]
    }

    private func answer(_ statements: [[String?]], at time: Double) -> Rows {
        let epoch: [String?] = [nil, nil, nil, "7", "\(time)", "500", nil, nil, "1", nil, nil, nil, nil]
        let names: [[String?]] = [
            [nil, "5"] + Array(repeating: nil, count: 10) + ["app"], ["10", nil] + Array(repeating: nil, count: 10) + ["bob"],
        ]
        return Rows(columns: Self.columns, [epoch] + statements + names)
    }

    @Test("Every part of an answer is read")
    func parts() throws {
        var reader = StatementReader()
        let reading = try reader.read(answer([statement(1, 4)], at: 1_000))
        #expect(reading.epoch == StatementEpoch(readAt: 1_000, resetAt: 500))
        #expect(reading.evictions == 7)
        #expect(reading.seesFile)
        #expect(reading.databases == [5: "app"])
        #expect(reading.users == [10: "bob"])
        #expect(reading.totals.map(\.calls) == [4])
        #expect(reading.totals.first?.totalMilliseconds == 5)
        #expect(reading.totals.first?.writeMilliseconds == 0.5)
    }

    @Test("Rows that come, go, move and change are told from those that stay", arguments: UInt64(1)...100)
    func incremental(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var reader = StatementReader()
        var rows = (0..<50).map { ($0, 1) }
        for step in 0..<20 {
            for place in rows.indices where random.next() % 5 == 0 { rows[place].1 += 1 }
            rows.removeAll { _ in random.next() % 20 == 0 }
            for _ in 0..<3 {
                rows.insert((1_000 * (step + 1) + Int(random.next() % 900), 1), at: Int(random.next() % UInt64(rows.count + 1)))
            }
            if random.next() % 4 == 0 { rows.shuffle(using: &random) }
            let reading = try reader.read(answer(rows.map { statement($0.0, $0.1) }, at: Double(step)))
            #expect(reading.totals.map(\.key.queryID) == rows.map { Int64($0.0) }, "seed \(seed)")
            #expect(reading.totals.map(\.calls) == rows.map { Int64($0.1) }, "seed \(seed)")
        }
    }

    @Test("Rows are the same when every byte and every NULL is")
    func same() {
        let a = Rows(columns: ["a", "b"], [["12", "3"], ["1", "23"], [nil, "x"], ["x", nil], ["", nil]])
        let b = Rows(columns: ["a", "b"], [["", nil], ["12", "3"], [nil, "x"]])
        #expect(a.isSame(0, as: b, 1))
        #expect(!a.isSame(1, as: b, 1))
        #expect(a.isSame(2, as: b, 2))
        #expect(!a.isSame(3, as: b, 2))
        #expect(a.isSame(4, as: b, 0))
        #expect(!a.isSame(5, as: b, 0))
        #expect(!a.isSame(0, as: b, -1))
    }
}
