import Glibc
import Synchronization

@testable import Redis

/// A real redis-server for one test: its own directory, socket and port, ended with the object.
final class LocalRedis: Sendable {
    let directory: String
    let port: Int
    let tlsPort: Int
    private let extra: [String]
    private let pid: Mutex<pid_t>

    var socket: String { "\(directory)/redis.sock" }

    init(_ extra: [String] = [], tls: Bool = false) async throws {
        var template = Array("/tmp/vitals-redis-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw StartError("mkdtemp: \(errno)") }
        directory = String(cString: made)
        port = try freePort()
        tlsPort = try freePort()
        var arguments = extra
        if tls {
            try LocalRedis.makeCertificates(in: directory)
            arguments += [
                "--tls-port", "\(tlsPort)", "--tls-cert-file", "\(directory)/server.crt", "--tls-key-file",
                "\(directory)/server.key",
                "--tls-ca-cert-file", "\(directory)/ca.crt", "--tls-auth-clients", "optional",
            ]
        }
        self.extra = arguments
        pid = Mutex(0)
        try await start()
    }

    deinit {
        signal(SIGCONT)
        signal(SIGKILL)
        reap()
        _ = try? run("/bin/rm", ["-rf", directory])
    }

    func url(_ tail: String = "", user: String = "") throws -> RedisURL {
        try RedisURL("redis://\(user)127.0.0.1:\(port)\(tail)")
    }

    func start() async throws {
        let started = try spawn(
            "/usr/bin/redis-server",
            [
                "--port", "\(port)", "--bind", "127.0.0.1", "--unixsocket", socket, "--dir", directory, "--save", "",
                "--appendonly",
                "no", "--logfile", "\(directory)/log", "--enable-debug-command", "local",
            ] + extra)
        pid.withLock { $0 = started }
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            if access(socket, F_OK) == 0 { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw StartError("redis-server did not start; see \(directory)/log")
    }

    func signal(_ number: CInt) {
        pid.withLock { if $0 > 0 { _ = Glibc.kill($0, number) } }
    }

    func kill() {
        signal(SIGKILL)
        reap()
        unlink(socket)
    }

    private func reap() {
        pid.withLock { pid in
            var status: CInt = 0
            if pid > 0 { waitpid(pid, &status, 0) }
            pid = 0
        }
    }

    private static func makeCertificates(in directory: String) throws {
        let script = """
            cd \(directory) && exec 2>/dev/null
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=ca
            for name in server client; do
              openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $name.key -out $name.csr -subj /CN=$name
              printf 'subjectAltName=DNS:redis.test,IP:127.0.0.1' > ext
              openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out $name.crt -days 2 -extfile ext
            done
            """
        guard try run("/bin/sh", ["-c", script]) == 0 else { throw StartError("openssl failed") }
    }
}

struct StartError: Error {
    let text: String
    init(_ text: String) { self.text = text }
}

private func spawn(_ path: String, _ arguments: [String]) throws -> pid_t {
    var pid: pid_t = 0
    var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    argv.append(nil)
    defer { for pointer in argv { free(pointer) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let code = posix_spawn(&pid, path, &actions, nil, argv, environ)
    guard code == 0 else { throw StartError("\(path): \(code)") }
    return pid
}

@discardableResult
private func run(_ path: String, _ arguments: [String]) throws -> CInt {
    let pid = try spawn(path, arguments)
    var status: CInt = 0
    waitpid(pid, &status, 0)
    return status
}

private func freePort() throws -> Int {
    let descriptor = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
            bind(descriptor, raw, size) == 0 && getsockname(descriptor, raw, &size) == 0
        }
    }
    guard bound else { throw StartError("no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
}

/// SplitMix64, for tests that print their seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

func soon(_ milliseconds: Int = 3_000) -> ContinuousClock.Instant { .now + .milliseconds(milliseconds) }

extension Result<RedisReply, RedisError> {
    var code: RedisError.Code? {
        if case .failure(let error) = self { error.code } else { nil }
    }
    var reply: RedisReply? { try? get() }
}
