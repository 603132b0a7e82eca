import Demo
import FoundationEssentials
import Glibc
import Postgres
import Support
import Testing

/// Alerts on a target's values while the target is away.
@Suite(.serialized) struct TargetDownTests {
    private static let rules = """
        groups:
        - name: values
          interval: 1s
          rules:
          - {alert: TableBig, expr: pg_stat_user_tables_table_size_bytes > 1000, labels: {severity: warning}}
          - {alert: Connected, expr: "count by (datname) (pg_stat_activity_count) > 0", labels: {severity: warning}}
          - {alert: Sitting, expr: 'pg_stat_activity_count{state="idle in transaction",datname="postgres"} > 0'}
          - {alert: Typo, expr: no_such_metric > 1}
        - name: servers
          interval: 1s
          rules:
          - {alert: DatabaseDown, expr: pg_up == 0, for: 1s, labels: {severity: critical}}
        """

    private static func configuration(_ servers: Servers, hook: HTTPStub, extra: String = "") throws -> String {
        let rules = try servers.directory.write("rules.yml", Self.rules)
        return """
            sample: {interval: 1s}
            rule_files: [\(rules)]
            alerting: {alertmanagers: [{url: "\(hook.url)", timeout: 2s}]\(extra)}
            """
    }

    /// How often an alert was begun and ended at the stub, resends aside.
    private static func pages(_ hook: HTTPStub, _ name: String) throws -> [String] {
        struct Alert: Decodable {
            let labels: [String: String]
            let startsAt: String
            let endsAt: Date
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            return try Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains(".")))
        }
        var pages: [String] = []
        for request in hook.requests {
            for alert in try decoder.decode([Alert].self, from: Data(request.body.utf8)) where alert.labels["alertname"] == name {
                let page =
                    "\(alert.labels["relname"] ?? alert.labels["datname"] ?? "") \(alert.startsAt) "
                    + (alert.endsAt < Date.now.addingTimeInterval(30) ? "resolved" : "firing")
                if !pages.contains(page) { pages.append(page) }
            }
        }
        return pages
    }

    private static func fire(_ names: Set<String>, at vitals: RunningVitals) async throws -> Bool {
        let firing = try await vitals.alerts().filter { $0.state == "firing" }.compactMap { $0.labels["alertname"] }
        return names.isSubset(of: firing)
    }

    @Test(
        "Postgres is killed or frozen: alerts on its values are kept and DatabaseDown fires; back again all are over once, or go on",
        arguments: [true, false])
    func keeps(isKilled: Bool) async throws {
        try await withServers { servers in
            try await servers.sql("CREATE TABLE big AS SELECT generate_series(1, 1000) AS id")
            let hook = try HTTPStub()
            defer { hook.stop() }
            let readiness = try Readiness()
            defer { readiness.stop() }
            let sitting = PostgresSession(
                try PostgresConfiguration(servers.postgres.url, applicationName: "sitting"), readiness: readiness)
            _ = try await sitting.rows(Statement("BEGIN"), by: .now + .seconds(5))
            try await withVitals(
                environment: servers.environment, in: servers.directory,
                configuration: try Self.configuration(servers, hook: hook)
            ) { vitals in
                #expect(
                    try await eventually(within: .seconds(15)) {
                        try await Self.fire(["TableBig", "Connected", "Sitting"], at: vitals)
                    })
                let before = try #require(try await vitals.alert("TableBig"))
                if isKilled { await servers.postgres.kill() } else { await servers.postgres.freeze() }
                #expect(
                    try await eventually(within: .seconds(20)) { try await vitals.alert("DatabaseDown")?.state == "firing" })
                // Kept over many evaluations, under the same time.
                for _ in 0..<5 {
                    try await Task.sleep(for: .seconds(1))
                    let alerts = try await vitals.alerts()
                    let big = try #require(alerts.first { $0.labels["alertname"] == "TableBig" })
                    #expect(big.state == "firing" && big.activeAt == before.activeAt)
                    #expect(big.keptReason == "postgres at 127.0.0.1:\(servers.postgres.port) does not answer")
                    #expect(alerts.contains { $0.labels["alertname"] == "Connected" && $0.keptReason != nil })
                }
                let page = try await vitals.get("/alerts").text
                #expect(page.contains("does not answer. Gone: pg_stat_user_tables_table_size_bytes{"))
                #expect(page.contains("Series that went away") && page.contains("No series matches <code>no_such_metric</code>"))
                let samples = try await vitals.metrics(within: .seconds(5)) { ($0["vitals_alerts_kept"] ?? 0) >= 2 }
                #expect(samples?.contains { $0.key.hasPrefix("vitals_rule_matches_no_series") && $0.value == 1 } == true)
                let ended = try Self.pages(hook, "TableBig").filter { $0.hasSuffix("resolved") }
                #expect(ended == [])

                if isKilled { try await servers.postgres.start() } else { await servers.postgres.thaw() }
                #expect(
                    try await eventually(within: .seconds(20)) {
                        let alerts = try await vitals.alerts()
                        return alerts.allSatisfy { $0.keptReason == nil && $0.labels["alertname"] != "DatabaseDown" }
                    })
                #expect(try await vitals.alert("TableBig")?.activeAt == before.activeAt)
                await sitting.close()
                // The sitting session ended with the server, or ends now.
                try await servers.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'")
                let ending = ["Sitting", "DatabaseDown"]
                #expect(
                    try await eventually(within: .seconds(15)) {
                        try ending.allSatisfy { name in try Self.pages(hook, name).contains { $0.hasSuffix("resolved") } }
                    })
                #expect(try await vitals.alert("Sitting") == nil)
                let big = try Self.pages(hook, "TableBig")
                #expect(big.count == 1, "never ended: \(big)")
                for name in ending {
                    let pages = try Self.pages(hook, name)
                    #expect(pages.count == 2, "one page and its end: \(pages)")
                }
            }
        }
    }

    @Test("A permission that is taken away keeps the alerts of that collector alone")
    func collectorFails() async throws {
        try await withServers { servers in
            try await servers.sql("CREATE TABLE big AS SELECT generate_series(1, 1000) AS id")
            try await servers.sql("CREATE ROLE watcher LOGIN")
            try await servers.sql("GRANT pg_monitor TO watcher")
            let hook = try HTTPStub()
            defer { hook.stop() }
            let environment = ["DATABASE_URL": servers.postgres.url(user: "watcher")]
            try await withVitals(
                environment: environment, in: servers.directory, configuration: try Self.configuration(servers, hook: hook)
            ) { vitals in
                #expect(
                    try await eventually(within: .seconds(15)) {
                        try await Self.fire(["TableBig", "Connected"], at: vitals)
                    })
                try await servers.sql("REVOKE SELECT ON pg_stat_activity FROM PUBLIC")
                #expect(
                    try await eventually(within: .seconds(15)) {
                        // Several collectors read the view.
                        let reason = try await vitals.alert("Connected")?.keptReason
                        return reason?.contains("the collector ") == true && reason?.hasSuffix(" fails") == true
                    })
                #expect(try await vitals.alert("TableBig")?.keptReason == nil)
                #expect(try await vitals.alert("DatabaseDown") == nil)
            }
        }
    }

    @Test("With target_down: resolve they end; a reload changes it, and external labels and rules with it")
    func resolveAndReload() async throws {
        try await withServers { servers in
            try await servers.sql("CREATE TABLE big AS SELECT generate_series(1, 1000) AS id")
            let hook = try HTTPStub()
            defer { hook.stop() }
            let resolving = try Self.configuration(servers, hook: hook, extra: ", target_down: resolve")
            try await withVitals(environment: servers.environment, in: servers.directory, configuration: resolving) { vitals in
                #expect(try await eventually(within: .seconds(15)) { try await vitals.alert("TableBig")?.state == "firing" })
                await servers.postgres.kill()
                #expect(try await eventually(within: .seconds(20)) { try await vitals.alert("TableBig") == nil })
                try await servers.postgres.start()
                #expect(try await eventually(within: .seconds(20)) { try await vitals.alert("TableBig")?.state == "firing" })
                try servers.directory.write(
                    "vitals.yml", Self.configuration(servers, hook: hook, extra: ", external_labels: {region: reloaded}"))
                vitals.process.signal(SIGHUP)
                #expect(
                    try await eventually(within: .seconds(10)) { try !vitals.logLines("configuration and rules read").isEmpty })
                #expect(try vitals.logLines("take effect after a restart").isEmpty)
                await servers.postgres.kill()
                #expect(
                    try await eventually(within: .seconds(20)) { try await vitals.alert("TableBig")?.keptReason != nil })
                #expect(
                    try await eventually(within: .seconds(10)) {
                        hook.requests.contains { $0.body.contains("\"region\":\"reloaded\"") }
                    })
            }
        }
    }

    @Test("Rules that look back further than series are kept are said; without a word about it series are kept longer")
    func reach() async throws {
        try await withServers { servers in
            let rules = try servers.directory.write(
                "far.yml",
                "groups: [{name: far, rules: [{alert: Far, expr: 'max_over_time(pg_up[1d]) == 0'}, {alert: Near, expr: pg_up == 0}]}]"
            )
            let configuration = "rule_files: [\(rules)]\n"
            try await withVitals(environment: servers.environment, in: servers.directory, configuration: configuration) {
                vitals in
                #expect(
                    try vitals.logLines("level=info", "series are kept for as long as the rules look back", "1d30m").count == 1)
                #expect(try vitals.logLines("further back").isEmpty)
                let samples = try await vitals.metrics()
                #expect(samples["vitals_rules_reach_seconds"] == 86_400)
                #expect(samples["vitals_store_retention_seconds"] == 88_200)
            }
            try await withVitals(
                ["--storage.retention", "6h"], environment: servers.environment, in: servers.directory,
                configuration: configuration
            ) { vitals in
                let lines = try vitals.logLines(
                    "level=warning", "1 rule looks further back than series are kept", "Far (1d, group far)")
                #expect(lines.count == 1)
                #expect(try await vitals.metrics()["vitals_store_retention_seconds"] == 21_600)
                #expect(
                    try await eventually(within: .seconds(70)) {
                        try await vitals.get("/alerts").text.contains("86400 s back, further than series are kept")
                    })
            }
            let file = servers.directory.path("vitals.yml")
            let (code, output) = try await RunningVitals.run(
                ["check", "config", file, "--storage.retention", "2h"], environment: servers.environment, in: servers.directory)
            #expect(code == 0 && output.contains("warning: 1 rule looks further back"), "\(output)")
        }
    }
}
