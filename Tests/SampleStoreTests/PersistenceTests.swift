import MetricsModel
import Support
import Testing

@testable import SampleStore

@Suite struct PersistenceTests {
    private static func labels(_ name: String) -> Labels { Labels(["__name__": "m", "x": name]) }

    /// Rounds of three series; what the store holds after them is returned.
    @discardableResult
    private static func fill(_ store: SampleStore, from start: Int64, rounds: Int64) throws -> [String] {
        for round in start..<start + rounds {
            for name in ["a", "b", "c"] { store.append(labels(name), at: round * 15_000, Double(round) / 4) }
        }
        return try lines(store)
    }

    private static func bytes(_ path: String) throws -> [UInt8] { try #require(try StoreFile.contents(path)) }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let file = try StoreFile.create(path)
        try file.write(bytes)
    }

    private static func sampleCount(_ lines: [String]) -> Int { lines.joined().count { $0 == ":" } }

    @Test("After a crash the log alone gives everything back, and after a checkpoint the snapshot does")
    func recovery() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("store")
        var expected: [String] = []
        for start in stride(from: Int64(0), to: 600, by: 100) {
            let (store, report) = try SampleStore.open(directory: path)
            #expect(report.isClean && report.samplesLoaded == Int(start) * 3)
            #expect(try lines(store) == expected)
            try PersistenceTests.fill(store, from: start, rounds: 50)
            if start % 200 == 0 { try store.checkpoint() }
            expected = try PersistenceTests.fill(store, from: start + 50, rounds: 50)
            // Let go without `close`, as a crash does: every batch is in the file already.
        }
        let (store, _) = try SampleStore.open(directory: path)
        #expect(try lines(store) == expected)
        try store.close()
        #expect(try SegmentLog.numbers(in: path).count == 1)
        let (again, report) = try SampleStore.open(directory: path)
        #expect(report.isClean)
        #expect(try lines(again) == expected)
        #expect(again.stats.refused.values.allSatisfy { $0 == 0 })
    }

    @Test("A log cut at any byte loads, and loses no more than its last record")
    func tornLog() throws {
        let directory = try TemporaryDirectory()
        let source = directory.path("source")
        var states: [[String]] = [[]]
        do {
            let (store, _) = try SampleStore.open(directory: source)
            for round in Int64(1)...6 {
                for name in ["a", "b"] {
                    store.append(PersistenceTests.labels(name), at: round * 10, Double(round))
                    states.append(try lines(store))
                }
            }
        }
        let number = try #require(try SegmentLog.numbers(in: source).first)
        let whole = try PersistenceTests.bytes(SegmentLog.path(source, number))
        let target = directory.path("target")
        _ = try StoreFile.names(in: target)
        var least = 0
        for length in 0...whole.count {
            for old in try SegmentLog.numbers(in: target) { try StoreFile.remove(SegmentLog.path(target, old)) }
            try PersistenceTests.write(Array(whole[..<length]), to: SegmentLog.path(target, number))
            let (store, _) = try SampleStore.open(directory: target)
            let loaded = try lines(store)
            let place = states.firstIndex(of: loaded)
            #expect(place != nil && (place ?? 0) >= least, "cut at \(length)")
            least = max(least, place ?? 0)
        }
        #expect(least == states.count - 1)
    }

    @Test("A snapshot cut at any byte loads every series before the cut")
    func tornSnapshot() throws {
        let directory = try TemporaryDirectory()
        let source = directory.path("source.snapshot")
        let store = SampleStore()
        try PersistenceTests.fill(store, from: 0, rounds: 130)
        let expected = try lines(store)
        try store.snapshot(to: source)
        let whole = try PersistenceTests.bytes(source)
        let target = directory.path("target")
        _ = try StoreFile.names(in: target)
        var most = 0
        for length in 0...whole.count {
            for old in try SegmentLog.numbers(in: target) { try StoreFile.remove(SegmentLog.path(target, old)) }
            try PersistenceTests.write(Array(whole[..<length]), to: "\(target)/\(Snapshot.fileName)")
            let (loaded, _) = try SampleStore.open(directory: target)
            let got = try lines(loaded)
            #expect(got == Array(expected.prefix(got.count)) && got.count >= most, "cut at \(length)")
            most = max(most, got.count)
        }
        #expect(most == 3)
    }

    @Test("A damaged byte anywhere costs what it hits; the rest is right")
    func damagedLog() throws {
        let directory = try TemporaryDirectory()
        let source = directory.path("source")
        var expected: [String] = []
        do {
            let (store, _) = try SampleStore.open(directory: source)
            expected = try PersistenceTests.fill(store, from: 1, rounds: 8)
        }
        let number = try #require(try SegmentLog.numbers(in: source).first)
        let whole = try PersistenceTests.bytes(SegmentLog.path(source, number))
        let allowed = Set(expected.flatMap { $0.split(separator: " ") })
        let target = directory.path("target")
        _ = try StoreFile.names(in: target)
        for seed in UInt64(0)..<200 {
            var random = SeededGenerator(seed: seed)
            var bytes = whole
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            for old in try SegmentLog.numbers(in: target) { try StoreFile.remove(SegmentLog.path(target, old)) }
            try PersistenceTests.write(bytes, to: SegmentLog.path(target, number))
            let (store, report) = try SampleStore.open(directory: target)
            let got = try lines(store)
            #expect(!report.isClean, "seed \(seed)")
            #expect(got.flatMap { $0.split(separator: " ") }.allSatisfy(allowed.contains), "seed \(seed)")
            // One sample, or the eight of a series whose definition was hit.
            #expect(PersistenceTests.sampleCount(got) >= 24 - 8, "seed \(seed)")
        }
    }

    @Test("Checkpoint, crash and recovery agree with a plain array, whatever their order")
    func model() throws {
        for seed in UInt64(0)..<100 {
            var random = SeededGenerator(seed: seed)
            let directory = try TemporaryDirectory()
            var plain = PlainStore()
            var time: Int64 = 0
            for _ in 0..<4 {
                let (store, report) = try SampleStore.open(directory: directory.path)
                #expect(report.isClean, "seed \(seed)")
                #expect(try lines(store) == plain.select([], .min, .max, .all), "seed \(seed)")
                for _ in 0..<Int.random(in: 0...150, using: &random) {
                    time += Int64.random(in: -10...1_000, using: &random)
                    let labels = SampleStoreTests.randomLabels(&random)
                    let value = Double(random.next() >> 20)
                    store.append(labels, at: time, value)
                    plain.append(labels, time, value)
                    if Int.random(in: 0..<150, using: &random) == 0 { try store.checkpoint() }
                }
                if Bool.random(using: &random) { try store.close() }
            }
        }
    }

    @Test("A directory belongs to one process at a time")
    func lock() throws {
        let directory = try TemporaryDirectory()
        let (store, _) = try SampleStore.open(directory: directory.path)
        let error = #expect(throws: SampleStoreError.self) { _ = try SampleStore.open(directory: directory.path) }
        #expect(error?.code == .inUse)
        try store.close()
        _ = try SampleStore.open(directory: directory.path)
    }

    @Test("Past the log's limit samples stay in memory and are counted; a checkpoint makes them safe again")
    func logLimit() throws {
        let directory = try TemporaryDirectory()
        var expected: [String] = []
        do {
            let (store, _) = try SampleStore.open(directory: directory.path, limits: StoreLimits(logBytesMax: 300))
            try PersistenceTests.fill(store, from: 0, rounds: 20)
            #expect(store.stats.logFailures > 0 && store.stats.logBytes <= 300)
            try store.checkpoint()
            expected = try PersistenceTests.fill(store, from: 20, rounds: 1)
        }
        let (store, report) = try SampleStore.open(directory: directory.path)
        #expect(report.isClean)
        #expect(try lines(store) == expected)
    }

    @Test("A store without a directory says so, and a closed one keeps its samples in memory")
    func notOpen() throws {
        #expect(throws: SampleStoreError.self) { try SampleStore().checkpoint() }
        let directory = try TemporaryDirectory()
        let (store, _) = try SampleStore.open(directory: directory.path)
        try store.close()
        try store.close()
        store.append(PersistenceTests.labels("a"), at: 1, 1)
        #expect(try lines(store).count == 1)
        #expect(throws: SampleStoreError.self) { try store.synchronize() }
    }

    @Test("A checksum is CRC-32C")
    func checksum() {
        // The check value of the CRC catalogue for the digits 1 to 9.
        #expect(Record.checksum(Array("123456789".utf8)[...]) == 0xE306_9283)
    }
}
