internal import Glibc

/// One connection to one database, driven without blocking: libpq in pipeline mode, its descriptor watched by `Readiness`.
///
/// Whatever happens there is one connection: a deadline that passes leaves it open, and until the server has answered what was asked
/// before, new requests are refused at once. Late answers are read and dropped in the background.
public actor PostgresConnection {
    private let configuration: PostgresConfiguration
    private let readiness: Readiness
    private var machine = ConnectionMachine()
    private var handle: Handle?
    private var resolution: HostResolution?
    private var background: Task<Void, Never>?
    /// The wait under way, so that `close()` can end it before the descriptor goes.
    private var waiting: Readiness.Ticket?
    /// Counts connections, so that a task that slept over a close and a reconnect notices.
    private var generation = 0

    /// What the server has prepared, by SQL.
    private var names: [String: String] = [:]
    /// What it will have, once the pipeline under way is answered.
    private var pendingNames: [String: String] = [:]
    private var nameCount = 0
    private let nameSalt = UInt32.random(in: 0 ... .max)
    /// What the server's session is set to; nil when not known.
    private var limits: StatementLimits?
    private var needsSetup = true

    /// A bound on prepared statements per connection: more than all collectors have, and memory on the server for each.
    static let preparedMax = 256

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
                    guard handle.enterPipeline() else { throw refusal(handle) }
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

    private static let closedMeanwhile = PostgresError(.connection, "the connection was closed")

    /// Why libpq failed to connect. The text is verbose: `FATAL:  28P01: password authentication failed …`, then `LOCATION: …`.
    private func refusal(_ handle: Handle) -> PostgresError {
        ServerText(handle.message).error(redacting: { self.redacted($0, handle) })
    }

    private func redacted(_ text: String, _ handle: Handle?) -> String {
        let line = configuration.redacted(text)
        guard let password = handle?.password, !password.isEmpty else { return line }
        return line.replacing(password, with: "…")
    }

    // MARK: Asking

    /// Sends all statements at once, each with a sync of its own: one that fails costs only itself. Returns when all are answered or
    /// the deadline is there, with what has arrived by then. Never connects.
    public func pipeline(_ statements: [Statement], by deadline: ContinuousClock.Instant) async -> PipelineResult {
        noticeLoss()
        switch machine.pipelineRequested() {
        case .refuse(let ending):
            let outcome: PipelineResult.Outcome = if case .lost(let error) = ending { .failed(error) } else { .late }
            return PipelineResult(count: statements.count, outcome: outcome, ending: ending)
        case .send: break
        }
        var result = PipelineResult(count: statements.count, outcome: .late, ending: .complete)
        var places = Array(statements.indices)
        // Once, and once more for statements whose prepared form the server no longer has.
        for _ in 0..<2 {
            guard let exchange = send(statements, places, result) else {
                return lost(Exchange(expecting: [], result: result, sent: .now)).result
            }
            let done = await receive(exchange, by: deadline)
            result = done.result
            places = done.stale
            guard result.ending == .complete else { return result }
            // Within a transaction the failure has ended it: running the statement alone would be wrong.
            if places.isEmpty || handle?.isInTransaction != false { break }
            for place in places { result.outcomes[place] = .late }
        }
        _ = machine.answered()
        return result
    }

    /// The server's settings may have been rolled back.
    func forgetLimits() { limits = nil }

    private func send(_ statements: [Statement], _ places: [Int], _ result: PipelineResult) -> Exchange? {
        guard let handle else { return nil }
        var result = result
        var expected: [Exchange.Expectation] = []
        var planned = limits
        pendingNames = [:]
        var isSent = true
        func queue(_ sent: Bool, _ expectation: Exchange.Expectation) {
            isSent = isSent && sent
            expected.append(expectation)
        }
        if needsSetup {
            needsSetup = false
            // Compiling a catalogue query costs more than it saves, and memory that stays with the session.
            queue(handle.execute("SELECT \(Statement.marker) set_config('jit', 'off', false)", []), .setup)
            queue(handle.sync(), .sync)
        }
        for place in places {
            let statement = statements[place]
            guard !statement.sql.utf8.contains(0), !statement.parameters.contains(where: { $0?.utf8.contains(0) ?? false }) else {
                result.outcomes[place] = .failed(PostgresError(.unexpectedValue, "Postgres takes no NUL byte in a text"))
                continue
            }
            if planned != statement.limits {
                planned = statement.limits
                queueLimits(statement.limits, handle, &result, queue)
            }
            queueExecution(statement, place, handle, &result, queue)
            queue(handle.sync(), .sync)
        }
        result.roundTrips += 1
        return isSent ? Exchange(expecting: expected, result: result, sent: .now) : nil
    }

    private func queueLimits(
        _ limits: StatementLimits, _ handle: Handle, _ result: inout PipelineResult, _ queue: (Bool, Exchange.Expectation) -> Void
    ) {
        // Marked on every connection: one text for one entry of pg_stat_statements.
        let sql =
            "SELECT \(Statement.marker) set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false)"
        let values = ["\(wholeMilliseconds(limits.statement))", "\(wholeMilliseconds(limits.lock))"]
        let name = preparedName(sql, handle, queue)
        if let name {
            queue(handle.execute(prepared: name, values), .limits(limits))
        } else {
            queue(handle.execute(text(sql), values), .limits(limits))
        }
        queue(handle.sync(), .sync)
        result.bytesSent += sql.utf8.count
    }

    private func queueExecution(
        _ statement: Statement, _ place: Int, _ handle: Handle, _ result: inout PipelineResult,
        _ queue: (Bool, Exchange.Expectation) -> Void
    ) {
        result.bytesSent += statement.parameters.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        if statement.preparation == .prepared, let name = preparedName(statement.sql, handle, queue) {
            queue(handle.execute(prepared: name, statement.parameters), .execute(place: place))
        } else {
            result.bytesSent += statement.sql.utf8.count
            queue(handle.execute(text(statement.sql), statement.parameters), .execute(place: place))
        }
    }

    private func text(_ sql: String) -> String {
        switch configuration.purpose {
        case .monitoring: sql.contains(Statement.marker) ? sql : Statement.marked(sql)
        case .application: sql
        }
    }

    /// The name under which the server has `sql`, or will have it after what is queued here; nil when there are too many.
    private func preparedName(_ sql: String, _ handle: Handle, _ queue: (Bool, Exchange.Expectation) -> Void) -> String? {
        if let name = names[sql] ?? pendingNames[sql] { return name }
        guard names.count + pendingNames.count < PostgresConnection.preparedMax else { return nil }
        nameCount += 1
        // With a salt: behind a pooler other processes share the server's session, and its names.
        let name = "vitals_\(String(nameSalt, radix: 36))_\(nameCount)"
        pendingNames[sql] = name
        queue(handle.prepare(name, text(sql)), .prepare(sql: sql, name: name))
        return name
    }

    // MARK: Answers

    private func receive(_ start: Exchange, by deadline: ContinuousClock.Instant?) async -> Exchange {
        var exchange = start
        let mine = generation
        while let handle {
            guard let isFlushed = handle.flush() else { return lost(exchange) }
            guard take(&exchange, handle) else { return lost(exchange) }
            if exchange.isComplete {
                if handle.isInFailedTransaction { limits = nil }
                return exchange
            }
            let outcome = await wait(handle.descriptor, for: isFlushed ? .read : [.read, .write], until: deadline)
            guard mine == generation, self.handle != nil else { break }
            switch outcome {
            case .ready:
                guard handle.consume() else { return lost(exchange) }
            case .deadline, .cancelled, .woken, .stopped:
                guard outcome != .stopped, machine.deadlinePassed() == .continueInBackground else { return lost(exchange) }
                exchange.ended(.late)
                let rest = exchange
                background = Task { await self.drain(rest) }
                return exchange
            }
        }
        exchange.lost(PostgresConnection.closedMeanwhile)
        return exchange
    }

    /// Takes every result that has arrived. False when they do not fit, or the connection is lost.
    private func take(_ exchange: inout Exchange, _ handle: Handle) -> Bool {
        var emptyInARow = 0
        while !exchange.isComplete, !handle.isWaiting {
            let answer = handle.next()
            if answer == nil {
                if handle.isBroken { return false }
                // libpq says 'nothing' between commands; again and again would be a fault of its or of ours.
                emptyInARow += 1
                if emptyInARow > 8 { return false }
            } else {
                emptyInARow = 0
            }
            switch exchange.received(answer, at: .now) {
            case .none?: break
            case .limitsAre(let limits)?: self.limits = limits
            case .prepared(let sql, let name)?: names[sql] = name
            case .forget?: names = [:]
            case nil: return false
            }
        }
        return !handle.isBroken
    }

    /// Reads and drops the late answers, ends a transaction that they left open, and makes the connection usable again.
    private func drain(_ rest: Exchange) async {
        let mine = generation
        _ = await receive(rest, by: nil)
        guard mine == generation, let handle, machine.state == .draining else { return }
        if handle.isInTransaction {
            limits = nil
            let sql = "ROLLBACK \(Statement.marker)"
            guard handle.execute(sql, []), handle.sync() else { return end(refusal(handle)) }
            let result = PipelineResult(count: 1, outcome: .late, ending: .complete)
            _ = await receive(Exchange(expecting: [.execute(place: 0), .sync], result: result, sent: .now), by: nil)
            guard mine == generation, machine.state == .draining else { return }
        }
        _ = machine.answered()
    }

    // MARK: Ending

    /// Closes the connection; whoever waits for it gets an error. It can be connected again.
    public func close() {
        guard machine.closeRequested() == .finish else { return }
        release()
    }

    /// Has the server ended the connection while nobody was looking?
    private func noticeLoss() {
        guard machine.state == .idle, let handle else { return }
        var descriptor = pollfd(fd: handle.descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&descriptor, 1, 0) > 0 else { return }
        // The first read takes the server's last words, the second sees the end.
        if !handle.consume() || !handle.consume() || handle.isBroken { end(farewell(handle)) }
    }

    private func farewell(_ handle: Handle) -> PostgresError {
        let error = ServerText(handle.message).error(redacting: { self.redacted($0, handle) })
        return error.message.isEmpty ? PostgresError(.connection, "the server closed the connection") : error
    }

    private func lost(_ exchange: Exchange) -> Exchange {
        var exchange = exchange
        // The last words of the server (57P01 …) say more than the end of the stream.
        let error = handle.map { exchange.lastWords ?? farewell($0) } ?? PostgresConnection.closedMeanwhile
        end(error)
        exchange.lost(error)
        return exchange
    }

    private func end(_ error: PostgresError) {
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

    private func wait(
        _ descriptor: Int32, for interest: Readiness.Interest, until deadline: ContinuousClock.Instant?
    ) async -> Readiness.Outcome {
        let ticket = readiness.ticket()
        waiting = ticket
        let outcome = await readiness.wait(descriptor, for: interest, until: deadline, ticket: ticket)
        if waiting == ticket { waiting = nil }
        return outcome
    }
}

/// A duration for a setting in milliseconds, rounded up: 0 would mean 'no limit'.
func wholeMilliseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    let whole = seconds.multipliedReportingOverflow(by: 1000)
    guard !whole.overflow, whole.partialValue < 86_400_000 else { return 86_400_000 }
    return max(1, whole.partialValue + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
}
