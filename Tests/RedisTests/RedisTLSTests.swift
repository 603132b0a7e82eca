import Demo
import Support
import Testing

@testable import Redis

@Suite struct RedisTLSTests {
    private let ping = RedisCommand("PING")

    @Test("TLS verifies authority and name: right ones pass, wrong ones are refused")
    func tls() async throws {
        let server = try await LocalRedis(tls: true)
        let base = "rediss://127.0.0.1:\(server.tlsPort)"
        let authority = "ssl_ca_certs=\(server.directory.path)/ca.crt"
        let client = "&ssl_certfile=\(server.directory.path)/client.crt&ssl_keyfile=\(server.directory.path)/client.key"
        for (text, code) in [
            ("\(base)?\(authority)", nil), ("\(base)?\(authority)&server_name=redis.test", nil),
            ("\(base)?\(authority)\(client)", nil),
            ("\(base)?\(authority)&server_name=a.cache.test", nil),
            ("\(base)?\(authority)&server_name=a.b.cache.test", RedisError.Code.tls),
            ("\(base)?\(authority)&server_name=wrong.test", .tls), (base, .tls),
            ("\(base)?ssl_ca_certs=/no/such/file", .tls),
        ] {
            let session = RedisSession(try RedisURL(text))
            let answer = await session.pipeline([ping], deadline: soon(5_000)).first
            #expect(answer?.code == code, "\(text): \(String(describing: answer))")
            await session.close()
        }
        await server.stop()
    }

    @Test("A server that demands a client certificate gets one; without it the refusal is named")
    func clientCertificate() async throws {
        let server = try await LocalRedis(tls: true)
        let admin = RedisSession(try server.url())
        _ = await admin.pipeline([RedisCommand("CONFIG", "SET", "tls-auth-clients", "yes")], deadline: soon())
        await admin.close()
        let base = "rediss://127.0.0.1:\(server.tlsPort)?ssl_ca_certs=\(server.directory.path)/ca.crt"
        let without = RedisSession(try RedisURL(base))
        let refused = await without.pipeline([ping], deadline: soon()).first
        #expect(refused?.code == .tls || refused?.code == .closed)
        await without.close()
        let with = RedisSession(
            try RedisURL(
                "\(base)&ssl_certfile=\(server.directory.path)/client.crt&ssl_keyfile=\(server.directory.path)/client.key"))
        #expect(await with.pipeline([ping], deadline: soon()).first?.reply == .status("PONG"))
        await with.close()
        await server.stop()
    }
}
