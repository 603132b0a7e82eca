/// The one kept connection to a database and those who use it, one after the other. Connects when needed; after a failure not before
/// a pause, in which callers get the last error at once.
public actor PostgresSession {
    public nonisolated let configuration: PostgresConfiguration
    private let readiness: Readiness
    private let connection: PostgresConnection
    private var machine = SessionMachine()
    private var lastUser: UInt64 = 0
    /// What woke a waiting user: true when the connection was handed over.
    private var tickets: [UInt64: Readiness.Ticket] = [:]
    private var granted: Set<UInt64> = []
    private var waits = WaitHistogram()
    private var connects = 0
    private var isInUse = false

    public init(_ configuration: PostgresConfiguration, readiness: Readiness) {
        self.configuration = configuration
        self.readiness = readiness
        connection = PostgresConnection(configuration, readiness: readiness)
    }

    /// A session of its own for another database of the same server and role.
    public nonisolated func onDatabase(_ name: String) -> PostgresSession {
        PostgresSession(configuration.onDatabase(name), readiness: readiness)
    }

    /// A connection of its own, not yet made, for the same address.
    public nonisolated func ownConnection() -> PostgresConnection {
        PostgresConnection(configuration, readiness: readiness)
    }

    /// Whether there is a connection, after a look at whether the server has ended it.
    public func isConnected() async -> Bool {
        switch await connection.usableStatus() {
        case .idle, .busy, .draining: true
        case .closed, .connecting: false
        }
    }

    /// Numbers about the session as a pool of one.
    public struct Statistics: Sendable {
        public let size: Int
        public let inUse: Int
        public let waits: WaitHistogram
        /// Connections established so far.
        public let connects: Int
        public let status: PostgresConnection.Status
        /// As `server_version_num`; 0 while not connected.
        public let serverVersion: Int
    }

    public func statistics() async -> Statistics {
        Statistics(
            size: 1, inUse: isInUse ? 1 : 0, waits: waits, connects: connects, status: await connection.status,
            serverVersion: await connection.serverVersion)
    }

    /// Connects, unless connected, and tells the server's version (150004 is 15.4): what a caller needs before it knows which
    /// statements to ask. Throws what `pipeline` reports as `lost`, `late` or `busy`.
    public func serverVersion(by deadline: ContinuousClock.Instant) async throws(PostgresError) -> Int {
        try await acquire(by: deadline)
        defer { release(isResponsive: true) }
        try await connect(by: deadline)
        return await connection.serverVersion
    }

    /// Runs the statements in one round trip; see `PostgresConnection.pipeline`. Never throws: without a connection every statement
    /// has failed with the reason.
    public func pipeline(_ statements: [Statement], by deadline: ContinuousClock.Instant) async -> PipelineResult {
        await use(for: statements.count, by: deadline) { await $0.pipeline(statements, by: deadline) }
    }

    /// Asks a console one command after the other; see `PostgresConnection.ask`. Never throws, as `pipeline` never does.
    public func ask(_ commands: [String], by deadline: ContinuousClock.Instant) async -> PipelineResult {
        await use(for: commands.count, by: deadline) { await $0.ask(commands, by: deadline) }
    }

    /// A setting that the server has reported; nil while not connected.
    public func parameter(_ name: String) async -> String? { await connection.parameter(name) }

    private func use(
        for count: Int, by deadline: ContinuousClock.Instant,
        _ body: @Sendable (PostgresConnection) async -> PipelineResult
    ) async -> PipelineResult {
        do throws(PostgresError) {
            try await acquire(by: deadline)
        } catch {
            return PostgresSession.nothing(count, error)
        }
        do throws(PostgresError) {
            try await connect(by: deadline)
        } catch {
            // After a clear refusal those who wait get the same answer at once, from the pause. Only silence makes waiting useless.
            release(isResponsive: error.code != .busy && error != .deadline)
            return PostgresSession.nothing(count, error)
        }
        let result = await body(connection)
        release(isResponsive: result.ending == .complete)
        return result
    }

    /// Runs one statement. Throws what the server said, or `timeout`.
    public func rows(_ statement: Statement, by deadline: ContinuousClock.Instant) async throws(PostgresError) -> Rows {
        try await pipeline([statement], by: deadline).rows(0)
    }

    /// The waits before a transaction is run again after a deadlock or a serialization failure (catalogue K3).
    static let retryPauses: [Duration] = [.milliseconds(100), .milliseconds(200), .milliseconds(400)]

    /// Runs `body` between BEGIN and COMMIT: all or nothing. On a deadlock or a serialization failure everything is run again, up to
    /// three times. A `timeout` in COMMIT leaves open whether it happened.
    public func transaction<Result: Sendable>(
        by deadline: ContinuousClock.Instant, limits: StatementLimits = .standard,
        _ body: @Sendable (PostgresTransaction) async throws(PostgresError) -> Result
    ) async throws(PostgresError) -> Result {
        var pauses = PostgresSession.retryPauses[...]
        while true {
            do throws(PostgresError) {
                return try await attempt(by: deadline, limits: limits, body)
            } catch {
                guard error.isRetriable, let pause = pauses.popFirst(), ContinuousClock.now + pause < deadline,
                    await readiness.wait(nil, until: .now + pause) == .deadline
                else { throw error }
            }
        }
    }

    private func attempt<Result: Sendable>(
        by deadline: ContinuousClock.Instant, limits: StatementLimits,
        _ body: @Sendable (PostgresTransaction) async throws(PostgresError) -> Result
    ) async throws(PostgresError) -> Result {
        try await acquire(by: deadline)
        var isResponsive = false
        defer { release(isResponsive: isResponsive) }
        try await connect(by: deadline)
        let transaction = PostgresTransaction(connection: connection, deadline: deadline, limits: limits)
        _ = try await transaction.rows("BEGIN")
        let value: Result
        do throws(PostgresError) {
            value = try await body(transaction)
            _ = try await transaction.commit()
        } catch {
            // A connection that is busy or lost rolls back by itself: when it is drained, or on the server.
            let undo = await connection.pipeline([Statement("ROLLBACK", limits: limits)], by: deadline)
            await connection.forgetLimits()
            isResponsive = undo.ending == .complete
            throw error
        }
        isResponsive = true
        return value
    }

    /// Closes the connection and refuses everything from now on.
    public func close() async {
        for user in machine.close() { wake(user) }
        await connection.close()
    }

    // MARK: Taking turns

    private func acquire(by deadline: ContinuousClock.Instant) async throws(PostgresError) {
        lastUser += 1
        let user = lastUser
        let asked = ContinuousClock.now
        switch machine.acquire(user) {
        case .use: waits.observe(.zero)
        case .refuse(let error): throw error
        case .wait:
            let ticket = readiness.ticket()
            tickets[user] = ticket
            let outcome = await readiness.wait(nil, until: deadline, ticket: ticket)
            tickets[user] = nil
            waits.observe(ContinuousClock.now - asked)
            // The hand-over counts even when the deadline came at the same moment: the connection is this user's now.
            if granted.remove(user) == nil {
                machine.withdraw(user)
                if machine.state == .closed { throw SessionMachine.closed }
                throw outcome == .woken ? .stillWaiting : .deadline
            }
        }
        isInUse = true
    }

    private func release(isResponsive: Bool) {
        isInUse = false
        switch machine.release(isResponsive: isResponsive) {
        case .none: break
        case .hand(let user):
            granted.insert(user)
            wake(user)
        case .refuseAll(let users):
            for user in users { wake(user) }
        }
    }

    private func wake(_ user: UInt64) {
        if let ticket = tickets[user] { readiness.wake(ticket) }
    }

    private func connect(by deadline: ContinuousClock.Instant) async throws(PostgresError) {
        switch await connection.usableStatus() {
        case .idle:
            machine.connected()
            return
        case .connecting, .busy, .draining: throw .stillWaiting
        case .closed: break
        }
        if case .refuse(let error) = machine.connectRequested(at: .now) { throw error }
        do throws(PostgresError) {
            try await connection.connect(by: deadline)
            connects += 1
            machine.connected()
        } catch {
            if error.code != .busy, error != .deadline { machine.connectFailed(error, at: .now) }
            throw error
        }
    }

    private static func nothing(_ count: Int, _ error: PostgresError) -> PipelineResult {
        switch error {
        case .deadline: PipelineResult(count: count, outcome: .late, ending: .late)
        case .stillWaiting: PipelineResult(count: count, outcome: .late, ending: .busy)
        default: PipelineResult(count: count, outcome: .failed(error), ending: .lost(error))
        }
    }
}
