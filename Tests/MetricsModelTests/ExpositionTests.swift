import MetricsModel
import Support
import Testing

@Suite struct ExpositionTests {
    private static let requests = Family(
        "http_requests_total", .counter, labels: ["method", "path"], help: "Requests answered, \"all\" of\nthem \\ here.")
    private static let latency = Family("latency_seconds", .histogram, help: "Time.")
    private static let old = Family("pg_stat_database_xact_commit", .unknown, labels: ["datname"], help: "Commits.")
    private static let bare = Family("commands_processed", .counter, help: "A counter without its ending.")

    private static func set() -> SampleSet {
        var sample = SampleBuilder(SeriesCache(constantLabels: Labels([Label("target", "a")])))
        sample.add(requests, ["GET", "/a\\b\"c\nd"], 3)
        sample.addHistogram(latency, bounds: [0.5, 1], cumulative: [1, 2, 4], sum: 7.25)
        sample.add(old, ["app"], .infinity)
        sample.add(old, ["b"], .nan)
        sample.add(bare, 1_000_000)
        return SampleSet(timestamp: 1, families: sample.finish().families)
    }

    private static let body004 = """
        # HELP commands_processed A counter without its ending.
        # TYPE commands_processed counter
        commands_processed{target="a"} 1e+06
        # HELP http_requests_total Requests answered, "all" of\\nthem \\\\ here.
        # TYPE http_requests_total counter
        http_requests_total{method="GET",path="/a\\\\b\\"c\\nd",target="a"} 3
        # HELP latency_seconds Time.
        # TYPE latency_seconds histogram
        latency_seconds_bucket{le="0.5",target="a"} 1
        latency_seconds_bucket{le="1.0",target="a"} 2
        latency_seconds_bucket{le="+Inf",target="a"} 4
        latency_seconds_sum{target="a"} 7.25
        latency_seconds_count{target="a"} 4
        # HELP pg_stat_database_xact_commit Commits.
        # TYPE pg_stat_database_xact_commit untyped
        pg_stat_database_xact_commit{datname="app",target="a"} +Inf
        pg_stat_database_xact_commit{datname="b",target="a"} NaN

        """

    @Test("The text format 0.0.4 stands byte for byte")
    func text() {
        var out: [UInt8] = []
        ExpositionTests.set().encode(.text, into: &out)
        #expect(String(decoding: out, as: UTF8.self) == ExpositionTests.body004)
    }

    @Test("OpenMetrics names a counter's family without _total, escapes quotes in HELP and ends with EOF")
    func openMetrics() {
        var out: [UInt8] = []
        ExpositionTests.set().encode(.openMetrics, into: &out)
        let expected = ExpositionTests.body004
            .replacing(
                "# HELP http_requests_total Requests answered, \"all\"",
                with: "# HELP http_requests Requests answered, \\\"all\\\""
            )
            .replacing("# TYPE http_requests_total", with: "# TYPE http_requests")
            .replacing("commands_processed counter", with: "commands_processed unknown")
            .replacing("untyped", with: "unknown")
        #expect(String(decoding: out, as: UTF8.self) == expected + "# EOF\n")
    }

