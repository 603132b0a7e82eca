import Alerting
import AsyncHTTPClient
import MetricsModel
import Support
import Testing

@testable import Receivers

@Suite struct PayloadTests {
    private static let full = alert(
        ["alertname": "DiskFull", "machine": "db-1", "severity": "critical", "mount": "/var"],
        annotations: [("runbook_url", "https://r/disk"), ("summary", "\"99 %\" full")],
        generatorURL: "https://v/graph?g0.expr=x&y")
    private static let fan = alert(
        ["alertname": "FanStopped", "machine": "db-1", "severity": "critical"], annotations: [("summary", "no fan")],
        resolvedAfter: 7_000)

    @Test("A web hook gets version 4 of Alertmanager's payload, field for field")
    func webhook() throws {
        let page = page([Self.full, Self.fan], groupedBy: ["machine": "db-1"])
        let body = try JSON(WebhookPayload.encode(page, externalURL: "https://vitals.example", alertsMax: 0))
        let wanted = try JSON(
            """
            {"receiver": "night\\\\.shift", "status": "firing", "alerts": [
              {"status": "firing", "labels": {"alertname": "DiskFull", "machine": "db-1", "severity": "critical", "mount": "/var"},
               "annotations": {"runbook_url": "https://r/disk", "summary": "\\"99 %\\" full"},
               "startsAt": "2026-11-21T00:05:46.176Z", "endsAt": "0001-01-01T00:00:00Z",
               "generatorURL": "https://v/graph?g0.expr=x&y", "fingerprint": "\(Self.full.fingerprintText)"},
              {"status": "resolved", "labels": {"alertname": "FanStopped", "machine": "db-1", "severity": "critical"},
               "annotations": {"summary": "no fan"}, "startsAt": "2026-11-21T00:05:46.176Z",
               "endsAt": "2026-11-21T00:05:53.176Z", "generatorURL": "", "fingerprint": "\(Self.fan.fingerprintText)"}],
             "groupLabels": {"machine": "db-1"}, "commonLabels": {"machine": "db-1", "severity": "critical"},
             "commonAnnotations": {}, "externalURL": "https://vitals.example", "version": "4",
             "groupKey": "{}:{machine=\\"db-1\\"}", "truncatedAlerts": 0}
            """.utf8)
        #expect(body == wanted)
    }

    @Test("A fingerprint is FNV-1a over the sorted labels, in 16 digits: what model.LabelSet.Fingerprint of Prometheus gives")
    func fingerprints() {
        // From its own test table (common/model/fingerprinting_test.go): no labels.
        #expect(alert([:]).fingerprintText == "cbf29ce484222325")
        // Seen on the wire of Alertmanager 0.25.
        #expect(alert(["machine": "noname"]).fingerprintText.count == 16)
        for value in 0..<2_000 {
            let text = alert(["n": "\(value)"]).fingerprintText
            #expect(text.utf8.count == 16 && UInt64(text, radix: 16) != nil)
        }
    }

    @Test("max_alerts leaves out the rest and counts it; the page's state is still the whole group's")
    func truncated() throws {
        let page = page([Self.fan, Self.full], groupedBy: [:])
        let body = try JSON(WebhookPayload.encode(page, externalURL: "", alertsMax: 1))
        #expect(body["truncatedAlerts"] == .number(1))
        #expect(body["status"] == .text("firing"))
        #expect(body["alerts"]?[0]?["labels"]?["alertname"] == .text("FanStopped") && body["alerts"]?[1] == nil)
        #expect(body["commonAnnotations"] == .object(["summary": .text("no fan")]))
        let whole = try JSON(WebhookPayload.encode(page, externalURL: "", alertsMax: 2))
        #expect(whole["truncatedAlerts"] == .number(0))
    }

    @Test("SHA-256 agrees with FIPS 180-4's examples and at every length around a block's end")
    func sha256() {
        #expect(SHA256.hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256.hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA256.hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(
            SHA256.hex(String(repeating: "a", count: 1_000))
                == "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3")
        // sha256 of n times 'x', from coreutils.
        let known = [
            55: "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072",
            56: "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e",
            63: "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2",
            64: "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c",
            65: "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9",
            119: "000b48d4edf0fa7bee3c6236ecd2785baa5db4eeb8bb54341b029e0d9fa5fb0c",
            120: "13f05a0b594787f5ecd315edc96141bd3243203d1b7d4f0836f37308b276ba98",
        ]
        for (count, digest) in known { #expect(SHA256.hex(String(repeating: "x", count: count)) == digest, "\(count)") }
    }

    private func pagerDuty(
        _ page: Page, _ change: (inout PagerDutyNotifier.Settings) throws -> Void = { _ in }
    ) async throws -> JSON {
        try await withClient { client in
            var settings = try PagerDutyNotifier.Settings(routingKey: .text("R123"))
            try change(&settings)
            return try JSON(PagerDutyNotifier(settings, place: place(client)).payload(page, routingKey: "R123"))
        }
    }

