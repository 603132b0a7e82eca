internal import Glibc
internal import Synchronization

/// Host names with the addresses behind them, in the form libpq takes lists: a name for every address.
struct ResolvedHosts: Sendable, Hashable {
    let hosts: String
    let addresses: String
    let ports: String
}

/// Looks host names up on a thread of its own, since getaddrinfo(3) blocks and libpq would call it inside PQconnectStart.
final class HostResolution: Sendable {
    private enum State {
        case running
        case done(ResolvedHosts)
        case failed(PostgresError)
    }

    private let state = Mutex(State.running)
    private let done: WakePipe

    /// Becomes readable when the answer is there.
    var descriptor: Int32 { done.descriptor }

    /// Nil when nothing needs to be looked up: sockets in the file system, or addresses given.
    static func start(_ configuration: PostgresConfiguration) throws(PostgresError) -> HostResolution? {
        guard configuration.options["hostaddr"] == nil, let host = configuration.options["host"] ?? environment("PGHOST") else {
            return nil
        }
        let hosts = host.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard hosts.contains(where: { !$0.isEmpty && !isSocketPath($0) && !isNumeric($0) }) else { return nil }
        let ports = configuration.port.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        return try HostResolution(hosts: hosts, ports: ports)
    }

    private init(hosts: [String], ports: [String]) throws(PostgresError) {
        done = try WakePipe()
        let status = startThread { [self] in
            let answer = HostResolution.resolve(hosts: hosts, ports: ports)
            state.withLock { $0 = answer }
            done.signal()
        }
        guard status == 0 else { throw PostgresError(.internal, "no thread to look a host name up (errno \(status))") }
    }

    /// The answer; nil while it is not there.
    func result() throws(PostgresError) -> ResolvedHosts? {
        switch state.withLock({ $0 }) {
        case .running: return nil
        case .done(let hosts): return hosts
        case .failed(let error): throw error
        }
    }

    /// An address that libpq reads without asking anybody.
    private static func isNumeric(_ host: String) -> Bool {
        var address = in6_addr()
        return unsafe inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
    }

    private static func isSocketPath(_ host: String) -> Bool { host.hasPrefix("/") || host.hasPrefix("@") }

    private static func resolve(hosts: [String], ports: [String]) -> State {
        var names: [String] = []
        var addresses: [String] = []
        var allPorts: [String] = []
        var failure: PostgresError?
        for (place, host) in hosts.enumerated() {
            // As libpq has it: one port for all hosts, or one for each.
            let port = ports.count == 1 ? ports[0] : (place < ports.count ? ports[place] : "")
            if host.isEmpty || isSocketPath(host) {
                names.append(host)
                addresses.append("")
                allPorts.append(port)
                continue
            }
            var hints = unsafe addrinfo()
            unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            let status = unsafe getaddrinfo(host, nil, &hints, &list)
            defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
            guard status == 0 else {
                let reason = unsafe String(cString: gai_strerror(status))
                failure = PostgresError(.connection, "cannot look up host \"\(host)\": \(reason)")
                continue
            }
            var next = unsafe list
            while let entry = unsafe next {
                if let address = unsafe numeric(entry) {
                    names.append(host)
                    addresses.append(address)
                    allPorts.append(port)
                }
                unsafe next = entry.pointee.ai_next
            }
        }
        if names.isEmpty { return .failed(failure ?? PostgresError(.connection, "no address for the host")) }
        return .done(
            ResolvedHosts(
                hosts: names.joined(separator: ","), addresses: addresses.joined(separator: ","),
                ports: allPorts.joined(separator: ",")))
    }

    private static func numeric(_ entry: UnsafeMutablePointer<addrinfo>) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let size = socklen_t(text.count)
        let status = unsafe getnameinfo(
            entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, size, nil, 0, NI_NUMERICHOST)
        guard status == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
