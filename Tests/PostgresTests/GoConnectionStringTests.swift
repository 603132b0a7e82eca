import Support
import Testing

@testable import Postgres

@Suite struct GoConnectionStringTests {
    private func options(_ text: String) throws -> [String: String] {
        try ConnectionString.parse(GoConnectionString.libpq(text))
    }

    @Test("What libpq takes stays what it is")
    func same() throws {
        #expect(
            try options("postgres://u:p%40ss@h:1/d?sslmode=disable") == [
                "user": "u", "password": "p@ss", "host": "h", "port": "1", "dbname": "d", "sslmode": "disable",
            ])
        #expect(
            try options("host=/run/postgresql user=u dbname='a b'") == ["host": "/run/postgresql", "user": "u", "dbname": "a b"])
        #expect(try options("postgresql:///app?host=/run/postgresql") == ["dbname": "app", "host": "/run/postgresql"])
        #expect(try options("postgresql://h1:1,h2:2/d")["host"] == "h1,h2")
        #expect(try options("postgresql://[::1]:5433/d")["host"] == "::1")
        #expect(try options(" postgres://u@h \n")["user"] == "u")
    }

    @Test(
        "A password in a URL keeps its characters, encoded or not",
        arguments: ["p@ss", "a/b?c#d", "50%", "%zz", "a:b", "ä€", "x@h:1", "{[&=]}", "a+b"])
    func passwords(_ password: String) throws {
        let found = try options("postgresql://user:\(password)@db.example:5433/app?sslmode=disable")
        #expect(
            found == [
                "user": "user", "password": password, "host": "db.example", "port": "5433", "dbname": "app", "sslmode": "disable",
            ])
        let encoded = GoConnectionString.percentEncoded(password)
        #expect(try options("postgresql://user:\(encoded)@h/app")["password"] == password)
        #expect(try options("user=user password='\(password.replacing("\\", with: "\\\\"))' host=h")["password"] == password)
    }

    @Test("Parameters that only lib/pq has are settings of the session")
    func settings() throws {
        #expect(
            try options("postgres://h/d?connect_timeout=5&statement_timeout=3000&search_path=a%20b&binary_parameters=yes")
                == [
                    "host": "h", "dbname": "d", "connect_timeout": "5",
                    "options": "-c statement_timeout=3000 -c search_path=a\\ b",
                ])
        #expect(
            try options("host=h statement_timeout=3000 options='-c geqo=off' disable_prepared_binary_result=1")
                == ["host": "h", "options": "-c geqo=off -c statement_timeout=3000"])
    }

    @Test("Several sources stand with commas between them; a comma within one stays")
    func list() {
        #expect(GoConnectionString.list("postgres://a/b,postgresql://c/d") == ["postgres://a/b", "postgresql://c/d"])
        #expect(GoConnectionString.list("host=a dbname=b, host=c") == ["host=a dbname=b", "host=c"])
        #expect(GoConnectionString.list("postgres://u:a,b@h/d,host=x") == ["postgres://u:a,b@h/d", "host=x"])
        #expect(GoConnectionString.list("host=a,b user=u") == ["host=a,b user=u"])
        #expect(GoConnectionString.list("host=a password='x,user=y',host=c") == ["host=a password='x,user=y'", "host=c"])
        #expect(GoConnectionString.list(" , ,") == [])
    }

    @Test(
        "A text that is none is refused without a part of it",
        arguments: ["", "secret", "host", "host='secret", "=secret", "postgres://u:secret@h:port/d", "port=secret"])
    func refusals(_ text: String) {
        #expect {
            try GoConnectionString.libpq(text)
        } throws: { error in
            !"\(error)".contains("secret") && (error as? PostgresError)?.code == .configuration
        }
    }

    @Test("No text ends the process, and what is taken is taken by libpq", arguments: 0..<20)
    func fuzz(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "postgres://", "postgresql://", "@", ":", "/", "?", "&", "=", "'", "\\", "%", "%4", "%41", ",", " ", "host", "user",
            "password", "a", "é", "[", "]", "\u{0}", "5432", "options=-c x=y",
        ]
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0...14, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                .joined()
            for source in GoConnectionString.list(text) + [text] {
                guard let address = try? GoConnectionString.libpq(source) else { continue }
                #expect(throws: Never.self) { try PostgresConfiguration(address) }
            }
        }
    }
}
