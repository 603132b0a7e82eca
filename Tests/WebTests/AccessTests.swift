import Health
import MetricsModel
import Support
import Synchronization
import Testing

@testable import Web

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

private let token = "0123456789abcdef0123456789abcdef"

private func basic(_ user: String, _ password: String) -> (String, String) {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var out = ""
    let bytes = Array("\(user):\(password)".utf8)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << (16 - 8 * UInt32($1.offset)) }
        for place in 0..<4 {
            out.append(place <= group.count ? alphabet[Int(bits >> (18 - 6 * UInt32(place)) & 63)] : "=")
        }
    }
    return ("Authorization", "Basic \(out)")
}

private func makeHash(_ password: String) async throws -> String {
    try await shell(
        "mkpasswd -m bcrypt -R 4 '\(password)' 2>/dev/null || python3 -c 'import crypt;print(crypt.crypt(\"\(password)\", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))'"
    )
    .output.split(separator: "\n").last.map(String.init) ?? ""
}

@Suite struct AccessTests {
    @Test("Without any credentials configured reload is refused with a hint, and reading is open")
    func none() async throws {
        try await withServer(configure: { $0.reload = {} }) { running async throws in
            let answer = try await fetch(running.port, "/-/reload", method: "POST")
            #expect(answer.status == 403)
            #expect(answer.text.contains("SIGHUP"))
            #expect(try await fetch(running.port, "/-/reload").status == 405)
            #expect(try await fetch(running.port, "/metrics").status == 200)
        }
    }

