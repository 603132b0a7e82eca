import MetricsModel
import Support
import Testing

@testable import RemoteWrite

/// Label sets of every kind: ASCII, UTF-8, empty values, long values.
private func randomMessage(using random: inout SeededGenerator) -> RemoteWriteMessage {
    let names = ["job", "instance", "le", "größe", "a.b", "z"]
    let texts = ["", "x", "0.5", "ein Wert", "\"quoted\"\n", String(repeating: "lang", count: 60), "日本"]
    var series: [RemoteWriteMessage.Series] = []
    for place in 0..<Int.random(in: 0...6, using: &random) {
        var labels = [("__name__", "metric_\(place)")]
        for name in names where Bool.random(using: &random) {
            labels.append((name, texts[Int.random(in: 0..<texts.count, using: &random)]))
        }
        labels.shuffle(using: &random)
        let samples = (0..<Int.random(in: 0...5, using: &random)).map { _ in
            (Int64(bitPattern: random.next()), Double(bitPattern: random.next()))
        }
        var entry = RemoteWriteMessage.Series(labels, samples)
        entry.exemplars = Int.random(in: 0...2, using: &random)
        entry.histograms = Int.random(in: 0...2, using: &random)
        series.append(entry)
    }
    return RemoteWriteMessage(
        series,
        metadata: (0..<Int.random(in: 0...3, using: &random)).map {
            RemoteWriteMessage.Metadata(type: random.next() % 9, metric: "metric_\($0)", help: "What \($0) is", unit: "seconds")
        })
}

