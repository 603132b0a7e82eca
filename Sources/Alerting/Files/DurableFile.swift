import Glibc

/// An operation on a file failed.
public struct FileError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ operation: String, _ path: String, _ number: Int32) {
        description = "\(operation) \(path): \(String(cString: strerror(number)))"
    }
}

/// Files that survive a crash of the machine: written whole and renamed into place, or appended to and synced.
enum DurableFile {
    /// Whole content; nil when the file does not exist.
    static func read(_ path: String) throws(FileError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw FileError("read", path, errno)
        }
        defer { close(file) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count == 0 { return content }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError("read", path, errno)
            }
            content += chunk[..<count]
        }
    }

    /// Replaces the file's content at once or not at all.
    static func replace(_ path: String, with content: [UInt8]) throws(FileError) {
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw FileError("create", temporary, errno) }
        do {
            defer { close(file) }
            try write(content, to: file, temporary)
            guard fsync(file) == 0 else { throw FileError("sync", temporary, errno) }
        }
        guard rename(temporary, path) == 0 else { throw FileError("rename", temporary, errno) }
        syncDirectory(of: path)
    }

    static func remove(_ path: String) throws(FileError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw FileError("remove", path, errno) }
    }

    /// Creates a directory and those above it.
    static func createDirectory(_ path: String) throws(FileError) {
        var upTo = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            upTo += part
            guard mkdir(upTo, 0o700) == 0 || errno == EEXIST else { throw FileError("create directory", upTo, errno) }
            upTo += "/"
        }
    }

    static func write(_ content: [UInt8], to file: Int32, _ path: String) throws(FileError) {
        var place = 0
        while place < content.count {
            let count = content.withUnsafeBytes { bytes in
                Glibc.write(file, UnsafeRawBufferPointer(rebasing: bytes[place...]).baseAddress, bytes.count - place)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError("write", path, errno)
            }
            place += count
        }
    }

    /// Makes a rename last. Where a file system refuses to sync a directory, the rename lasts a little later.
    private static func syncDirectory(of path: String) {
        let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let file = open(parent.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }
}

/// A file that only grows: records with checksums, synced at each append.
struct AppendFile: ~Copyable {
    let path: String
    private let file: Int32
    private(set) var size: Int

    /// Opens the file, or creates it, and cuts off a torn end.
    ///
    /// - Returns: through `records` what stands in it.
    init(_ path: String, records: inout [ArraySlice<UInt8>]) throws(FileError) {
        let content = try DurableFile.read(path) ?? []
        let good = ChecksummedRecords.read(content)
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw FileError("open", path, errno) }
        guard ftruncate(file, off_t(good.goodLength)) == 0, lseek(file, 0, SEEK_END) >= 0 else {
            let number = errno
            close(file)
            throw FileError("truncate", path, number)
        }
        self.path = path
        self.file = file
        size = good.goodLength
        records = good.records
    }

    deinit { close(file) }

    /// Appends records and waits until they are on the disk. After a failure the file ends where it ended before.
    mutating func append(_ payloads: [[UInt8]]) throws(FileError) {
        var bytes: [UInt8] = []
        for payload in payloads { ChecksummedRecords.append(payload, to: &bytes) }
        do throws(FileError) {
            try DurableFile.write(bytes, to: file, path)
            guard fdatasync(file) == 0 else { throw FileError("sync", path, errno) }
            size += bytes.count
        } catch {
            // A half-written record would hide all that come after it.
            ftruncate(file, off_t(size))
            lseek(file, 0, SEEK_END)
            throw error
        }
    }
}
