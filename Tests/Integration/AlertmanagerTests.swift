import Demo
import FoundationEssentials
import Support
import Testing

/// From a rule to a page: real Alertmanagers, and a stub where one has to misbehave.
@Suite(.serialized) struct AlertmanagerTests {
    /// Sends everything to a web hook, at once.
    private static func route(to stub: HTTPStub) -> String {
        """
        route: {receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
        receivers: [{name: hook, webhook_configs: [{url: "\(stub.url)/hook"}]}]
        """
    }

    private static func configuration(_ servers: Servers, alertmanager: String, for hold: String) throws -> String {
        let rules = try servers.directory.write("rules.yml", RuleTexts.databaseDown(for: hold))
        return """
            sample: {interval: 1s}
            rule_files: [\(rules)]
            alerting: {alertmanagers: [{url: "\(alertmanager)", timeout: 2s}], external_labels: {region: test}}
            """
    }

    @Test("Postgres dies: a real Alertmanager pages, and says that it is over after the restart; the Watchdog is there all along")
    func pages() async throws {
        try await withServers { servers in
            let hook = try HTTPStub()
            defer { hook.stop() }
            let alertmanager = try await PrivateServer.alertmanager(Self.route(to: hook), in: servers.directory)
            do {
                let configuration = try Self.configuration(servers, alertmanager: alertmanager.url, for: "2s")
                try await withVitals(environment: servers.environment, in: servers.directory, configuration: configuration) {
                    vitals in
                    #expect(
                        try await eventually(within: .seconds(15)) {
                            try await Self.active(at: alertmanager).contains("Watchdog")
                        })
                    #expect(try await !Self.active(at: alertmanager).contains("DatabaseDown"))
                    await servers.postgres.kill()
                    #expect(
                        try await eventually(within: .seconds(15)) {
                            try await Self.active(at: alertmanager).contains("DatabaseDown")
                        })
                    #expect(try await vitals.query("ALERTS{alertname='DatabaseDown',alertstate='firing'}") == 1)
                    #expect(try await vitals.query("ALERTS{alertname='Watchdog',alertstate='firing'}") == 1)
                    let counted = try await vitals.metrics(within: .seconds(5)) {
                        $0["vitals_alerts{alertname=\"DatabaseDown\",severity=\"critical\",state=\"firing\"}"] == 1
                    }
                    #expect(counted != nil)
                    #expect(
                        try await eventually(within: .seconds(10)) {
                            hook.requests.contains {
                                $0.body.contains("\"DatabaseDown\"") && $0.body.contains("\"status\":\"firing\"")
                                    && $0.body.contains("\"region\":\"test\"")
                            }
                        }, "no page")
                    try await servers.postgres.start()
                    #expect(
                        try await eventually(within: .seconds(25)) {
                            hook.requests.contains {
                                $0.body.contains("\"DatabaseDown\"") && $0.body.contains("\"status\":\"resolved\"")
                            }
                        }, "nobody was told that it is over")
                    #expect(try await !Self.active(at: alertmanager).contains("DatabaseDown"))
                    #expect(try await Self.active(at: alertmanager).contains("Watchdog"))
                    let receiver = "{receiver=\"\(alertmanager.url)\"}"
                    let samples = try await vitals.metrics(within: .seconds(5)) {
                        $0["vitals_notifications_sent_total\(receiver)"] ?? 0 >= 3
                            && $0["vitals_notifications_queue_length\(receiver)"] == 0
                    }
                    #expect(samples?["vitals_notifications_dropped_total\(receiver)"] == 0)
                }
            } catch {
                await alertmanager.stop()
                throw error
            }
            await alertmanager.stop()
        }
    }

    @Test("Alertmanager away at first: one line in the log, and the alert arrives when it comes")
    func awayAtFirst() async throws {
        try await withServers { servers in
            let hook = try HTTPStub()
            defer { hook.stop() }
            let port = try freePort()
            let url = "http://127.0.0.1:\(port)"
            await servers.postgres.kill()
            let configuration = try Self.configuration(servers, alertmanager: url, for: "1s")
            try await withVitals(environment: servers.environment, in: servers.directory, configuration: configuration) {
                vitals in
                let failed = try await vitals.metrics(within: .seconds(15)) {
                    $0["vitals_notifications_queue_length{receiver=\"\(url)\"}"] ?? 0 >= 2
                        && $0.filter { $0.key.hasPrefix("vitals_notifications_failed_total") }.values.reduce(0, +) >= 2
                }
                #expect(failed != nil)
                #expect(try vitals.logLines("receiver does not take notifications").count == 1)
                let alertmanager = try await PrivateServer.alertmanager(Self.route(to: hook), port: port, in: servers.directory)
                do {
                    #expect(
                        try await eventually(within: .seconds(30)) {
                            try await Self.active(at: alertmanager).isSuperset(of: ["DatabaseDown", "Watchdog"])
                        })
                    #expect(
                        try await eventually(within: .seconds(5)) {
                            try vitals.logLines("receiver takes notifications again").count == 1
                        })
                } catch {
                    await alertmanager.stop()
                    throw error
                }
                await alertmanager.stop()
            }
        }
    }

    @Test(
        "A receiver that answers 500, or not at all: sampling and rules go on, retries back off, an alert that is over is never sent as firing",
        arguments: [HTTPStub.Behaviour.answer(status: 500), .silence])
    func misbehaves(_ behaviour: HTTPStub.Behaviour) async throws {
        try await withServers { servers in
            let receiver = try HTTPStub()
            defer { receiver.stop() }
            receiver.set(behaviour)
            let configuration = try Self.configuration(servers, alertmanager: receiver.url, for: "1s")
            try await withVitals(environment: servers.environment, in: servers.directory, configuration: configuration) {
                vitals in
                await servers.postgres.kill()
                #expect(
                    try await eventually(within: .seconds(15)) {
                        receiver.requests.contains { $0.body.contains("DatabaseDown") }
                    })
                let before = try await vitals.evaluations()
                let asked = ContinuousClock.now
                try await Task.sleep(for: .seconds(3))
                let samples = try await vitals.metrics()
                #expect(ContinuousClock.now - asked < .seconds(5))
                #expect(samples["redis_up"] == 1)
                #expect(try await vitals.evaluations() - before >= 4, "two rules a second")
                // One request at a time, each later than the one before it.
                #expect(receiver.requests.count <= 10)
                try await servers.postgres.start()
                #expect(try await eventually(within: .seconds(20)) { try await vitals.alert("DatabaseDown") == nil })
                let over = ContinuousClock.now
                try await Task.sleep(for: .seconds(1.5))
                let beforeRecovery = receiver.requests.count
                receiver.set(.answer(status: 200))
                #expect(
                    try await eventually(within: .seconds(30)) {
                        receiver.requests.dropFirst(beforeRecovery).contains { $0.status == 200 && $0.body.contains("Watchdog") }
                    })
                #expect(
                    try await eventually(within: .seconds(10)) {
                        try await vitals.metrics()["vitals_notifications_queue_length{receiver=\"\(receiver.url)\"}"] == 0
                    })
                // A request may have been on its way when the alert ended; what is made later knows.
                let late = receiver.requests.filter { $0.arrived > over + .seconds(1) }
                #expect(try late.flatMap { try Posted.read($0.body) }.filter { $0.name == "DatabaseDown" && !$0.isOver } == [])
                let wasTold = try late.filter { $0.status == 200 }.flatMap { try Posted.read($0.body) }
                    .contains { $0.name == "DatabaseDown" && $0.isOver }
                // Who answers 500 did not take the beginning and needs no end; who says nothing may have taken it.
                #expect(wasTold == (behaviour == .silence))
            }
        }
    }

    @Test("A slow receiver costs sampling and evaluation nothing, and gets everything")
    func slow() async throws {
        try await withServers { servers in
            let receiver = try HTTPStub()
            defer { receiver.stop() }
            receiver.set(.answer(status: 200, after: .seconds(1.5)))
            let configuration = try Self.configuration(servers, alertmanager: receiver.url, for: "1s")
            try await withVitals(environment: servers.environment, in: servers.directory, configuration: configuration) {
                vitals in
                #expect(try await eventually(within: .seconds(10)) { !receiver.requests.isEmpty })
                let before = try await vitals.evaluations()
                let asked = ContinuousClock.now
                try await Task.sleep(for: .seconds(3))
                #expect(try await vitals.metrics()["pg_up"] == 1)
                #expect(ContinuousClock.now - asked < .seconds(4.5))
                #expect(try await vitals.evaluations() - before >= 4)
                await servers.postgres.kill()
                #expect(
                    try await eventually(within: .seconds(20)) {
                        receiver.requests.contains { $0.status == 200 && $0.body.contains("DatabaseDown") }
                    })
                #expect(
                    try await vitals.metrics().filter { $0.key.hasPrefix("vitals_notifications_failed_total") }.values.reduce(
                        0, +)
                        == 0)
            }
        }
    }

    @Test("kill -9 and a restart: what was pending goes on where it was, what fired still fires, and nobody is told it ended")
    func survivesACrash() async throws {
        try await withServers { servers in
            let receiver = try HTTPStub()
            defer { receiver.stop() }
            await servers.postgres.kill()
            let rules = try servers.directory.write(
                "rules.yml",
                RuleTexts.databaseDown(for: "8s") + "\n  - {alert: AlreadyDown, expr: 'up{job=\"postgres\"} == 0', for: 1s}\n")
            let configuration = """
                sample: {interval: 1s}
                rule_files: [\(rules)]
                alerting: {alertmanagers: ["\(receiver.url)"]}
                """
            let first = try await RunningVitals.serve(
                environment: servers.environment, in: servers.directory, configuration: configuration)
            #expect(try await eventually(within: .seconds(10)) { try await first.alert("AlreadyDown")?.state == "firing" })
            let began = ContinuousClock.now
            #expect(try await eventually(within: .seconds(10)) { receiver.requests.contains { $0.body.contains("AlreadyDown") } })
            let fired = try #require(try await first.alert("AlreadyDown"))
            try await Task.sleep(for: .seconds(3))
            #expect(try await first.alert("DatabaseDown")?.state == "pending")
            let pendingFor = ContinuousClock.now - began
            first.process.kill()
            _ = await first.process.waitForExit()

            let restarted = ContinuousClock.now
            try await withVitals(environment: servers.environment, in: servers.directory, configuration: configuration) {
                vitals in
                let again = try #require(try await vitals.alert("AlreadyDown"))
                #expect(again.state == "firing")
                #expect(again.activeAt == fired.activeAt)
                #expect(
                    try await eventually(within: .seconds(12)) { try await vitals.alert("DatabaseDown")?.state == "firing" })
                let waited = ContinuousClock.now - restarted
                #expect(waited < .seconds(8), "it began again: fired after \(waited), was pending for \(pendingFor)")
                let ends = try receiver.requests.flatMap { try Posted.read($0.body) }.filter(\.isOver)
                #expect(ends == [])
            }
        }
    }

    @Test("promtool queries Vitals as it queries Prometheus, and amtool shows what Vitals sent")
    func tools() async throws {
        try await withServers { servers in
            let hook = try HTTPStub()
            defer { hook.stop() }
            let alertmanager = try await PrivateServer.alertmanager(Self.route(to: hook), in: servers.directory)
            do {
                let configuration = try Self.configuration(servers, alertmanager: alertmanager.url, for: "1s")
                try await withVitals(environment: servers.environment, in: servers.directory, configuration: configuration) {
                    vitals in
                    #expect(
                        try await eventually(within: .seconds(15)) {
                            try await Self.active(at: alertmanager).contains("Watchdog")
                        })
                    let (code, output) = try await runProgram(
                        "promtool", ["query", "instant", vitals.url, "up"], in: servers.directory)
                    #expect(code == 0, "\(output)")
                    for job in ["postgres", "redis", "vitals"] {
                        #expect(
                            output.split(separator: "\n").contains { $0.contains("job=\"\(job)\"") && $0.contains("=> 1 @") },
                            "\(output)")
                    }
                    let (rangeCode, range) = try await runProgram(
                        "promtool", ["query", "range", vitals.url, "sum by (state) (pg_stat_activity_count)"],
                        in: servers.directory)
                    #expect(rangeCode == 0 && range.contains("state=\"idle\""), "\(range)")
                    let (wrong, message) = try await runProgram(
                        "promtool", ["query", "instant", vitals.url, "sum("], in: servers.directory)
                    #expect(wrong != 0 && message.contains("parse error"), "\(message)")
                    let (amCode, alerts) = try await runProgram(
                        "amtool", ["--alertmanager.url", alertmanager.url, "alert", "query"], in: servers.directory)
                    #expect(amCode == 0 && alerts.contains("Watchdog"), "\(alerts)")
                }
            } catch {
                await alertmanager.stop()
                throw error
            }
            await alertmanager.stop()
        }
    }

    /// The names of the alerts that fire at a real Alertmanager.
    private static func active(at server: PrivateServer) async throws -> Set<String> {
        struct Entry: Decodable { let labels: [String: String] }
        let body = try await fetch(server.url + "/api/v2/alerts").body
        return Set(try JSONDecoder().decode([Entry].self, from: Data(body)).compactMap { $0.labels["alertname"] })
    }
}

/// An alert of a `POST /api/v2/alerts`.
private struct Posted: Equatable {
    let name: String
    /// `endsAt` lies in the past of the sender.
    let isOver: Bool

    static func read(_ body: String) throws -> [Posted] {
        struct Alert: Decodable {
            let labels: [String: String]
            let startsAt: Date
            let endsAt: Date
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            return try Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains(".")))
        }
        return try decoder.decode([Alert].self, from: Data(body.utf8)).map {
            // One that fires is given some minutes ahead.
            Posted(name: $0.labels["alertname"] ?? "", isOver: $0.endsAt < Date.now.addingTimeInterval(30))
        }
    }
}
