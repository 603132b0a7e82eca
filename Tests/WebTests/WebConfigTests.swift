import Support
import Testing
import YAML

@testable import Web

private func findings(_ text: String) -> [String] {
    let report = YAMLReport(file: "web.yml")
    let config = WebConfig.read(Array(text.utf8), report: report)
    if report.findings.isEmpty, config == nil { return ["no config and no finding"] }
    return report.findings.sorted().map(\.description)
}

private let hash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"

/// A self-signed certificate authority with a server and a client certificate.
private func certificates(_ directory: TemporaryDirectory) async throws {
    let made = try await shell(
        """
        cd \(directory.path) && for n in ca other; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$n -keyout $n.key -out $n.pem; done &&
        for n in server client; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$n -keyout $n.key -out $n.csr &&
        printf 'subjectAltName=DNS:localhost,DNS:'$n'.test,IP:127.0.0.1' > $n.ext &&
        openssl x509 -req -in $n.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile $n.ext -out $n.pem; done
        """)
    try #require(made.status == 0, "\(made.output)")
}

@Suite struct WebConfigTests {
    @Test(
        "Files without findings",
        arguments: [
            "", "{}", "tls_server_config: {}", "http_server_config: {http2: true}", "basic_auth_users: {}",
            "basic_auth_users:\n  alice: \(hash)\n  bob: \(hash)\n", "rate_limit: {interval: 1s, burst: 20}",
            "http_server_config:\n  headers:\n    X-Frame-Options: DENY\n    X-Content-Type-Options: nosniff\n    Strict-Transport-Security: max-age=31536000\n    X-XSS-Protection: ''\n    Content-Security-Policy: default-src 'none'\n",
        ])
    func good(text: String) {
        #expect(findings(text) == [])
    }

    @Test(
        "Findings say line and what is wrong",
        arguments: [
            ("tls_server_confg: {}", "web.yml: 1:1: unknown key 'tls_server_confg'; did you mean 'tls_server_config'?"),
            (
                "basic_auth_users:\n  alice: hunter2\n",
                "web.yml: 2:10: the password of user 'alice' must be a bcrypt hash, as 'htpasswd -nBC 10 \"\"' makes it"
            ),
            ("http_server_config:\n  headers:\n    X-Other: 1\n", "web.yml: 3:5: header 'X-Other' can not be configured"),
            (
                "http_server_config:\n  headers:\n    X-Frame-Options: maybe\n",
                "web.yml: 3:22: X-Frame-Options must be deny or sameorigin, not 'maybe'"
            ),
            (
                "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n",
                "web.yml: 3:29: X-Content-Type-Options must be nosniff"
            ),
            ("http_server_config: {http2: maybe}", "web.yml: 1:29: expected true or false"),
            ("tls_server_config:\n  cert_file: none.pem\n", "web.yml: 2:3: missing one of key or key_file"),
            (
                "tls_server_config:\n  cert_file: /none.pem\n  key_file: /none.key\n",
                "web.yml: 2:14: /none.pem: No such file or directory"
            ),
            ("tls_server_config:\n  cert: a\n  cert_file: b\n", "web.yml: 3:14: only one of cert and cert_file can be given"),
            (
                "tls_server_config:\n  cert: nonsense\n  key: nonsense\n",
                "web.yml: 2:9: cert holds no usable PEM of a certificate"
            ),
            ("tls_server_config:\n  min_version: TLS14\n", "web.yml: 2:16: unknown value 'TLS14'"),
            (
                "tls_server_config:\n  min_version: TLS13\n  max_version: TLS12\n",
                "web.yml: 2:3: min_version is above max_version"
            ),
            ("tls_server_config:\n  cipher_suites: [TLS_NONE]\n", "web.yml: 2:19: unknown value 'TLS_NONE'"),
            ("tls_server_config:\n  curve_preferences: [CurveP999]\n", "web.yml: 2:23: unknown value 'CurveP999'"),
            ("tls_server_config:\n  client_auth_type: Always\n", "web.yml: 2:21: unknown value 'Always'"),
            ("rate_limit: {interval: soon}", "web.yml: 1:24:"),
            ("rate_limit: {interval: 1s, burst: 0}", "web.yml: 1:13: burst must be at least 1"),
            ("basic_auth_users: [", "web.yml: "), ("- a", "web.yml: 1:1: expected a mapping"),
        ])
    func bad(text: String, expected: String) {
        let found = findings(text)
        #expect(found.contains { $0.hasPrefix(expected) }, "\(found)")
        #expect(!found.contains { $0.contains("hunter2") })
    }

