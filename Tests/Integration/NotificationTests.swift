import Demo
import FoundationEssentials
import Support
import Testing

/// From a rule to the receivers behind routes, and who may hold them back.
@Suite(.serialized) struct NotificationTests {
    private static let adminToken = "a-token-of-thirty-two-characters-0"

    /// Web hook, PagerDuty, Slack and a dead man's switch, all at one stub.
    private static func alerting(_ stub: HTTPStub, slackPath: String = "/slack") -> String {
        """
        route: {receiver: oncall, group_by: [queue], group_wait: 0s, group_interval: 1s}
        receivers:
        - name: oncall
          webhook_configs: [{url: "\(stub.url)/hook"}]
          pagerduty_configs: [{routing_key: R0, url: "\(stub.url)/v2/enqueue", severity: "{{ .CommonLabels.severity }}"}]
          slack_configs: [{api_url: "\(stub.url)\(slackPath)", channel: "#oncall", send_resolved: true}]
        - name: nobody
        heartbeats: [{name: watch, url: "\(stub.url)/ping/uuid", interval: 500ms}]
        """
    }

    private func withQueues(_ count: Int, _ body: (QueueAlerts, HTTPStub, TemporaryDirectory) async throws -> Void) async throws {
        let stub = try HTTPStub()
        defer { stub.stop() }
        let alerts = try await QueueAlerts.start(count)
        do {
            try await body(alerts, stub, try TemporaryDirectory())
        } catch {
            await alerts.stop()
            throw error
        }
        await alerts.stop()
    }

    private func bodies(_ stub: HTTPStub, _ path: String) -> [String] {
        stub.requests.filter { $0.path == path }.map(\.body)
    }

