import Support
import Testing

@testable import Sampling

@Suite("The kind of a statement")
struct StatementsClassificationTests {
    @Test(
        "A statement's kind is that of its main verb",
        arguments: [
            ("SELECT 1", QueryType.select), ("select\t*from t", .select), ("VALUES ($1)", .select), ("TABLE t", .select),
            ("INSERT INTO t VALUES ($1)", .insert), ("Update t SET a = $1", .update), ("DELETE FROM t", .delete),
            ("MERGE INTO t USING s ON a = b WHEN MATCHED THEN DELETE", .other),
            ("CREATE TABLE t (a int)", .ddl), ("ALTER TABLE t ADD b int", .ddl), ("DROP INDEX i", .ddl), ("TRUNCATE t", .ddl),
            ("COMMENT ON TABLE t IS 'select'", .ddl), ("GRANT SELECT ON t TO r", .ddl), ("REVOKE ALL ON t FROM r", .ddl),
            ("CREATE TABLE t AS SELECT 1", .ddl), ("REFRESH MATERIALIZED VIEW v", .ddl),
            ("SECURITY LABEL ON TABLE t IS 'x'", .ddl),
            ("EXPLAIN INSERT INTO t VALUES (1)", .utility), ("COPY t FROM STDIN", .utility), ("VACUUM t", .utility),
            ("SET a = b", .utility), ("BEGIN", .utility), ("begin;", .utility), ("START TRANSACTION", .utility),
            ("COMMIT", .utility),
            ("ROLLBACK TO SAVEPOINT s", .utility), ("FETCH FORWARD $1 FROM c", .utility),
            ("DO $$ BEGIN DELETE FROM t; END $$", .utility),
            ("CALL p($1)", .utility), ("LISTEN c", .utility), ("DECLARE c CURSOR FOR SELECT 1", .utility),
            ("", .other), ("   ", .other), (";", .other), ("$1", .other), ("<insufficient privilege>", .other),
            ("selection", .other),
            ("SELECT$1", .other), ("\"select\" 1", .other), ("'select'", .other), ("ünsert", .other),
        ])
    func verb(_ text: String, _ type: QueryType) {
        #expect(QueryType(classifying: text) == type)
    }

    @Test(
        "What stands before the verb is skipped",
        arguments: [
            ("-- delete\nselect 1", QueryType.select), ("--\r\n--x\nINSERT INTO t DEFAULT VALUES", .insert),
            ("/* a /* nested */ delete */ UPDATE t SET a = 1", .update), ("/**/select/**/1", .select),
            ("(SELECT 1) UNION (SELECT 2)", .select), ("((/* x */ (VALUES (1))))", .select),
            ("( WITH a AS (SELECT 1) TABLE a)", .select),
            ("SELECT /* vitals */ 1", .select), ("-- only a comment", .other), ("/* open", .other), ("((", .other), (")", .other),
            ("\n\u{0B}\u{0C} delete from t", .delete), ("/*/ select */ delete from t", .delete),
        ])
    func prelude(_ text: String, _ type: QueryType) {
        #expect(QueryType(classifying: text) == type)
    }

