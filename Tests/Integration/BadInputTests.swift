import Demo
import Glibc
import Support
import Testing

/// Malformed configuration, rule files, flags and environment: everything at once, with its place and what would be right.
@Suite(.serialized) struct BadInputTests {
    @Test("Wrong configuration, flags and environment are all said at once, with file and line, and exit code 1")
    func everythingAtOnce() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "bad.yml",
            """
            targets:
              postgres:
                - {name: a, ulr: x}
                - {name: b, url: "postgres://u@h/d", collectors: {activty: false}}
              redis: [{url: "redis://h"}]
            sample: {interval: fast}
            alerting: {alertmanagers: ["127.0.0.1:9093"]}
            queues: [{name: q, type: heap}]
            queries: [{name: "not a name", sql: SELECT 1}]
            thresholds: {largest_tables: many, disk_free_ratio: 7}
            unknown: 1
            records: {retention: "${NOT_SET}"}

            """)
        let (code, output) = try await RunningVitals.run(
            [
                "serve", "--config.file", file, "--storage.retention", "soon", "--storage.max-bytes", "1",
                "--web.listen-address", "nowhere", "--web.telemetry-path", "metrics",
            ], environment: ["DATABASE_URL": "x", "DATABASE_URL_FILE": "/y"], in: directory)
        #expect(code == 1)
        for line in [3, 4, 5, 6, 7, 8, 9, 10, 11, 12] {
            #expect(output.contains("bad.yml:\(line):"), "nothing about line \(line) in \(output)")
        }
        for part in [
            "--storage.retention", "--storage.max-bytes", "--web.listen-address", "--web.telemetry-path", "NOT_SET",
            "DATABASE_URL_FILE",
            "url_file", "15s", "activity", "http://127.0.0.1:9093",
        ] {
            #expect(output.contains(part), "\(part) is not in \(output)")
        }
        let unknown = try await RunningVitals.run(["serve", "--collector.nonsense"], in: directory)
        #expect(unknown.code != 0 && unknown.output.contains("--collector.nonsense"), "\(unknown.output)")
        // The same over the command that only looks.
        let (checkCode, checked) = try await RunningVitals.run(["check", "config", file], in: directory)
        #expect(checkCode == 1)
        #expect(checked.contains("bad.yml:3:") && checked.contains("bad.yml:12:"))
    }

    @Test("YAML that is none, a file that is not there, a folder in place of a file: one line that says so")
    func unreadable() async throws {
        let directory = try TemporaryDirectory()
        let broken = try directory.write("broken.yml", "targets: {postgres: [\n  - : :\n")
        for (file, part) in [
            (broken, "broken.yml:"), (directory.path("absent.yml"), "No such file"), (directory.path, "directory"),
        ] {
            let (code, output) = try await RunningVitals.run(["serve", "--config.file", file], in: directory)
            #expect(code == 1)
            #expect(output.lowercased().contains(part.lowercased()), "\(output)")
        }
        let (code, output) = try await RunningVitals.run(
            ["serve", "--storage.path", try directory.write("plain", "") + "/sub"],
            environment: ["REDIS_URL": "redis://127.0.0.1:1"],
            in: directory)
        #expect(code == 1 && output.contains("--storage.path"), "\(output)")
    }

    @Test(
        "Rule files: every finding of every file with file, rule, line and column; what this version lacks is said, not skipped")
    func rules() async throws {
        let directory = try TemporaryDirectory()
        let first = try directory.write(
            "first.yml",
            """
            groups:
            - name: g
              rules:
              - alert: A
                expr: sum(
                fro: 5m
              - alert: B
                expr: up == 0
                for: soon
                annotations: {summary: "{{ nonsense }}"}
              - record: r
                expr: up
                for: 5m

            """)
        let second = try directory.write(
            "second.yml", "groups: [{name: h, rules: [{alert: C, expr: 'up{', labels: {\"1x\": y}}]}]\n")
        let (code, output) = try await RunningVitals.run(
            ["check", "rules", first, second], in: directory)
        #expect(code == 1)
        for part in [
            "first.yml: 5:11: group \"g\", rule 1, \"A\": could not parse expression",
            "line 6: field fro not found in type rulefmt.Rule", "not a valid duration string: \"soon\"",
            "group \"g\", rule 2, \"B\": annotation \"summary\"", "first.yml: 11:13: group \"g\", rule 3, \"r\"",
            "second.yml: 1:45: group \"h\", rule 1, \"C\"",
        ] {
            #expect(output.contains(part), "\(part) is not in \(output)")
        }
        let (absent, saying) = try await RunningVitals.run(
            ["check", "rules", first, directory.path("third.yml")], in: directory)
        #expect(absent == 1 && saying.contains("third.yml' does not exist"), "\(saying)")
        let (served, serving) = try await RunningVitals.run(
            [
                "serve", "--storage.path", directory.path("storage"), "--config.file",
                try directory.write("c.yml", "rule_files: [first.yml, second.yml]\n"),
            ],
            environment: ["REDIS_URL": "redis://127.0.0.1:1"], in: directory)
        #expect(served == 1)
        for part in [
            "first.yml:5:11", "did you mean 'for'?", "first.yml:9:10", "first.yml:10:28", "first.yml:11:13", "second.yml:1:45",
        ] {
            #expect(serving.contains(part), "\(part) is not in \(serving)")
        }
    }

    @Test("Flags that do not exist, values that do not fit, and nothing to sample: exit code 1 and what would be right")
    func flags() async throws {
        let directory = try TemporaryDirectory()
        for (arguments, part) in [
            (["serve", "--nonsense"], "--nonsense"), (["serve", "--log.level", "loud"], "debug"),
            (["serve", "--web.max-requests", "many"], "--web.max-requests"), (["nonsense"], "nonsense"),
            (["serve"], "DATABASE_URL"), (["check", "environment"], "DATABASE_URL"), (["migrate", "up"], "DATABASE_URL"),
        ] {
            let (code, output) = try await RunningVitals.run(arguments, in: directory)
            #expect(code == 1, "\(arguments)")
            #expect(output.contains(part), "\(arguments): \(output)")
        }
    }

    @Test(
        "SIGHUP and POST read the rules again; whatever is wrong leaves the old ones running, and the answer and the log say why")
    func reload() async throws {
        let directory = try TemporaryDirectory()
        let rules = try directory.write("rules.yml", "groups: [{name: a, rules: [{alert: First, expr: vector(1)}]}]")
        let token = try directory.write("token", "a-token-of-thirty-two-characters-or-more")
        let configuration = "rule_files: [\(rules)]\n"
        try await withVitals(
            ["--web.admin-token-file", token], environment: ["REDIS_URL": "redis://127.0.0.1:1"], in: directory,
            configuration: configuration
        ) { vitals in
            func reloaded() async throws -> RunningVitals.Answer {
                try await vitals.get(
                    "/-/reload", headers: ["Authorization": "Bearer a-token-of-thirty-two-characters-or-more"], method: "POST")
            }
            #expect(try await vitals.get("/api/v1/rules").text.contains("First"))
            try directory.write("rules.yml", "groups: [{name: a, rules: [{alert: Second, expr: 'vector('}]}]")
            vitals.process.signal(SIGHUP)
            let failed = try await vitals.metrics(within: .seconds(10)) { $0["vitals_config_last_reload_successful"] == 0 }
            #expect(failed != nil)
            #expect(try await vitals.get("/api/v1/rules").text.contains("First"))
            #expect(try vitals.logLines("the old configuration stays", "rules.yml:1").count == 1)
            let refused = try await reloaded()
            #expect(refused.status == 500 && refused.text.contains("rules.yml:1"), "\(refused.text)")

            try directory.write("rules.yml", "groups: [{name: a, rules: [{alert: Second, expr: vector(1)}]}]")
            vitals.process.signal(SIGHUP)
            let taken = try await vitals.metrics(within: .seconds(10)) { $0["vitals_config_last_reload_successful"] == 1 }
            #expect(taken != nil)
            #expect(try await vitals.get("/api/v1/rules").text.contains("Second"))
            #expect(try await !vitals.get("/api/v1/rules").text.contains("First"))

            try directory.write("vitals.yml", configuration + "sampel: {interval: 1s}\n")
            let misspelt = try await reloaded()
            #expect(misspelt.status == 500 && misspelt.text.contains("vitals.yml:2"), "\(misspelt.text)")
            #expect(try await vitals.get("/api/v1/rules").text.contains("Second"))
            try directory.write("vitals.yml", configuration)
            #expect(try await reloaded().status == 200)
            let again = try await vitals.metrics(within: .seconds(5)) { $0["vitals_config_last_reload_successful"] == 1 }
            #expect(again != nil)
        }
    }
}
