import Glibc

/// A failed operation on a file of the store: what was tried, on which path, and what the system said.
public struct SampleStoreError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        /// The operating system refused.
        case io
        /// Another process holds the directory.
        case inUse
        /// The store has no directory, or was closed.
        case notOpen
    }

    public let code: Code
    public let description: String
}

/// An open file. Closed exactly once, at the end of its life.
struct StoreFile: ~Copyable, Sendable {
    let path: String
    private let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Creates or empties a file; only the owner may read it.
    static func create(_ path: String) throws(SampleStoreError) -> StoreFile {
        StoreFile(path: path, descriptor: try open(path, O_WRONLY | O_CREAT | O_TRUNC, "create"))
    }

    /// Takes the lock that says this process uses the directory. The lock ends with the file.
    static func lock(_ path: String) throws(SampleStoreError) -> StoreFile {
        let file = StoreFile(path: path, descriptor: try open(path, O_RDWR | O_CREAT, "open"))
        // A process that is just ending, or a child that has not executed its program yet, holds the lock for a moment more.
        for _ in 0..<100 {
            if flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 { return file }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw failure("lock", path) }
            usleep(10_000)
        }
        throw SampleStoreError(code: .inUse, description: "another process uses \(path)")
    }

    /// The whole file; nil when it does not exist.
    static func contents(_ path: String) throws(SampleStoreError) -> [UInt8]? {
        if unsafe access(path, F_OK) != 0 && errno == ENOENT { return nil }
        let descriptor = try open(path, O_RDONLY, "open")
        let file = StoreFile(path: path, descriptor: descriptor)
        var status = stat()
        guard unsafe fstat(file.descriptor, &status) == 0 else { throw failure("read", path) }
        var failed = false
        let size = max(0, Int(status.st_size))
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < buffer.count {
                let got = unsafe Glibc.read(file.descriptor, buffer.baseAddress.map { unsafe $0 + count }, buffer.count - count)
                if got < 0 && errno == EINTR { continue }
                failed = got < 0
                if got <= 0 { break }
                count += got
            }
        }
        if failed { throw failure("read", path) }
        return bytes
    }

    borrowing func write(_ bytes: [UInt8]) throws(SampleStoreError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw StoreFile.failure("write", path) }
            written += count
        }
    }

    /// Cuts the file back to `size`, and goes on writing there.
    borrowing func truncate(to size: Int) throws(SampleStoreError) {
        guard ftruncate(descriptor, off_t(size)) == 0, lseek(descriptor, off_t(size), SEEK_SET) >= 0 else {
            throw StoreFile.failure("truncate", path)
        }
    }

    /// Waits until the bytes are on the disk.
    borrowing func synchronize() throws(SampleStoreError) {
        guard fdatasync(descriptor) == 0 else { throw StoreFile.failure("sync", path) }
    }

    /// Replaces `path` by the bytes that `write` gives, all or nothing: a temporary file, fsync, rename, fsync of the directory.
    static func replace(
        _ path: String, _ write: (borrowing StoreFile) throws(SampleStoreError) -> Void
    ) throws(SampleStoreError) {
        let temporary = path + ".tmp"
        do {
            let file = try create(temporary)
            try write(file)
            try file.synchronize()
        } catch {
            _ = unsafe unlink(temporary)
            throw error
        }
        guard unsafe rename(temporary, path) == 0 else { throw failure("rename", temporary) }
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let handle = StoreFile(path: directory, descriptor: try open(directory, O_RDONLY | O_DIRECTORY, "open"))
        guard fsync(handle.descriptor) == 0 else { throw failure("sync", directory) }
    }

    static func remove(_ path: String) throws(SampleStoreError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
    }

    /// The names in a directory, which is made when it is not there (not its parents).
    static func names(in directory: String) throws(SampleStoreError) -> [String] {
        guard unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw failure("create", directory) }
        guard let handle = unsafe opendir(directory) else { throw failure("open", directory) }
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while let entry = unsafe readdir(handle) {
            unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { names.append(unsafe String(cString: $0)) }
            }
        }
        return names
    }

    private static func open(_ path: String, _ flags: Int32, _ verb: String) throws(SampleStoreError) -> Int32 {
        let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(verb, path) }
        return descriptor
    }

    static func failure(_ verb: String, _ path: String) -> SampleStoreError {
        let reason = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
        return SampleStoreError(code: .io, description: "cannot \(verb) \(path): \(reason)")
    }
}
