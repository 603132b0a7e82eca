internal import Glibc

/// A pipe to oneself: one side becomes readable when the other is told to. Not eventfd(2), which Swift's Glibc module does not have.
final class WakePipe: Sendable {
    /// Becomes readable after `signal()`.
    let descriptor: Int32
    private let writeEnd: Int32

    init() throws(PostgresError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw PostgresError(.internal, "no descriptors for a pipe (errno \(errno))") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(descriptor)
        close(writeEnd)
    }

    /// A full pipe is readable already: nothing is lost when the write fails.
    func signal() {
        var byte: UInt8 = 1
        unsafe _ = write(writeEnd, &byte, 1)
    }

    func clear() {
        var bytes = [UInt8](repeating: 0, count: 64)
        let size = bytes.count
        while unsafe read(descriptor, &bytes, size) == size {}
    }
}
