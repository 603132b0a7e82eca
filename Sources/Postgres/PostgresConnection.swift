internal import Glibc

/// One connection to one database, driven without blocking: libpq in pipeline mode, or for a pooler's console one simple query after
/// the other, its descriptor watched by `Readiness`.
///
/// Whatever happens there is one connection: a deadline that passes leaves it open, and until the server has answered what was asked
/// before, new requests are refused at once. Late answers are read and dropped in the background.
public actor PostgresConnection {
    let configuration: PostgresConfiguration
    private let readiness: Readiness
    var machine = ConnectionMachine()
    var handle: Handle?
    private var resolution: HostResolution?
    var background: Task<Void, Never>?
    /// The wait under way, so that `close()` can end it before the descriptor goes.
    private var waiting: Readiness.Ticket?
    /// Counts connections, so that a task that slept over a close and a reconnect notices.
    var generation = 0

    /// What the server has prepared, by SQL.
    var names: [StatementText: String] = [:]
    /// What it will have, once the pipeline under way is answered.
    var pendingNames: [StatementText: String] = [:]
    var nameCount = 0
    let nameSalt = UInt32.random(in: 0 ... .max)
    /// What the server's session is set to; nil when not known.
    var limits: StatementLimits?
    var needsSetup = true

    /// A bound on prepared statements per connection: more than all collectors have, and memory on the server for each.
    static let preparedMax = 256

    /// An idle server says something of its own accord when it is told to read its configuration, or when it ends the connection: the
    /// end follows the words within a moment, for which this thread may wait.
    private static let lastWordsMilliseconds: Int32 = 10

    public init(_ configuration: PostgresConfiguration, readiness: Readiness) {
        self.configuration = configuration
        self.readiness = readiness
    }

    /// How the connection stands.
    public enum Status: Sendable, Hashable {
        case closed(PostgresError?), connecting, idle, busy, draining
    }

    public var status: Status {
        switch machine.state {
        case .closed(let error): .closed(error)
        case .connecting: .connecting
        case .idle: .idle
        case .busy: .busy
        case .draining: .draining
        }
    }

    /// The status after a look at whether the server has ended an idle connection.
    func usableStatus() -> Status {
        noticeLoss()
        return status
    }

    var transactionHasFailed: Bool { handle?.isInFailedTransaction ?? false }

    /// As `server_version_num`: 150004 is 15.4. 0 while not connected.
    public var serverVersion: Int { handle?.serverVersion ?? 0 }

    /// A setting that the server reports by itself, like `server_version` or `in_hot_standby`.
    public func parameter(_ name: String) -> String? { handle?.parameter(name) }

    // MARK: Connecting

    /// Connects, unless connected. Throws `busy` while an earlier attempt or answer is outstanding, `timeout` when the deadline
    /// comes first (the attempt then goes on in the background), or what the server said.
    public func connect(by deadline: ContinuousClock.Instant) async throws(PostgresError) {
        switch machine.connectRequested() {
        case .none: return
        case .refuse(let error): throw error
        case .start: break
        }
        generation += 1
        do throws(PostgresError) {
            resolution = try HostResolution.start(configuration)
        } catch {
            end(error)
            throw error
        }
        try await attempt(by: deadline)
    }

    private func attempt(by deadline: ContinuousClock.Instant?) async throws(PostgresError) {
        let mine = generation
        var wanted = Readiness.Interest.write
        do throws(PostgresError) {
            while true {
                let descriptor: Int32
                if let resolution {
                    if let hosts = try resolution.result() {
                        self.resolution = nil
                        try begin(resolved: hosts)
                        wanted = .write
                        continue
                    }
                    descriptor = resolution.descriptor
                    wanted = .read
                } else if let handle {
                    descriptor = handle.descriptor
                } else {
                    try begin(resolved: nil)
                    wanted = .write
                    continue
                }
                let outcome = await wait(descriptor, for: wanted, until: deadline)
                guard mine == generation, case .connecting = machine.state else { throw PostgresConnection.closedMeanwhile }
                switch outcome {
                case .ready: break
                case .deadline, .cancelled, .woken, .stopped:
                    guard outcome != .stopped, machine.deadlinePassed() == .continueInBackground else {
                        throw PostgresConnection.closedMeanwhile
                    }
                    background = Task { try? await self.attemptInBackground() }
                    throw PostgresError.deadline
                }
                guard let handle else { continue }
                switch handle.advance() {
                case .read: wanted = .read
                case .write: wanted = .write
                case .failed: throw refusal(handle)
                case .done:
                    guard configuration.purpose == .console ? handle.stopBlocking() : handle.enterPipeline() else {
                        throw refusal(handle)
                    }
                    guard machine.connected() == .ready else { throw PostgresConnection.closedMeanwhile }
                    return
                }
            }
        } catch {
            if mine == generation, error != .deadline { end(error) }
            throw error
        }
    }

    /// What it throws is in the machine's state by then.
    private func attemptInBackground() async throws(PostgresError) {
        try await attempt(by: nil)
    }

    private func begin(resolved: ResolvedHosts?) throws(PostgresError) {
        guard let started = Handle(configuration.parameters(resolved: resolved)) else {
            throw PostgresError(.internal, "libpq has no memory for a connection")
        }
        guard !started.isBroken else { throw refusal(started) }
        handle = started
        names = [:]
        limits = nil
        needsSetup = true
    }

    static let closedMeanwhile = PostgresError(.connection, "the connection was closed")

    /// Why libpq failed to connect. The text is verbose: `FATAL:  28P01: password authentication failed …`, then `LOCATION: …`.
    func refusal(_ handle: Handle) -> PostgresError {
        ServerText(handle.message).error(redacting: { self.redacted($0, handle) })
    }

    private func redacted(_ text: String, _ handle: Handle?) -> String {
        let line = configuration.redacted(text)
        guard let password = handle?.password, !password.isEmpty else { return line }
        return line.replacing(password, with: "…")
    }

    // MARK: Ending

    /// Closes the connection; whoever waits for it gets an error. It can be connected again.
    public func close() {
        guard machine.closeRequested() == .finish else { return }
        release()
    }

    /// Has the server ended the connection while nobody was looking?
    func noticeLoss() {
        guard machine.state == .idle, let handle else { return }
        var descriptor = pollfd(fd: handle.descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&descriptor, 1, 0) > 0 else { return }
        // The first read takes the server's last words, the second sees the end, which may come a moment later.
        guard handle.consume(), !handle.isBroken else { return end(farewell(handle)) }
        guard unsafe poll(&descriptor, 1, PostgresConnection.lastWordsMilliseconds) > 0 else { return }
        if !handle.consume() || handle.isBroken { end(farewell(handle)) }
    }

    private func farewell(_ handle: Handle) -> PostgresError {
        let error = ServerText(handle.message).error(redacting: { self.redacted($0, handle) })
        return error.message.isEmpty ? PostgresError(.connection, "the server closed the connection") : error
    }

    func lost(_ exchange: Exchange) -> Exchange {
        var exchange = exchange
        // The last words of the server (57P01 …) say more than the end of the stream.
        let error = handle.map { exchange.lastWords ?? farewell($0) } ?? PostgresConnection.closedMeanwhile
        end(error)
        exchange.lost(error)
        return exchange
    }

    func end(_ error: PostgresError) {
        if machine.lost(error) == .finish { release() }
    }

    private func release() {
        generation += 1
        if let waiting { readiness.wake(waiting) }
        waiting = nil
        background?.cancel()
        background = nil
        handle = nil
        resolution = nil
    }

    func wait(
        _ descriptor: Int32?, for interest: Readiness.Interest, until deadline: ContinuousClock.Instant?
    ) async -> Readiness.Outcome {
        let ticket = readiness.ticket()
        waiting = ticket
        let outcome = await readiness.wait(descriptor, for: interest, until: deadline, ticket: ticket)
        if waiting == ticket { waiting = nil }
        return outcome
    }
}
