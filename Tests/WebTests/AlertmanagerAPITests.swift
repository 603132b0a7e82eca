import Alerting
import MetricsModel
import Testing

@testable import Web

/// What amtool never sends, and what it would not notice.
@Suite struct AlertmanagerAPITests {
    private func notifications() throws -> Notifications {
        Notifications(
            alertmanagers: [], pagers: [],
            routing: try Routing(
                Route(receiver: "oncall", routes: [Route(receiver: "chat", matchers: try Matchers(parsing: ["team=web"]))])),
            directory: nil, onEvent: { _ in })
    }

    /// Curl with the administrator's token; the status and the body.
    private func ask(_ port: Int, _ method: String, _ path: String, _ body: String? = nil, isAdministrator: Bool = true)
        async throws
        -> (status: Int, body: String)
    {
        let data = body.map { "-H 'Content-Type: application/json' --data-binary '\($0)'" } ?? ""
        let authorization = isAdministrator ? "-H 'Authorization: Bearer \(Self.token)'" : ""
        let (_, output) = try await shell(
            "curl -sg -X \(method) \(authorization) \(data) -w '\\n%{http_code}' 'http://127.0.0.1:\(port)\(path)'")
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.last.flatMap { Int($0) } ?? 0, lines.dropLast().joined(separator: "\n"))
    }

    private static let token = "an-administrators-token-of-some-length"

    private func withAPI(_ body: (RunningServer, Notifications) async throws -> Void) async throws {
        let notifications = try notifications()
        let (_, path) = try await shell("f=$(mktemp); printf %s '\(Self.token)' > $f; printf %s $f")
        var settings = WebSettings()
        settings.tokenFile = path
        try await withServer(settings, configure: { $0.notifications = notifications }) { server in
            try await body(server, notifications)
        }
        _ = try await shell("rm -f '\(path)'")
    }

    private func draft(_ matchers: String, from start: Int64 = 0, to end: Int64 = 3_600_000, id: String? = nil) -> String {
        let now = SystemWallClock().now
        func time(_ after: Int64) -> String { Timestamp.rfc3339(milliseconds: now + after) }
        return """
            {\(id.map { "\"id\":\"\($0)\"," } ?? "")"matchers":\(matchers),"startsAt":"\(time(start))","endsAt":"\(time(end))",\
            "createdBy":"me","comment":"why"}
            """
    }

    private static let queue = #"[{"name":"queue","value":"q0","isRegex":false,"isEqual":true}]"#

    @Test("A mute is set, read, listed by filter in Alertmanager's order, and ended")
    func lifecycle() async throws {
        try await withAPI { server, notifications in
            let set = try await ask(server.port, "POST", "/api/v2/silences", draft(Self.queue))
            #expect(set.status == 200 && set.body.hasPrefix("{\"silenceID\":\""))
            let id = String(set.body.dropFirst(14).prefix(36))
            let later = try await ask(
                server.port, "POST", "/api/v2/silences", draft(#"[{"name":"job","value":"a|b","isRegex":true}]"#, from: 60_000))
            #expect(later.status == 200)
            let list = try await ask(server.port, "GET", "/api/v2/silences", isAdministrator: false).body
            let states = list.split(separator: "\"state\":\"").dropFirst().map { $0.prefix { $0 != "\"" } }
            #expect(states == ["active", "pending"])
            #expect(list.contains(#"{"isEqual":true,"isRegex":true,"name":"job","value":"a|b"}"#))
            #expect(try await ask(server.port, "GET", "/api/v2/silences?filter=queue=%22q0%22").body.contains(id))
            #expect(try await ask(server.port, "GET", "/api/v2/silences?filter=queue=%22q1%22").body == "[]")
            #expect(try await ask(server.port, "GET", "/api/v2/silences?filter=%7B").status == 400)
            #expect(try await ask(server.port, "GET", "/api/v2/silence/\(id)").body.contains("\"comment\":\"why\""))
            #expect(try await ask(server.port, "DELETE", "/api/v2/silence/\(id)").status == 200)
            #expect(notifications.mute(id: id)?.state(at: SystemWallClock().now) == .expired)
            #expect(try await ask(server.port, "DELETE", "/api/v2/silence/nothing").status == 404)
            #expect(try await ask(server.port, "GET", "/api/v2/silence/nothing").status == 404)
        }
    }

    @Test("Reading is everybody's, changing the administrator's, and another method is refused with what there is")
    func access() async throws {
        try await withAPI { server, notifications in
            for path in ["/api/v2/status", "/api/v2/alerts", "/api/v2/silences", "/api/v2/receivers", "/receivers"] {
                #expect(try await ask(server.port, "GET", path, isAdministrator: false).status == 200, "\(path)")
            }
            #expect(
                try await ask(server.port, "POST", "/api/v2/silences", draft(Self.queue), isAdministrator: false).status == 401)
            #expect(try await ask(server.port, "DELETE", "/api/v2/silence/x", isAdministrator: false).status == 401)
            #expect(notifications.allMutes.isEmpty)
            let (_, headers) = try await shell("curl -si -X PUT http://127.0.0.1:\(server.port)/api/v2/silences")
            #expect(headers.contains("405") && headers.contains("GET, POST, HEAD"), "\(headers)")
            #expect(try await ask(server.port, "GET", "/api/v2/receivers").body == #"[{"name":"oncall"},{"name":"chat"}]"#)
        }
    }

    @Test(
        "A body that is none is refused with what is wrong with it",
        arguments: [
            ("", "parsing silence body failed"), ("[]", "no object"), ("{", "parsing silence body failed"),
            (#"{"matchers":[]}"#, "startsAt in body is required"), (#"{"matchers":{}}"#, "matchers in body is required"),
            (#"{"matchers":[{"name":"a"}],"startsAt":"x"}"#, "a matcher needs"),
            (#"{"matchers":[{"name":"a","value":"(","isRegex":true}]}"#, "invalid regular expression"),
            (#"{"matchers":[{"name":"a","value":"b"}],"startsAt":"soon"}"#, "must be of type date-time"),
        ])
    func badBodies(body: String, reason: String) async throws {
        try await withAPI { server, notifications in
            let answer = try await ask(server.port, "POST", "/api/v2/silences", body)
            #expect(answer.status == 400 && answer.body.contains(reason) && answer.body.hasPrefix("\""), "\(answer)")
            #expect(notifications.allMutes.isEmpty)
        }
    }

    @Test("Alerts are shown with who is told and why not, and filtered as asked")
    func alerts() async throws {
        try await withAPI { server, notifications in
            let now = SystemWallClock().now
            await notifications.enqueue(
                ["web", "db"].map { team in
                    Notification(
                        labels: Labels(["alertname": "A", "team": team]), annotations: [Label("summary", "<s>")], startsAt: now,
                        endsAt: now + 240_000, isResolved: false, generatorURL: "http://v/g")
                })
            _ = try await ask(server.port, "POST", "/api/v2/silences", draft(#"[{"name":"team","value":"web"}]"#))
            let all = try await ask(server.port, "GET", "/api/v2/alerts").body
            #expect(all.contains(#""receivers":[{"name":"chat"}]"#) && all.contains(#""receivers":[{"name":"oncall"}]"#))
            #expect(all.contains(#""state":"suppressed""#) && all.contains(#""state":"active""#))
            for (query, teams) in [
                ("?silenced=false", ["db"]), ("?active=false", ["web"]), ("?receiver=cha.*", ["web"]),
                ("?filter=team=db", ["db"]),
                ("?filter=team=~%22d.*%7Cw.*%22&inhibited=false", ["web", "db"]), ("?receiver=none", []),
            ] {
                let body = try await ask(server.port, "GET", "/api/v2/alerts\(query)").body
                #expect(["web", "db"].filter { body.contains("\"team\":\"\($0)\"") } == teams, "\(query): \(body)")
            }
            #expect(try await ask(server.port, "GET", "/api/v2/alerts?receiver=(").status == 400)
            #expect(try await ask(server.port, "GET", "/receivers").body.contains("muted by"))
        }
    }
}
