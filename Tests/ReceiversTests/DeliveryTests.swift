import Alerting
import AsyncHTTPClient
import MetricsModel
import Support
import Testing

@testable import Receivers

@Suite(.serialized) struct DeliveryTests {
    private static let firing = page([alert(["alertname": "A"])], groupedBy: ["alertname": "A"])

    /// The three kinds, each at the same address.
    private func notifiers(_ url: Secret, _ client: HTTPClient) throws -> [any TestableNotifier] {
        var http = HTTPSettings()
        http.timeout = .milliseconds(300)
        var webhook = WebhookNotifier.Settings(url: url)
        webhook.http = http
        var slack = try SlackNotifier.Settings(url: url)
        slack.http = http
        var pagerDuty = try PagerDutyNotifier.Settings(routingKey: .text("canary-key-0123456789"))
        pagerDuty.url = try url.read()
        pagerDuty.http = http
        return [
            WebhookNotifier(webhook, place: place(client)), SlackNotifier(slack, place: place(client)),
            PagerDutyNotifier(pagerDuty, place: place(client)),
        ]
    }

    @Test("Each kind has a name of its own, and Slack alone keeps quiet about what is over")
    func names() async throws {
        try await withClient { client in
            let all = try notifiers(.text("http://127.0.0.1:9/x"), client)
            #expect(all.map(\.name) == ["night.shift/webhook[1]", "night.shift/slack[1]", "night.shift/pagerduty[1]"])
            #expect(all.map(\.sendsResolved) == [true, false, true])
            #expect(all.allSatisfy { $0.receiver == "night.shift" })
        }
    }

