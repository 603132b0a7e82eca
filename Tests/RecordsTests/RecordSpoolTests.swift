import FoundationEssentials
import Support
import Testing

@testable import Records

@Suite struct RecordSpoolTests {
    private func row(_ number: Int) -> SystemHealthRow { SystemHealthRow(timestamp: Int64(number)) }

    private func waiting(_ spool: inout RecordSpool) throws -> [Int] {
        try spool.first(.max).map { row in
            try Int(SystemHealthRow(json: JSONValue(text: row.json)).timestamp)
        }
    }

    private func bytes(_ directory: TemporaryDirectory) -> [UInt8] {
        FileManager.default.contents(atPath: directory.path("records.spool")).map { Array($0) } ?? []
    }

    private func put(_ bytes: some Sequence<UInt8>, _ directory: TemporaryDirectory) throws {
        try Data(bytes).write(to: URL(filePath: directory.path("records.spool")))
    }

    @Test("Rows come back in order after a restart, without those that were written")
    func restart() throws {
        let directory = try TemporaryDirectory()
        do {
            var spool = try RecordSpool.open(directory: directory.path)
            for number in 1...5 { #expect(try spool.append(row(number)) == 0) }
            try spool.acknowledge(through: try #require(spool.first(2).last).sequence)
            #expect(spool.count == 3)
        }
        var spool = try RecordSpool.open(directory: directory.path)
        #expect(try waiting(&spool) == [3, 4, 5])
        _ = try spool.append(row(6))
        #expect(try waiting(&spool) == [3, 4, 5, 6])
        #expect(spool.damagedLines == 0)
    }

    @Test("The file is empty when nothing waits")
    func empties() throws {
        let directory = try TemporaryDirectory()
        var spool = try RecordSpool.open(directory: directory.path)
        _ = try spool.append(row(1))
        try spool.acknowledge(through: 1)
        #expect(bytes(directory).isEmpty)
        _ = try spool.append(row(2))
        #expect(try waiting(&spool) == [2])
    }

    @Test("A file cut at any byte loses its last line at most, and takes new rows")
    func torn() throws {
        let directory = try TemporaryDirectory()
        do {
            var spool = try RecordSpool.open(directory: directory.path)
            for number in 1...3 { _ = try spool.append(row(number)) }
        }
        let whole = bytes(directory)
        let ends = whole.indices.filter { whole[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
        for cut in 0...whole.count {
            try put(whole[..<cut], directory)
            var spool = try RecordSpool.open(directory: directory.path)
            let kept = ends.count { $0 <= cut }
            #expect(try waiting(&spool) == Array(1...3).prefix(kept).map { $0 }, "cut at \(cut)")
            _ = try spool.append(row(9))
            #expect(try waiting(&spool) == Array(1...3).prefix(kept) + [9], "cut at \(cut)")
        }
    }

    @Test("A flipped byte costs two lines at most and never the start", arguments: 0..<200 as Range<UInt64>)
    func flipped(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let directory = try TemporaryDirectory()
        do {
            var spool = try RecordSpool.open(directory: directory.path)
            for number in 1...6 { _ = try spool.append(row(number)) }
        }
        var damaged = bytes(directory)
        damaged[generator.below(damaged.count)] ^= UInt8(1 << generator.below(8))
        try put(damaged, directory)
        var spool = try RecordSpool.open(directory: directory.path)
        let left = try waiting(&spool)
        // A line feed that is hit joins two lines; one that appears splits a line, which costs that line only.
        #expect(left.count >= 4 && left == left.sorted() && Set(left).isSubset(of: 1...6), "seed \(seed)")
        // A digit of the CRC may have become its upper case: nothing is lost then.
        #expect(spool.damagedLines >= 1 || left == Array(1...6), "seed \(seed)")
    }

    @Test("A spool that is full gives its oldest row for the newest")
    func bound() throws {
        let directory = try TemporaryDirectory()
        do {
            var spool = try RecordSpool.open(directory: directory.path, rowsMax: 3)
            for number in 1...3 { #expect(try spool.append(row(number)) == 0) }
            #expect(try spool.append(row(4)) == 1)
            #expect(try spool.append(row(5)) == 1)
            #expect(try waiting(&spool) == [3, 4, 5])
        }
        var spool = try RecordSpool.open(directory: directory.path, rowsMax: 3)
        #expect(try waiting(&spool) == [3, 4, 5])
    }

    @Test("History is written over when it outweighs what waits")
    func rewrites() throws {
        let directory = try TemporaryDirectory()
        do {
            var spool = try RecordSpool.open(directory: directory.path)
            for number in 1...600 {
                let wide = SystemHealthRow(
                    timestamp: Int64(number), metrics: JSONObject([.init("text", .string(String(repeating: "x", count: 4_000)))]))
                _ = try spool.append(wide)
            }
            try spool.acknowledge(through: 590)
            #expect(bytes(directory).count < 100_000)
            _ = try spool.append(row(601))
            #expect(try waiting(&spool) == Array(591...601))
        }
        var spool = try RecordSpool.open(directory: directory.path)
        #expect(try waiting(&spool) == Array(591...601))
        #expect(spool.damagedLines == 0)
    }

    @Test("One process at a time has the file")
    func locked() throws {
        let directory = try TemporaryDirectory()
        do {
            let spool = try RecordSpool.open(directory: directory.path)
            #expect(spool.count == 0)
            #expect {
                let second = try RecordSpool.open(directory: directory.path)
                #expect(second.count == 0)
            } throws: {
                ($0 as? RecordError)?.code == .spoolFailed
            }
            #expect(spool.count == 0)
        }
        let spool = try RecordSpool.open(directory: directory.path)
        #expect(spool.count == 0)
    }

    @Test("A directory that is not there is an error with its path")
    func missing() {
        #expect {
            let spool = try RecordSpool.open(directory: "/nowhere/at/all")
            #expect(spool.count == 0)
        } throws: {
            ($0 as? RecordError)?.message.contains("/nowhere/at/all") == true
        }
    }

    @Test("The spool agrees with a plain array over appends, acknowledgements and crashes", arguments: 0..<120 as Range<UInt64>)
    func agreesWithArray(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let directory = try TemporaryDirectory()
        let limit = 8
        var model: [Int] = []
        var next = 0
        for _ in 0..<generator.below(6) + 1 {
            var spool = try RecordSpool.open(directory: directory.path, rowsMax: limit)
            #expect(try waiting(&spool) == model, "seed \(seed)")
            for _ in 0..<generator.below(20) {
                if generator.chance(3), let last = try spool.first(generator.below(4) + 1).last {
                    let count = try spool.first(limit).firstIndex { $0.sequence == last.sequence }.map { $0 + 1 } ?? 0
                    try spool.acknowledge(through: last.sequence)
                    model.removeFirst(count)
                } else {
                    next += 1
                    _ = try spool.append(row(next))
                    model.append(next)
                    if model.count > limit { model.removeFirst() }
                }
                #expect(spool.count == model.count, "seed \(seed)")
            }
            // A crash in the middle of the next append.
            if generator.chance(2) {
                let torn = SpoolLine.row(sequence: 1 << 40, json: row(0).json.text).bytes
                try put(bytes(directory) + torn.prefix(generator.below(torn.count)), directory)
            }
        }
    }
}
