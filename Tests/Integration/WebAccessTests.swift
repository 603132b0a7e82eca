import Demo
import Glibc
import Support
import Testing

/// Who may do what.
@Suite(.serialized) struct WebAccessTests {
    private static let token = "a-token-of-thirty-two-characters-or-more"
    /// bcrypt of `fakepassword`, from exporter-toolkit's own source.
    private static let hash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"

    @Test("What changes something needs an administrator; every attempt is counted, at zero from the start")
    func token() async throws {
        let directory = try TemporaryDirectory()
        let token = try directory.write("token", Self.token + "\n")
        try await withVitals(["--web.admin-token-file", token], environment: Self.target, in: directory) { vitals in
            let zero = try await vitals.metrics()
            for name in ["auth_attempts_total", "auth_token_validations_total"] {
                for result in ["success", "failure"] { #expect(zero["\(name){result=\"\(result)\"}"] == 0) }
            }
            #expect(zero["auth_account_lockouts_total"] == 0)

            #expect(try await vitals.get("/-/reload", method: "POST").status == 401)
            #expect(
                try await vitals.get("/-/reload", headers: ["Authorization": "Bearer nonsense"], method: "POST").status == 401)
            let right = ["Authorization": "Bearer " + Self.token]
            #expect(try await vitals.get("/-/reload", headers: right, method: "POST").status == 200)
            #expect(try await vitals.get("/-/reload", headers: right).status == 405)
            #expect(
                try await vitals.get("/-/reload", headers: right.merging(["Sec-Fetch-Site": "cross-site"]) { $1 }, method: "POST")
                    .status == 403)
            // Reading stays open to whoever reaches the loopback address.
            #expect(try await vitals.get("/").status == 200)
            let samples = try await vitals.metrics(within: .seconds(5)) {
                $0["auth_token_validations_total{result=\"success\"}"] ?? 0 >= 1
            }
            #expect(samples?["auth_token_validations_total{result=\"success\"}"] == 1)
            #expect(samples?["auth_token_validations_total{result=\"failure\"}"] == 1)
        }
    }

    @Test("With no administrator configured nothing can be changed over HTTP, and the answer says what to configure")
    func nobody() async throws {
        let directory = try TemporaryDirectory()
        try await withVitals(environment: Self.target, in: directory) { vitals in
            let answer = try await vitals.get("/-/reload", method: "POST")
            #expect(answer.status == 403)
            #expect(answer.text.contains("--web.admin-token-file"))
        }
    }

    @Test("basic_auth_users guard everything but the probes; wrong user and wrong password are refused alike and counted")
    func basicAuth() async throws {
        let directory = try TemporaryDirectory()
        let web = try directory.write(
            "web.yml", "basic_auth_users: {alice: \(Self.hash)}\nhttp_server_config: {headers: {X-Frame-Options: deny}}\n")
        try await withVitals(["--web.config.file", web], environment: Self.target, in: directory) { vitals in
            for path in ["/", "/metrics", "/alerts", "/api/health", "/health", "/api/v1/rules", "/nothing"] {
                #expect(try await vitals.get(path).status == 401, "\(path)")
            }
            #expect(try await vitals.get("/health/live").status == 200)
            #expect([200, 503].contains(try await vitals.get("/health/ready").status))
            let right = ["Authorization": "Basic YWxpY2U6ZmFrZXBhc3N3b3Jk"]  // alice:fakepassword
            let metrics = try await vitals.get("/metrics", headers: right)
            #expect(metrics.status == 200)
            #expect(metrics.headers["x-frame-options"]?.lowercased() == "deny")
            #expect(try await vitals.get("/-/reload", headers: right, method: "POST").status == 200)
            // bob:fakepassword and alice:wrong.
            let wrongUser = try await vitals.get("/metrics", headers: ["Authorization": "Basic Ym9iOmZha2VwYXNzd29yZA=="])
            let wrongPassword = try await vitals.get("/metrics", headers: ["Authorization": "Basic YWxpY2U6d3Jvbmc="])
            #expect(wrongUser.status == 401 && wrongPassword.status == 401)
            #expect(wrongUser.headers["www-authenticate"] == wrongPassword.headers["www-authenticate"])
            try await Task.sleep(for: .seconds(1.1))
            let samples = RunningVitals.samples(try await vitals.get("/metrics", headers: right).text)
            #expect(samples["auth_attempts_total{result=\"success\"}"] ?? 0 >= 2)
            #expect(samples["auth_attempts_total{result=\"failure\"}"] == 2)
            let refusals = try vitals.logLines("status=401", "remote=")
            #expect(!refusals.isEmpty)
        }
    }

    @Test("TLS with a client CA: with a certificate of it in, without one or with another's out; plain HTTP gets nothing")
    func clientCertificates() async throws {
        let directory = try TemporaryDirectory()
        try await Self.makeCertificates(in: directory)
        let web = try directory.write(
            "web.yml",
            """
            tls_server_config:
              cert_file: server.crt
              key_file: server.key
              client_ca_file: ca.crt
              client_auth_type: RequireAndVerifyClientCert
            """)
        try await withVitals(["--web.config.file", web], environment: Self.target, in: directory) { vitals in
            func curl(_ scheme: String, _ arguments: [String]) async throws -> (code: Int32, output: String) {
                try await runProgram(
                    "curl",
                    ["-sS", "--max-time", "10", "--cacert", directory.path("ca.crt")] + arguments
                        + ["\(scheme)://127.0.0.1:\(vitals.port)/metrics"], in: directory)
            }
            let (code, output) = try await curl(
                "https", ["--cert", directory.path("client.crt"), "--key", directory.path("client.key")])
            #expect(code == 0 && output.contains("\nredis_up 0"), "\(output.prefix(200))")
            #expect(try await curl("https", []).code != 0)
            let stranger = try await curl(
                "https", ["--cert", directory.path("stranger.crt"), "--key", directory.path("stranger.key")])
            #expect(stranger.code != 0)
            #expect(try await !curl("http", []).output.contains("redis_up"))
            #expect(vitals.process.exitCode == nil)
        }
    }

    @Test(
        "A short token, a password in clear and an unknown key are found at once, with file and line, and nothing of them is repeated"
    )
    func malformed() async throws {
        let directory = try TemporaryDirectory()
        let token = try directory.write("token", "short-canary\n")
        let web = try directory.write(
            "web.yml",
            "basic_auth_users:\n  alice: clear-canary-password\ntls_sever_config: {}\nhttp_server_config: {headers: {X-Frame-Options: maybe}}\n"
        )
        let (code, output) = try await RunningVitals.run(
            [
                "serve", "--web.config.file", web, "--web.admin-token-file", token, "--web.listen-address", "127.0.0.1:0",
                "--storage.path", directory.path("storage"),
            ], environment: Self.target, in: directory)
        #expect(code == 1)
        for part in ["web.yml:2:", "web.yml:3:", "web.yml:4:", "token:1:", "tls_server_config", "32"] {
            #expect(output.contains(part), "\(part) is not in \(output)")
        }
        #expect(!output.contains("canary"))
    }

    @Test("Without a web config only the loopback address is listened on")
    func loopbackOnly() async throws {
        let directory = try TemporaryDirectory()
        var command = ChildProcess.Command(
            try executable(), ["serve", "--storage.path", directory.path("storage")], log: directory.path("vitals.log"),
            directory: packageDirectory)
        command.environment = Self.target
        let process = try await ChildProcess(command)
        _ = try await eventually(within: .seconds(20)) {
            let log = try directory.read("vitals.log")
            return log.contains("listening") || process.exitCode != nil
        }
        let log = try directory.read("vitals.log")
        await process.stop()
        // Another Vitals of this machine may have the port: then the line of the failure names the same address.
        #expect(log.contains("127.0.0.1:9876"), "\(log)")
        #expect(!log.contains("0.0.0.0"))
    }

    /// One target, where nobody listens.
    private static let target = ["REDIS_URL": "redis://127.0.0.1:1"]

    private static func makeCertificates(in directory: TemporaryDirectory) async throws {
        func openssl(_ arguments: [String]) async throws {
            let (code, output) = try await runProgram("openssl", arguments, in: directory)
            guard code == 0 else { throw SupportError("openssl \(arguments.joined(separator: " ")): \(output)") }
        }
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for authority in ["ca", "other"] {
            try await openssl(
                ["req", "-x509"] + curve + [
                    "-keyout", "\(authority).key", "-out", "\(authority).crt", "-subj", "/CN=\(authority)", "-days", "2",
                ])
        }
        try directory.write("names", "subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        for (name, authority) in [("server", "ca"), ("client", "ca"), ("stranger", "other")] {
            try await openssl(["req"] + curve + ["-keyout", "\(name).key", "-out", "\(name).csr", "-subj", "/CN=\(name)"])
            try await openssl([
                "x509", "-req", "-in", "\(name).csr", "-CA", "\(authority).crt", "-CAkey", "\(authority).key", "-CAcreateserial",
                "-out", "\(name).crt", "-days", "2", "-extfile", "names",
            ])
        }
    }
}
