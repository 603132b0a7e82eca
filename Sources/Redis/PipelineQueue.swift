/// The life of one connection as a value: who waits, whose replies come, and what to do at each event. No I/O, no clock.
struct PipelineQueue {
    typealias Answer = Result<RedisReply, RedisError>

    enum Action {
        /// Write these bytes; `replies` are expected.
        case send([RedisCommand])
        /// A caller gets its answers, one per command.
        case answer(Int, [Answer])
        /// Close the channel.
        case close
    }

    private enum State {
        /// Name, TCP, TLS.
        case opening
        /// AUTH, SELECT and CLIENT SETNAME are on their way.
        case greeting
        case ready
        case closed(RedisError)
    }

    private struct Flight {
        /// Nil for the greeting.
        let caller: Int?
        let commandCount: Int
        /// Replies still to come.
        var owed: Int
        /// False once the caller has gone with a partial answer: the rest is read and dropped.
        var isAwaited: Bool
        var answers: [Answer] = []
    }

    private struct Waiting {
        let caller: Int
        let commands: [RedisCommand]
    }

    private var state = State.opening
    private var flight: Flight?
    private var waiting: [Waiting] = []
    private let greeting: Greeting
    private let waitingMax: Int
    /// The last thing the server said that nobody had asked for, or that refused the greeting: why it closes.
    private var farewell: RedisError?

    init(greeting: Greeting, waitingMax: Int) {
        self.greeting = greeting
        self.waitingMax = waitingMax
    }

    /// Replies are owed, or the connection is not made yet.
    var isBusy: Bool {
        switch state {
        case .opening, .greeting: true
        case .ready: flight != nil
        case .closed: false
        }
    }

    /// Replies are owed.
    var owesReplies: Bool { flight != nil }

    /// Somebody waits for the replies that are coming now.
    var isAwaited: Bool { flight?.isAwaited ?? false }

    var closeReason: RedisError? {
        if case .closed(let error) = state { error } else { nil }
    }

    mutating func submit(_ caller: Int, _ commands: [RedisCommand]) -> [Action] {
        if case .closed(let error) = state {
            return [.answer(caller, commands.map { _ in .failure(error) })]
        }
        guard !commands.isEmpty else { return [.answer(caller, [])] }
        guard waiting.count < waitingMax else {
            let error = RedisError(.overloaded, "\(waitingMax) callers wait for the connection already")
            return [.answer(caller, commands.map { _ in .failure(error) })]
        }
        waiting.append(Waiting(caller: caller, commands: commands))
        return sendNext()
    }

    /// TCP and TLS are up.
    mutating func opened() -> [Action] {
        guard case .opening = state else { return [] }
        let commands = greeting.commands
        guard !commands.isEmpty else {
            state = .ready
            return sendNext()
        }
        state = .greeting
        flight = Flight(caller: nil, commandCount: commands.count, owed: commands.count, isAwaited: true)
        return [.send(commands)]
    }

    mutating func received(_ reply: RedisReply) -> [Action] {
        guard var current = flight.take() else {
            // Nothing was asked: `maxclients` and protected mode are told this way, before the server closes.
            if case .error(let error) = reply {
                farewell = error
                return []
            }
            return closed(RedisError(.malformedReply, "a reply that nothing had asked for")) + [.close]
        }
        if current.isAwaited {
            if case .error(let error) = reply {
                current.answers.append(.failure(error))
            } else {
                current.answers.append(.success(reply))
            }
        }
        if case .error(let error) = reply, error.code == .maxClients || error.code == .protectedMode { farewell = error }
        current.owed -= 1
        guard current.owed == 0 else {
            flight = current
            return []
        }
        if let caller = current.caller {
            return (current.isAwaited ? [.answer(caller, current.answers)] : []) + sendNext()
        }
        if let refusal = greeting.refusal(in: current.answers) {
            return closed(refusal) + [.close]
        }
        state = .ready
        return sendNext()
    }

    /// The caller's deadline passed, or its task was cancelled: it gets what has come.
    mutating func left(_ caller: Int, with error: RedisError) -> [Action] {
        if let place = waiting.firstIndex(where: { $0.caller == caller }) {
            let commands = waiting.remove(at: place).commands
            return [.answer(caller, commands.map { _ in .failure(error) })]
        }
        guard var current = flight, current.caller == caller, current.isAwaited else { return [] }
        let missing = [Answer](repeating: .failure(error), count: current.commandCount - current.answers.count)
        let answers = current.answers + missing
        current.isAwaited = false
        current.answers = []
        flight = current
        return [.answer(caller, answers)]
    }

    /// The channel is gone or has to go. Everybody who waits gets the reason; the server's own words come first.
    mutating func closed(_ reason: RedisError) -> [Action] {
        if case .closed = state { return [] }
        let error = reason.code == .closed ? farewell ?? reason : reason
        state = .closed(error)
        var actions: [Action] = []
        if let current = flight.take(), current.isAwaited, let caller = current.caller {
            let missing = [Answer](repeating: .failure(error), count: current.commandCount - current.answers.count)
            actions.append(.answer(caller, current.answers + missing))
        }
        for one in waiting { actions.append(.answer(one.caller, one.commands.map { _ in .failure(error) })) }
        waiting = []
        return actions
    }

    private mutating func sendNext() -> [Action] {
        guard case .ready = state, flight == nil, let next = waiting.first else { return [] }
        waiting.removeFirst()
        flight = Flight(
            caller: next.caller, commandCount: next.commands.count, owed: next.commands.count, isAwaited: true)
        return [.send(next.commands)]
    }
}

/// What is said first on a connection, and which refusal ends it.
struct Greeting: Sendable {
    private let authentication: RedisCommand?
    private let database: RedisCommand?
    private let name: RedisCommand?

    init(_ url: RedisURL, clientName: String?) {
        authentication = url.password.map { password in
            url.user.map { RedisCommand("AUTH", $0, password) } ?? RedisCommand("AUTH", password)
        }
        database = url.database == 0 ? nil : RedisCommand("SELECT", "\(url.database)")
        name = clientName.map { RedisCommand("CLIENT", "SETNAME", $0) }
    }

    var commands: [RedisCommand] { [authentication, database, name].compactMap { $0 } }

    /// A name that may not be set is no reason to go; a password or a database that is refused is. So is a server that takes
    /// nobody, which answers whatever was asked first.
    func refusal(in answers: [Result<RedisReply, RedisError>]) -> RedisError? {
        let required = (authentication == nil ? 0 : 1) + (database == nil ? 0 : 1)
        for (place, answer) in answers.enumerated() {
            guard case .failure(let error) = answer else { continue }
            if place < required || error.code == .maxClients || error.code == .protectedMode { return error }
        }
        return nil
    }
}
