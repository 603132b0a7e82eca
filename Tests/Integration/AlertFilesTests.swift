import PromQL
import Testing

@Suite("Alert rules and runbooks")
struct AlertFilesTests {
    @Test("Every rule has a severity, a summary without a value, a description with one, and both links")
    func annotations() throws {
        for rule in try AlertFiles.rules() {
            let place: Comment = "\(rule.file): \(rule.name)"
            #expect(["critical", "warning", "info", "none"].contains(rule.labels["severity"]), place)
            #expect(rule.annotations["summary"]?.contains("{{") == false, place)
            let description = try #require(rule.annotations["description"], place)
            if rule.name != "Watchdog" {
                #expect(description.contains("$value") && description.contains("$labels."), place)
                #expect(
                    description.contains("threshold") || description.contains("should be 1") || description.contains("1 is up"),
                    place)
                #expect(rule.hold != nil, place)
            }
            #expect(rule.annotations["runbook_url"] == "{{ $externalURL }}/runbooks/\(rule.name)", place)
            let boards = DashboardFiles.names.map { "{{ $externalURL }}/dashboards/\($0)" }
            #expect(rule.annotations["dashboard_url"].map(boards.contains) == true, place)
        }
    }

    @Test("Every expression parses")
    func parses() throws {
        for rule in try AlertFiles.rules() {
            #expect(throws: Never.self, "\(rule.file): \(rule.name)") { try PromQLExpression(rule.expression) }
        }
    }

    @Test("The set has a dead man's switch, and no name twice", arguments: AlertFiles.ruleFiles)
    func names(file: String) throws {
        let names = try AlertFiles.rules(in: file).map(\.name)
        #expect(Set(names).count == names.count)
        if file == "vitals.yml" { #expect(names.contains("Watchdog")) }
    }

    @Test("The documented expressions ship to the letter, in a group of their own")
    func documented() throws {
        let rules = try AlertFiles.rules(in: "documented.yml")
        #expect(Set(rules.map(\.group)) == ["documented"])
        let found = Dictionary(
            uniqueKeysWithValues: rules.map {
                ($0.name, "\($0.expression) for \($0.hold ?? "0s") \($0.labels["severity"] ?? "")")
            })
        #expect(
            found == [
                "HighErrorRate": #"rate(http_requests_total{status=~"5.."}[5m]) > 0.05 for 2m critical"#,
                "DatabaseDown": #"up{job="postgres"} == 0 for 1m critical"#,
                "HighLatency": "histogram_quantile(0.99, http_request_duration_seconds) > 1.0 for 5m critical",
                "ConnectionPoolNearExhaustion": "db_connection_pool_in_use / db_connection_pool_size > 0.8 for 5m warning",
                "LowCacheHitRate": "cache_hit_rate < 0.7 for 10m warning",
                "HighAuthFailureRate": #"rate(auth_attempts_total{result="failure"}[5m]) > 0.1 for 5m warning"#,
            ])
    }

    @Test("Every documented alert is in the default set with the documented severity and duration")
    func corrected() throws {
        let shipped = Dictionary(uniqueKeysWithValues: try AlertFiles.rules(in: "vitals.yml").map { ($0.name, $0) })
        for rule in try AlertFiles.rules(in: "documented.yml") {
            let ours = try #require(shipped[rule.name], "\(rule.name)")
            #expect(ours.hold == rule.hold && ours.labels["severity"] == rule.labels["severity"], "\(rule.name)")
        }
    }

    @Test("Every rule has a unit test in which it fires and one in which it does not", arguments: ["vitals", "documented"])
    func tested(name: String) throws {
        let tested = try AlertFiles.tested(in: "tests/\(name)_test.yml")
        let rules = Set(try AlertFiles.rules(in: "\(name).yml").map(\.name))
        #expect(tested.firing == rules)
        #expect(tested.silent == rules.subtracting(["Watchdog"]))
    }

    @Test("Every alert has a runbook, every runbook an alert")
    func runbooks() throws {
        #expect(try AlertFiles.runbookNames() == Set(AlertFiles.rules().map(\.name)).sorted())
    }

    @Test("Every runbook has the four headings, something to run and how to silence")
    func headings() throws {
        for runbook in try AlertFiles.runbooks() {
            let place: Comment = "\(runbook.alert)"
            #expect(runbook.title == runbook.alert, place)
            #expect(runbook.headings == ["Meaning", "Impact", "Diagnosis", "Mitigation"], place)
            #expect(runbook.blocks.contains { ["promql", "sql", "redis"].contains($0.language) }, place)
            #expect(try AlertFiles.text("runbooks/\(runbook.alert).md").contains("ilence"), place)
            for block in runbook.blocks {
                #expect(["promql", "sql", "redis", "sh", "text"].contains(block.language), place)
                #expect(!block.text.isEmpty, place)
            }
        }
    }

    @Test("Every PromQL block of a runbook parses")
    func runbookQueries() throws {
        for runbook in try AlertFiles.runbooks() {
            for block in runbook.blocks where block.language == "promql" {
                #expect(throws: Never.self, "\(runbook.alert): \(block.text)") { try PromQLExpression(block.text) }
            }
        }
    }
}
