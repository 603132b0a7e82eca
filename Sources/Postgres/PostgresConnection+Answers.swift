/// Reading answers, within a deadline or in the background.
extension PostgresConnection {
    func receive(_ start: Exchange, by deadline: ContinuousClock.Instant?) async -> Exchange {
        var exchange = start
        let mine = generation
        let began = ContinuousClock.now
        var isFlowing = false
        while let handle {
            guard let isFlushed = handle.flush() else { return lost(exchange) }
            guard take(&exchange, handle) else { return lost(exchange) }
            if exchange.isComplete {
                if handle.isInFailedTransaction { limits = nil }
                return exchange
            }
            // Answers come statement by statement and in pieces of 8 kB, and being woken for each costs more than reading it: while
            // they flow they gather for a moment.
            if isFlowing, isFlushed, let pause = PostgresConnection.pause(after: ContinuousClock.now - began) {
                let until = ContinuousClock.now + pause
                let outcome = await wait(nil, for: [], until: deadline.map { min($0, until) } ?? until)
                guard mine == generation, self.handle != nil else { break }
                let isOver = deadline.map { $0 <= ContinuousClock.now } ?? false
                isFlowing = outcome == .deadline && handle.isReadable && !isOver
                if isFlowing {
                    guard handle.consume() else { return lost(exchange) }
                    continue
                }
            }
            let outcome = await wait(handle.descriptor, for: isFlushed ? .read : [.read, .write], until: deadline)
            guard mine == generation, self.handle != nil else { break }
            switch outcome {
            case .ready:
                isFlowing = true
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

    /// A part of what the answers have taken so far, so that they come hardly later; nil for what is answered at once.
    static func pause(after spent: Duration) -> Duration? {
        spent < .milliseconds(1) ? nil : min(max(spent / 6, .microseconds(250)), .milliseconds(2))
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
            // A console has no transactions: whatever this is, a new connection is without it.
            guard configuration.purpose != .console else { return end(PostgresError(.internal, "a console in a transaction")) }
            limits = nil
            let sql = "ROLLBACK \(Statement.marker)"
            guard handle.execute(sql, []), handle.sync() else { return end(refusal(handle)) }
            let result = PipelineResult(count: 1, outcome: .late, ending: .complete)
            _ = await receive(Exchange(expecting: [.execute(place: 0), .sync], result: result, sent: .now), by: nil)
            guard mine == generation, machine.state == .draining else { return }
        }
        _ = machine.answered()
    }
}