    @Test(
        "By status: what is taken, what is tried again and what is final",
        arguments: [
            (200, nil, false), (202, nil, false), (400, "clientError", false), (401, "authError", false),
            (403, "authError", false),
            (404, "clientError", false), (413, "clientError", false), (422, "clientError", false), (429, "rateLimited", true),
            (500, "serverError", true), (502, "serverError", true), (503, "serverError", true), (302, "other", false),
        ] as [(Int, String?, Bool)])
    func statuses(status: Int, reason: String?, isRetryable: Bool) async throws {
        let stub = try HTTPStub()
        defer { stub.stop() }
        stub.set(.reply(status: status, headers: ["Retry-After: 3", "Location: http://127.0.0.1:1/"], body: "ok"))
        try await withClient { client in
            for notifier in try notifiers(.text(stub.url + "/services/T00/canary-path/"), client) {
                do throws(NotifyError) {
                    try await notifier.deliver(Self.firing)
                    #expect(reason == nil)
                } catch {
                    #expect(error.reason.rawValue == reason && error.isRetryable == isRetryable, "\(notifier.name): \(error)")
                    #expect(error.retryAfter == (status == 429 || status >= 500 ? 3_000 : nil))
                    #expect(error.mayHaveArrived == (status == 502), "\(error)")
                }
            }
        }
        #expect(stub.requests.map(\.path) == Array(repeating: "/services/T00/canary-path/", count: 3))
        #expect(
            stub.requests.allSatisfy { $0.method == "POST" && $0.headers.lowercased().contains("content-type: application/json") }
        )
    }

    @Test("Silence costs the timeout and may have arrived; nobody there costs nothing and has not; a broken answer may have")
    func transport() async throws {
        let stub = try HTTPStub()
        stub.set(.silence)
        try await withClient { client in
            for notifier in try notifiers(.text(stub.url + "/canary-path"), client) {
                let error = await #expect(throws: NotifyError.self) { try await notifier.deliver(Self.firing) }
                #expect(error?.reason == .timeout && error?.mayHaveArrived == true && error?.isRetryable == true)
            }
            stub.stop()
            for notifier in try notifiers(.text("http://127.0.0.1:\(stub.port)/canary-path"), client) {
                let error = await #expect(throws: NotifyError.self) { try await notifier.deliver(Self.firing) }
                #expect(
                    error?.reason == .networkError && error?.mayHaveArrived == false && error?.isRetryable == true,
                    "\(String(describing: error))")
            }
            for notifier in try notifiers(.text("http://no-such-host.invalid/canary-path"), client) {
                let error = await #expect(throws: NotifyError.self) { try await notifier.deliver(Self.firing) }
                #expect(error?.isRetryable == true && error?.mayHaveArrived == false, "\(String(describing: error))")
                #expect(error.map { !$0.description.contains("canary") } == true)
            }
        }
    }

    @Test("No error and no answer repeats a secret, whatever the receiver says")
    func secrets() async throws {
        let stub = try HTTPStub()
        defer { stub.stop() }
        let path = "/services/T00/canary-path-0123"
        let echo =
            "no_service for \(stub.url)\(path) nor \(path), canary-path-0123 unknown; canary-key-0123456789 canary-password Bearer canary-token"
        try await withClient { client in
            for status in [200, 404, 500] {
                stub.set(.reply(status: status, body: echo))
                for notifier in try notifiers(.text(stub.url + path), client) where !notifier.name.contains("pagerduty") {
                    let shown = await said(notifier)
                    #expect(!shown.contains("canary-path") && shown.contains("no_service"), "\(shown)")
                }
                for notifier in try notifiers(.text(stub.url), client) where notifier.name.contains("pagerduty") {
                    let shown = await said(notifier)
                    #expect(!shown.contains("canary-key"), "\(shown)")
                }
                for credentials in [
                    HTTPCredentials.basic(username: "u", password: .text("canary-password")), .bearer(.text("canary-token")),
                ] {
                    var settings = WebhookNotifier.Settings(url: .text(stub.url + path))
                    settings.http.credentials = credentials
                    let shown = await said(WebhookNotifier(settings, place: place(client)))
                    #expect(!shown.contains(credentials == .bearer(.text("canary-token")) ? "canary-token" : "canary-password"))
                }
            }
            // Neither does looking at it.
            var settings = WebhookNotifier.Settings(url: .text("https://h/canary"))
            settings.http.credentials = .basic(username: "u", password: .text("canary"))
            var dumped = ""
            dump(settings, to: &dumped)
            #expect(!"\(settings) \(String(reflecting: settings)) \(dumped)".contains("canary"))
        }
    }

    private func said(_ notifier: any TestableNotifier) async -> String {
        do {
            return try await notifier.answer(to: Self.firing)
        } catch {
            return "\(error)"
        }
    }

    @Test("An address and a key in a file are read anew for each delivery; a missing file can be tried again and is named")
    func files() async throws {
        let stub = try HTTPStub()
        defer { stub.stop() }
        let directory = try TemporaryDirectory()
        let address = try directory.write("address", stub.url + "/one\n")
        let key = try directory.write("key", "first\n")
        try await withClient { client in
            let webhook = WebhookNotifier(WebhookNotifier.Settings(url: .file(address)), place: place(client))
            var settings = try PagerDutyNotifier.Settings(routingKey: .file(key))
            settings.url = stub.url + "/v2/enqueue"
            let pagerDuty = PagerDutyNotifier(settings, place: place(client))
            try await webhook.deliver(Self.firing)
            try await pagerDuty.deliver(Self.firing)
            try directory.write("address", stub.url + "/two")
            try directory.write("key", "second")
            try await webhook.deliver(Self.firing)
            try await pagerDuty.deliver(Self.firing)
            let missing = WebhookNotifier(WebhookNotifier.Settings(url: .file(directory.path("nothing"))), place: place(client))
            let error = await #expect(throws: NotifyError.self) { try await missing.deliver(Self.firing) }
            #expect(error?.isRetryable == true && error?.message.contains(directory.path("nothing")) == true)
        }
        #expect(stub.requests.map(\.path) == ["/one", "/v2/enqueue", "/two", "/v2/enqueue"])
        #expect(stub.requests[1].body.contains("\"first\"") && stub.requests[3].body.contains("\"second\""))
    }

    @Test("Credentials go out as configured; those in the address count when there are no others")
    func credentials() async throws {
        let stub = try HTTPStub()
        defer { stub.stop() }
        try await withClient { client in
            func deliver(_ url: String, _ credentials: HTTPCredentials) async throws {
                var settings = WebhookNotifier.Settings(url: .text(url))
                settings.http.credentials = credentials
                try await WebhookNotifier(settings, place: place(client)).deliver(Self.firing)
            }
            let inURL = stub.url.replacing("http://", with: "http://user:pa%3Ass@")
            try await deliver(inURL, .none)
            try await deliver(inURL, .bearer(.text("token")))
            try await deliver(stub.url + "/a/b?c=d#e", .authorization(scheme: "Token", .text("abc")))
            let error = await #expect(throws: NotifyError.self) { try await deliver(stub.url, .bearer(.text("a\r\nX-Evil: 1"))) }
            #expect(error?.reason == .authError)
        }
        let sent = stub.requests.map { $0.headers.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("authorization") } }
        #expect(
            sent.map { $0.first.map { $0.drop { $0 != ":" } } } == [": Basic dXNlcjpwYTpzcw==", ": Bearer token", ": Token abc"])
        #expect(stub.requests.map(\.path) == ["/", "/", "/a/b?c=d"])
        #expect(!stub.requests.contains { $0.headers.contains("pa%3Ass") })
    }

    @Test("Slack's 200 that says no is a refusal")
    func saysNo() async throws {
        let stub = try HTTPStub()
        defer { stub.stop() }
        try await withClient { client in
            let slack = SlackNotifier(try SlackNotifier.Settings(url: .text(stub.url)), place: place(client))
            stub.set(.reply(status: 200, body: #"{"ok": false, "error": "channel_not_found"}"#))
            let refused = await #expect(throws: NotifyError.self) { try await slack.deliver(Self.firing) }
            #expect(refused?.reason == .clientError && refused?.isRetryable == false)
            #expect(refused?.message.contains("channel_not_found") == true)
            stub.set(.reply(status: 200, body: #"{"ok":false,"error":"ratelimited"}"#))
            let busy = await #expect(throws: NotifyError.self) { try await slack.deliver(Self.firing) }
            #expect(busy?.reason == .rateLimited && busy?.isRetryable == true)
            stub.set(.reply(status: 200, body: #"{"ok":true}"#))
            try await slack.deliver(Self.firing)
        }
    }

    @Test("A text that fails for one page is that page's error, and final")
    func brokenText() async throws {
        try await withClient { client in
            var settings = try SlackNotifier.Settings(url: .text("http://127.0.0.1:9"))
            settings.texts["title"] = try PageTemplate("{{ index .Alerts 7 }}")
            let error = await #expect(throws: NotifyError.self) {
                try await SlackNotifier(settings, place: place(client)).deliver(Self.firing)
            }
            #expect(error?.reason == .clientError && error?.isRetryable == false && error?.mayHaveArrived == false)
        }
    }
}