    @Test(
        "WITH counts as its main verb",
        arguments: [
            ("WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x", QueryType.select),
            ("WITH x AS (SELECT 1), y (a, b) AS NOT MATERIALIZED (SELECT 2) DELETE FROM t USING x, y", .delete),
            ("with recursive x(n) as materialized (values (1) union all select n + 1 from x) update t set a = 1", .update),
            ("WITH insert AS (SELECT 1) SELECT * FROM insert", .select),
            ("WITH \"a ) \"\" (\" AS (SELECT ')' || E'\\')' || $q$ ) $q$ || $$)$$) INSERT INTO t SELECT 1", .insert),
            ("WITH x AS (SELECT 1 -- )\n, 2 /* ) */) (SELECT 2)", .select), ("WITH x AS (SELECT (1), ((2))) VALUES (1)", .select),
            ("WITH x AS (SELECT a$b$c, $1 FROM \"sel)ect\") DELETE FROM t", .delete),
            ("WITH x AS (WITH y AS (DELETE FROM t RETURNING *) SELECT * FROM y) INSERT INTO u TABLE x", .insert),
            (
                "WITH RECURSIVE x(a) AS (SELECT 1) SEARCH DEPTH FIRST BY a, b SET update CYCLE a, b SET delete TO 1 DEFAULT 0 USING p, "
                    + "y AS (SELECT 1) SELECT 1", .select
            ),
            ("WITH RECURSIVE x AS (SELECT 1) CYCLE a SET c USING path DELETE FROM t", .delete),
            ("WITH x AS (SELECT U&'\\0061', b'1)', N'(') MERGE INTO t USING x ON true WHEN MATCHED THEN DELETE", .other),
            ("WITH", .other), ("WITH x AS (SELECT 1", .other), ("WITH x AS (SELECT 1)", .other), ("WITH x SELECT 1", .other),
            ("WITH x AS (SELECT ')) SELECT 1", .other), ("WITH x AS (SELECT $a$ $b$) SELECT 1", .other),
        ])
    func with(_ text: String, _ type: QueryType) {
        #expect(QueryType(classifying: text) == type)
    }

    @Test("A verb behind the limit of bytes is not looked for")
    func limit() {
        let blanks = String(repeating: " ", count: QueryType.bytesMax - 6)
        #expect(QueryType(classifying: blanks + "delete from t") == .delete)
        #expect(QueryType(classifying: blanks + " delete from t") == .other)
        #expect(QueryType(classifying: String(repeating: "(", count: 1_000_000)) == .other)
        #expect(QueryType(classifying: String(repeating: "/*", count: 1_000_000)) == .other)
    }

    @Test("Any text has a kind, and wrapping it in comments and parentheses leaves it so", arguments: UInt64(1)...300)
    func anything(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "with", "select", "insert", "as", "(", ")", ",", "'", "\"", "$$", "$a$", "$1", "/*", "*/", "--", "\n", " ", "E'",
            "\\", "é",
            "recursive", "x", "search", "cycle", "set", "using", "delete", ";", "1e5", "-", "/", "U&'",
        ]
        let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
        let spaced = (0..<Int.random(in: 0...40, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined(separator: " ")
        for text in [text, spaced] {
            let type = QueryType(classifying: text)
            #expect(QueryType(classifying: "/* /* ' */ \" */ -- $$\n(\(text)") == type, "seed \(seed): \(text)")
        }
    }

    @Test("A query in parentheses hides nothing of itself, whatever its literals hold", arguments: UInt64(1)...200)
    func literals(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func literal() -> String {
            let inner = ["select", ")", "(", ",", "--", "/*", "*/", "with", "é", " "].shuffled(using: &random).prefix(4).joined()
            switch Int.random(in: 0..<6, using: &random) {
            case 0: return "'\(inner)''$$\(inner)'"
            case 1: return "\"\(inner)\"\"'\(inner)\""
            case 2: return "$$\(inner)'\"$$"
            case 3: return "$t1$\(inner)$$ $t$\(inner)$t1$"
            case 4: return "E'\(inner)\\'\(inner)\\\\'"
            default: return "/*\(String(inner.filter { $0 != "*" && $0 != "/" }))*/ (1)"
            }
        }
        let query = "SELECT \(literal()), f(\(literal()), (\(literal()))) FROM t -- )\n WHERE a = \(literal())"
        for (verb, type) in [("SELECT 1", QueryType.select), ("DELETE FROM t", .delete), ("INSERT INTO t TABLE x", .insert)] {
            let text = "WITH x AS (\(query)), y AS (\(query)) \(verb)"
            #expect(QueryType(classifying: text) == type, "seed \(seed): \(text)")
        }
    }
}