    @Test("PagerDuty gets a trigger with Alertmanager's texts, and a resolve of the same incident")
    func events() async throws {
        let fan = alert(["alertname": "FanStopped", "machine": "db-1"], annotations: [("summary", "no fan")])
        let group = ["alertname": "FanStopped"]
        let trigger = try await pagerDuty(page([fan], groupedBy: group))
        let list = """
            Labels:
             - alertname = FanStopped
             - machine = db-1
            Annotations:
             - summary = no fan
            Source: 

            """
        let link = "https://vitals.example/#/alerts?receiver=night%5C.shift"
        #expect(
            trigger
                == .object([
                    "routing_key": .text("R123"), "dedup_key": .text(SHA256.hex("{}:{alertname=\"FanStopped\"}")),
                    "event_action": .text("trigger"), "client": .text("Alertmanager"), "client_url": .text(link),
                    "payload": .object([
                        "summary": .text("[FIRING:1] FanStopped (db-1)"), "source": .text("Alertmanager"),
                        "severity": .text("error"),
                        "custom_details": .object([
                            "firing": .text(list), "resolved": .text(""), "num_firing": .text("1"), "num_resolved": .text("0"),
                        ]),
                    ]),
                ]))
        let over = alert(["alertname": "FanStopped", "machine": "db-1"], resolvedAfter: 1_000)
        let resolve = try await pagerDuty(page([over], groupedBy: group))
        #expect(resolve["event_action"] == .text("resolve"))
        #expect(resolve["dedup_key"] == trigger["dedup_key"])
        #expect(resolve["payload"]?["summary"] == .text("[RESOLVED] FanStopped (db-1)"))
        #expect(resolve["payload"]?["custom_details"]?["num_resolved"] == .text("1"))
    }

    @Test("PagerDuty's limits hold: summary 1,024 characters, event 512 KB, one of four severities")
    func limits() async throws {
        let long = String(repeating: "é", count: 2_000)
        let event = try await pagerDuty(page([alert(["alertname": long])], groupedBy: ["alertname": long]))
        #expect(event["payload"]?["summary"]?.string?.unicodeScalars.count == 1_024)
        #expect(event["payload"]?["summary"]?.string?.hasSuffix("é…") == true)
        #expect(event["dedup_key"]?.string?.utf8.count == 64)

        let many = (0..<5_000).map {
            alert(["alertname": "A", "n": "\($0)"], annotations: [("a", String(repeating: "x", count: 100))])
        }
        let large = try await pagerDuty(page(many, groupedBy: ["alertname": "A"]))
        guard case .object(let details) = large["payload"]?["custom_details"] else { return #expect(Bool(false)) }
        #expect(details.keys.sorted() == ["error"] && details["error"]?.string?.contains("512 KB") == true)
        #expect(large["payload"]?["summary"] == .text("[FIRING:5000] A "))

        for (label, word) in [
            ("critical", "critical"), ("Warning", "warning"), ("info", "info"), ("error", "error"), ("page", "critical"),
            ("none", "info"), ("P1 or so", "error"), ("", "error"),
        ] {
            let event = try await pagerDuty(page([alert(["alertname": "A", "severity": label])], groupedBy: [:])) {
                $0.texts["severity"] = try PageTemplate("{{ .CommonLabels.severity }}")
            }
            #expect(event["payload"]?["severity"] == .text(word), "\(label)")
        }
    }

    @Test("PagerDuty's links, details and fields can be configured; a link without an address is left out")
    func configured() async throws {
        let event = try await pagerDuty(page([Self.full], groupedBy: ["alertname": "DiskFull"])) {
            $0.links = [
                .init(href: try PageTemplate("{{ .CommonAnnotations.runbook_url }}"), text: try PageTemplate("Runbook")),
                .init(href: try PageTemplate("{{ .CommonAnnotations.nothing }}"), text: try PageTemplate("x")),
            ]
            $0.details["mount"] = try PageTemplate("{{ .CommonLabels.mount }}")
            $0.texts["class"] = try PageTemplate("disk")
            $0.texts["source"] = try PageTemplate("{{ .CommonLabels.machine }}")
        }
        #expect(event["links"] == .list([.object(["href": .text("https://r/disk"), "text": .text("Runbook")])]))
        #expect(event["payload"]?["custom_details"]?["mount"] == .text("/var"))
        #expect(event["payload"]?["class"] == .text("disk") && event["payload"]?["group"] == nil)
        #expect(event["payload"]?["source"] == .text("db-1"))
    }

    @Test("Slack gets Alertmanager's attachment")
    func slack() async throws {
        try await withClient { client in
            var settings = try SlackNotifier.Settings(url: .text("https://hooks.slack.com/services/T/B/X"))
            settings.texts["channel"] = try PageTemplate("#oncall")
            let notifier = SlackNotifier(settings, place: place(client))
            let nameless = page([alert(["machine": "db-1"])], groupedBy: ["machine": "db-1"])
            let link = "https://vitals.example/#/alerts?receiver=night%5C.shift"
            #expect(
                try JSON(notifier.payload(nameless))
                    == .object([
                        "channel": .text("#oncall"), "username": .text("Alertmanager"),
                        "attachments": .list([
                            .object([
                                "title": .text("[FIRING:1] db-1 "), "title_link": .text(link), "text": .text(""),
                                "fallback": .text("[FIRING:1] db-1  | \(link)"), "callback_id": .text(""), "footer": .text(""),
                                "color": .text("danger"),
                                "mrkdwn_in": .list([.text("fallback"), .text("pretext"), .text("text")]),
                            ])
                        ]),
                    ]))
            let over = try JSON(notifier.payload(page([Self.fan], groupedBy: ["alertname": "FanStopped"])))
            #expect(over["attachments"]?[0]?["color"] == .text("good"))
            #expect(over["attachments"]?[0]?["title"] == .text("[RESOLVED] FanStopped (db-1 critical)"))

            settings.fields = [
                .init(
                    title: try PageTemplate("Since"),
                    value: try PageTemplate("{{ (index .Alerts 0).StartsAt.Format \"15:04\" }}"), isShort: true)
            ]
            settings.linksNames = true
            let more = try JSON(SlackNotifier(settings, place: place(client)).payload(nameless))
            #expect(
                more["attachments"]?[0]?["fields"]
                    == .list([.object(["title": .text("Since"), "value": .text("00:05"), "short": .flag(true)])]))
            #expect(more["link_names"] == .flag(true))
        }
    }
}
