import Support
import Testing

@testable import Redis

@Suite struct RedisURLTests {
    @Test("A full URL gives user, password, host, port and database, percent-decoded")
    func full() throws {
        let url = try RedisURL("rediss://mo%40n:p%2Fw%25@cache.test:6390/3?ssl_ca_certs=/ca.pem&server_name=x.test")
        #expect(url.endpoint == .tcp(host: "cache.test", port: 6390))
        #expect(url.user == "mo@n")
        #expect(url.password == "p/w%")
        #expect(url.database == 3)
        #expect(url.tls?.authorityFile == "/ca.pem")
        #expect(url.tls?.serverName == "x.test")
        #expect("\(url)" == "rediss://cache.test:6390/3")
    }

    @Test(
        "Every scheme and short form is read",
        arguments: [
            ("redis://h", "redis://h:6379/0"), ("valkey://h:1", "redis://h:1/0"), ("valkeys://h", "rediss://h:6379/0"),
            ("redis://[::1]:7/2", "redis://[::1]:7/2"), ("redis://:pw@h?db=4", "redis://h:6379/4"),
            ("REDIS://h/", "redis://h:6379/0"),
            ("unix:///run/r.sock", "unix:///run/r.sock?db=0"), ("unix://u:p@/run/r.sock?db=1", "unix:///run/r.sock?db=1"),
            ("unix:///run/a@b.sock", "unix:///run/a@b.sock?db=0"), ("redis://:a@b@h", "redis://h:6379/0"),
        ])
    func forms(_ text: String, _ shown: String) throws {
        #expect("\(try RedisURL(text))" == shown)
    }

    @Test(
        "A wrong URL is refused with a reason that holds no part of it",
        arguments: [
            "", "canary", "host:6379", "http://canary@h", "redis://", "redis://canary@h", "redis://u:canary/x@h",
            "redis://u:canary#x@h",
            "redis://u:canary?x@h", "redis://u:can%zzary@h", "redis://:canary@h:canary", "redis://:canary@h:0",
            "redis://:canary@h:65536",
            "redis://:canary@h/canary", "redis://:canary@h/-1", "redis://h/1?db=2", "redis://h?canary=1",
            "redis://h?ssl_ca_certs=/canary",
            "rediss://h?ssl_certfile=/canary", "unix://canary", "redis://::1:canary", "redis://[::1", "redis://u:@canary",
            "redis://:canary x@h",
            "redis://:%ffcanary@h", "unix:///\(String(repeating: "canary", count: 30))", "redis://u:canary",
        ])
    func refused(_ text: String) throws {
        let error = #expect(throws: RedisError.self) { try RedisURL(text) }
        #expect(error?.code == .invalidURL)
        #expect(error?.message.contains("canary") == false)
    }

    @Test("Printing, dumping and describing a URL never shows the password")
    func secrecy() throws {
        let url = try RedisURL("redis://user:canary@h")
        var dumped = ""
        dump(url, to: &dumped)
        dump([url], to: &dumped)
        for shown in ["\(url)", String(reflecting: url), "\([url])", "\(Optional(url) as Any)", dumped] {
            #expect(!shown.contains("canary"))
        }
    }

    @Test("Any text is read or refused, never trapped")
    func fuzz() {
        let seed: UInt64 = 7
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "redis://", "rediss://", "unix://", ":", "@", "/", "?", "=", "&", "db", "%", "%41", "[", "]", "h", "9", "é", "#",
            "::1",
        ]
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 0...9, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
                .joined()
            if let url = try? RedisURL(text) { #expect(!"\(url)".isEmpty, "seed \(seed): \(text)") }
        }
    }
}