    @Test(
        "Parsing what was encoded gives the same families, types, help, labels and values", arguments: ExpositionFormat.allCases)
    func roundTrip(_ format: ExpositionFormat) throws {
        for seed in UInt64(0)..<150 {
            var random = SeededGenerator(seed: seed)
            let set = ExpositionTests.randomSet(&random)
            var out: [UInt8] = []
            set.encode(format, into: &out)
            let parsed = try ParsedExposition(out, format)
            #expect(parsed.families.map(\.name) == set.families.map(\.family.name), "seed \(seed)")
            for (got, want) in zip(parsed.families, set.families) {
                #expect(got.type == want.family.type, "seed \(seed) \(got.name)")
                #expect(got.help == want.family.help, "seed \(seed) \(got.name)")
                #expect(got.samples.count == want.points.count, "seed \(seed) \(got.name)")
                for (sample, point) in zip(got.samples, want.points) {
                    #expect(sample.name == point.series.name && sample.labels == point.series.labels, "seed \(seed)")
                    #expect(
                        sample.value == point.value || sample.value.isNaN && point.value.isNaN, "seed \(seed) \(point.value)")
                }
            }
            var again: [UInt8] = []
            SampleSet(timestamp: 0, families: parsed.familySamples()).encode(format, into: &again)
            let isSame = again == out
            #expect(isSame, "seed \(seed)")
        }
    }

    @Test("Damaged expositions are refused or read, and never trap", arguments: ExpositionFormat.allCases)
    func fuzz(_ format: ExpositionFormat) {
        var base: [UInt8] = []
        ExpositionTests.set().encode(format, into: &base)
        let alphabet = Array("{}\"\\\n #=,_+-0123456789eINa\u{FF}".utf8)
        for seed in UInt64(0)..<3_000 {
            var random = SeededGenerator(seed: seed)
            var bytes = base
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = alphabet.randomElement(using: &random) ?? 0
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            do {
                _ = try ParsedExposition(bytes, format)
            } catch {
                #expect(
                    error.line >= 1 && error.column >= 1 && error.line <= bytes.count(where: { $0 == 10 }) + 1, "seed \(seed)")
            }
        }
    }

    @Test(
        "A fault is told with line and column",
        arguments: [
            ("a 1\nb{x=1} 2\n", 2, 5), ("a 1\nb", 2, 2), ("a one\n", 1, 3), ("a{x=\"1\"", 1, 8), ("a{x=\"\\q\"} 1\n", 1, 7),
            ("# TYPE a foo\n", 1, 10), ("a 1 2 3\n", 1, 7), ("a{x=\"1\",x=\"2\"} 1\n", 1, 9), ("a 1\n# TYPE a gauge\n", 2, 15),
            ("a 0x10\n", 1, 3), ("a 1_0\n", 1, 3),
        ])
    func faults(_ text: String, _ line: Int, _ column: Int) {
        let error = #expect(throws: ExpositionError.self) { try ParsedExposition(Array(text.utf8), .text) }
        #expect(error?.line == line)
        #expect(error?.column == column, "\(error.map(\.description) ?? "")")
    }

    @Test("Timestamps, exemplars, odd blanks and comments are read as the formats say")
    func details() throws {
        let text = try ParsedExposition(
            Array("# a comment\n\n  a{ x = \"1\" , } \t 2.5  1700000000000\nb -Inf\nc .5\nd +1e3\n".utf8), .text)
        #expect(text.families.map(\.name) == ["a", "b", "c", "d"])
        #expect(text.families.flatMap(\.samples).map(\.value) == [2.5, -.infinity, 0.5, 1_000])
        #expect(text.families[0].samples[0].timestamp == 1_700_000_000_000)
        let open = try ParsedExposition(
            Array("# TYPE a counter\n# UNIT a seconds\na_total 3 1700000000.5 # {trace=\"x\"} 1\na_created 1\n# EOF\n".utf8),
            .openMetrics)
        #expect(open.families.map(\.name) == ["a_total"])
        #expect(open.families[0].samples.map(\.name) == ["a_total", "a_created"])
        #expect(open.families[0].samples[0].timestamp == 1_700_000_000_500)
        #expect(throws: ExpositionError.self) { try ParsedExposition(Array("a 1\n".utf8), .openMetrics) }
        #expect(throws: ExpositionError.self) { try ParsedExposition(Array("a 1\n# EOF\nb 1\n".utf8), .openMetrics) }
    }

    private static func randomSet(_ random: inout SeededGenerator) -> SampleSet {
        let texts = ["", "a", "x y", "\\", "\"", "\n", "é", "e\u{301}", "日本", "{}=,#", "\t", "end\\"]
        let values = [0, 1, -1.5, .infinity, -.infinity, .nan, 1e21, .leastNonzeroMagnitude, 123_456_789]
        var sample = SampleBuilder(SeriesCache())
        for number in 0..<Int.random(in: 0...6, using: &random) {
            let type = MetricType.allCases.randomElement(using: &random) ?? .gauge
            let labels = (0..<Int.random(in: 0...3, using: &random)).map { "l\($0)" }
            let help = (0..<3).map { _ in texts.randomElement(using: &random) ?? "" }.joined(separator: "h") + "."
            let family = Family("family\(number)_x" + (type == .counter ? "_total" : ""), type, labels: labels, help: help)
            for child in 0..<Int.random(in: 1...4, using: &random) {
                let own = labels.indices.map { $0 == 0 ? "\(child)" : texts.randomElement(using: &random) ?? "" }
                if type == .histogram {
                    let counts = [1, 2, UInt64.random(in: 2...1 << 50, using: &random)]
                    sample.addHistogram(family, own, bounds: [0.1, 25], cumulative: counts, sum: 0.5)
                } else if child == 0 || !labels.isEmpty {
                    sample.add(family, own, values.randomElement(using: &random) ?? Double(child))
                }
            }
        }
        return SampleSet(timestamp: 0, families: sample.finish().families)
    }
}
