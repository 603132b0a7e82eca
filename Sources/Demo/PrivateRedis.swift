internal import FoundationEssentials
internal import Glibc

/// A Redis of one's own under a directory, listening on the loopback address.
public final class PrivateRedis: Sendable {
    /// How to run it.
    public struct Options: Sendable {
        /// Configuration, data and log go here. Absolute.
        public var directory: String
        /// Nil: a free one.
        public var port: Int?
        /// `requirepass`.
        public var password: String?
        /// The lines of an ACL file (`user name on >secret …`). Takes the place of `password`.
        public var accessControl: [String] = []
        /// More lines of redis.conf, like `maxmemory 10mb`.
        public var configuration: [String] = []

        public init(directory: String) { self.directory = directory }
    }

    public let options: Options
    public let port: Int
    private let process: Slot

    private actor Slot {
        var process: ChildProcess?

        func set(_ new: ChildProcess?) { process = new }
    }

    public static func start(_ options: Options) async throws(DemoError) -> PrivateRedis {
        let server = try PrivateRedis(options)
        try await server.start()
        return server
    }

    private init(_ options: Options) throws(DemoError) {
        self.options = options
        port = if let port = options.port { port } else { try freePort() }
        process = Slot()
    }

    /// With the password of `requirepass`, if there is one.
    public var url: String { url(user: nil, password: options.password) }

    /// A URL for a user of the ACL file. The password must not need escaping.
    public func url(user: String?, password: String?) -> String {
        let secret = password.map { "\(user ?? ""):\($0)@" } ?? ""
        return "redis://\(secret)127.0.0.1:\(port)"
    }

    /// Starts it, also again after `stop()` or `kill()`, on the same port.
    public func start() async throws(DemoError) {
        try createDirectory(options.directory)
        var lines = [
            "bind 127.0.0.1", "port \(port)", "dir \(quoted(options.directory))", "daemonize no", "save \"\"", "appendonly no",
        ]
        if !options.accessControl.isEmpty {
            let path = "\(options.directory)/users.acl"
            try writeFile(path, options.accessControl.joined(separator: "\n") + "\n")
            lines.append("aclfile \(quoted(path))")
        } else if let password = options.password {
            lines.append("requirepass \(password)")
        }
        let file = "\(options.directory)/redis.conf"
        try writeFile(file, (lines + options.configuration).joined(separator: "\n") + "\n")
        let child = try await ChildProcess(
            ChildProcess.Command(
                try Programs.path(of: "redis-server"), [file], log: "\(options.directory)/redis.log",
                directory: options.directory))
        await process.set(child)
        let port = port
        do {
            try await child.waitUntilReady { isListening(port: port) }
        } catch {
            await child.stop()
            throw error
        }
    }

    /// Ends it in order.
    public func stop() async { await process.process?.stop() }

    /// Ends it as a crash would.
    public func kill() async { await process.process?.killAndWait() }

    /// It keeps its sockets and answers nothing.
    public func freeze() async { await process.process?.freeze() }

    public func thaw() async { await process.process?.thaw() }

    /// The process, for signals and measurements; nil before the first start.
    public var child: ChildProcess? {
        get async { await process.process }
    }
}

/// A word of redis.conf that may hold spaces.
private func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
}
