import Support
import Testing

@testable import Sampling

@Suite("Texts without literals")
struct SQLRedactionTests {
    private func redacted(_ text: String) -> String { SQLRedaction.redacting(text, bytesMax: 1_000) }

    @Test(
        "Strings and numbers become ?, names stay",
        arguments: [
            ("SELECT * FROM t WHERE a = 'x' AND b = 17", "SELECT * FROM t WHERE a = ? AND b = ?"),
            ("SELECT $1, t1.c2 FROM t1", "SELECT $1, t1.c2 FROM t1"),
            ("select\n\t1.5e-3,\n .5 , 0x1F,1_000", "select ?, ? , ?,?"),
            (
                "SELECT \"a 1\", 'it''s', E'a\\'b', $$x 'y'$$, $q$ $$ $q$, B'01', U&'\\0061', N'x'",
                "SELECT \"a 1\", ?, ?, ?, ?, ?, U&?, ?"
            ),
            ("ALTER ROLE a PASSWORD 'secret'", "ALTER ROLE a PASSWORD ?"),
            ("SELECT /* user=bob */ 1 -- secret", "SELECT ?"),
            ("COPY t FROM '/tmp/x' WITH (DELIMITER ',')", "COPY t FROM ? WITH (DELIMITER ?)"),
            ("SELECT 'a'\n'b'", "SELECT ?"), ("SELECT -1", "SELECT -?"), ("SELECT a-1", "SELECT a-?"),
            ("UPDATE t SET a = b, c = 'x'", "UPDATE t SET a = b, c = ?"),
            ("SET app.token = abcdef", "SET app.token = ?"),
            ("SET LOCAL search_path TO a, \"b\"", "SET LOCAL search_path TO ?, ?"),
            ("ALTER SYSTEM SET x = secret", "ALTER SYSTEM SET x = ?"),
            ("SET a = b; SELECT c", "SET a = ?; SELECT c"),
            ("SELECT 'open", "SELECT ?"), ("SELECT $q$open", "SELECT ?"), ("SELECT 1 /* open", "SELECT ?"), ("", ""), ("  ", ""),
            ("SELECT 'a\\' OR secret = ' x'", "SELECT ? …"), ("SELECT é, 'é' FROM ü", "SELECT é, ? FROM ü"),
        ])
    func literals(_ text: String, _ expected: String) {
        #expect(redacted(text) == expected)
    }

    @Test("A text is cut between characters and says so")
    func cut() {
        #expect(SQLRedaction.redacting("SELECT aaaa", bytesMax: 11) == "SELECT aaaa")
        #expect(SQLRedaction.redacting("SELECT aaaab", bytesMax: 11) == "SELECT aaaa…")
        #expect(SQLRedaction.redacting("SELECT aaéb", bytesMax: 10) == "SELECT aa…")
        #expect(SQLRedaction.redacting(String(repeating: "(", count: 1_000_000), bytesMax: 10) == "((((((((((…")
        #expect(SQLRedaction.cut("SELECT aaaa", charactersMax: 8) == "SELECT …")
    }

    @Test("No literal gets through, whatever stands around it", arguments: UInt64(1)...400)
    func anything(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let secret = "tOpSeCrEt"
        func literal() -> String {
            let inner = ["(", ")", "--", "/*", "*/", "\"", "\\\\", "é", " ", ";", "="].shuffled(using: &random).prefix(3).joined()
            switch Int.random(in: 0..<6, using: &random) {
            case 0: return "'\(inner)\(secret)''\(secret)\(inner)'"
            case 1: return "$$\(inner)'\(secret)$$"
            case 2: return "$t$\(inner)$$\(secret)'$t$"
            case 3: return "E'\(inner)\\'\(secret)\\\\'"
            case 4: return "/* \(secret) */ 1"
            default: return "-- \(secret)\n"
            }
        }
        let pieces = [
            "select", "a", "\"b \"\" c\"", ",", "(", ")", "=", "$1", "1", "from", "set", "to", "e", "::text", "\n", ";",
        ]
        let text = (0..<Int.random(in: 1...30, using: &random)).map { _ in
            (random.next() % 3 == 0 ? literal() : pieces.randomElement(using: &random) ?? "") + " "
        }.joined()
        let shown = redacted(text)
        #expect(!shown.contains(secret), "seed \(seed): \(text) => \(shown)")
        let cut = String(text.prefix(Int.random(in: 0...text.count, using: &random)))
        #expect(!redacted(cut).contains(secret), "seed \(seed): \(cut)")
        #expect(redacted(shown) == shown || shown.contains("…"), "seed \(seed): \(text) => \(shown)")
    }
}
