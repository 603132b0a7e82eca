internal import Demo
internal import Glibc
internal import Synchronization

/// An HTTP server that keeps what it is sent and answers as it is told, wrong answers included: for faults that the real receiver
/// does not make on command. A thread per connection, one request each.
public final class HTTPStub: Sendable {
    /// What a request gets.
    public enum Behaviour: Sendable, Hashable {
        /// This status and an empty JSON object, after a pause.
        case answer(status: Int, after: Duration = .zero)
        /// This status, these header lines and this body.
        case reply(status: Int, headers: [String] = [], body: String)
        /// This status, with the path that was asked for in the body.
        case quote(status: Int)
        /// Nothing: the connection stays open and silent.
        case silence
    }

    public struct Request: Sendable {
        public let method: String
        public let path: String
        /// The header lines, as they came.
        public let headers: String
        public let body: String
        /// The status that it got; nil for silence.
        public let status: Int?
        public let arrived: ContinuousClock.Instant
    }

    private struct State {
        var behaviour = Behaviour.answer(status: 200)
        var requests: [Request] = []
        var sockets: Set<Int32> = []
        var isStopped = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    public let port: Int
    private let listener: Int32
    private let shared = Shared()

    public var url: String { "http://127.0.0.1:\(port)" }

    /// Listens on a free port.
    public init() throws {
        port = try freePort()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard listener >= 0, FaultProxy.withLoopback(port, { bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0 else {
            throw SupportError("the stub cannot listen on \(port) (errno \(errno))")
        }
        let (door, shared) = (listener, shared)
        FaultProxy.thread {
            while true {
                let client = accept(door, nil, nil)
                guard client >= 0 else { break }
                let isStopped = shared.state.withLock { state in
                    state.sockets.insert(client)
                    return state.isStopped
                }
                if isStopped { break }
                FaultProxy.thread { HTTPStub.serve(client, shared) }
            }
            close(door)
        }
    }

    deinit { stop() }

    /// What requests get from now on.
    public func set(_ behaviour: Behaviour) { shared.state.withLock { $0.behaviour = behaviour } }

    /// Everything that came, in order.
    public var requests: [Request] { shared.state.withLock { $0.requests } }

    public func stop() {
        let sockets = shared.state.withLock { state in
            defer { state.isStopped = true }
            return state.isStopped ? [] : Array(state.sockets) + [listener]
        }
        for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    private static func serve(_ client: Int32, _ shared: Shared) {
        defer {
            shared.state.withLock { _ = $0.sockets.remove(client) }
            close(client)
        }
        guard let (head, body) = read(client) else { return }
        let words = head.split(separator: " ", maxSplits: 2).map(String.init)
        guard words.count == 3 else { return }
        let behaviour = shared.state.withLock { state in
            let status: Int? =
                switch state.behaviour {
                case .answer(let status, _), .reply(let status, _, _), .quote(let status): status
                case .silence: nil
                }
            state.requests.append(
                Request(method: words[0], path: words[1], headers: words[2], body: body, status: status, arrived: .now))
            return state.behaviour
        }
        switch behaviour {
        case .silence:
            // Until the client or `stop()` ends it.
            var byte: UInt8 = 0
            _ = recv(client, &byte, 1, 0)
        case .answer(let status, let pause):
            usleep(UInt32(pause / .microseconds(1)))
            write("HTTP/1.1 \(status) Stub\r\nContent-Type: application/json\r\n", body: "{}", to: client)
        case .quote(let status):
            write("HTTP/1.1 \(status) Stub\r\n", body: "no hook at \(words[1])", to: client)
        case .reply(let status, let headers, let body):
            write("HTTP/1.1 \(status) Stub\r\n" + headers.map { $0 + "\r\n" }.joined(), body: body, to: client)
        }
    }

    private static func write(_ head: String, body: String, to client: Int32) {
        let answer = head + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n" + body
        _ = answer.utf8.withContiguousStorageIfAvailable { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// The head and the body that its Content-Length names.
    private static func read(_ client: Int32) -> (head: String, body: String)? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.firstRange(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound]
                let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) }
                if text[end.upperBound...].utf8.count >= length ?? 0 { return (String(head), String(text[end.upperBound...])) }
            }
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }
}
