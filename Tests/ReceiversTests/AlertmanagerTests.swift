import Alerting
import AsyncHTTPClient
import Glibc
import MetricsModel
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import Receivers

/// Debian's prometheus-alertmanager on a free port of the loopback.
final class Alertmanager: Sendable {
    let port: Int
    let directory: String
    private let pid = Mutex<pid_t>(0)

    /// `receivers` are lines below the receiver `hook` of one route that groups by alertname and machine.
    init(receivers: String? = nil) throws {
        var template = Array("/tmp/vitals-alertmanager-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        port = try freePort()
        let config =
            receivers.map {
                "route: {receiver: night.shift, group_wait: 500ms, group_interval: 1s, group_by: [alertname, machine]}\n"
                    + "receivers:\n- name: night.shift\n" + $0
            } ?? "route: {receiver: none, group_wait: 0s}\nreceivers: [{name: none}]\n"
        let file = open(directory + "/am.yml", O_WRONLY | O_CREAT, 0o600)
        _ = config.withCString { write(file, $0, strlen($0)) }
        close(file)
        try start()
    }

    deinit { stop() }

    func start() throws {
        let arguments = [
            "/usr/bin/prometheus-alertmanager", "--config.file", directory + "/am.yml", "--web.listen-address=127.0.0.1:\(port)",
            "--cluster.listen-address=", "--storage.path=\(directory)/data", "--log.level=error",
            "--web.external-url=https://vitals.example",
        ]
        var raw = arguments.map { strdup($0) } + [nil]
        defer { for pointer in raw { free(pointer) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var child: pid_t = 0
        let result = posix_spawn(&child, arguments[0], &actions, nil, &raw, environ)
        try #require(result == 0, "prometheus-alertmanager could not be started: \(result)")
        pid.withLock { $0 = child }
    }

    func stop() {
        let child = pid.withLock { pid in
            defer { pid = 0 }
            return pid
        }
        guard child > 0 else { return }
        kill(child, SIGKILL)
        var status: Int32 = 0
        waitpid(child, &status, 0)
    }
}

private func freePort() throws -> Int {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
        }
    }
    try #require(bound)
    return Int(UInt16(bigEndian: address.sin_port))
}

private func note(_ alert: String, resolved: Bool = false, labels: [String: String] = [:]) -> Notification {
    let now = SystemWallClock().now
    return Notification(
        labels: Labels(["alertname": alert, "instance": "a\"b\\c\né"].merging(labels) { $1 }),
        annotations: [Label("summary", "line\nbreak \"q\" \u{1}")], startsAt: now - 60_000,
        endsAt: resolved ? now - 1_000 : now + 240_000, isResolved: resolved, generatorURL: "http://v/graph?g0.expr=up&g0.tab=1")
}

/// Tries again until it holds, for ten seconds at most: what happens in another process has no clock of ours.
func eventually(_ condition: () async -> Bool) async -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(10)
    while clock.now < end {
        if await condition() { return true }
        do { try await clock.sleep(for: .milliseconds(25)) } catch { return false }
    }
    return await condition()
}

