import Postgres
import Testing

@testable import Sampling

@Suite struct DatabaseSelectionTests {
    private func listed(_ names: [String], template: Set<String> = [], closed: Set<String> = [], forbidden: Set<String> = [])
        -> [ListedDatabase]
    {
        names.enumerated().map { place, name in
            ListedDatabase(
                oid: 100 + place, name: name, isTemplate: template.contains(name), takesConnections: !closed.contains(name),
                mayConnect: !forbidden.contains(name))
        }
    }

    @Test("Without a word every database is sampled that takes connections and is no template")
    func standard() {
        let all = listed(
            ["postgres", "template1", "app", "rds", "secret"], template: ["template1"], closed: ["rds"], forbidden: ["secret"])
        #expect(
            DatabaseSelection().standings(of: all, home: "postgres", connected: []) == [
                .sampled, .skipped(.template), .sampled, .skipped(.notConnectable), .skipped(.privilege),
            ])
    }

    @Test("Patterns are a shell's; what is excluded is out, a template is in by its whole name only")
    func patterns() {
        let all = listed(["app_1", "app_2", "apple", "template1"], template: ["template1"])
        let selection = DatabaseSelection(include: ["app_?", "template*"], exclude: ["*_2"])
        #expect(
            selection.standings(of: all, home: "x", connected: []) == [
                .sampled, .skipped(.excluded), .skipped(.excluded), .skipped(.template),
            ])
        #expect(
            DatabaseSelection(include: ["template1"]).standings(of: all, home: "x", connected: []).last == .sampled)
    }

    @Test("At the limit those with a connection keep it, then the oldest come; the address' own connection counts")
    func limit() {
        let all = listed(["postgres", "a", "b", "c"])
        let selection = DatabaseSelection(connectionsMax: 3)
        #expect(
            selection.standings(of: all, home: "postgres", connected: []) == [.sampled, .sampled, .sampled, .skipped(.limit)])
        #expect(
            selection.standings(of: all, home: "postgres", connected: ["c"]) == [.sampled, .sampled, .skipped(.limit), .sampled])
        #expect(
            DatabaseSelection(connectionsMax: 1).standings(of: all, home: "a", connected: []).filter { $0 == .sampled }.count == 1
        )
    }

    @Test(
        "Names of relations are read as SQL reads them",
        arguments: [
            ("audit_logs", nil, "audit_logs"), ("Audit_Logs", nil, "audit_logs"), ("app.users", "app", "users"),
            ("\"App\".\"a.b\"", "App", "a.b"), ("", nil, nil), ("a.b.c", nil, nil), ("a.", nil, nil), ("\"a", nil, nil),
        ] as [(String, String?, String?)])
    func relation(text: String, schema: String?, relation: String?) {
        #expect(RelationName(text)?.schema == schema)
        #expect(RelationName(text)?.relation == relation)
    }
}
