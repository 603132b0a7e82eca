import Support
import Testing

@testable import Postgres

@Suite struct ValueTests {
    @Test(
        "A SQLSTATE has its class",
        arguments: [
            ("08006", PostgresError.Code.connection), ("57P01", .connection), ("28P01", .authentication),
            ("28000", .authentication),
            ("53300", .tooManyConnections), ("57P03", .startingUp), ("42501", .permissionDenied), ("42P01", .undefinedObject),
            ("26000", .undefinedObject), ("57014", .timeout), ("55P03", .timeout), ("23505", .constraintViolation),
            ("P0002", .notFound), ("40001", .serialization), ("40P01", .deadlock), ("25006", .readOnly), ("42601", .syntax),
            ("22P02", .unexpectedValue), ("XX000", .internal), ("", .internal),
        ])
    func classes(state: String, code: PostgresError.Code) {
        #expect(PostgresError(sqlState: state, message: "").code == code)
    }

    @Test("Values are read by name and place, NULL is nil, another type is an error")
    func values() throws {
        let rows = Rows(columns: ["n", "x", "b", "t"], [["-42", "1.5e3", "t", "é"], [nil, nil, nil, nil]])
        let row = try #require(rows.first)
        #expect(try row.int("n") == -42)
        #expect(try row.double(1) == 1500)
        #expect(try row.double("n") == -42)
        #expect(try row.bool("b") == true)
        #expect(try row.string("t") == "é")
        #expect(throws: PostgresError.self) { try row.int("x") }
        #expect(throws: PostgresError.self) { try row.bool("n") }
        #expect(throws: PostgresError.self) { try row.int("missing") }
        #expect(throws: PostgresError.self) { try row.int(4) }
        #expect(throws: PostgresError.self) { try row.int(-1) }
        let nulls = rows.map { row in (0..<4).map { (try? row.string($0)) == .some(nil) } }
        #expect(nulls == [[false, false, false, false], [true, true, true, true]])
        #expect(Rows.none.first == nil)
    }

    @Test("A whole number is read as Swift's own parser reads it", arguments: [UInt64(1)])
    func integers(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let edges = ["\(Int.max)", "\(Int.min)", "9223372036854775808", "-9223372036854775809", "", "-", "+1", "1a", "00012"]
        let random = (0..<500).map { _ in
            let value = Int(bitPattern: UInt(generator.next())) >> Int.random(in: 0..<64, using: &generator)
            return "\(value)"
        }
        for text in edges + random {
            let row = try #require(Rows(columns: ["n"], [[text]]).first)
            let expected = text.hasPrefix("+") ? nil : Int(text)
            #expect((try? row.int(0)) == expected, "\(text), seed \(seed)")
        }
    }

    @Test("The marker follows the first word")
    func marker() {
        #expect(Statement.marked("SELECT 1") == "SELECT /* vitals */ 1")
        #expect(Statement.marked("\n  with x as (select 1) table x") == "with /* vitals */ x as (select 1) table x")
        #expect(Statement.marked("COMMIT") == "COMMIT /* vitals */")
        #expect(Statement.marked("(SELECT 1)") == "(SELECT 1)")
        #expect(Statement.marked("") == "")
    }

    @Test("A limit is never rounded to 'none'")
    func limits() {
        #expect(wholeMilliseconds(.zero) == 1)
        #expect(wholeMilliseconds(.nanoseconds(1)) == 1)
        #expect(wholeMilliseconds(.milliseconds(100)) == 100)
        #expect(wholeMilliseconds(.microseconds(100_001)) == 101)
        #expect(wholeMilliseconds(.seconds(Int64.max)) == 86_400_000)
    }

    @Test("The server's refusal is read with its code")
    func refusal() {
        let text = """
            connection to server at "127.0.0.1", port 5 failed: FATAL:  28P01: Passwort-Authentifizierung für »x« fehlgeschlagen
            LOCATION:  auth_failed, auth.c:326
            """
        let error = ServerText(text).error { $0 }
        #expect(error.code == .authentication)
        #expect(error.sqlState == "28P01")
        #expect(error.message == "Passwort-Authentifizierung für »x« fehlgeschlagen")
        #expect(ServerText("connection refused\n\tIs the server running?").error { $0 }.code == .connection)
    }

    @Test("Waits are counted by bound")
    func waits() {
        var histogram = WaitHistogram()
        histogram.observe(.zero)
        histogram.observe(.milliseconds(20))
        histogram.observe(.seconds(60))
        #expect(histogram.cumulative == [1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3])
        #expect(abs(histogram.sum - 60.02) < 1e-9)
    }
}

@Suite struct ConfigurationTests {
    static let secret = "canary-S3cret"

    @Test(
        "What is shown of a target is never its password",
        arguments: [
            "postgres://app:canary-S3cret@db.example:5433/shop?sslmode=disable",
            "postgresql://app:canary-S3cret@db.example:5433/shop",
            "host=db.example port=5433 user=app dbname=shop password=canary-S3cret",
        ])
    func redacted(text: String) throws {
        let configuration = try PostgresConfiguration(text)
        #expect(configuration.description == "postgres://app@db.example:5433/shop")
        #expect(configuration.instance == "db.example:5433")
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains(ConfigurationTests.secret))
        #expect(!String(reflecting: configuration).contains(ConfigurationTests.secret))
        #expect(!configuration.redacted("so \(ConfigurationTests.secret) it\nis").contains(ConfigurationTests.secret))
    }

    @Test(
        "A bad connection string is refused without repeating it",
        arguments: [
            "postgres://app:100%zzcanary-S3cret@db/x", "postgres://app:x@y:canary-S3cret@[db/x", "password=a canary-S3cret",
            "host='x password=canary-S3cret", "postgres://db/x?canary-S3cret=1", "canary-S3cret",
        ])
    func refused(text: String) {
        do {
            _ = try PostgresConfiguration(text)
            Issue.record("accepted \(text)")
        } catch {
            #expect(error.code == .configuration)
            #expect(!"\(error)".contains(ConfigurationTests.secret), "\(error)")
        }
    }

    @Test("No text whatever brings the parser down or a secret out", arguments: [UInt64(7)])
    func fuzz(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "postgres://", "user", ":", "@", "%", "%41", "host=", "'", "\\", " ", "/", "?", "&", "[", "]", "canary-S3cret",
            "5432", "=", "é",
        ]
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }.joined()
            do {
                let configuration = try PostgresConfiguration(text)
                if configuration.options["password"]?.contains(ConfigurationTests.secret) == true {
                    let others = configuration.options.filter { $0.key != "password" }.values
                    if !others.contains(where: { $0.contains(ConfigurationTests.secret) }) {
                        #expect(!configuration.description.contains(ConfigurationTests.secret), "\(text), seed \(seed)")
                    }
                }
            } catch {
                #expect(!"\(error)".contains(ConfigurationTests.secret), "\(text), seed \(seed)")
            }
        }
    }
}