func alerts(of port: Int, _ client: HTTPClient) async -> String {
    do {
        let response = try await client.execute(
            HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/v2/alerts"), timeout: .seconds(2))
        return String(buffer: try await response.body.collect(upTo: 1 << 20))
    } catch {
        return ""
    }
}

@Suite("Alertmanager", .serialized)
struct AlertmanagerTests {
    @Test("A real Alertmanager takes alerts with any text, and their end")
    func real() async throws {
        let server = try Alertmanager()
        try await withClient { client in
            let notifier = try AlertmanagerNotifier(url: "http://127.0.0.1:\(server.port)/", client: client)
            #expect(await eventually { await alerts(of: server.port, client) == "[]\n" })
            try await notifier.deliver([note("One"), note("Two")])
            let listed = await alerts(of: server.port, client)
            #expect(listed.contains("\"alertname\":\"One\"") && listed.contains("\"alertname\":\"Two\""))
            #expect(listed.contains("line\\nbreak \\\"q\\\" \\u0001") && listed.contains("a\\\"b\\\\c\\né"))
            #expect(listed.contains("\"generatorURL\":\"http://v/graph?g0.expr=up\\u0026g0.tab=1\""))
            try await notifier.deliver([note("One", resolved: true)])
            #expect(await eventually { await !alerts(of: server.port, client).contains("\"One\"") })
        }
    }

    private func notifications(_ alertmanagers: [any Notifier], directory: String?) throws -> Notifications {
        Notifications(
            alertmanagers: alertmanagers, pagers: [], routing: try Routing(Route(receiver: "none")), directory: directory,
            onEvent: { _ in })
    }

    @Test("An alert that a real Alertmanager refuses does not hold the others of its batch")
    func refused() async throws {
        let server = try Alertmanager()
        try await withClient { client in
            let notifier = try AlertmanagerNotifier(url: "http://127.0.0.1:\(server.port)", client: client)
            #expect(await eventually { await alerts(of: server.port, client) == "[]\n" })
            let outbox = try notifications([notifier], directory: nil)
            let task = Task { await outbox.run() }
            await outbox.enqueue([note("Good"), note("Bad", labels: ["not a label": "x"]), note("Fine")])
            #expect(await eventually { outbox.receivers.first?.sent == 2 && outbox.receivers.first?.refused == 1 })
            let listed = await alerts(of: server.port, client)
            #expect(listed.contains("\"Good\"") && listed.contains("\"Fine\"") && !listed.contains("\"Bad\""))
            task.cancel()
            await task.value
        }
    }

    @Test("Alertmanager killed and started again: what fired meanwhile arrives, what fired and ended does not")
    func killed() async throws {
        let server = try Alertmanager()
        try await withClient { client in
            let notifier = try AlertmanagerNotifier(url: "http://127.0.0.1:\(server.port)", client: client)
            #expect(await eventually { await alerts(of: server.port, client) == "[]\n" })
            let outbox = try notifications([notifier], directory: server.directory + "/outbox")
            let task = Task { await outbox.run() }
            await outbox.enqueue([note("Before")])
            #expect(await eventually { outbox.receivers.first?.sent == 1 })
            server.stop()
            await outbox.enqueue([note("During"), note("Brief")])
            #expect(await eventually { (outbox.receivers.first?.failed[.networkError] ?? 0) >= 2 })
            await outbox.enqueue([note("Brief", resolved: true), note("Before", resolved: true)])
            try server.start()
            #expect(await eventually { outbox.receivers.first?.queueLength == 0 })
            let listed = await alerts(of: server.port, client)
            #expect(listed.contains("\"During\"") && !listed.contains("\"Brief\""))
            task.cancel()
            await task.value
        }
    }

    @Test(
        "By status it is told what may be tried again",
        arguments: [
            (200, nil, false), (400, "clientError", false), (401, "authError", false), (422, "clientError", false),
            (429, "rateLimited", true), (500, "serverError", true), (503, "serverError", true), (302, "other", false),
        ] as [(Int, String?, Bool)])
    func statuses(status: Int, reason: String?, isRetryable: Bool) async throws {
        let server = try await AnsweringServer.start(status: status)
        try await withClient { client in
            let notifier = try AlertmanagerNotifier(
                url: "http://user:canary%40secret@127.0.0.1:\(server.port)/am", client: client)
            #expect(notifier.name == "http://127.0.0.1:\(server.port)/am")
            do throws(NotifyError) {
                try await notifier.deliver([note("A")])
                #expect(reason == nil)
            } catch {
                #expect(error.reason.rawValue == reason && error.isRetryable == isRetryable)
                #expect(error.retryAfter == (status == 429 || status >= 500 ? 7_000 : nil))
                #expect(!"\(error)".contains("canary"))
            }
            // user:canary@secret
            #expect(server.heads.values.first?.contains("authorization: Basic dXNlcjpjYW5hcnlAc2VjcmV0") == true)
            #expect(server.heads.values.first?.hasPrefix("POST /am/api/v2/alerts") == true)
        }
        try await server.stop()
    }

    @Test("A server that never answers costs the timeout, and one that is not there nothing")
    func slow() async throws {
        let server = try await AnsweringServer.start(status: nil)
        let port = try freePort()
        try await withClient { client in
            let slow = try AlertmanagerNotifier(
                url: "http://127.0.0.1:\(server.port)", timeout: .milliseconds(200), client: client)
            let late = await #expect(throws: NotifyError.self) { try await slow.deliver([note("A")]) }
            #expect(late?.reason == .timeout && late?.isRetryable == true && late?.mayHaveArrived == true)
            let absent = try AlertmanagerNotifier(url: "http://127.0.0.1:\(port)", timeout: .seconds(30), client: client)
            let refused = await #expect(throws: NotifyError.self) { try await absent.deliver([note("A")]) }
            #expect(refused?.reason == .networkError && refused?.mayHaveArrived == false, "\(String(describing: refused))")
        }
        try await server.stop()
    }

    @Test("A token file is read anew for each batch; an unreadable one is an error that names it")
    func tokenFile() async throws {
        let server = try await AnsweringServer.start(status: 200)
        var template = Array("/tmp/vitals-token-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        _ = "token-1\n".withCString { write(file, $0, strlen($0)) }
        try await withClient { client in
            let notifier = try AlertmanagerNotifier(
                url: "http://127.0.0.1:\(server.port)", credentials: .bearer(.file(path)), client: client)
            try await notifier.deliver([note("A")])
            #expect(server.heads.values.last?.contains("authorization: Bearer token-1\n") == true)
            unlink(path)
            let error = await #expect(throws: NotifyError.self) { try await notifier.deliver([note("A")]) }
            #expect(error?.reason == .authError && error?.isRetryable == true && error?.message.contains(path) == true)
        }
        close(file)
        try await server.stop()
    }

    @Test(
        "A URL that is none is refused without showing it", arguments: ["", "am:9093", "ftp://x", "http://", "http://user:pw@"])
    func badURL(url: String) async throws {
        try await withClient { client in
            let error = #expect(throws: ReceiverError.self) {
                try AlertmanagerNotifier(url: url, client: client)
            }
            #expect(error.map { !"\($0)".contains("pw") } == true)
        }
    }

    @Test(
        "Base64 agrees with RFC 4648",
        arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64(text: String, wanted: String) {
        #expect(Base64.encode(Array(text.utf8)) == wanted)
    }
}

/// An HTTP server that answers each request with one status, or never.
private final class AnsweringServer: Sendable {
    final class Heads: Sendable {
        private let state = Mutex<[String]>([])
        var values: [String] { state.withLock { $0 } }
        func add(_ head: String) { state.withLock { $0.append(head) } }
    }

    private final class Handler: ChannelInboundHandler, Sendable {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        let status: Int?
        let heads: Heads

        init(status: Int?, heads: Heads) {
            self.status = status
            self.heads = heads
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                let fields = head.headers.map { "\($0.name.lowercased()): \($0.value)\n" }.joined()
                heads.add("\(head.method) \(head.uri)\n\(fields)")
            case .body: break
            case .end:
                guard let status else { return }
                let answer = HTTPResponseHead(
                    version: .http1_1, status: .init(statusCode: status), headers: ["content-length": "0", "retry-after": "7"])
                context.write(wrapOutboundOut(.head(answer)), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }

    let heads: Heads
    let port: Int
    private let channel: any Channel

    private init(_ channel: any Channel, _ heads: Heads, port: Int) {
        self.channel = channel
        self.heads = heads
        self.port = port
    }

    static func start(status: Int?) async throws -> AnsweringServer {
        let heads = Heads()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(status: status, heads: heads))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return AnsweringServer(channel, heads, port: try #require(channel.localAddress?.port))
    }

    func stop() async throws { try await channel.close() }
}
