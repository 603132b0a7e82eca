import Testing

@testable import Web

@Suite("Who waits for whom, over the API")
struct LocksAPITests {
    private static let tree = LockTreeView(
        target: "main",
        sessions: [
            .init(
                pid: 17, depth: 0, blockers: [], user: "bob", database: "shop", application: "<app>",
                state: "idle in transaction",
                transactionSeconds: 61.5, waitSeconds: nil, lock: nil, text: nil),
            .init(
                pid: 18, depth: 1, blockers: [17], user: "eve", database: "shop", application: "", state: "active",
                transactionSeconds: 2, waitSeconds: 1.5, lock: "transactionid", text: "UPDATE t SET a = ?"),
        ], error: nil)

    private func get(_ server: RunningServer, _ path: String) async throws -> String {
        try await shell("curl -s -w '\\n%{http_code}' 'http://127.0.0.1:\(server.port)\(path)'").output
    }

    @Test("Each session stands after the one that it waits for; a server that does not answer says so; another name is 404")
    func api() async throws {
        try await withServer(
            configure: {
                $0.locks = { name in
                    [Self.tree, LockTreeView(target: "copy", sessions: [], error: "timeout")].filter {
                        name == nil || name == $0.target
                    }
                }
            },
            { server async throws in
                #expect(
                    try await get(server, "/api/postgres/locks") == #"""
                        {"status":"success","data":{"targets":[{"target":"main","sessions":[{"pid":17,"depth":0,"waitsFor":[],"user":"bob","datname":"shop","application":"<app>","state":"idle in transaction","transactionSeconds":61.5},{"pid":18,"depth":1,"waitsFor":[17],"user":"eve","datname":"shop","application":"","state":"active","transactionSeconds":2,"waitSeconds":1.5,"lock":"transactionid","query":"UPDATE t SET a = ?"}]},{"target":"copy","sessions":[],"error":"timeout"}]}}
                        200
                        """#)
                let one = try await get(server, "/api/postgres/locks?target=copy")
                #expect(one.contains(#""targets":[{"target":"copy""#) && !one.contains("main") && one.hasSuffix("200"))
                #expect(try await get(server, "/api/postgres/locks?target=other").hasSuffix("404"))
            })
        try await withServer { server async throws in #expect(try await get(server, "/api/postgres/locks").hasSuffix("404")) }
    }
}
