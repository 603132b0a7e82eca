import Alerting
import Testing

@Suite("Rule files")
struct RuleFileTests {
    private func findings(_ text: String) -> [String] {
        RuleFile.read(text.utf8, path: "r.yml", language: PromQLLanguage()).findings.map(\.description)
    }

    @Test("A file with everything in it is read")
    func whole() throws {
        let file = try rules(
            """
            groups:
              - name: g
                interval: 30s
                query_offset: 1m
                limit: 5
                labels: {team: a, severity: info}
                rules:
                  - record: job:up:sum
                    expr: sum by (job) (up)
                  - alert: Down
                    expr: up == 0
                    for: 1m30s
                    keep_firing_for: 5m
                    labels: {severity: critical}
                    annotations: {summary: "{{ $labels.job }} is down"}
            """)
        let group = try #require(file.groups.first)
        #expect(group.interval == 30_000 && group.queryOffset == 60_000 && group.limit == 5)
        #expect(group.rules.map(\.name) == ["job:up:sum", "Down"])
        let alert = try #require(group.rules.last)
        guard case .alert(let hold, let keepFiring, let annotations) = alert.kind else {
            Issue.record("not an alert")
            return
        }
        #expect(hold == 90_000 && keepFiring == 300_000)
        #expect(annotations.map(\.text) == ["{{ $labels.job }} is down"])
        #expect(alert.labels.map { "\($0.name)=\($0.text)" } == ["severity=critical", "team=a"])
        #expect(alert.line == 10)
    }

    @Test("Every finding comes at once, with line, column, group and rule")
    func allAtOnce() {
        let found = findings(
            """
            groups:
              - name: a
                rules:
                  - alert: X
                    record: y
                    expr: up
                  - expr: up
                  - alert: Z
                    expr: sum(up
                    fro: 5m
                  - record: 'sum{x="y"}'
                    expr: up
                    for: 5m
                    annotations: {a: b}
                  - alert: T
                    expr: up
                    labels: {__name__: x}
                    annotations: {summary: "{{ $foo }}", other: "{{ nope 1 }}"}
              - name: a
                rules: []
            """)
        #expect(found.count == 11)
        for part in [
            "only one of 'record' and 'alert' must be set", "one of 'record' or 'alert' must be set",
            "group \"a\", rule 3, \"Z\": field fro not found in type rulefmt.Rule; did you mean 'for'?",
            "could not parse expression: 1:7: parse error: unclosed left parenthesis",
            "invalid field 'annotations' in recording rule", "invalid field 'for' in recording rule",
            "braces present in the recording rule name; should it be in expr?: sum{x=\"y\"}", "invalid label name: __name__",
            "annotation \"summary\": template: __alert_T:1: undefined variable \"$foo\"",
            "annotation \"other\": template: __alert_T:1: function \"nope\" not defined",
            "groupname: \"a\" is repeated in the same file",
        ] {
            #expect(found.contains { $0.contains(part) }, "\(part) not in \(found.joined(separator: "\n"))")
        }
    }

    static let refused: [(String, String)] = [
        ("groups: [{name: ''}]", "Groupname must not be empty"),
        ("groups: [{name: a, rules: [{alert: A, expr: ''}]}]", "field 'expr' must be set in rule"),
        ("groups: [{name: a, rules: [{alert: A}]}]", "field 'expr' must be set in rule"),
        ("groups: [{name: a, interval: 1x}]", "not a valid duration string: \"1x\""),
        ("group: []", "field group not found in type rulefmt.RuleGroups; did you mean 'groups'?"),
        ("groups: {}", "cannot unmarshal !!map into []rulefmt.RuleGroup"),
        ("groups: [a: {", "did not find"),
        ("groups: [{name: a, rules: [{alert: A, expr: up, labels: {a: [1]}}]}]", "cannot unmarshal !!seq into string"),
    ]

    @Test("What promtool refuses is refused", arguments: refused)
    func refusal(text: String, part: String) {
        let (file, findings) = RuleFile.read(text.utf8, path: "r.yml", language: PromQLLanguage())
        #expect(file == nil)
        #expect(findings.contains { $0.description.contains(part) }, "\(findings.map(\.description))")
    }

    @Test("An empty file has no groups; duplicates and a second document are warnings")
    func warnings() throws {
        #expect(try rules("").groups.isEmpty)
        let text = "groups: [{name: a, rules: [{record: r, expr: up}, {record: r, expr: up}]}]\n---\ngroups: []\n"
        let (file, findings) = RuleFile.read(text.utf8, path: "r.yml", language: PromQLLanguage())
        #expect(file?.ruleCount == 2)
        #expect(findings.map(\.severity) == [.warning, .warning])
    }
}
