import Alerting
import Testing

@Suite("Checking rule files")
struct RuleCheckTests {
    private func check(_ text: String, path: String? = "r.yml", lint: String = "duplicate-rules", isFatal: Bool = false)
        -> (output: String, errors: String, status: Int32)
    {
        final class Printed {
            var output = ""
            var errors = ""
        }
        let printed = Printed()
        var check = RuleCheck(
            language: PromQLLanguage(), lint: RuleCheck.Lint(lint, isFatal: isFatal), unknownFields: .refused
        ) { stream, text in
            switch stream {
            case .standardOutput: printed.output += text
            case .standardError: printed.errors += text
            }
        }
        check.check(text.utf8, path: path)
        return (printed.output, printed.errors, check.exitStatus)
    }

    @Test("A good file is a success, also an empty one")
    func success() {
        let good = check("groups: [{name: a, rules: [{record: r, expr: up}]}]")
        #expect(good.output == "Checking r.yml\n  SUCCESS: 1 rules found\n\n" && good.errors == "" && good.status == 0)
        #expect(check("", path: nil).output == "Checking standard input\n  SUCCESS: 0 rules found\n\n")
    }

    @Test("Duplicates are a lint finding, which fails only when it is fatal")
    func lint() {
        let text = """
            groups:
              - {name: a, rules: [{record: r, expr: up, labels: {x: y}}, {alert: A, expr: up}]}
              - {name: b, labels: {x: y}, rules: [{record: r, expr: up}, {alert: A, expr: up}]}
            """
        let found = check(text)
        #expect(
            found.errors == """
                  FAILED:
                lint error 1 duplicate rule(s) found.
                Metric: r
                Label(s):
                \tx: y
                Might cause inconsistency while recording expressions

                """)
        #expect(found.status == 0)
        #expect(check(text, isFatal: true).status == 3)
        #expect(check(text, lint: "none", isFatal: true).status == 0)
        #expect(check(text, lint: "all,foo").output.hasPrefix("WARNING: unknown lint option: \"foo\"\n"))
    }

    static let refused: [(String, [String])] = [
        ("groups: 5", ["r.yml: yaml: unmarshal errors:\n  line 1: cannot unmarshal !!int `5` into []rulefmt.RuleGroup"]),
        (
            "groups:\n- name: a\n  foo: 1\n  rules:\n  - alert: x\n    exprr: 1\n",
            [
                "r.yml: yaml: unmarshal errors:\n  line 3: field foo not found in type rulefmt.RuleGroup"
                    + "\n  line 6: field exprr not found in type rulefmt.Rule"
            ]
        ),
        ("groups:\n- name: a\n  interval: 5x\n", ["r.yml: not a valid duration string: \"5x\""]),
        ("groups:\n- name: a\n  rules:\n  - alert: x\n bla: 1", ["r.yml: yaml: line 4: did not find expected key"]),
        ("a: 1\na: 2", ["r.yml: yaml: unmarshal errors:\n  line 2: mapping key \"a\" already defined at line 1"]),
        (
            "groups:\n- name: a\n  rules:\n  - record: a{b}\n    expr: sum(\n    for: 1m\n    labels: {__name__: x}\n",
            [
                "r.yml: 5:11: group \"a\", rule 1, \"a{b}\": could not parse expression: 1:5: parse error: unclosed left parenthesis",
                "r.yml: 4:13: group \"a\", rule 1, \"a{b}\": invalid field 'for' in recording rule",
                "r.yml: 4:13: group \"a\", rule 1, \"a{b}\": braces present in the recording rule name; should it be in expr?: a{b}",
                "r.yml: group \"a\", rule 1, \"a{b}\": invalid label name: __name__",
            ]
        ),
        (
            "groups:\n- name: a\n  rules:\n  - record: x\n    alert: y\n    expr: up\n  - expr: up\n  - record: z\n",
            [
                "r.yml: 4:13: 5:12: group \"a\", rule 1, \"y\": only one of 'record' and 'alert' must be set",
                "r.yml: 0:0: 0:0: group \"a\", rule 2, \"\": one of 'record' or 'alert' must be set",
                "r.yml: 0:0: group \"a\", rule 3, \"z\": field 'expr' must be set in rule",
            ]
        ),
        (
            "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: histogram_count(x)\n    annotations: {s: '{{ $label.x }}'}\n",
            [
                "r.yml: 5:11: group \"a\", rule 1, \"A\": could not parse expression: 1:1: parse error: function \"histogram_count\" "
                    + "only makes sense on native histograms: native histograms are not supported",
                "r.yml: group \"a\", rule 1, \"A\": annotation \"s\": template: __alert_A:1: undefined variable \"$label\"",
            ]
        ),
    ]

    @Test("What promtool refuses is refused in its words, all at once", arguments: refused)
    func refusal(text: String, lines: [String]) {
        let found = check(text)
        #expect(found.errors == "  FAILED:\n" + lines.map { $0 + "\n" }.joined())
        #expect(found.output == "Checking r.yml\n\n" && found.status == 1)
    }
}
