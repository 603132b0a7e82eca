import Postgres
import Support
import Testing
import YAML

@testable import Sampling

/// Files that are nearly right: no text may end the process, whatever becomes of it.
@Suite struct CollectorFuzzTests {
    private static let files = [
        """
        collectors:
          - name: a
            query: SELECT 1 AS n, 'x' AS l
            scope: database
            ttl: 10s
            timeout: 1s
            version: ">=14 <18 || 9.6"
            tags: [primary, "not:schema:a", "extension:b"]
            predicate: [{query: SELECT true, ttl: 5s}, SELECT 1]
            columns: {l: label, n: {usage: histogram, buckets: [1, 2], scale: 2, default: 1}, m: {usage: gauge, mapping: {a: 1}}}
        """,
        """
        a:
          query: "WITH x AS (SELECT 1) SELECT * FROM x; -- $a$"
          master: true
          cache_seconds: 5
          runonserver: "<12.0.0"
          metrics:
            - l: {usage: LABEL, description: d}
            - n: {usage: HISTOGRAM}
            - m: {usage: MAPPEDMETRIC, metric_mapping: {a: 1}}
            - o: {usage: DURATION}
        """,
        """
        a_1: &base
          name: a
          query: SELECT E'\\';' AS n /* ; */
          ttl: 1
          timeout: 0.1
          min_version: 090600
          max_version: 180000
          tags: [cluster, "dbname:x", "not:y"]
          predicate_queries: [{name: p, predicate_query: SELECT true}]
          metrics: [{n: {usage: GAUGE, rename: m, scale: 1e-3, default: "0"}}, {h: {usage: HISTOGRAM, bucket: [1, 2]}}]
        b_1: {<<: *base, name: b}
        """,
    ]

    private static let pieces = [
        "", "~", "[]", "{}", "-1", "1e999", ".nan", "true", "'", "\"", "${X}", "LABEL", "HISTOGRAM", "metrics:", "collectors:",
        "- ", "\t", "\n", ": ",
        "&a", "*a", "<<: *base", "99999999999999999999", "é\u{0}", "SELECT", ";", "$$", "/*", "--", "not:", "not:not:primary",
        "0x", "[[[[", "!!int x",
    ]

    @Test("No file ends the process, and one that is read can be asked", arguments: 0..<40)
    func files(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            let text = mutated(Self.files.randomElement(using: &random) ?? "", &random)
            let file = ReadFile(text)
            for collector in file.collectors {
                let question = collector.question(CustomCollector.Surroundings(instance: "i", tags: ["y"]))
                _ = question.sql(QuestionContext())
                _ = question.conditions.map { ($0.holds(in: QuestionContext()), $0.reason) }
                let rows = Self.answer(collector, &random)
                // A refusal is as good as an answer: only its being one of the two is at stake.
                _ = Result { try collector.samples(rows) }
            }
        }
    }

    private func mutated(_ text: String, _ random: inout SeededGenerator) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(contentsOf: (Self.pieces.randomElement(using: &random) ?? "").utf8, at: place)
            case 2: bytes.replaceSubrange(place..<end, with: (Self.pieces.randomElement(using: &random) ?? "").utf8)
            default: bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func answer(_ collector: CustomCollector, _ random: inout SeededGenerator) -> Rows {
        let values: [String?] = [
            nil, "", "1", "-5", "1e400", "NaN", "{1,2}", "{2,1,NULL}", "{", "t", "2026-01-01", "1h", "-1", "é\n\"\\",
        ]
        var columns =
            collector.columns.flatMap { [$0.name, $0.name + "_bucket", $0.name + "_sum", $0.name + "_count"] } + [
                "more", "no-name",
            ]
        columns.shuffle(using: &random)
        columns = Array(Set(columns.prefix(Int.random(in: 0...12, using: &random))))
        let types = columns.map { _ in [0, 16, 23, 25, 1184].randomElement(using: &random) ?? 0 }
        let rows = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            columns.map { _ in (values.randomElement(using: &random) ?? nil) }
        }
        return Rows(columns: columns, types: types.map(UInt32.init), rows)
    }
}
