/// Why a command, a connection or an address did not work. Never holds a password.
public struct RedisError: Error, Sendable, Hashable {
    /// The closed list of causes that callers tell apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The address text is wrong.
        case invalidURL
        /// No connection: name not found, refused, no route, no answer to the connection request.
        case unreachable
        /// TLS failed: certificate, host name, protocol or a file that cannot be read.
        case tls
        /// The server closed the connection, or it broke.
        case closed
        /// The caller's deadline passed before this reply came. The connection stays.
        case late
        /// The calling task was cancelled.
        case cancelled
        /// Too many callers wait for the connection.
        case overloaded
        /// The peer does not speak RESP2.
        case malformedReply
        /// A reply beyond `RedisLimits`.
        case replyTooLarge
        /// `LOADING`: the data set is being read from disk.
        case loading
        /// `BUSY`: a script runs too long.
        case busy
        /// `MASTERDOWN`: a replica without its primary that may not serve stale data.
        case masterDown
        /// `NOAUTH`: a password is needed.
        case noAuth
        /// `WRONGPASS`: user or password wrong, or user disabled.
        case wrongPass
        /// `NOPERM`: the user may not run this command or touch this key.
        case noPerm
        /// The server's `maxclients` is reached.
        case maxClients
        /// `DENIED`: protected mode refuses connections from outside.
        case protectedMode
        /// `WRONGTYPE`: the key holds another kind of value.
        case wrongType
        /// The command or subcommand does not exist: an older server, or renamed away.
        case unknownCommand
        /// Any other error reply.
        case server
    }

    public let code: Code
    /// For people; the server's own words where the server refused.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// An error reply, its code taken from the first word (redis.io, 'RESP errors'; texts of server.c, acl.c and networking.c).
    public init(serverText text: String) {
        let word = text.prefix { $0 != " " }
        let code: Code =
            switch word {
            case "LOADING": .loading
            case "BUSY": .busy
            case "MASTERDOWN": .masterDown
            case "NOAUTH": .noAuth
            case "WRONGPASS": .wrongPass
            case "NOPERM": .noPerm
            case "DENIED": .protectedMode
            case "WRONGTYPE": .wrongType
            default:
                if text.hasPrefix("ERR max number of clients") {
                    .maxClients
                } else if text.hasPrefix("ERR unknown command") || text.hasPrefix("ERR unknown subcommand")
                    || text.hasPrefix("ERR Unknown subcommand")
                {
                    .unknownCommand
                } else if text.hasPrefix("ERR invalid password") {
                    // Redis before 6.
                    .wrongPass
                } else {
                    .server
                }
            }
        self.init(code, text)
    }

    /// The connection itself failed: another attempt, on a new one, may work.
    public var isConnectionFailure: Bool {
        switch code {
        case .unreachable, .tls, .closed, .malformedReply, .replyTooLarge, .maxClients: true
        case .invalidURL, .late, .cancelled, .overloaded, .loading, .busy, .masterDown, .noAuth, .wrongPass, .noPerm,
            .protectedMode, .wrongType, .unknownCommand, .server:
            false
        }
    }
}

extension RedisError: CustomStringConvertible {
    public var description: String { message }
}
