import CZlib
import Exposition
import FoundationEssentials
import Glibc
import MetricsModel
import Support
import Testing

@Suite struct GzipRendererTests {
    @Test("Whatever changes between samples, the gzip is that of the whole text", arguments: UInt64(0)..<60)
    func sameText(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var source = RandomSource(&random)
        var renderer = GzipRenderer()
        for round in 0..<8 {
            source.move(&random)
            let sample = source.sample(at: Int64(round))
            for format in ExpositionFormat.allCases where Int.random(in: 0..<4, using: &random) > 0 {
                var plain: [UInt8] = []
                sample.encode(format, into: &plain)
                let compressed = renderer.render(sample, format)
                #expect(compressed?.plainCount == plain.count, "seed \(seed) round \(round)")
                let chunks = Array(PlainRenderer(sample, format))
                #expect(chunks.allSatisfy { !$0.isEmpty && $0.count < 262_144 })
                let isWhole = chunks.flatMap { $0 } == plain
                #expect(isWhole, "seed \(seed) round \(round)")
                let bytes = compressed?.parts.flatMap { $0 } ?? []
                #expect(bytes.count == compressed?.count)
                let isSame = inflated(bytes, sizeMax: plain.count + 1) == plain
                #expect(isSame, "seed \(seed) round \(round)")
            }
        }
    }

    @Test("Values of every kind come through the codes")
    func values() {
        let family = Family("some_value", .gauge, labels: ["relname"], bulk: true, help: "A value.")
        for seed in UInt64(0)..<40 {
            var random = SeededGenerator(seed: seed)
            let rows = SeriesRows(labelNames: ["relname"], values: (0..<1_500).map { ["table_\($0 % (seed < 20 ? 7 : 10_000))"] })
            let values = (0..<1_500).map { _ in seed % 2 == 0 ? Double(bitPattern: random.next()) : Double(random.next() % 1_000)
            }
            let sample = SampleSet(timestamp: 0, families: [FamilySamples(family, [], columns: [ValueColumn(rows, values)])])
            var plain: [UInt8] = []
            sample.encode(.text, into: &plain)
            var renderer = GzipRenderer()
            let bytes = renderer.render(sample, .text)?.parts.flatMap { $0 } ?? []
            let isSame = inflated(bytes, sizeMax: plain.count + 1) == plain
            #expect(isSame, "seed \(seed)")
        }
    }

    @Test("Labels longer than deflate can look back are written all the same")
    func longLabels() {
        let family = Family("some_text", .gauge, labels: ["query"], help: "A text.")
        let long = String(repeating: "SELECT 1 + 2; ", count: 3_000)
        let rows = SeriesRows(labelNames: ["query"], values: (0..<70).map { ["\($0)" + long] })
        let column = ValueColumn(rows, (0..<70).map(Double.init))
        let sample = SampleSet(timestamp: 0, families: [FamilySamples(family, [], columns: [column])])
        var plain: [UInt8] = []
        sample.encode(.text, into: &plain)
        var renderer = GzipRenderer()
        let bytes = renderer.render(sample, .text)?.parts.flatMap { $0 } ?? []
        let isSame = inflated(bytes, sizeMax: plain.count + 1) == plain
        #expect(isSame)
    }

    @Test("Rows of tables and of indexes take fewer bytes than zlib's level 6 makes of the text", arguments: [false, true])
    func size(_ isIndexed: Bool) {
        let family = Family("pg_stat_user_tables_seq_scan", .counter, labels: ["relname"], bulk: true, help: "Scans.")
        var random = SeededGenerator(seed: 1)
        let rows = SeriesRows(
            labelNames: ["datname", "schemaname", "relname"] + (isIndexed ? ["indexrelname"] : []),
            values: (1...2_000).map { ["bench", "public", "t\($0)"] + (isIndexed ? ["t\($0)_pkey"] : []) })
        let values = (0..<2_000).map { _ in Double(random.next() % 100 < 50 ? 0 : random.next() % 100_000) }
        let sample = SampleSet(timestamp: 0, families: [FamilySamples(family, [], columns: [ValueColumn(rows, values)])])
        var plain: [UInt8] = []
        sample.encode(.text, into: &plain)
        var renderer = GzipRenderer()
        let count = renderer.render(sample, .text)?.count ?? .max
        var zlib = [UInt8](repeating: 0, count: plain.count)
        var zlibCount = UInt(zlib.count)
        #expect(unsafe compress2(&zlib, &zlibCount, plain, UInt(plain.count), 6) == Z_OK)
        #expect(count < Int(zlibCount), "\(count) of \(plain.count), zlib \(zlibCount)")
    }

