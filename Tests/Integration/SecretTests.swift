import Demo
import FoundationEssentials
import Support
import Testing

@Suite(.serialized) struct SecretTests {
    private static let canary = "canary-7f3a9c"

    @Test("No secret is in a log line, an error, a metric, a page, a row, a file of the storage path or a notification")
    func nowhere() async throws {
        let canary = Self.canary
        try await withServers(postgresPassword: canary + "-pg", redisPassword: canary + "-redis") { servers in
            try await servers.migrate()
            try await servers.sql("CREATE ROLE watcher LOGIN SUPERUSER PASSWORD '\(canary)-watcher'")
            let receiver = try HTTPStub()
            defer { receiver.stop() }
            // Quotes what it was asked, as some do.
            let refusing = try HTTPStub()
            defer { refusing.stop() }
            refusing.set(.quote(status: 404))
            let address = try servers.directory.write("hook-address", refusing.url + "/\(canary)-in-a-file")
            let rules = try servers.directory.write("rules.yml", RuleTexts.databaseDown(for: "1s"))
            let token = try servers.directory.write("token", canary + "-a-token-of-thirty-two-characters")
            let configuration = """
                targets: {redis: [{name: second, url: "redis://:${SECOND_PASSWORD}@127.0.0.1:1"}]}
                records: {interval: 1s}
                rule_files: [\(rules)]
                alerting:
                  route: {receiver: oncall, group_wait: 0s, group_interval: 1s}
                  receivers:
                  - name: oncall
                    webhook_configs:
                    - {url: "http://127.0.0.1:9/\(canary)-hook", http_config: {authorization: {credentials: "\(canary)-bearer"}}}
                    - {url_file: \(address), http_config: {basic_auth: {username: u, password: "${AM_PASSWORD}"}}}
                    slack_configs: [{api_url: "\(refusing.url)/services/\(canary)-slack"}]
                    pagerduty_configs: [{routing_key: "\(canary)-routing-key", url: "http://127.0.0.1:9/v2/enqueue"}]
                  heartbeats: [{name: h, url: "\(refusing.url)/\(canary)-ping", interval: 1s}]
                  alertmanagers:
                    - {url: "\(receiver.url)", basic_auth: {username: u, password: "${AM_PASSWORD}"}}
                    - "http://u:\(canary)-in-url@127.0.0.1:9"
                """
            var environment = servers.environment
            environment["DATABASE_URL"] = servers.postgres.url(user: "watcher", password: canary + "-watcher")
            environment["AM_PASSWORD"] = canary + "-am"
            environment["SECOND_PASSWORD"] = canary + "-second"
            environment["UNRELATED"] = canary + "-unrelated"
            var seen = ""
            try await withVitals(
                ["--log.level", "trace", "--sample.interval", "1s", "--web.admin-token-file", token], environment: environment,
                in: servers.directory, configuration: configuration
            ) { vitals in
                let pages = [
                    "/", "/metrics", "/alerts", "/health", "/api/health", "/health/ready", "/api/v1/rules", "/api/v1/alerts",
                    "/api/v1/status/buildinfo", "/api/v1/query?query=up", "/runbooks/DatabaseDown", "/nothing/\(1)", "/receivers",
                    "/api/v2/status", "/api/v2/alerts", "/api/v2/silences", "/api/v2/receivers",
                ]
                func look() async throws {
                    for page in pages { seen += try await vitals.get(page).text }
                    seen += try await vitals.get("/metrics", headers: ["Accept": "application/openmetrics-text"]).text
                    seen += try await vitals.get(
                        "/-/reload", headers: ["Authorization": "Bearer \(canary)-wrong"], method: "POST"
                    ).text
                }
                let written = try await vitals.metrics(within: .seconds(20)) { ($0["vitals_records_written_total"] ?? 0) >= 1 }
                #expect(written != nil)
                try await look()
                // What fails, fails loudly: a wrong password, a killed server, a configuration with a mistake beside the secret.
                try await servers.sql("ALTER ROLE watcher PASSWORD '\(canary)-changed'")
                try await servers.disconnectVitals()
                #expect(
                    try await eventually(within: .seconds(10)) { try !vitals.logLines("password authentication failed").isEmpty })
                await servers.redis.kill()
                try directoryMistake(servers.directory, configuration)
                vitals.process.signal(1)
                #expect(
                    try await eventually(within: .seconds(10)) { receiver.requests.contains { $0.body.contains("DatabaseDown") } }
                )
                try await servers.redis.start()
                #expect(
                    try await eventually(within: .seconds(10)) {
                        Set(refusing.requests.map(\.path)).count >= 3
                            && refusing.requests.contains { $0.body.contains("DatabaseDown") }
                    })
                try await look()
                #expect(seen.contains("HTTP 404: no hook"))
                seen += try vitals.logged()
                seen += receiver.requests.map(\.body).joined()
                #expect(try !vitals.logLines("old configuration stays").isEmpty)
            }
            seen += try files(below: servers.directory.path("storage"))
            #expect(!seen.contains(canary), "\(seen.split(separator: "\n").filter { $0.contains(canary) })")
            #expect(seen.contains("DatabaseDown") && seen.contains("pg_up") && seen.contains("level=debug"))

            let rows = try await servers.sql("SELECT to_jsonb(s)::text FROM system_health s")
            #expect(!rows.isEmpty && !rows.contains { $0?.contains(canary) == true })
        }
    }

    @Test("Addresses that cannot be used are refused without repeating their passwords, by every command")
    func errors() async throws {
        let canary = Self.canary
        let directory = try TemporaryDirectory()
        let broken = [
            "DATABASE_URL": "postgres://u:\(canary)@[bad/x", "REDIS_URL": "redis://:\(canary)@h:notaport",
            "AM_PASSWORD": canary + "\u{1}",
        ]
        let file = try directory.write(
            "c.yml",
            """
            targets: {postgres: [{name: a, url: "host=h password=\(canary) port=x"}], redis: [{name: "b", url: "rediss://u:\(canary)@"}]}
            sample: {interval: "${AM_PASSWORD}"}
            alerting: {alertmanagers: ["ftp://u:\(canary)@h"]}

            """)
        for arguments in [
            ["serve"], ["serve", "--config.file", file], ["check", "environment"], ["check", "config", file], ["migrate", "up"],
        ] {
            let (code, output) = try await RunningVitals.run(arguments, environment: broken, in: directory)
            #expect(code == 1, "\(arguments)")
            #expect(!output.contains(canary), "\(arguments): \(output)")
            #expect(!output.isEmpty)
        }
        // A secret in a place where a number belongs is not repeated either.
        for (variable, url) in [
            ("DATABASE_URL", "postgres://user:\(canary)@127.0.0.1:1/db"),
            ("DATABASE_URL", "host=127.0.0.1 port=1 password='\(canary) x'"),
            ("DATABASE_URL", "postgres://127.0.0.1:1/db?user=u&password=\(canary)"),
            ("REDIS_URL", "redis://user:\(canary)%21@127.0.0.1:1"), ("PGBOUNCER_URL", "postgres://user:\(canary)@127.0.0.1:1"),
            ("PGBOUNCER_URL", "postgres://user:\(canary)@127.0.0.1:1:2/pgbouncer"),
        ] {
            let (code, output) = try await RunningVitals.run(
                ["check", "environment"], environment: [variable: url], in: directory)
            #expect(code == 1 && !output.contains(canary), "\(output)")
        }
    }

    private func directoryMistake(_ directory: TemporaryDirectory, _ configuration: String) throws {
        try directory.write("vitals.yml", configuration + "\nsampel: {interval: 1s}\nsample: {interval: \"${AM_PASSWORD}\"}\n")
    }

    /// Everything that stands in the files of a folder.
    private func files(below path: String) throws -> String {
        var all = ""
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
            if let data = FileManager.default.contents(atPath: path + "/" + name) { all += String(decoding: data, as: UTF8.self) }
        }
        return all
    }
}
