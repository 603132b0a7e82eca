import Alerting
import PromQL
import Testing

/// Files in memory, and what a run of `vitals test rules` on them prints.
private struct Run {
    var output = ""
    var errors = ""
    var status: Int32 = 0
    var junit = ""

    init(_ files: [String: String], _ path: String = "t.yml", options: RuleTestRunner.Options = RuleTestRunner.Options()) {
        let printed = Printed()
        let source = RuleTestFiles(
            read: { path throws(RuleTestReadError) in
                guard let text = files[path] else { throw RuleTestReadError("open \(path): no such file or directory") }
                return Array(text.utf8)
            }, glob: { files[$0] == nil ? [] : [$0] })
        var runner = RuleTestRunner(options, files: source, clock: ManualClock(0)) { stream, text in
            switch stream {
            case .standardOutput: printed.output += text
            case .standardError: printed.errors += text
            }
        }
        runner.run(path)
        runner.finish()
        (output, errors, status, junit) = (printed.output, printed.errors, runner.exitStatus, runner.junitXML)
    }

    private final class Printed {
        var output = ""
        var errors = ""
    }
}

@Suite("Rule unit tests")
struct RuleTestRunnerTests {
    static let rules = """
        groups:
          - name: alerts
            rules:
              - alert: InstanceDown
                expr: up == 0
                for: 5m
                labels: {severity: page}
                annotations: {summary: "Instance {{ $labels.instance }} down"}
              - alert: AlwaysFiring
                expr: 1
          - name: rules
            rules:
              - record: job:test:count_over_time1m
                expr: sum without(instance) (count_over_time(test[1m]))
        """

    private func run(_ tests: String, options: RuleTestRunner.Options = RuleTestRunner.Options()) -> Run {
        Run(["rules.yml": Self.rules, "t.yml": tests], options: options)
    }

