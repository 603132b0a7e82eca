import MetricsModel
import Synchronization
import Testing

@testable import Alerting

@Suite("What rules read")
struct RuleReadsTests {
    private func reads(_ text: String) throws -> RuleReads { try PromQLLanguage().parse(text).reads }

    static let dead: [(String, [String]?)] = [
        ("there > 1", nil), ("gone > 1", ["gone"]), ("gone{a=\"b\"} > 1", ["gone{a=\"b\"}"]),
        ("there / gone", ["gone"]), ("gone or there", nil), ("gone or gone2", ["gone", "gone2"]),
        ("gone or vector(0)", nil), ("there unless gone", nil), ("gone unless there", ["gone"]), ("there and gone", ["gone"]),
        ("absent(gone)", nil), ("absent_over_time(gone[5m])", nil), ("sum by (x) (rate(gone[5m])) > 2", ["gone"]),
        ("time() - gone > 5", ["gone"]), ("vector(1)", nil), ("scalar(gone) > bool 1", nil),
        ("max_over_time((gone > 1)[1h:])", ["gone"]), ("topk(scalar(gone), there)", nil), ("-gone", ["gone"]),
    ]

    @Test("A rule is dead when no series applies to a selector that it needs", arguments: dead)
    func deadSelectors(text: String, wanted: [String]?) throws {
        let found = try reads(text).deadSelectors { $0.metric == "there" }
        #expect(found?.map(\.text) == wanted)
    }

    static let reaches: [(String, Int64)] = [
        ("a", 300), ("a[10m]", 600), ("a offset 1h", 3_900), ("rate(a[5m] offset 1d)", 86_700),
        ("max_over_time(rate(a[5m])[1h:1m] offset 30m)", 5_700), ("a or rate(b[2h])", 7_200), ("vector(1)", 0), ("a @ 100", 0),
    ]

    @Test("How far back a rule looks, with windows, offsets and subqueries", arguments: reaches)
    func reach(text: String, seconds: Int64) throws {
        #expect(try reads(text).reach == seconds * 1_000)
    }