    @Test(
        "promtool agrees about a file's validity",
        arguments: [
            "basic_auth_users:\n  alice: \(hash)\n", "http_server_config: {http2: false}", "tls_server_confg: {}",
            "basic_auth_users: {alice: x}",
            "http_server_config:\n  headers:\n    X-Other: 1\n", "http_server_config:\n  headers:\n    X-Frame-Options: maybe\n",
            "tls_server_config:\n  cert_file: none.pem\n  key_file: none.key\n", "tls_server_config: {min_version: TLS14}",
            "tls_server_config: {cipher_suites: [TLS_NONE]}", "tls_server_config: {curve_preferences: [CurveP999]}",
            "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=1\n",
        ])
    func promtool(text: String) async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("web.yml", text)
        let theirs = try await shell("promtool check web-config \(file)")
        #expect((theirs.status == 0) == checkWebConfig(file: file).isEmpty, "\(theirs.output) \(checkWebConfig(file: file))")
    }

    @Test("All findings come at once")
    func all() {
        #expect(findings("basic_auth_users: {a: x, b: y}\nhttp_server_config: {headers: {A: b}}\nother: 1\n").count == 4)
    }

    @Test("Fuzz: no file breaks the reader")
    func fuzz() {
        let pieces = [
            "tls_server_config", "basic_auth_users", "rate_limit", "http_server_config", "headers", ":", " ", "\n", "  ", "{",
            "}", "[", "]", "cert",
            "key", "1s", "burst", "interval", "~", "\"", hash, "- ", "client_auth_type", "NoClientCert", "&a", "*a", "\t", "é",
            "cert_file: /dev/null",
        ]
        for seed in UInt64(1)...300 {
            var random = SeededGenerator(seed: seed)
            let text = (0..<Int.random(in: 1...30, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
            let report = YAMLReport(file: "web.yml")
            let config = WebConfig.read(Array(text.utf8), report: report)
            #expect((config == nil) == !report.findings.isEmpty, "seed \(seed): \(text)")
        }
    }

    @Test("TLS with a client certificate: the right one gets in, none and another's do not")
    func mutualTLS() async throws {
        let directory = try TemporaryDirectory()
        try await certificates(directory)
        var settings = WebSettings()
        settings.configFile = try directory.write(
            "web.yml",
            """
            tls_server_config:
              cert_file: server.pem
              key_file: server.key
              client_ca_file: ca.pem
              client_auth_type: RequireAndVerifyClientCert
              client_allowed_sans: [client.test]
            http_server_config:
              headers: {Strict-Transport-Security: max-age=60}
            """)
        try await withServer(settings) { running async throws in
            let curl = "curl -s -i --cacert \(directory.path)/ca.pem https://localhost:\(running.port)/health/live"
            let good = try await shell("\(curl) --cert \(directory.path)/client.pem --key \(directory.path)/client.key")
            #expect(good.output.contains("200 OK"))
            #expect(good.output.lowercased().contains("strict-transport-security: max-age=60"))
            #expect(try await shell(curl).status != 0)
            #expect(try await shell("\(curl) --cert \(directory.path)/other.pem --key \(directory.path)/other.key").status != 0)
            #expect(try await shell("\(curl) --cert \(directory.path)/server.pem --key \(directory.path)/server.key").status != 0)
            let plain = try await shell("curl -s -i -m 5 http://localhost:\(running.port)/metrics")
            #expect(!plain.output.contains("demo_value"))
        }
    }

    @Test("Versions below the minimum are refused, TLS 1.2 is the default minimum")
    func versions() async throws {
        let directory = try TemporaryDirectory()
        try await certificates(directory)
        var settings = WebSettings()
        settings.configFile = try directory.write(
            "web.yml", "tls_server_config: {cert_file: server.pem, key_file: server.key, min_version: TLS13}")
        try await withServer(settings) { running async throws in
            let curl = "curl -s --cacert \(directory.path)/ca.pem https://localhost:\(running.port)/health/live"
            let newer = try await shell("\(curl) --tlsv1.3")
            let older = try await shell("\(curl) --tlsv1.2 --tls-max 1.2")
            #expect(newer.status == 0 && older.status != 0)
        }
    }

    @Test("A changed file holds from the next request on, and a wrong one leaves the old in force")
    func reread() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("web.yml", "{}")
        let lines = LogLines()
        let access = try AccessSettings(configFile: file, tokenFile: nil, lookInterval: .zero, logger: lines.logger())
        #expect(access.current.config.users.isEmpty)
        try directory.write("web.yml", "basic_auth_users: {alice: \(hash)}\n")
        #expect(access.current.config.users.count == 1)
        try directory.write("web.yml", "basic_auth_users: {alice: plain}\n")
        #expect(access.current.config.users.count == 1)
        #expect(access.current.config.users.count == 1)
        #expect(lines.all.count { $0.hasPrefix("error") } == 1)
        try directory.write("web.yml", "# nobody\n")
        #expect(access.current.config.users.isEmpty)
    }

    @Test(
        "A server does not start with a file that can not be used, and says all that is wrong",
        arguments: [
            ("other: 1", token: "0123456789abcdef0123456789abcdef", 1), ("other: 1\nmore: 2", "short", 3),
            ("{}", "has spaces in it and is long enough", 1),
        ])
    func refused(config: String, token: String, count: Int) async throws {
        let directory = try TemporaryDirectory()
        let configFile = try directory.write("web.yml", config)
        let tokenFile = try directory.write("token", token)
        do {
            _ = try AccessSettings(configFile: configFile, tokenFile: tokenFile, logger: LogLines().logger())
            Issue.record("started")
        } catch {
            #expect(error.findings.count == count, "\(error)")
        }
    }
}
