/// Where a Redis is and how to get in. Its description leaves user and password out.
public struct RedisURL: Sendable, Hashable {
    public enum Endpoint: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    /// Certificates are always verified, and so is the host name or address.
    public struct TLS: Sendable, Hashable {
        /// PEM file of authorities; nil means those of the system.
        public var authorityFile: String?
        /// PEM files of the client's certificate chain and key; both or none.
        public var certificateFile: String?
        public var keyFile: String?
        /// The name to ask for (SNI) and to verify; nil means the URL's host.
        public var serverName: String?

        public init(
            authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil, serverName: String? = nil
        ) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.serverName = serverName
        }
    }

    public let endpoint: Endpoint
    public let user: String?
    public let password: String?
    public let database: Int
    /// Nil means plain text.
    public let tls: TLS?

    public init(endpoint: Endpoint, user: String? = nil, password: String? = nil, database: Int = 0, tls: TLS? = nil) {
        self.endpoint = endpoint
        self.user = user
        self.password = password
        self.database = database
        self.tls = tls
    }

    /// `host:port`, or the path of the socket: what the label `instance` says.
    public var instance: String {
        switch endpoint {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}

extension RedisURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        switch endpoint {
        case .tcp: "\(tls == nil ? "redis" : "rediss")://\(instance)/\(database)"
        case .unix(let path): "unix://\(path)?db=\(database)"
        }
    }

    public var debugDescription: String { description }

    /// `dump` and string interpolation of a surrounding value see no password either.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
