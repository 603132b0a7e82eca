import FoundationEssentials
import Support
import Testing

/// `check rules`, `test rules` and `replay` as a user runs them.
@Suite("Rule commands") struct RuleCommandTests {
    @Test("check rules ends with promtool's exit codes; globs and standard input work")
    func check() async throws {
        let directory = try TemporaryDirectory()
        let good = try directory.write("good.yml", "groups: [{name: g, rules: [{record: a, expr: up}, {record: a, expr: up}]}]")
        let bad = try directory.write("bad.yml", "groups: [{name: g, rules: [{record: a, expr: sum(}]}]")
        func run(_ arguments: String...) async throws -> (code: Int32, output: String) {
            try await RunningVitals.run(["check", "rules"] + arguments, in: directory)
        }
        let (code, output) = try await run(good)
        #expect(code == 0 && output.contains("lint error 1 duplicate rule(s) found."), "\(output)")
        #expect(try await run("--lint-fatal", good).code == 3)
        #expect(try await run("--lint=none", "--lint-fatal", good).output.contains("  SUCCESS: 2 rules found"))
        let both = try await run("--lint-fatal", directory.path("*.yml"))
        #expect(both.code == 1 && both.output.contains("parse error: unclosed left parenthesis"), "\(both.output)")
        #expect(both.output.contains("Checking \(bad)\n") && both.output.contains("Checking \(good)\n"))
        #expect(try await run(directory.path("none.yml")).code == 1)
    }

    @Test("test rules runs the shipped tests, and ends with 1 when one fails")
    func test() async throws {
        let directory = try TemporaryDirectory()
        let report = directory.path("report.xml")
        let (code, output) = try await RunningVitals.run(
            ["test", "rules", "--coverage", "--junit", report, packageDirectory + "/alerts/tests/*.yml"], in: directory)
        #expect(code == 0 && output.contains("covered (100.0%)"), "\(output)")
        #expect(try directory.read("report.xml").hasPrefix("<testsuites><testsuite name="))
        let failing = try directory.write("t.yml", "tests: [{name: a, promql_expr_test: [{expr: '1'}]}, {name: b}]")
        #expect(try await RunningVitals.run(["test", "rules", failing], in: directory).code == 1)
        #expect(try await RunningVitals.run(["test", "rules", "--run", "^b", failing], in: directory).code == 0)
        #expect(try await RunningVitals.run(["test", "rules", "--run", "(", failing], in: directory).code == 1)
    }

    @Test("replay says what would have fired, from the store of a running Vitals and from the rows of system_health")
    func replay() async throws {
        try await withServers { servers in
            try await servers.migrate()
            let configuration = "sample: {interval: 1s}\nrecords: {interval: 1s}\n"
            let vitals = try await RunningVitals.serve(
                environment: servers.environment, in: servers.directory, configuration: configuration)
            let rules = try servers.directory.write(
                "replayed.yml",
                """
                groups:
                  - name: g
                    rules:
                      - {record: up:count, expr: count(up)}
                      - {alert: Up, expr: up == 1, for: 2s, annotations: {summary: "{{ $labels.job }} is up"}}
                      - {alert: Counted, expr: up:count >= 1}
                      - {alert: Far, expr: 'rate(up[1h]) < 0'}
                      - {alert: Never, expr: no_such_metric > 0}
                """)
            func run(_ history: String, _ more: String...) async throws -> (code: Int32, output: String) {
                try await RunningVitals.run(
                    [
                        "replay", "--from", "20s", "--step", "1s", "--storage.path", servers.directory.path("storage"), "--rules",
                        rules,
                        "--history", history,
                    ] + more, environment: servers.environment, in: servers.directory)
            }
            var outcome = try await run("store")
            for _ in 0..<40 where !outcome.output.contains("  firing") {
                try await Task.sleep(for: .milliseconds(500))
                outcome = try await run("store")
            }
            let (code, text) = outcome
            #expect(code == 0 && text.contains("Up{") && text.contains("  firing    "), "\(text)")
            #expect(text.contains("  summary: postgres is up") && text.contains("Counted"), "\(text)")
            #expect(text.contains("Never (group g): no series in the history for no_such_metric"), "\(text)")
            #expect(text.contains("Far (group g): looks back to "), "\(text)")
            #expect(try await run("store", "--output", "json").output.contains(#""rule":"Up""#))
            var rows = try await run("system_health")
            for _ in 0..<40 where !rows.output.contains("  firing") {
                try await Task.sleep(for: .milliseconds(500))
                rows = try await run("system_health")
            }
            #expect(rows.code == 0 && rows.output.contains("history: system_health of postgres: "), "\(rows.output)")
            #expect(rows.output.contains(#"Up{job="postgres"}"#), "\(rows.output)")
            await vitals.stop()
            #expect(try await RunningVitals.run(["replay", "--from", "soon"], in: servers.directory).code == 1)
        }
    }
}
