/// The one connection kept to a Redis. It is made at the first use and made again at the next use after it broke; while it hangs
/// there is never a second one.
public actor RedisSession {
    public nonisolated let url: RedisURL
    private let clientName: String?
    private let limits: RedisLimits
    private var connection: RedisConnection?
    private var opened: UInt64 = 0
    private var isClosed = false

    /// Connects at the first use. `clientName` is what CLIENT LIST shows; no spaces.
    public init(
        _ url: RedisURL, clientName: String? = "vitals", limits: RedisLimits = RedisLimits()
    ) {
        self.url = url
        self.clientName = clientName
        self.limits = limits
    }

    /// Connections begun since the session was made.
    public var connectionsOpened: UInt64 { opened }

    /// Pipelines written on the present connection, its greeting included.
    public var roundTrips: UInt64 {
        get async { await connection?.roundTrips ?? 0 }
    }

    /// Sends all commands in one write; one result per command, in order. What has not come at the deadline is `.late`, and the
    /// connection goes on waiting for it. `retry` applies when the connection fails before the first reply.
    public func pipeline(
        _ commands: [RedisCommand], deadline: ContinuousClock.Instant, retry: RedisRetryPolicy = .none
    ) async -> [Result<RedisReply, RedisError>] {
        var pauses = retry.pauses.makeIterator()
        while true {
            guard let connection = usable() else {
                let error = RedisError(.closed, "the session is closed")
                return commands.map { _ in .failure(error) }
            }
            let answers = await connection.pipeline(commands, deadline: deadline)
            guard case .failure(let error) = answers.first, error.isConnectionFailure, let pause = pauses.next(),
                ContinuousClock.now + pause < deadline
            else { return answers }
            do {
                try await Task.sleep(for: pause)
            } catch {
                return answers
            }
        }
    }

    /// One command. Throws the server's refusal, a broken connection's reason, or `.late`.
    public func send(
        _ command: RedisCommand, deadline: ContinuousClock.Instant, retry: RedisRetryPolicy = .none
    ) async throws(RedisError) -> RedisReply {
        guard let answer = await pipeline([command], deadline: deadline, retry: retry).first else {
            throw RedisError(.closed, "no reply")
        }
        return try answer.get()
    }

    /// Closes the connection; the session makes no other.
    public func close() async {
        isClosed = true
        await connection?.close()
        connection = nil
    }

    /// No suspension between the look and the new connection: two callers can't open two.
    private func usable() -> RedisConnection? {
        if isClosed { return nil }
        if let connection, connection.isOpen { return connection }
        let fresh = RedisConnection(opening: url, clientName: clientName, limits: limits)
        connection = fresh
        opened += 1
        return fresh
    }
}
