internal import Demo
internal import Glibc
internal import Synchronization

/// A TCP proxy on the loopback address that can go wrong on command: two threads per connection, plain sockets.
public final class FaultProxy: Sendable {
    /// What happens to the bytes.
    public enum Fault: Sendable, Hashable {
        case none
        /// Every chunk waits this long in each direction.
        case delay(Duration)
        /// Bytes are taken and never passed on; new connections are accepted and stay silent.
        case blackHole
        /// New connections are closed at once.
        case refuse
    }

    private struct State {
        var fault = Fault.none
        var sockets: Set<Int32> = []
        var accepted = 0
        var isStopped = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    public let port: Int
    private let target: Int
    private let listener: Int32
    private let shared = Shared()

    /// Listens on a free port for connections to `target`.
    public init(to target: Int) throws {
        self.target = target
        port = try freePort()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard listener >= 0, FaultProxy.withLoopback(port, { bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0 else {
            throw SupportError("the proxy cannot listen on \(port) (errno \(errno))")
        }
        let (door, state) = (listener, shared)
        FaultProxy.thread { FaultProxy.accept(door, target, state) }
    }

    deinit { stop() }

    /// What happens from now on, to open connections too.
    public func set(_ fault: Fault) { shared.state.withLock { $0.fault = fault } }

    /// Ends every open connection.
    public func cut() {
        for socket in shared.state.withLock({ $0.sockets }) { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    /// Connections taken so far.
    public var accepted: Int { shared.state.withLock { $0.accepted } }

    public func stop() {
        let isFirst = shared.state.withLock { state in
            defer { state.isStopped = true }
            return !state.isStopped
        }
        guard isFirst else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        cut()
    }

    private static func accept(_ listener: Int32, _ target: Int, _ shared: Shared) {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { break }
            let (fault, isStopped) = shared.state.withLock { state in
                state.accepted += 1
                return (state.fault, state.isStopped)
            }
            if isStopped || fault == .refuse {
                close(client)
                continue
            }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard withLoopback(target, { connect(server, $0, $1) }) == 0 else {
                close(client)
                close(server)
                continue
            }
            shared.state.withLock { $0.sockets.formUnion([client, server]) }
            let pair = Pair(client, server, shared)
            thread { pair.pump(from: client, to: server) }
            thread { pair.pump(from: server, to: client) }
        }
        close(listener)
    }

    /// Two sockets, closed when both directions have ended.
    private final class Pair: Sendable {
        let sockets: [Int32]
        let shared: Shared

        init(_ client: Int32, _ server: Int32, _ shared: Shared) {
            sockets = [client, server]
            self.shared = shared
        }

        deinit {
            shared.state.withLock { $0.sockets.subtract(sockets) }
            for socket in sockets { close(socket) }
        }

        func pump(from source: Int32, to sink: Int32) {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(source, &buffer, buffer.count)
                guard count > 0 else { break }
                switch shared.state.withLock({ $0.fault }) {
                case .none, .refuse: break
                case .delay(let time): usleep(UInt32(time / .microseconds(1)))
                case .blackHole: continue
                }
                var sent = 0
                while sent < count {
                    let more = buffer[sent..<count].withUnsafeBytes {
                        send(sink, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    guard more > 0 else { break }
                    sent += more
                }
            }
            for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// The address of a port on 127.0.0.1.
    static func withLoopback(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(clamping: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `run` on a thread of its own, which nobody joins.
    static func thread(_ run: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        if status == 0 { pthread_detach(thread) } else { box.release() }
    }
}