    @Test("Alerts fire when they have waited, with labels and annotations; recorded series are read back")
    func passes() {
        let result = run(
            """
            rule_files: [rules.yml]
            evaluation_interval: 1m
            tests:
              - interval: 1m
                input_series:
                  - {series: 'up{job="p", instance="i"}', values: 0x10}
                  - {series: test, values: 0 1}
                alert_rule_test:
                  - {eval_time: 4m59s, alertname: InstanceDown}
                  - eval_time: 5m
                    alertname: InstanceDown
                    exp_alerts:
                      - exp_labels: {severity: page, job: p, instance: i}
                        exp_annotations: {summary: Instance i down}
                  - {eval_time: 0, alertname: AlwaysFiring, exp_alerts: [{}]}
                promql_expr_test:
                  - {expr: job:test:count_over_time1m, eval_time: 1m, exp_samples: [{labels: job:test:count_over_time1m, value: 1}]}
                  - {expr: timestamp(test), eval_time: 5m, exp_samples: [{value: 60}]}
                  - {expr: 'count(ALERTS{alertstate="pending"})', eval_time: 4m, exp_samples: [{value: 1}]}
            """)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output == "Unit Testing:  t.yml\n  SUCCESS\n\n")
        #expect(result.errors == "")
    }

    @Test("A failure shows what was expected and what came, as promtool prints it")
    func fails() {
        let result = run(
            """
            rule_files: [rules.yml]
            tests:
              - name: n
                interval: 1m
                input_series: [{series: 'up{job="p"}', values: 0x10}]
                alert_rule_test: [{eval_time: 5m, alertname: InstanceDown, exp_alerts: [{exp_labels: {a: b}}]}]
                promql_expr_test: [{expr: up * 0.1, eval_time: 90s, exp_samples: [{labels: '{b="1"}', value: 1.5}]}]
            """)
        #expect(result.status == 1)
        #expect(
            result.errors == """
                  FAILED:
                    name: n,
                    alertname: InstanceDown, time: 5m, 
                        exp:[
                            0:
                              Labels:{a="b", alertname="InstanceDown"}
                              Annotations:{}
                            ], 
                        got:[
                            0:
                              Labels:{alertname="InstanceDown", job="p", severity="page"}
                              Annotations:{summary="Instance  down"}
                            ]
                    expr: "up * 0.1", time: 1m30s,
                        exp: {b="1"} 1.5E+00
                        got: {job="p"} 0E+00

                """)
        #expect(result.output == "Unit Testing:  t.yml\n\n\n\n")
        #expect(result.junit.contains(#"<testsuite name="t.yml" tests="1" failures="2" errors="0" skipped="0""#))
    }

    static let unusable: [(String, String)] = [
        ("foo: 1", "yaml: unmarshal errors:\n  line 1: field foo not found in type main.unitTestFile"),
        (
            "tests: [{promql_expr_test: [{exp_samples: [{value: \"1\"}]}]}]",
            "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `1` into float64"
        ),
        ("tests: [{alert_rule_test: [{eval_time: 5x}]}]", "not a valid duration string: \"5x\""),
        ("tests: [{start_timestamp: noon}]", "cannot parse \"noon\" to a valid timestamp"),
        ("group_eval_order: [a, a]", "group name repeated in evaluation order: a"),
        (
            "tests: [{name: n, alert_rule_test: [{eval_time: 61m}]}]",
            "an item under alert_rule_test misses required attribute alertname at eval_time 1h1m (in TestGroup n)"
        ),
        (
            "tests: [{input_series: [{series: a, values: 1}, {series: b, values: 1 x}]}]",
            "3:5: parse error: unexpected \"x\" in series values"
        ),
        (
            "tests: [{promql_expr_test: [{expr: sum(}]}]",
            "    expr: \"sum(\", time: 0s, err: 1:5: parse error: unclosed left parenthesis"
        ),
        (
            "tests: [{promql_expr_test: [{expr: 'a[5m]'}]}]",
            "    expr: \"a[5m]\", time: 0s, err: rule result is not a vector or scalar"
        ),
        (
            "tests: [{promql_expr_test: [{expr: '1', exp_samples: [{histogram: '{{count:1}}'}]}]}]",
            "    expr: \"1\", time: 0s, err: labels \"\": native histograms are not supported: {{count:1}}"
        ),
    ]

    @Test("What cannot be run says why", arguments: unusable)
    func refusal(tests: String, error: String) {
        let result = Run(["t.yml": tests])
        #expect(result.status == 1)
        #expect(result.errors == "  FAILED:\n\(error)\n")
    }

    @Test("Rule files with errors fail each test; a pattern without a file is a warning; unknown fields can be passed over")
    func ruleFiles() {
        let bad = "groups: [{name: g, rules: [{record: a, expr: sum(}]}]"
        let result = Run(["bad.yml": bad, "t.yml": "rule_files: [bad.yml, none.yml]\ntests: [{name: a}, {name: b}]"])
        let line =
            "bad.yml: 1:46: group \"g\", rule 1, \"a\": could not parse expression: 1:5: parse error: unclosed left parenthesis\n"
        #expect(result.errors == "  WARNING: no file match pattern none.yml\n  FAILED:\n\(line)\(line)")
        var options = RuleTestRunner.Options()
        options.unknownFields = .ignored
        #expect(Run(["t.yml": "foo: 1\ntests: [{bar: 2}]"], options: options).status == 0)
    }

    @Test("An evaluation that fails ends its test; a series that two rules write is such a failure")
    func evaluationErrors() {
        let rules = """
            groups:
              - name: g
                rules:
                  - {record: a, expr: time()}
                  - {record: a, expr: time() + 1}
                  - {record: b, expr: 'label_replace(up, "x", "", "", "")'}
            """
        let tests = """
            rule_files: [r.yml]
            evaluation_interval: 30s
            tests: [{interval: 30s, input_series: [{series: 'up{i="1"}', values: 1}, {series: 'up{i="2"}', values: 1}], \
            promql_expr_test: [{expr: '1', eval_time: 1h}]}]
            """
        #expect(
            Run(["r.yml": rules, "t.yml": tests]).errors == """
                  FAILED:
                    rule: a, time: 0s, err: duplicate sample for timestamp 0; overrides not allowed: existing 0, new value 1

                """)
    }

    @Test("Tests are picked by name; time can begin elsewhere; neighbouring floats are equal only when asked for")
    func options() throws {
        let tests = """
            evaluation_interval: 1m
            fuzzy_compare: FUZZY
            tests:
              - name: correct
                start_timestamp: 2024-01-01T00:00:00Z
                promql_expr_test: [{expr: time(), eval_time: 5m, exp_samples: [{value: 1704067500}]}]
              - name: near
                input_series: [{series: x, values: 3.0000000000000004}]
                promql_expr_test: [{expr: x, exp_samples: [{labels: x, value: 3}]}]
            """
        func status(_ fuzzy: String, _ names: [String]) throws -> Int32 {
            var options = RuleTestRunner.Options()
            options.names = try names.map { try RegularExpression($0, isAnchored: false) }
            let text = tests.split(separator: "FUZZY").joined(separator: fuzzy)
            return Run(["t.yml": String(text)], options: options).status
        }
        #expect(try status("false", []) == 1)
        #expect(try status("false", ["corr"]) == 0)
        #expect(try status("false", ["no such", "near"]) == 1)
        #expect(try status("true", []) == 0)
    }

    @Test("Coverage names what no test exercised")
    func coverage() {
        var options = RuleTestRunner.Options()
        options.showsCoverage = true
        let result = run(
            """
            rule_files: [rules.yml]
            tests:
              - interval: 1m
                input_series: [{series: 'up{job="p"}', values: 0x6 1x5}]
                alert_rule_test:
                  - {eval_time: 0, alertname: InstanceDown}
                  - {eval_time: 6m, alertname: InstanceDown, exp_alerts: [{exp_labels: {severity: page, job: p}, \
            exp_annotations: {summary: Instance  down}}]}
                  - {eval_time: 8m, alertname: InstanceDown}
            """, options: options)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output.contains(
                """
                Rule test coverage:
                  Alerting rules:  1/2 covered (50.0%)
                  Recording rules: 0/1 covered (0.0%)
                  Total:           1/3 covered (33.3%)
                  rules.yml: 1/2 alerts, 0/1 recording rules
                    AlwaysFiring (group alerts, rule 2, line 9): NOT COVERED: fired, but no test expects it; never resolved; \
                no test expects its silence
                    job:test:count_over_time1m (group rules, rule 1, line 13): NOT COVERED: never had a result

                """), "\(result.output)")
        #expect(result.junit.contains(#"<property name="coverage.alerting_rules" value="1/2"></property>"#))
    }
}