    @Test("The reach of files names each rule and adds the query offset")
    func reachOfFiles() throws {
        let file = try rules(
            """
            groups:
            - {name: g, query_offset: 1m, rules: [{alert: A, expr: 'rate(m[5m]) > 1'}, {record: r, expr: m offset 1h}]}
            - {name: h, rules: [{alert: B, expr: m}]}
            """)
        #expect(
            RuleReach.of([file], queryOffset: 5_000).map { "\($0.group) \($0.rule) \($0.milliseconds / 1_000)" } == [
                "g A 360", "g r 3960", "h B 305",
            ])
    }

    @Test(
        "The metrics that rules read are known by name, by pattern, or not at all",
        arguments: [
            ("a > 1", "", "a"), ("absent(b)", "", "b"), ("a unless b", "", "ab"),
            ("sum(rate({__name__=~\"a|c\"}[5m]))", "", "ac"),
            ("{__name__=~\"[bc]\"}", "", "bc"), ("{__name__!=\"b\",__name__!=\"\"}", "", "ac"), ("{job=\"x\"}", "", "abc"),
            ("{__name__=~\".+\",job=\"x\"}", "", "abc"), ("vector(1)", "", ""),
            ("a > 1", "no query: {{ $value }}", "a"), ("a > 1", "{{ urlquery \"b\" }}", "a"), ("a > 1", "query", "a"),
            ("a > 1", "{{ with query `b` }}{{ . | first | value }}{{ end }}", "ab"),
            (
                "a > 1", "{{ range (query `rate(c[5m])`) }}{{ . | value }}{{ else }}{{ query `b` | first | value }}{{ end }}",
                "abc"
            ),
            ("a > 1", "{{ if true }}{{ (index (query `b`) 0).Value }}{{ end }}", "ab"),
            ("a > 1", "{{ `b` | query | first | value }}", "abc"),
            ("a > 1", "{{ query (printf `b` ) | first | value }}", "abc"), ("a > 1", "{{ query `b +` | len }}", "a"),
        ])
    func readNames(expression: String, annotation: String, wanted: String) throws {
        let file = try rules(
            """
            groups:
            - name: g
              rules:
              - alert: A
                expr: '\(expression)'
                annotations: {x: '\(annotation)'}
            """)
        let names = ReadNames(rules: [file], language: PromQLLanguage())
        #expect(["a", "b", "c"].filter { names.contains($0) }.joined() == wanted)
    }

    @Test("A histogram is read under the names of its parts")
    func readHistogram() throws {
        let file = try rules("groups: [{name: g, rules: [{record: r, expr: 'rate(h_bucket[5m])'}]}]")
        let names = ReadNames(rules: [file], language: PromQLLanguage())
        #expect(names.contains(Family("h", .histogram, bulk: true, help: "H.")))
        #expect(!names.contains(Family("h", .gauge, bulk: true, help: "H.")))
        #expect(!names.contains(Family("other", .histogram, bulk: true, help: "O.")))
    }

    @Test("Rules without series are counted by group and named; what rules record is never missing")
    func inspection() async throws {
        let catalog = NamedSeries(["there"])
        let series = MemorySeries()
        let engine = RuleEngine(
            settings: RuleSettings(), language: PromQLLanguage(), source: series, sink: series, catalog: catalog,
            clock: ManualClock(0), stateDirectory: nil, notify: { _ in }, onEvent: { _ in })
        let file = try rules(
            """
            groups:
            - name: g
              rules:
              - {alert: Typo, expr: 'ther{x="y"} > 1 or ther{x="y"} < 0'}
              - {alert: Fine, expr: there > 1}
              - {record: rec, expr: there > 100}
              - {alert: OnRecorded, expr: 'rec > 1 and on () ALERTS == 1'}
            """)
        await engine.load([file])
        #expect(engine.groups.first?.rulesWithoutSeries == 0)
        await engine.evaluateAll(at: 0)
        #expect(engine.groups.first?.rules.map(\.deadSelectors) == [["ther{x=\"y\"}"], [], [], []])
        #expect(engine.groups.first?.rulesWithoutSeries == 1)
        // A dead rule is looked at in every evaluation, the others once a minute.
        catalog.names.withLock { $0 = ["ther"] }
        await engine.evaluateAll(at: 30_000)
        #expect(engine.groups.first?.rules.map(\.deadSelectors) == [[], [], [], []])
        await engine.evaluateAll(at: 60_000)
        #expect(engine.groups.first?.rules.map(\.deadSelectors) == [[], ["there"], ["there"], []])
    }

    @Test("Series that rules have read and that went away are named with their end")
    func missing() async throws {
        let series = MemorySeries()
        let clock = ManualClock(4_000_000)
        let engine = RuleEngine(
            settings: RuleSettings(), language: PromQLLanguage(), source: series, sink: series, clock: clock,
            stateDirectory: nil, notify: { _ in }, onEvent: { _ in })
        await engine.load([try rules("groups: [{name: g, rules: [{alert: A, expr: m > 1}, {alert: B, expr: absent(m)}]}]")])
        series.append("m", ["i": "long gone"], at: 100_000, 1)
        series.append("m", ["i": "ended"], at: 3_900_000, 1)
        series.append("m", ["i": "ended"], at: 3_990_000, staleMarker)
        series.append("m", ["i": "silent"], at: 3_000_000, 1)
        series.append("m", ["i": "there"], at: 3_990_000, 1)
        let found = engine.missingSeries()
        #expect(found.isWhole)
        #expect(
            found.series.map { "\($0.rule) \($0.series.labels["i"] ?? "") \($0.series.since / 1_000)" } == [
                "A ended 3990", "A silent 3000",
            ])
        #expect(engine.missingSeries(limit: 1).isWhole == false)
    }
}

/// A catalogue that has series of some names.
private final class NamedSeries: SeriesCatalog {
    let names: Mutex<Set<String>>

    init(_ names: Set<String>) { self.names = Mutex(names) }

    func hasSeries(_ matchers: [LabelMatcher]) -> Bool {
        names.withLock { names in
            names.contains { name in matchers.allSatisfy { $0.name != Labels.metricName || $0.matches(name) } }
        }
    }

    func series(_ matchers: [LabelMatcher], from: Int64, through: Int64) -> [Labels] { [] }
    func labelNames(_ matchers: [LabelMatcher]) -> [String] { [] }
    func labelValues(_ name: String, _ matchers: [LabelMatcher]) -> [String] { [] }
}