    @Test("An alert reaches web hook, PagerDuty and Slack, and so does its end; /receivers and /metrics say so")
    func allKinds() async throws {
        try await withQueues(1) { alerts, stub, directory in
            let configuration = try alerts.configuration(alerting: Self.alerting(stub))
            try await withVitals(in: directory, configuration: configuration) { vitals in
                try await alerts.fire(0)
                #expect(
                    try await eventually(within: .seconds(15)) {
                        ["/hook", "/v2/enqueue", "/slack"].allSatisfy { !bodies(stub, $0).isEmpty }
                    })
                try await alerts.resolve(0)
                #expect(
                    try await eventually(within: .seconds(15)) {
                        ["/hook", "/v2/enqueue", "/slack"].allSatisfy { bodies(stub, $0).count == 2 }
                    })
                let hook = bodies(stub, "/hook")
                #expect(hook[0].contains("\"status\":\"firing\"") && hook[1].contains("\"status\":\"resolved\""))
                #expect(hook[0].contains("\"version\":\"4\"") && hook[0].contains("q0 has jobs"))
                let events = bodies(stub, "/v2/enqueue")
                #expect(events[0].contains("\"event_action\":\"trigger\"") && events[1].contains("\"event_action\":\"resolve\""))
                let key = try #require(events[0].split(separator: "\"dedup_key\":\"").last?.prefix(64))
                #expect(events[1].contains(key))
                let slack = bodies(stub, "/slack")
                #expect(slack[0].contains("[FIRING:1] q0") && slack[0].contains("danger") && slack[1].contains("good"))
                let samples = try await vitals.metrics(within: .seconds(5)) {
                    $0["vitals_notifications_sent_total{receiver=\"oncall/slack[0]\"}"] == 2
                }
                #expect(samples?["vitals_notifications_sent_total{receiver=\"oncall/webhook[0]\"}"] == 2)
                #expect(samples?["vitals_notifications_sent_total{receiver=\"oncall/pagerduty[0]\"}"] == 2)
                let page = try await vitals.get("/receivers").text
                #expect(page.contains("oncall/pagerduty[0]") && page.contains("delivered") && page.contains("watch"))
            }
        }
    }

    @Test("One receiver that refuses or is dead delays no other, and its attempts are shown with the next try")
    func oneIsDead() async throws {
        try await withQueues(1) { alerts, stub, directory in
            let alerting = Self.alerting(stub).replacing("\(stub.url)/slack", with: "http://127.0.0.1:\(try freePort())/slack")
            try await withVitals(in: directory, configuration: try alerts.configuration(alerting: alerting)) { vitals in
                try await alerts.fire(0)
                #expect(
                    try await eventually(within: .seconds(15)) {
                        ["/hook", "/v2/enqueue"].allSatisfy { bodies(stub, $0).count == 1 }
                    })
                let failed = try await vitals.metrics(within: .seconds(10)) {
                    ($0["vitals_notifications_failed_total{reason=\"networkError\",receiver=\"oncall/slack[0]\"}"] ?? 0) >= 2
                }
                #expect(failed?["vitals_notifications_queue_length{receiver=\"oncall/slack[0]\"}"] == 1)
                #expect(failed?["vitals_notifications_queue_length{receiver=\"oncall/webhook[0]\"}"] == 0)
                #expect(try await vitals.get("/receivers").text.contains("networkError: Connection refused"))
                #expect(try vitals.logLines("receiver does not take notifications", "oncall/slack[0]").count == 1)
            }
        }
    }

    @Test("amtool mutes, lists and ends mutes of Vitals; without credentials it may only look")
    func amtool() async throws {
        try await withQueues(2) { alerts, stub, directory in
            let token = try directory.write("token", Self.adminToken)
            let http = try directory.write("amtool.yml", "authorization: {credentials_file: \(token)}\n")
            let configuration = try alerts.configuration(alerting: Self.alerting(stub))
            try await withVitals(["--web.admin-token-file", token], in: directory, configuration: configuration) { vitals in
                func amtool(_ arguments: String...) async throws -> (code: Int32, output: String) {
                    try await runProgram("amtool", ["--alertmanager.url", vitals.url] + arguments, in: directory)
                }
                let refused = try await amtool("silence", "add", "queue=q0", "-a", "me", "-c", "why", "-d", "1h")
                #expect(refused.code != 0)
                let added = try await amtool(
                    "--http.config.file", http, "silence", "add", "queue=q0", "alertname=~\"Queue.*\"", "-a", "me", "-c", "why",
                    "-d",
                    "1h")
                let id = try #require(added.output.split(separator: "\n").last.map(String.init))
                #expect(added.code == 0 && id.count == 36, "\(added.output)")
                let listed = try await amtool("silence", "query", "-o", "json")
                #expect(listed.output.contains(id) && listed.output.contains("\"createdBy\":\"me\""), "\(listed.output)")

                try await alerts.fire(0)
                try await alerts.fire(1)
                #expect(
                    try await eventually(within: .seconds(15)) { bodies(stub, "/hook").contains { $0.contains("q1 has jobs") } })
                let shown = try await amtool("alert", "query", "--silenced")
                #expect(shown.output.contains("suppressed"), "\(shown.output)")
                #expect(bodies(stub, "/hook").allSatisfy { !$0.contains("q0 has jobs") })
                #expect(try await vitals.metrics()["vitals_alerts_suppressed{reason=\"muted\"}"] == 1)
                #expect(try await vitals.get("/receivers").text.contains(id))

                let wrong = try await amtool("--http.config.file", http, "silence", "add", "x=~\".*\"", "-a", "me", "-c", "why")
                #expect(wrong.code != 0 && wrong.output.contains("must not match the empty string"), "\(wrong.output)")
                let ended = try await amtool("--http.config.file", http, "silence", "expire", id)
                #expect(ended.code == 0, "\(ended.output)")
                #expect(
                    try await eventually(within: .seconds(15)) { bodies(stub, "/hook").contains { $0.contains("q0 has jobs") } })
                let gone = try await amtool("silence", "query")
                #expect(!gone.output.contains(id))
            }
        }
    }

    @Test("vitals mute sets, lists and ends mutes, and outlives a kill; what is wrong is said")
    func muteCommand() async throws {
        try await withQueues(1) { alerts, stub, directory in
            let token = try directory.write("token", Self.adminToken)
            let configuration = try alerts.configuration(alerting: Self.alerting(stub))
            let flags = ["--web.admin-token-file", token]
            var vitals = try await RunningVitals.serve(flags, in: directory, configuration: configuration)
            func mute(_ arguments: String...) async throws -> (code: Int32, output: String) {
                try await RunningVitals.run(
                    ["mute"] + arguments + ["--server", vitals.url, "--token-file", token], environment: ["USER": "tester"],
                    in: directory)
            }
            do {
                let set = try await mute("--reason", "new disk", "--for", "2h", "queue=q0")
                let id = set.output.split(separator: "\n").first.map(String.init) ?? ""
                #expect(set.code == 0 && id.count == 36, "\(set.output)")
                await vitals.process.killAndWait()
                vitals = try await RunningVitals.serve(flags, in: directory, configuration: configuration)
                let list = try await mute("list")
                #expect(list.output.contains(id) && list.output.contains("tester") && list.output.contains("queue=\"q0\""))
                try await alerts.fire(0)
                #expect(try await eventually(within: .seconds(15)) { try await vitals.alert("QueueNotEmpty")?.state == "firing" })
                try await Task.sleep(for: .seconds(2))
                #expect(bodies(stub, "/hook").isEmpty)
                #expect(try await mute("end", id).code == 0)
                #expect(try await eventually(within: .seconds(15)) { !bodies(stub, "/hook").isEmpty })
                #expect(try await mute("list").output == "no mutes\n")
                for (arguments, reason) in [
                    (["--reason", "x", "queue=q0"], "--for"), (["--reason", "x", "--for", "1h"], "which alerts?"),
                    (["--reason", "x", "--for", "soon", "queue=q0"], "not a valid duration"),
                    (["--reason", "x", "--until", "2020-01-01T00:00:00Z", "queue=q0"], "is over"),
                    (["--reason", "x", "--for", "1h", "queue=~\"(\""], "invalid regular expression"),
                ] {
                    let (code, output) = try await RunningVitals.run(
                        ["mute"] + arguments + ["--server", vitals.url], in: directory)
                    #expect(code == 1 && output.contains(reason), "\(output)")
                }
                let unauthorized = try await RunningVitals.run(
                    ["mute", "--reason", "x", "--for", "1h", "a=b", "--server", vitals.url], in: directory)
                #expect(unauthorized.code == 1 && unauthorized.output.contains("401"), "\(unauthorized.output)")
            } catch {
                await vitals.stop()
                throw error
            }
            await vitals.stop()
        }
    }

    @Test("vitals notify test sends a marked test and says what was answered; exit 1 when one way fails")
    func notifyTest() async throws {
        let stub = try HTTPStub()
        defer { stub.stop() }
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "vitals.yml", "alerting:\n" + Self.alerting(stub).split(separator: "\n").map { "  \($0)\n" }.joined())
        func test(_ receiver: String) async throws -> (code: Int32, output: String) {
            try await RunningVitals.run(["notify", "test", receiver, "--config.file", file], in: directory)
        }
        let sent = try await test("oncall")
        #expect(sent.code == 0, "\(sent.output)")
        #expect(
            sent.output.contains("oncall/pagerduty[0]: firing: HTTP 200")
                && sent.output.contains("oncall/pagerduty[0]: resolved: HTTP 200"))
        #expect(stub.requests.count == 6 && stub.requests.allSatisfy { $0.body.contains("VitalsTest") })
        #expect(bodies(stub, "/v2/enqueue").map { $0.contains("\"event_action\":\"trigger\"") } == [true, false])
        stub.set(
            .reply(status: 400, body: #"{"status":"invalid event","message":"Event object is invalid","errors":["bad key"]}"#))
        let refused = try await test("oncall")
        #expect(
            refused.code == 1 && refused.output.contains("FAILED: clientError: HTTP 400") && refused.output.contains("bad key"))
        let unknown = try await test("nowhere")
        #expect(unknown.code == 1 && unknown.output.contains("known: oncall, nobody"))
        let empty = try await test("nobody")
        #expect(empty.code == 1 && empty.output.contains("nobody is behind it"))
    }

    @Test("The dead man's switch is pinged while evaluation works, told when a rule fails, and silent when Vitals is gone")
    func heartbeat() async throws {
        try await withQueues(1) { alerts, stub, directory in
            let configuration = try alerts.configuration(alerting: Self.alerting(stub))
            let rules = try alerts.directory.read("rules.yml")
            func pings(_ path: String) -> Int { stub.requests.filter { $0.path == path }.count }
            let vitals = try await RunningVitals.serve(in: directory, configuration: configuration)
            do {
                #expect(try await eventually(within: .seconds(10)) { pings("/ping/uuid") >= 3 })
                #expect(pings("/ping/uuid/fail") == 0)
                // Two samples with one label set make a rule fail.
                try alerts.directory.write(
                    "rules.yml",
                    rules
                        + "\n  - alert: Broken\n    expr: 'label_replace(up, \"job\", \"x\", \"\", \"\") * on () group_left () up'\n"
                )
                vitals.process.signal(1)
                #expect(try await eventually(within: .seconds(15)) { pings("/ping/uuid/fail") >= 1 })
                #expect(
                    stub.requests.last { $0.path == "/ping/uuid/fail" }?.body.contains("rule Broken of group queues fails")
                        == true)
                try alerts.directory.write("rules.yml", rules)
                vitals.process.signal(1)
                let before = pings("/ping/uuid")
                #expect(try await eventually(within: .seconds(15)) { pings("/ping/uuid") >= before + 2 })
            } catch {
                await vitals.stop()
                throw error
            }
            await vitals.process.killAndWait()
            let last = stub.requests.count
            try await Task.sleep(for: .seconds(1.5))
            #expect(stub.requests.count == last)
        }
    }

    @Test("A reload takes other receivers and routes, with what waits; a wrong one changes nothing")
    func reload() async throws {
        try await withQueues(2) { alerts, stub, directory in
            let configuration = try alerts.configuration(alerting: Self.alerting(stub))
            try await withVitals(in: directory, configuration: configuration) { vitals in
                try await alerts.fire(0)
                #expect(try await eventually(within: .seconds(15)) { bodies(stub, "/slack").count == 1 })
                try directory.write("vitals.yml", configuration.replacing("receiver: oncall,", with: "receiver: absent,"))
                vitals.process.signal(1)
                #expect(
                    try await eventually(within: .seconds(10)) {
                        try !vitals.logLines("old configuration stays", "there is no receiver 'absent'").isEmpty
                    })
                try directory.write("vitals.yml", try alerts.configuration(alerting: Self.alerting(stub, slackPath: "/other")))
                vitals.process.signal(1)
                #expect(
                    try await eventually(within: .seconds(10)) { try !vitals.logLines("configuration and rules read").isEmpty })
                try await alerts.fire(1)
                #expect(try await eventually(within: .seconds(15)) { bodies(stub, "/other").contains { $0.contains("q1") } })
                #expect(bodies(stub, "/slack").count == 1 && bodies(stub, "/hook").count == 2)
                #expect(try vitals.logLines("take effect after a restart").isEmpty)
            }
        }
    }
}