    @Test("With users every path but the probes needs one, each attempt is counted, and GET does not reload")
    func users() async throws {
        let hash = try await makeHash("secret")
        #expect(Bcrypt.isHash(hash), "\(hash)")
        let directory = try TemporaryDirectory()
        let file = try directory.write("web.yml", "basic_auth_users:\n  admin: \(hash)\n")
        var settings = WebSettings()
        settings.configFile = file
        let reloads = Atomic(0)
        try await withServer(
            settings,
            configure: { sources in
                sources.reload = { reloads.add(1, ordering: .relaxed) }
            }
        ) { running async throws in
            let port = running.port
            let none = try await fetch(port, "/metrics")
            #expect(none.status == 401)
            #expect(none.headers["www-authenticate"]?.hasPrefix("Basic") == true)
            #expect(none.text.contains("\"code\":\"UNAUTHORIZED\""))
            #expect(try await fetch(port, "/nothing").status == 401)
            for path in ["/health/live", "/health/ready", "/-/healthy", "/-/ready"] {
                #expect(try await fetch(port, path).status == 200)
            }
            #expect(try await fetch(port, "/api/health").status == 401)
            #expect(running.value("auth_attempts_total", ["result": "failure"]) == 0)
            #expect(try await fetch(port, "/metrics", headers: [basic("admin", "wrong")]).status == 401)
            #expect(try await fetch(port, "/metrics", headers: [basic("nobody", "secret")]).status == 401)
            #expect(try await fetch(port, "/metrics", headers: [basic("admin", "secret\u{0}x")]).status == 401)
            #expect(try await fetch(port, "/metrics", headers: [("Authorization", "Basic %%%")]).status == 401)
            #expect(try await fetch(port, "/metrics", headers: [("Authorization", "Digest x")]).status == 401)
            #expect(running.value("auth_attempts_total", ["result": "failure"]) == 5)
            #expect(try await fetch(port, "/metrics", headers: [basic("admin", "secret")]).status == 200)
            #expect(running.value("auth_attempts_total", ["result": "success"]) == 1)
            #expect(try await fetch(port, "/-/reload", method: "GET", headers: [basic("admin", "secret")]).status == 405)
            for method in ["POST", "PUT"] {
                #expect(try await fetch(port, "/-/reload", method: method, headers: [basic("admin", "secret")]).status == 200)
            }
            #expect(reloads.load(ordering: .relaxed) == 2)
            for header in [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")] {
                #expect(
                    try await fetch(port, "/-/reload", method: "POST", headers: [basic("admin", "secret"), header]).status == 403)
            }
            #expect(
                try await fetch(
                    port, "/-/reload", method: "POST",
                    headers: [basic("admin", "secret"), ("Origin", "http://127.0.0.1:\(port)")]
                ).status == 200)
            #expect(running.log.all.contains { $0.hasPrefix("warning request") && $0.contains("remote=127.0.0.1") })
            #expect(!running.log.all.contains { $0.contains("secret") })
        }
    }

    @Test("A known hash does not poison the cache (CVE-2022-46146)")
    func poisoning() async throws {
        let hash = try await makeHash("secret")
        let fake = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
        let directory = try TemporaryDirectory()
        var settings = WebSettings()
        settings.configFile = try directory.write("web.yml", "basic_auth_users:\n  alice: \(hash)\n")
        try await withServer(settings) { running async throws in
            _ = try await fetch(running.port, "/metrics", headers: [basic("alice" + hash, "fakepassword")])
            #expect(try await fetch(running.port, "/metrics", headers: [basic("alice", fake + "fakepassword")]).status == 401)
            #expect(try await fetch(running.port, "/metrics", headers: [basic("alice", "fakepassword")]).status == 401)
            #expect(try await fetch(running.port, "/metrics", headers: [basic("alice", "secret")]).status == 200)
        }
    }

    @Test("A bearer token administers, and every check of one is counted")
    func bearer() async throws {
        let directory = try TemporaryDirectory()
        var settings = WebSettings()
        settings.tokenFile = try directory.write("token", token + "\n")
        try await withServer(settings, configure: { $0.reload = { throw WebSettingsError("line 3: no such key") } }) {
            running async throws in
            let port = running.port
            #expect(try await fetch(port, "/metrics").status == 200)
            #expect(try await fetch(port, "/-/reload", method: "POST").headers["www-authenticate"]?.hasPrefix("Bearer") == true)
            #expect(
                try await fetch(port, "/-/reload", method: "POST", headers: [("Authorization", "Bearer \(token)x")]).status == 401
            )
            #expect(running.value("auth_token_validations_total", ["result": "failure"]) == 1)
            let failed = try await fetch(port, "/-/reload", method: "POST", headers: [("Authorization", "Bearer \(token)")])
            #expect(failed.status == 500)
            #expect(failed.text.contains("line 3: no such key"))
            #expect(running.value("auth_token_validations_total", ["result": "success"]) == 1)
        }
    }

    @Test("Five failures in a row lock an administrator's account for fifteen minutes, whatever the password")
    func lockout() {
        var locks = AccountLocks()
        let start = ContinuousClock.now
        func failures(_ count: Int) -> [Bool] { (0..<count).map { _ in locks.failed("admin", at: start) } }
        func isLocked(_ user: String, after seconds: Int) -> Bool { locks.isLocked(user, at: start + .seconds(seconds)) }
        #expect(failures(4) == [false, false, false, false])
        locks.succeeded("admin")
        #expect(failures(4) == [false, false, false, false])
        #expect(!isLocked("admin", after: 0))
        #expect(failures(1) == [true])
        #expect(isLocked("admin", after: 899))
        #expect(!isLocked("other", after: 0))
        #expect(!isLocked("admin", after: 900))
    }

    @Test("Property: an account is locked exactly after five failures in a row, until fifteen minutes have passed")
    func lockoutProperty() {
        for seed in UInt64(1)...200 {
            var random = SeededGenerator(seed: seed)
            var locks = AccountLocks()
            var failures = 0
            var lockedUntil: ContinuousClock.Instant?
            var now = ContinuousClock.now
            for _ in 0..<60 {
                now += .seconds(Int.random(in: 0...300, using: &random))
                if let until = lockedUntil, now >= until { (lockedUntil, failures) = (nil, 0) }
                let isLocked = locks.isLocked("u", at: now)
                #expect(isLocked == (lockedUntil != nil), "seed \(seed)")
                if isLocked { continue }
                if Int.random(in: 0..<4, using: &random) == 0 {
                    locks.succeeded("u")
                    failures = 0
                } else {
                    failures += 1
                    let locked = locks.failed("u", at: now)
                    #expect(locked == (failures == 5), "seed \(seed)")
                    if locked { lockedUntil = now + .seconds(900) }
                }
            }
        }
    }

    @Test("An administrator's lock over HTTP is counted, and readers with the password are not blinded")
    func lockedOut() async throws {
        let hash = try await makeHash("secret")
        let directory = try TemporaryDirectory()
        var settings = WebSettings()
        settings.configFile = try directory.write("web.yml", "basic_auth_users:\n  admin: \(hash)\n")
        try await withServer(settings, configure: { $0.reload = {} }) { running async throws in
            for _ in 0..<6 {
                #expect(
                    try await fetch(running.port, "/-/reload", method: "POST", headers: [basic("admin", "wrong")]).status == 401)
            }
            #expect(running.value("auth_account_lockouts_total") == 1)
            #expect(try await fetch(running.port, "/-/reload", method: "POST", headers: [basic("admin", "secret")]).status == 401)
            #expect(try await fetch(running.port, "/metrics", headers: [basic("admin", "secret")]).status == 200)
        }
    }

    @Test("rate_limit answers 429 past the burst and counts it")
    func rateLimit() async throws {
        let directory = try TemporaryDirectory()
        var settings = WebSettings()
        settings.configFile = try directory.write("web.yml", "rate_limit: {interval: 1h, burst: 3}\n")
        try await withServer(settings) { running async throws in
            var statuses: [Int] = []
            for _ in 0..<5 { statuses.append(try await fetch(running.port, "/metrics").status) }
            #expect(statuses == [200, 200, 200, 429, 429])
            #expect(running.value("vitals_rate_limit_violations_total") == 2)
        }
    }

    @Test("The token bucket fills one token an interval, up to the burst")
    func bucket() {
        let start = ContinuousClock.now
        var bucket = TokenBucket(RateLimitSettings(interval: .seconds(1), burst: 2), at: start)
        func takes(_ milliseconds: Int) -> Bool { bucket.take(at: start + .milliseconds(milliseconds)) }
        #expect(takes(0))
        #expect(takes(0))
        #expect(!takes(900))
        #expect(takes(1000))
        #expect(!takes(1500))
        #expect(takes(100_000))
        #expect(takes(100_000))
        #expect(!takes(100_000))
    }

    @Test(
        "base64 as RFC 4648 has it",
        arguments: [
            ("", [] as [UInt8]?), ("Zg==", [102]), ("Zm8=", [102, 111]), ("Zm9v", [102, 111, 111]),
            ("Zm9vYmFy", Array("foobar".utf8)), ("Zg", [102]),
            ("Z", nil), ("Zm9v!", nil), ("Zg==Zg", nil), ("====", nil),
        ])
    func base64(text: String, expected: [UInt8]?) {
        #expect(base64Decoded(text.utf8) == expected)
    }
}
