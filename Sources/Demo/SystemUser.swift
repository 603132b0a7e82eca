internal import FoundationEssentials
internal import Glibc

/// A user of the system that a program can be run as.
public struct SystemUser: Sendable, Hashable {
    public let name: String
    public let uid: UInt32
    public let gid: UInt32
    /// Set when a directory on the way to its files is closed to it (`/root`): it then gets the capability to pass.
    public var needsSearchRight = false

    /// Nil when there is no such user.
    public init?(named name: String) {
        guard let entry = getpwnam(name) else { return nil }
        self.name = name
        uid = entry.pointee.pw_uid
        gid = entry.pointee.pw_gid
    }

    /// The user for a program that refuses to run as root, given the directory it will own; nil when we are not root.
    public static func unprivileged(owning directory: String) throws(DemoError) -> SystemUser? {
        guard geteuid() == 0 else { return nil }
        guard var user = SystemUser(named: "postgres") ?? SystemUser(named: "nobody") else {
            throw DemoError(.system, "there is no user postgres or nobody to run Postgres as, and it refuses root")
        }
        var path = directory
        while let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            path = String(path[..<slash])
            var status = stat()
            if stat(path, &status) == 0, status.st_mode & 0o001 == 0 { user.needsSearchRight = true }
        }
        return user
    }

    /// Hands a directory over, without what is in it.
    public func takeOver(_ path: String) throws(DemoError) {
        guard chown(path, uid, gid) == 0 else {
            throw DemoError(.system, "cannot give \(path) to the user \(name) (errno \(errno))")
        }
    }
}

/// Creates a directory and those above it.
func createDirectory(_ path: String) throws(DemoError) {
    do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
        throw DemoError(.system, "cannot create the directory \(path): \(error)")
    }
}

/// Writes a whole file, readable by its owner only.
func writeFile(_ path: String, _ text: String) throws(DemoError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw DemoError(.system, "cannot write \(path) (errno \(errno))") }
    defer { close(descriptor) }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw DemoError(.system, "cannot write \(path) (errno \(errno))") }
        bytes = bytes.dropFirst(count)
    }
}
