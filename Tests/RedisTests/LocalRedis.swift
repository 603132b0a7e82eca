import Demo
import Redis
import Support

/// A private Redis of one test, with TLS where asked.
final class LocalRedis: Sendable {
    let directory: TemporaryDirectory
    let server: PrivateRedis
    let tlsPort: Int

    var socket: String { directory.path("redis.sock") }

    /// `configuration`: lines of redis.conf.
    init(_ configuration: [String] = [], tls: Bool = false) async throws {
        directory = try TemporaryDirectory()
        tlsPort = try freePort()
        var options = PrivateRedis.Options(directory: directory.path("data"))
        options.configuration = ["unixsocket \(directory.path)/redis.sock", "enable-debug-command local"] + configuration
        if tls {
            try await LocalRedis.makeCertificates(in: directory)
            options.configuration += [
                "tls-port \(tlsPort)", "tls-auth-clients optional", "tls-ca-cert-file \(directory.path("ca.crt"))",
                "tls-cert-file \(directory.path("server.crt"))", "tls-key-file \(directory.path("server.key"))",
            ]
        }
        server = try await PrivateRedis.start(options)
    }

    func url(_ tail: String = "", user: String = "") throws -> RedisURL {
        try RedisURL("redis://\(user)127.0.0.1:\(server.port)\(tail)")
    }

    /// Ends the server and closes `sessions`.
    func stop(_ sessions: RedisSession...) async {
        for session in sessions { await session.close() }
        await server.kill()
    }

    private static func makeCertificates(in directory: TemporaryDirectory) async throws {
        let script = """
            set -e
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=ca
            for name in server client; do
              openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $name.key -out $name.csr -subj /CN=$name
              printf 'subjectAltName=DNS:redis.test,DNS:*.cache.test,IP:127.0.0.1' > ext
              openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out $name.crt -days 2 -extfile ext
            done
            """
        try await ChildProcess.run(
            ChildProcess.Command("/bin/sh", ["-c", script], log: directory.path("openssl.log"), directory: directory.path))
    }
}

func soon(_ milliseconds: Int = 20_000) -> ContinuousClock.Instant { .now + .milliseconds(milliseconds) }

extension Result<RedisReply, RedisError> {
    var code: RedisError.Code? {
        if case .failure(let error) = self { error.code } else { nil }
    }
    var reply: RedisReply? { try? get() }
}