@Suite struct WriteRequestTests {
    @Test("Property: what was written is read, bit for bit")
    func roundTrip() throws {
        for seed in UInt64(1)...400 {
            var random = SeededGenerator(seed: seed)
            let message = randomMessage(using: &random)
            let read = try WriteRequest(message.bytes)
            let wanted = message.series.filter { !$0.samples.isEmpty }
            #expect(
                read.series.map(\.labels) == wanted.map { Labels($0.labels.map { Label($0.name, $0.value) }) }, "seed \(seed)")
            #expect(read.series.map(\.timestamps) == wanted.map { $0.samples.map(\.timestamp) }, "seed \(seed)")
            #expect(
                read.series.map { $0.values.map(\.bitPattern) } == wanted.map { $0.samples.map(\.value.bitPattern) },
                "seed \(seed)")
            #expect(read.histograms == message.series.reduce(0) { $0 + $1.histograms }, "seed \(seed)")
            #expect(read.exemplars == message.series.reduce(0) { $0 + $1.exemplars }, "seed \(seed)")
            #expect(read.metadata.map(\.metric) == message.metadata.map(\.metric), "seed \(seed)")
            #expect(read.invalidSamples == 0, "seed \(seed)")
        }
    }

    @Test("Every truncation of a message is refused or read as what came before the cut")
    func truncations() throws {
        var random = SeededGenerator(seed: 99)
        var message = randomMessage(using: &random)
        while message.series.count < 4 { message = randomMessage(using: &random) }
        let bytes = message.bytes
        let whole = try WriteRequest(bytes)
        for end in 0..<bytes.count {
            do throws(ProtobufCursor.Failure) {
                let part = try WriteRequest(Array(bytes[..<end]))
                #expect(part.series.count <= whole.series.count && part.sampleCount <= whole.sampleCount)
                #expect(Array(whole.series.map(\.labels).prefix(part.series.count)) == part.series.map(\.labels))
            } catch {
                #expect(error.offset <= end)
            }
        }
        let block = message.block
        for end in 0..<block.count {
            #expect(throws: Snappy.Failure.corrupt) { try Snappy.content(of: Array(block[..<end]), most: 1 << 20) }
        }
    }

    @Test("Property: damaged messages are refused or read, and never more than the limits")
    func damaged() {
        for seed in UInt64(1)...4_000 {
            var random = SeededGenerator(seed: seed)
            var bytes = randomMessage(using: &random).bytes
            for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                case _: bytes[place] ^= 0x80
                }
            }
            check(bytes, seed)
            check((0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }, seed)
        }
    }

    private func check(_ bytes: [UInt8], _ seed: UInt64) {
        do throws(ProtobufCursor.Failure) {
            let read = try WriteRequest(bytes)
            #expect(read.sampleCount == read.series.reduce(0) { $0 + $1.values.count }, "seed \(seed)")
            for series in read.series {
                #expect(!series.labels.name.isEmpty, "seed \(seed)")
                #expect(series.timestamps.count == series.values.count, "seed \(seed)")
                #expect(zip(series.labels.pairs, series.labels.pairs.dropFirst()).allSatisfy { bytesPrecede($0.name, $1.name) })
            }
        } catch {
            #expect(error.offset <= bytes.count, "seed \(seed)")
        }
    }

    @Test(
        "Labels that can't be stored cost their own samples only",
        arguments: [
            ([("job", "x")], "a series has no metric name"), ([("__name__", "")], "a series has no metric name"),
            ([("__name__", "a"), ("", "x")], "a label has no name"),
            ([("__name__", "a"), ("job", "x"), ("job", "y")], "the label \"job\" stands twice"),
        ])
    func badLabels(labels: [(String, String)], defect: String) throws {
        let good = RemoteWriteMessage.Series([("__name__", "good")], [(1, 1)])
        let read = try WriteRequest(RemoteWriteMessage([.init(labels, [(1, 1), (2, 2)]), good]).bytes)
        #expect(read.series.map(\.labels.name) == ["good"])
        #expect(read.invalidSamples == 2)
        #expect(read.firstInvalid == defect)
    }

    @Test("A label that is not UTF-8 is refused; one without a value is none; unsorted ones are sorted")
    func oddLabels() throws {
        let broken = RemoteWriteMessage.field(
            1, RemoteWriteMessage.field(1, "__name__".utf8) + RemoteWriteMessage.field(2, [0xFF, 0xFE]))
        let sample = RemoteWriteMessage.field(2, [2 << 3, 1])
        #expect(try WriteRequest(RemoteWriteMessage.field(1, broken + sample)).firstInvalid == "a label is not UTF-8")
        let unsorted = RemoteWriteMessage([.init([("z", "1"), ("empty", ""), ("__name__", "a"), ("b", "2")], [(1, 1)])])
        #expect(try WriteRequest(unsorted.bytes).series.map(\.labels) == [Labels(["__name__": "a", "b": "2", "z": "1"])])
    }

    @Test("Limits hold at the limit and one past it")
    func limits() throws {
        var limits = WriteRequestLimits()
        limits.series = 2
        limits.samples = 3
        limits.labelsOfSeries = 2
        func message(_ series: Int, _ samples: Int, _ labels: Int) -> [UInt8] {
            let names = (0..<labels).map { ($0 == 0 ? "__name__" : "l\($0)", "v") }
            return RemoteWriteMessage((0..<series).map { _ in .init(names, (0..<samples).map { (Int64($0), 1) }) }).bytes
        }
        #expect(try WriteRequest(message(2, 1, 2), limits: limits).series.count == 2)
        #expect(try WriteRequest(message(1, 3, 1), limits: limits).sampleCount == 3)
        #expect(throws: ProtobufCursor.Failure.self) { try WriteRequest(message(3, 1, 1), limits: limits) }
        #expect(throws: ProtobufCursor.Failure.self) { try WriteRequest(message(1, 4, 1), limits: limits) }
        #expect(throws: ProtobufCursor.Failure.self) { try WriteRequest(message(1, 1, 3), limits: limits) }
    }

    @Test("A block that declares more than it may is refused before anything is reserved for it")
    func declaredLength() throws {
        let bomb = RemoteWriteMessage.varint(4_000_000_000) + [0]
        #expect(throws: Snappy.Failure.tooLong(declared: 4_000_000_000)) { try Snappy.content(of: bomb, most: 32 << 20) }
        #expect(throws: Snappy.Failure.corrupt) { try Snappy.content(of: [], most: 10) }
        #expect(throws: Snappy.Failure.corrupt) { try Snappy.content(of: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], most: 10) }
        #expect(try Snappy.content(of: [0], most: 10) == [])
        #expect(try Snappy.content(of: RemoteWriteMessage.snappy([1, 2, 3]), most: 3) == [1, 2, 3])
        #expect(throws: Snappy.Failure.tooLong(declared: 3)) {
            try Snappy.content(of: RemoteWriteMessage.snappy([1, 2, 3]), most: 2)
        }
        // A copy of what came before: `abab…` as snappy writes it.
        #expect(try Snappy.content(of: [10, 1 << 2, 97, 98, 7 << 2 | 2, 2, 0], most: 10) == Array("ababababab".utf8))
    }
}
