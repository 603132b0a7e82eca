internal import Demo
internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// A directory of a test's own under the system's, removed with the object.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws {
        var template = Array("/tmp/vitals-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SupportError("no temporary directory (errno \(errno))") }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        // Postgres runs as another user when the tests are root's.
        chmod(path, 0o755)
    }

    deinit { TemporaryDirectory.remove(path) }

    /// Keeps it until the process exits: for fixtures that all tests share.
    public func keepUntilExit() {
        let isFirst = TemporaryDirectory.kept.withLock { kept in
            kept.append(self)
            return kept.count == 1
        }
        guard isFirst else { return }
        atexit {
            ChildProcess.killAll()
            for directory in TemporaryDirectory.kept.withLock({ $0 }) { TemporaryDirectory.remove(directory.path) }
        }
    }

    private static let kept = Mutex<[TemporaryDirectory]>([])

    private static func remove(_ path: String) {
        if path.hasPrefix("/tmp/vitals-test-") { try? FileManager.default.removeItem(atPath: path) }
    }

    /// The path of an entry of this directory.
    public func path(_ name: String) -> String { "\(path)/\(name)" }

    /// The text of a file in it.
    public func read(_ name: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path(name)) else { throw SupportError("cannot read \(path(name))") }
        return String(decoding: data, as: UTF8.self)
    }

    /// Writes a file in it, and returns its path.
    @discardableResult
    public func write(_ name: String, _ text: String) throws -> String {
        let file = path(name)
        guard FileManager.default.createFile(atPath: file, contents: Data(text.utf8)) else {
            throw SupportError("cannot write \(file)")
        }
        return file
    }
}

/// Why a fixture could not be set up.
public struct SupportError: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
