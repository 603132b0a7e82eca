import Glibc

/// The spool's file descriptor, closed when it goes out of scope. Nobody else writes the file: it is locked while open.
struct SpoolFile: ~Copyable, Sendable {
    private let descriptor: Int32

    /// Opens or makes the file (owner only) and locks it. Throws `spoolFailed`, also when another process has it.
    init(_ path: String, truncating: Bool = false) throws(RecordError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (truncating ? O_TRUNC : 0), 0o600)
        guard descriptor >= 0 else { throw .system("cannot open \(path)") }
        // A child that this or another process has just forked holds the lock too, until it executes its program.
        for _ in 0..<20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw .system("cannot lock \(path)") }
            usleep(10_000)
        }
        throw RecordError(.spoolFailed, "\(path) is in use by another process")
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Writes all bytes at `offset` and waits until they are on the disk. After a failure the file may hold a part of them.
    func write(_ bytes: [UInt8], at offset: Int64) throws(RecordError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    descriptor, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done, off_t(offset) + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("cannot write the spool") }
            done += count
        }
        guard fdatasync(descriptor) == 0 else { throw .system("cannot write the spool") }
    }

    /// Up to `count` bytes from `offset`; fewer at the file's end.
    func read(at offset: Int64, count: Int) throws(RecordError) -> [UInt8] {
        var problem = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let got = unsafe pread(
                    descriptor, buffer.baseAddress.map { unsafe $0 + filled }, count - filled, off_t(offset) + off_t(filled))
                if got < 0, errno == EINTR { continue }
                if got < 0 { problem = true }
                if got <= 0 { return }
                filled += got
            }
        }
        if problem { throw .system("cannot read the spool") }
        return bytes
    }

    func truncate(to size: Int64) throws(RecordError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw .system("cannot shorten the spool") }
    }
}

/// Puts the file `from` in the place of `to` and waits until the directory's entry is on the disk.
func replaceFile(_ from: String, _ to: String, in directory: String) throws(RecordError) {
    guard rename(from, to) == 0 else { throw .system("cannot rename \(from)") }
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("cannot open \(directory)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .system("cannot write \(directory)") }
}

extension RecordError {
    /// With what the C library says about `errno`.
    static func system(_ what: String) -> RecordError {
        let number = errno
        return RecordError(.spoolFailed, "\(what): \(unsafe String(cString: strerror(number)))")
    }
}
