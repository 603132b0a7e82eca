internal import FoundationEssentials
internal import Glibc

/// Where the programs of other packages are.
public enum Programs {
    /// The full path of `name`: in `directory` when there is one, else from `PATH`, the usual directories, or the newest Postgres of
    /// Debian's. Throws `missingProgram` with the Debian package that has it.
    public static func path(of name: String, in directory: String? = nil) throws(DemoError) -> String {
        if let directory {
            let path = "\(directory)/\(name)"
            guard access(path, X_OK) == 0 else { throw DemoError(.missingProgram, "there is no program \(path)") }
            return path
        }
        for directory in searchPath() {
            let path = "\(directory)/\(name)"
            if access(path, X_OK) == 0 { return path }
        }
        let package = packages[name] ?? name
        throw DemoError(
            .missingProgram, "\(name) is not installed; on Debian it is in the package \(package): apt-get install \(package)")
    }

    private static let packages = [
        "initdb": "postgresql", "postgres": "postgresql", "pg_basebackup": "postgresql", "pgbench": "postgresql",
        "redis-server": "redis-server",
        "prometheus": "prometheus", "promtool": "prometheus", "prometheus-alertmanager": "prometheus-alertmanager",
        "pgbouncer": "pgbouncer", "setpriv": "util-linux",
    ]

    private static func searchPath() -> [String] {
        let own = getenv("PATH").map { String(cString: $0) } ?? ""
        var directories = own.split(separator: ":").map(String.init)
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        directories += versions.compactMap { Int($0) }.sorted(by: >).map { "/usr/lib/postgresql/\($0)/bin" }
        return directories + ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"]
    }
}

/// A port of the loopback address that nobody listens on now.
public func freePort() throws(DemoError) -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw DemoError(.system, "no socket (errno \(errno))") }
    defer { close(descriptor) }
    var address = loopback(port: 0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            bind(descriptor, address, size) == 0 && getsockname(descriptor, address, &size) == 0
        }
    }
    guard isBound else { throw DemoError(.system, "no free port on 127.0.0.1 (errno \(errno))") }
    return Int(UInt16(bigEndian: address.sin_port))
}

/// Whether somebody takes connections on a port of the loopback address.
public func isListening(port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = loopback(port: UInt16(clamping: port))
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

private func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}
