#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Small files: configuration, certificates, tokens.
enum FileContent {
    /// Larger than any certificate bundle; a path that names a device or a log must not fill the memory.
    static let sizeBytesMax = 4 << 20

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func read(_ path: String) -> Result<[UInt8], Failure> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(failure(path)) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(failure(path)) }
            if count == 0 { return .success(content) }
            content += chunk[..<count]
            guard content.count <= sizeBytesMax else {
                return .failure(Failure(description: "\(path): larger than \(sizeBytesMax) bytes"))
            }
        }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }
}

/// What tells that a file is another than before.
struct FileMark: Equatable, Sendable {
    private let inode: UInt64
    private let size: Int64
    private let seconds: Int
    private let nanoseconds: Int

    /// nil when there is no such file.
    init?(_ path: String) {
        var answer = stat()
        guard stat(path, &answer) == 0 else { return nil }
        inode = UInt64(answer.st_ino)
        size = Int64(answer.st_size)
        seconds = answer.st_mtim.tv_sec
        nanoseconds = answer.st_mtim.tv_nsec
    }
}
