/// What a connection will not go beyond, so that a wrong or hostile peer costs a bounded amount of memory and time.
public struct RedisLimits: Sendable, Hashable {
    /// Bytes of one reply. INFO of a server with 500 commands is 100 kB; 8 MiB leaves room for long lists of clients.
    public var replySizeBytesMax = 8 << 20
    /// Bytes of all replies of one pipeline that a caller still waits for.
    public var pipelineSizeBytesMax = 64 << 20
    /// Elements of all arrays in one reply: hiredis allocates what the header announces, before a single element has come.
    public var elementsMax = 131_072
    /// Callers that wait for the connection; the next is refused.
    public var waitingMax = 64
    /// For name, TCP and TLS together. A caller's own deadline may be earlier; the attempt goes on for the next caller.
    public var connectTimeout: Duration = .seconds(10)
    /// A connection that owes replies and brings nothing for so long is given up: a proxy may have lost the server behind it.
    public var silenceMax: Duration = .seconds(300)

    public init() {}
}

/// When a connection failed: how often and after what pauses to try again.
public struct RedisRetryPolicy: Sendable, Hashable {
    public let pauses: [Duration]

    public init(pauses: [Duration]) {
        self.pauses = pauses
    }

    /// One attempt: sampling, whose next attempt is the next sample.
    public static let none = RedisRetryPolicy(pauses: [])
    /// Two more attempts, after 50 and 100 ms. For commands that may run twice: a connection can break after the server obeyed.
    public static let standard = RedisRetryPolicy(pauses: [.milliseconds(50), .milliseconds(100)])
}
