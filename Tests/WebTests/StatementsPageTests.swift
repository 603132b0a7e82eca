import Synchronization
import Testing

@testable import Web

@Suite("The list of statements")
struct StatementsPageTests {
    private static func list(_ target: String, showsText: Bool) -> StatementListView {
        StatementListView(
            target: target, showsText: showsText, readAt: 1_700_000_000,
            entries: [
                .init(
                    queryID: -42, user: "bob", database: "shop", calls: 3, totalSeconds: 4.5, meanSeconds: 1.5, maxSeconds: 2,
                    rows: 7, firstSeen: 1_700_000_000, text: showsText ? "SELECT <b>$1" : nil),
                .init(
                    queryID: 7, user: "eve", database: "shop", calls: 1, totalSeconds: 0.000_25, meanSeconds: 0.000_25,
                    maxSeconds: 0.000_25, rows: 0, firstSeen: nil, text: nil),
            ],
            running: showsText
                ? [
                    .init(
                        pid: 17, user: "bob", database: "shop", application: "<app>", ageSeconds: 61.25, wait: "Lock: tuple",
                        text: "UPDATE t SET a = ?")
                ] : [], runningError: nil, thresholdSeconds: 0.1)
    }

    /// What was asked for, as a query.
    private func serving(
        showsText: Bool, _ body: (RunningServer, @Sendable () -> [StatementQueryView]) async throws -> Void
    ) async throws {
        final class Asked: Sendable { let queries = Mutex<[StatementQueryView]>([]) }
        let asked = Asked()
        try await withServer(
            configure: {
                $0.statements = { query in
                    asked.queries.withLock { $0.append(query) }
                    return ["main", "copy"].filter { query.target == nil || query.target == $0 }.map {
                        Self.list($0, showsText: showsText)
                    }
                }
            },
            { server in try await body(server) { asked.queries.withLock { $0 } } })
    }

    private func get(_ server: RunningServer, _ path: String) async throws -> String {
        try await shell("curl -s -w '\\n%{http_code}' 'http://127.0.0.1:\(server.port)\(path)'").output
    }

    @Test("The API tells the counters, and with texts on the texts and what runs now")
    func api() async throws {
        try await serving(showsText: true) { server, asked async throws in
            let answer = try await get(server, "/api/postgres/statements?order=mean&limit=7&target=main")
            #expect(asked() == [StatementQueryView(order: .mean, limit: 7, target: "main")])
            #expect(
                answer == #"""
                    {"status":"success","data":{"order":"mean","targets":[{"target":"main","text":true,"readAt":1700000000,"statements":[{"queryid":"-42","user":"bob","datname":"shop","calls":3,"totalSeconds":4.5,"meanSeconds":1.5,"maxSeconds":2,"rows":7,"firstSeen":1700000000,"query":"SELECT <b>$1"},{"queryid":"7","user":"eve","datname":"shop","calls":1,"totalSeconds":0.00025,"meanSeconds":0.00025,"maxSeconds":0.00025,"rows":0,"firstSeen":null}],"thresholdSeconds":0.1,"running":[{"pid":17,"user":"bob","datname":"shop","application":"<app>","ageSeconds":61.25,"waitEvent":"Lock: tuple","query":"UPDATE t SET a = ?"}]}]}}
                    200
                    """#)
        }
    }

    @Test("With texts off there are none, and the page says how to turn them on")
    func off() async throws {
        try await serving(showsText: false) { server, _ async throws in
            let answer = try await get(server, "/api/postgres/statements")
            #expect(!answer.contains("query\"") && !answer.contains("running") && answer.contains("\"text\":false"))
            let page = try await get(server, "/statements")
            #expect(page.contains("statements: {text: on}") && page.contains("bob") && !page.contains("SELECT"))
        }
    }

    @Test("The page shows both tables, escapes what the server says, and keeps the choice in its links")
    func page() async throws {
        try await serving(showsText: true) { server, _ async throws in
            let page = try await get(server, "/statements?order=calls&limit=9&target=main")
            #expect(page.contains("SELECT &lt;b&gt;$1") && page.contains("&lt;app&gt;") && page.contains("Lock: tuple"))
            #expect(page.contains("before Vitals looked") && page.contains("250 µs") && page.contains("61.3 s"))
            #expect(page.contains("href=\"/statements?order=mean&amp;limit=9&amp;target=main\""))
            #expect(page.contains("<h2>main</h2>") && !page.contains("<h2>copy</h2>"))
            #expect(try await get(server, "/").contains("href=\"/statements\""))
        }
    }

    @Test(
        "A parameter that is none is refused",
        arguments: [
            ("order=size", "400"), ("limit=x", "400"), ("limit=-1", "400"), ("limit=501", "400"), ("target=other", "404"),
        ])
    func refused(_ query: String, _ status: String) async throws {
        try await serving(showsText: true) { server, _ async throws in
            #expect(try await get(server, "/api/postgres/statements?\(query)").hasSuffix(status))
            if status == "400" { #expect(try await get(server, "/statements?\(query)").hasSuffix("400")) }
        }
    }

    @Test("Without a Postgres target there is neither page nor API")
    func none() async throws {
        try await withServer { server async throws in
            #expect(try await get(server, "/statements").hasSuffix("404"))
            #expect(try await get(server, "/api/postgres/statements").hasSuffix("404"))
        }
    }
}