    @Test("gzip(1) takes it for one of its own")
    func program() throws {
        var random = SeededGenerator(seed: 1)
        var source = RandomSource(&random)
        source.move(&random)
        let sample = source.sample(at: 1)
        var plain: [UInt8] = []
        sample.encode(.text, into: &plain)
        var renderer = GzipRenderer()
        let bytes = renderer.render(sample, .text)?.parts.flatMap { $0 } ?? []
        let folder = try TemporaryDirectory()
        try Data(bytes).write(to: URL(filePath: folder.path + "/a.gz"))
        try Data(plain).write(to: URL(filePath: folder.path + "/a"))
        let status = unsafe system("gzip -t \(folder.path)/a.gz && gzip -dc \(folder.path)/a.gz | cmp -s - \(folder.path)/a")
        #expect(status == 0)
    }
}

/// Nil when zlib finds anything wrong, the check sum and the size among it.
func inflated(_ bytes: [UInt8], sizeMax: Int) -> [UInt8]? {
    var stream = unsafe z_stream()
    guard unsafe inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, unsafe Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        return nil
    }
    defer { unsafe inflateEnd(&stream) }
    var input = bytes
    return unsafe input.withUnsafeMutableBufferPointer { source -> [UInt8]? in
        var isWhole = false
        let out = unsafe [UInt8](unsafeUninitializedCapacity: sizeMax) { target, count in
            unsafe stream.next_in = source.baseAddress
            unsafe stream.avail_in = UInt32(source.count)
            unsafe stream.next_out = target.baseAddress
            unsafe stream.avail_out = UInt32(target.count)
            isWhole = unsafe inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0
            count = unsafe target.count - Int(stream.avail_out)
        }
        return isWhole ? out : nil
    }
}

/// Families with points and columns, some of whose values, rows and families change from sample to sample.
struct RandomSource {
    private struct Table {
        var rows: SeriesRows
        var columns: [(family: Family, values: [Double])]
    }

    private var tables: [Table] = []
    private var points: [(family: Family, value: Double)] = []

    init(_ random: inout SeededGenerator) {
        for number in 0..<Int.random(in: 0...3, using: &random) {
            let labels = Array(["datname", "schemaname", "relname"].prefix(Int.random(in: 1...3, using: &random)))
            let table = Table(rows: Self.rows(labels, &random), columns: [])
            tables.append(table)
            for column in 0..<Int.random(in: 1...5, using: &random) {
                let family = Family(
                    "pg_table\(number)_\(column)_total", .counter, labels: labels, bulk: true, help: "Column \(column).")
                tables[number].columns.append(
                    (family, table.rows.count == 0 ? [] : (0..<table.rows.count).map { _ in Self.value(&random) }))
            }
        }
        for number in 0..<Int.random(in: 0...200, using: &random) {
            points.append((Family("one_\(number % 7)_\(number)", .gauge, help: "The number \(number)."), Self.value(&random)))
        }
    }

    mutating func move(_ random: inout SeededGenerator) {
        for place in tables.indices {
            if Int.random(in: 0..<8, using: &random) == 0 {
                tables[place].rows = Self.rows(tables[place].rows.labelNames, &random)
                let count = tables[place].rows.count
                for column in tables[place].columns.indices {
                    tables[place].columns[column].values = (0..<count).map { _ in Self.value(&random) }
                }
            }
            for column in tables[place].columns.indices where Int.random(in: 0..<2, using: &random) == 0 {
                for row in tables[place].columns[column].values.indices where Int.random(in: 0..<40, using: &random) == 0 {
                    tables[place].columns[column].values[row] = Self.value(&random)
                }
            }
        }
        for place in points.indices where Int.random(in: 0..<10, using: &random) == 0 {
            points[place].value = Self.value(&random)
        }
        if Int.random(in: 0..<10, using: &random) == 0, !points.isEmpty { points.removeLast() }
    }

    func sample(at timestamp: Int64) -> SampleSet {
        var builder = SampleBuilder(SeriesCache())
        for (family, value) in points { builder.add(family, value) }
        for table in tables {
            for (family, values) in table.columns { builder.add(family, ValueColumn(table.rows, values)) }
        }
        return SampleSet(timestamp: timestamp, families: builder.finish().families)
    }

    private static func rows(_ labels: [String], _ random: inout SeededGenerator) -> SeriesRows {
        let words = ["", "orders", "a\\b", "line\nbreak", "日本", "public", "t", "very_long_name_of_a_partition_2024_01"]
        let count = [0, 1, 63, 64, 65, 511, 512, 513, 1_300].randomElement(using: &random) ?? 0
        let values = (0..<count).map { row in
            labels.map { _ in (words.randomElement(using: &random) ?? "") + (Bool.random(using: &random) ? "\(row)" : "") }
        }
        return SeriesRows(labelNames: labels, values: values, constantLabels: Labels([Label("target", "a")]))
    }

    private static func value(_ random: inout SeededGenerator) -> Double {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: ValueColumn.absent
        case 1: Double(bitPattern: random.next())
        case 2: Double(random.next() % 10_000_000_000)
        case 3: [0, -0.0, .nan, .infinity, 1e6, 1_048_576].randomElement(using: &random) ?? 0
        default: Double(random.next() % 100)
        }
    }
}
