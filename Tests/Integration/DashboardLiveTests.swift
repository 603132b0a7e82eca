import MetricsModel
import PromQL
import Support
import Testing

/// Dashboards, rules and runbooks against what a live Vitals exposes and what a real Prometheus makes of it.
@Suite struct DashboardLiveTests {
    @Test("Every metric of a dashboard is on the live Vitals, and used as its type allows")
    func dashboardMetrics() async throws {
        let declared = DeclaredFamilies(try await LiveStage.get().exposition())
        for query in try DashboardFiles.expressions() where !Self.needsReplica(query.expression) {
            let findings = try declared.findings(in: query.asked())
            #expect(findings == [], "\(query)")
        }
        for name in DashboardFiles.names {
            for annotation in try DashboardFiles.read(name).annotations.list {
                guard let text = annotation.expr else { continue }
                #expect(try declared.findings(in: GrafanaVariables.substituted(text)) == [], "\(annotation.name)")
            }
        }
    }

    @Test("Every panel shows numbers when Prometheus is asked, but the few that have a reason")
    func panels() async throws {
        let prometheus = try await LiveStage.get().theirs
        for query in try DashboardFiles.expressions() {
            let answer = try await prometheus.query(query.asked(rateInterval: "15s", range: "1m"))
            let isShown = answer.contains { $0.value.isFinite }
            #expect(isShown || query.isAllowedEmpty, "\(query): \(answer.count) series")
        }
    }

    @Test("Vitals itself answers every panel's expression as Prometheus does: the same series")
    func answeredByVitals() async throws {
        let stage = try await LiveStage.get()
        for query in try DashboardFiles.expressions() {
            let text = query.asked(rateInterval: "15s", range: "1m")
            let ours = try await stage.ours.query(text).contains { $0.value.isFinite }
            let theirs = try await stage.theirs.query(text).contains { $0.value.isFinite }
            #expect(ours == theirs, "\(query): \(ours ? "numbers" : "nothing") here, \(theirs ? "numbers" : "nothing") there")
        }
    }

    @Test("Every annotation and every variable of a dashboard finds something")
    func variables() async throws {
        let prometheus = try await LiveStage.get().theirs
        for name in DashboardFiles.names {
            let board = try DashboardFiles.read(name)
            for annotation in board.annotations.list {
                guard let text = annotation.expr else { continue }
                #expect(try await !prometheus.query(GrafanaVariables.substituted(text)).isEmpty, "\(name): \(annotation.name)")
            }
            for variable in board.templating.list where variable.type == "query" {
                let (selector, label) = try Self.arguments(of: variable.query)
                let values = try await prometheus.labelValues(label, of: GrafanaVariables.substituted(selector))
                // With one target of a kind its series carry no name of it.
                #expect(values.isEmpty == (label == "target"), "\(name): \(variable.name) is \(values)")
            }
        }
    }

    @Test("Every metric of a rule is on the live Vitals, and used as its type allows")
    func ruleMetrics() async throws {
        let declared = DeclaredFamilies(try await LiveStage.get().exposition())
        for rule in try AlertFiles.rules() {
            var findings = try declared.findings(in: rule.expression)
            // To the letter of the documents, which ask a histogram for a quantile as no Prometheus would answer.
            if rule.file == "documented.yml", rule.name == "HighLatency" { findings = [] }
            #expect(findings == [], "\(rule.file): \(rule.name)")
        }
    }

    @Test("Every metric that a runbook names exists")
    func runbookMetrics() async throws {
        let declared = DeclaredFamilies(try await LiveStage.get().exposition())
        for runbook in try AlertFiles.runbooks() {
            #expect(try declared.missing(in: runbook) == [], "\(runbook.alert)")
        }
    }

    // MARK: - What the stage cannot show

    /// A replica would need a second Redis.
    private static func needsReplica(_ expression: String) -> Bool { expression.contains("redis_master_link_up") }

    /// `label_values(selector, label)`
    private static func arguments(of query: String) throws -> (selector: String, label: String) {
        guard query.hasPrefix("label_values("), query.hasSuffix(")"), let comma = query.lastIndex(of: ",") else {
            throw SupportError("\(query) is not label_values(selector, label)")
        }
        let selector = query[..<comma].dropFirst("label_values(".count)
        let label = query[query.index(after: comma)...].dropLast().drop { $0 == " " }
        return (String(selector), String(label))
    }
}
